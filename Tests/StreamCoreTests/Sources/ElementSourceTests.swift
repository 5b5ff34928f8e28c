import StreamCore
import Testing
import TestSupport

/// Reads once; what came and the status.
func readOnce<Element>(
  _ source: any ElementSource<Element>, countMax: Int = 1000
) throws -> (elements: [Element], status: SourceStatus) {
  let buffer = PartitionBuffer<Element>()
  let status = try source.read(into: buffer, countMax: countMax)
  return (Array(buffer.elements), status)
}

/// Reads until the source has nothing more now.
func readAll<Element>(
  _ source: any ElementSource<Element>, countMax: Int = 1000
) throws -> (elements: [Element], status: SourceStatus) {
  var all: [Element] = []
  while true {
    let (some, status) = try readOnce(source, countMax: countMax)
    all += some
    if status != .more { return (all, status) }
  }
}

@Suite struct QueueSourceTests {
  @Test func oneBatchAnInterval() throws {
    let queue = QueueSource([[1, 2], [3], [], [4]])
    queue.close()
    #expect(try readAll(queue).elements == [1, 2])
    #expect(try readAll(queue).elements == [3])
    #expect(try readAll(queue).elements == [])
    #expect(queue.batchCount == 1)
    let (last, status) = try readAll(queue)
    #expect(last == [4])
    #expect(status == .untilNextInterval)
    #expect(try readAll(queue).status == .ended)
  }

  @Test func allAtOnce() throws {
    let queue = QueueSource([["a", "b"], ["c"]], oneAtATime: false)
    #expect(try readAll(queue).elements == ["a", "b", "c"])
    #expect(try readAll(queue).status == .idle)
    queue.add(["d"])
    queue.close()
    let (rest, status) = try readAll(queue)
    #expect(rest == ["d"])
    #expect(status == .ended)
  }

  @Test func aBatchIsCutWhereTheReaderWants() throws {
    let queue = QueueSource([[1, 2, 3, 4, 5], [6]])
    var (some, status) = try readOnce(queue, countMax: 2)
    #expect(some == [1, 2])
    #expect(status == .more)
    (some, status) = try readOnce(queue, countMax: 3)
    #expect(some == [3, 4, 5])
    #expect(status == .untilNextInterval)
  }

  @Test func theDefaultBatchFillsEmptyIntervals() throws {
    let queue = QueueSource([[1]], defaultBatch: [0, 0])
    let given = try (0..<3).map { _ in try readAll(queue).elements }
    #expect(given == [[1], [0, 0], [0, 0]])
    queue.close()
    #expect(try readAll(queue).status == .ended)
  }

  @Test func whatCannotBeReplayedSaysSo() throws {
    let queue = QueueSource([[1], [2]], name: "orders")
    #expect(queue.identity == nil)
    _ = try readAll(queue)
    let error = #expect(throws: SourceError.self) { try queue.seek(to: SourcePosition(offset: 0)) }
    #expect(
      error?.description == "the source 'orders' holds elements 1..<2 and cannot go to 0; "
        + "resume with the same queue in the same process (isReplayable), or start over with --fresh")
  }

  /// Whatever was read and committed, going back gives what was given, in the same batches.
  @Test func replaysFromAnyPosition() throws {
    try forRandomCases("queue replay", count: 200) { random in
      let batches = (0..<random.below(8)).map { b in (0..<random.below(5)).map { b * 10 + $0 } }
      // an empty batch takes one offset
      let places: [Int?] = batches.flatMap { $0.isEmpty ? [nil] : $0.map(Optional.some) }
      let queue = QueueSource(batches, oneAtATime: random.one(in: 2), isReplayable: true)
      queue.close()
      var committed = 0
      for _ in 0..<random.below(12) {
        let at = Int(queue.position.offset)
        let (some, _) = try readOnce(queue, countMax: 1 + random.below(4))
        let end = Int(queue.position.offset)
        if some != places[at..<end].compactMap({ $0 }) { return "\(some) at \(at)..<\(end) of \(batches)" }
        if random.one(in: 3) {
          committed = random.below(Int(queue.position.offset) - committed + 1) + committed
          queue.wasCommitted(SourcePosition(offset: UInt64(committed)))
        }
        if random.one(in: 3) {
          let back = random.below(Int(queue.position.offset) - committed + 1) + committed
          try queue.seek(to: SourcePosition(offset: UInt64(back)))
        }
      }
      let at = Int(queue.position.offset)
      var rest: [Int] = []
      while true {
        let (some, status) = try readOnce(queue)
        rest += some
        if status == .ended { break }
      }
      return rest == places[at...].compactMap({ $0 }) ? nil : "\(rest) from \(at) of \(batches)"
    }
  }
}

@Suite struct RateSourceTests {
  @Test func rowsComeAsTheClockReachesThem() throws {
    let clock = ManualClock(milliseconds: 500)
    let rate = RateSource(rowsPerSecond: 10, startMilliseconds: 1_000_000, clock: clock)
    #expect(try readAll(rate).elements == [RateRow(timestamp: 1_000_000, value: 0)])
    clock.advance(milliseconds: 99)
    #expect(try readAll(rate).elements.isEmpty)
    clock.advance(milliseconds: 1)
    #expect(try readAll(rate).elements == [RateRow(timestamp: 1_000_100, value: 1)])
    clock.advance(milliseconds: 1900)
    let (rows, status) = try readAll(rate, countMax: 3)
    #expect(rows.map(\.value) == Array(2...20))
    #expect(rows.map(\.timestamp) == (2...20).map { 1_000_000 + $0 * 100 })
    #expect(status == .idle)
  }

  /// 2 rows in the first second after the start, then 4, 6, 8, and 10 from the fifth on.
  @Test func theRateClimbs() throws {
    let clock = ManualClock()
    let rate = RateSource(rowsPerSecond: 10, rampUpSeconds: 4, startMilliseconds: 0, clock: clock)
    clock.advance(milliseconds: 0)
    _ = try readAll(rate)
    clock.advance(milliseconds: 6999)
    _ = try readAll(rate)
    let ends = [2, 6, 12, 20, 30, 40, 50]
    #expect(rate.position.offset == UInt64(ends[6]))
  }

  @Test func endsAfterSoManyRows() throws {
    let clock = ManualClock()
    let rate = RateSource(rowsPerSecond: 1000, startMilliseconds: 0, rowsMax: 5, clock: clock)
    _ = try readAll(rate)
    clock.advance(milliseconds: 10_000)
    let (rows, status) = try readAll(rate)
    #expect(rows.map(\.value) == [1, 2, 3, 4])
    #expect(status == .ended)
  }

  /// However it is read and wherever it is stopped, row v is the same.
  @Test func rowsDoNotDependOnReadsAndRestarts() throws {
    try forRandomCases("rate restarts", count: 200) { random in
      let (perSecond, ramp) = (1 + random.below(5000), random.below(6))
      func make(_ clock: ManualClock) -> RateSource {
        RateSource(rowsPerSecond: perSecond, rampUpSeconds: ramp, startMilliseconds: 7, clock: clock)
      }
      // what a source gives that runs undisturbed for 9 s
      let start = ManualClock()
      let oracle = make(start)
      var rows = try readAll(oracle).elements
      start.advance(milliseconds: 9000)
      rows += try readAll(oracle).elements
      var found: [RateRow] = []
      let other = ManualClock(milliseconds: Int64(random.below(1_000_000)))
      var source = make(other)
      var steps = 0
      while found.count < rows.count, steps < 100_000 {
        steps += 1
        found += try readOnce(source, countMax: 1 + random.below(20_000)).elements
        if found.count == rows.count { break }
        if random.one(in: 8) {
          let position = source.position
          source = make(other)
          try source.seek(to: position)
        } else {
          other.advance(milliseconds: Int64(random.below(700)))
        }
      }
      return Array(found.prefix(rows.count)) == rows ? nil : "\(perSecond)/s, ramp-up \(ramp) s"
    }
  }

  @Test func aForeignPositionIsRefused() {
    let rate = RateSource(rowsPerSecond: 1)
    let error = #expect(throws: SourceError.self) { try rate.seek(to: SourcePosition(offset: 1, detail: "x")) }
    #expect(error?.problem == "was to go on from a position it cannot read: 'x'")
  }
}
