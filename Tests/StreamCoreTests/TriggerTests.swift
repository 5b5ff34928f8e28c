import StreamCore
import TestSupport
import Testing

/// When intervals are closed and what they hold, on a clock that only the job moves.
@Suite(.timeLimit(.minutes(10))) struct TriggerTests {
  /// What a job does at the end of an interval.
  private typealias OnInterval = (_ interval: Int, _ context: StreamingContext, _ clock: ManualClock) -> Void

  private func run(
    _ source: any ElementSource<Int>, _ trigger: Trigger, threads: Int = 1, blockElementCount: Int = 1000,
    recordsPerIntervalMax: Int? = nil, start: Int64 = 0, onInterval: @escaping OnInterval = { _, _, _ in }
  ) throws -> (stored: StoredIntervals<Int>, outcome: RunOutcome) {
    var options = StreamingOptions()
    (options.threads, options.trigger, options.blockElementCount) = (threads, trigger, blockElementCount)
    options.recordsPerIntervalMax = recordsPerIntervalMax
    options.pollMilliseconds = 100
    let clock = ManualClock(milliseconds: start)
    let context = StreamingContext(options: options, clock: clock)
    let stored = StoredIntervals<Int>()
    context.stream([source]).sink("stored") { [unowned context] _ in
      StoredIntervalSink(stored) { onInterval($0, context, clock) }
    }
    let outcome = try context.run()
    return (stored, outcome)
  }
  private func closedQueue(_ batches: [[Int]], oneAtATime: Bool = true) -> QueueSource<Int> {
    let queue = QueueSource(batches, oneAtATime: oneAtATime)
    queue.close()
    return queue
  }

  // MARK: interval

  @Test(arguments: [1, 3], [1, 1000])
  func intervalsEndAtMultiplesOfTheirLength(threads: Int, blockElementCount: Int) throws {
    let (stored, outcome) = try run(
      closedQueue([[1, 2], [], [3]]), .interval(milliseconds: 1000), threads: threads,
      blockElementCount: blockElementCount, start: 2345)
    #expect(stored.times == [3000, 4000, 5000])
    #expect(stored.intervals == [[1, 2], [], [3]])
    #expect(outcome == .finished)
  }
  @Test func aStartAtAMultipleMakesAWholeInterval() throws {
    #expect(try run(closedQueue([[1]]), .interval(milliseconds: 1000), start: 2000).stored.times == [3000])
  }
  /// A job that was held up makes up for the intervals it owes, and reads in each.
  @Test func overdueIntervalsAreMadeUpFor() throws {
    let queue = closedQueue([[1], [2], [3], [4], [5]])
    let (stored, _) = try run(queue, .interval(milliseconds: 1000)) { interval, _, clock in
      if interval == 1 { clock.advance(milliseconds: 2500) }
    }
    // the third and fourth interval are over before anything of them was read
    #expect(stored.times == [1000, 2000, 3000, 4000, 5000])
    #expect(stored.intervals == [[1], [2], [3], [4], [5]])
  }
  /// Every interval takes longer than it is long: the job falls behind, but goes on reading.
  @Test func aJobThatIsAlwaysLateGoesOnReading() throws {
    let queue = closedQueue((0..<50).map { [$0] })
    let (stored, outcome) = try run(queue, .interval(milliseconds: 10)) { _, _, clock in
      clock.advance(milliseconds: 30)
    }
    #expect(outcome == .finished)
    #expect(stored.intervals == (0..<50).map { [$0] })
    #expect(stored.times == (1...50).map { Int64($0) * 10 })
  }
  @Test func intervalsAreClosedWithoutDataToo() throws {
    let queue = QueueSource<Int>([[1]])
    let (stored, outcome) = try run(queue, .interval(milliseconds: 1000)) { interval, context, _ in
      if interval == 3 { context.requestStop() }
    }
    #expect(stored.intervals == [[1], [], [], []])
    #expect(stored.times == [1000, 2000, 3000, 4000])
    #expect(outcome == .stopped)
  }

  // MARK: as fast as possible

  @Test(arguments: [1, 3])
  func asFastAsPossibleClosesWhenTheSourceIsDry(threads: Int) throws {
    let queue = QueueSource([[1, 2], [3]], oneAtATime: false)
    let (stored, outcome) = try run(queue, .asFastAsPossible, threads: threads, blockElementCount: 2) {
      interval, _, _ in
      if interval == 0 {
        queue.add([4])
        queue.add([5])
        queue.close()
      }
    }
    // the end of the input ends the last interval
    #expect(stored.intervals == [[1, 2, 3], [4, 5]])
    #expect(outcome == .finished)
  }
  @Test func nothingIsClosedWithoutData() throws {
    let queue = QueueSource([[1]])
    let clock = ManualClock()
    var options = StreamingOptions()
    options.threads = 1
    let context = StreamingContext(options: options, clock: clock)
    let stored = StoredIntervals<Int>()
    let source = DisturbedSource(queue, reads: 1000)
    context.stream([source]).sink("stored") { _ in StoredIntervalSink(stored) }
    #expect(throws: DisturbedSource<Int>.PowerFailure.self) { try context.run() }
    #expect(stored.intervals == [[1]])
  }

  // MARK: available now, once

  @Test(arguments: [1, 3], [1, 2, 1000])
  func availableNowTakesWhatThereIs(threads: Int, blockElementCount: Int) throws {
    for isClosed in [false, true] {
      let queue = QueueSource([[1, 2, 3], [], [4]])
      if isClosed { queue.close() }
      let (stored, outcome) = try run(
        queue, .availableNow, threads: threads, blockElementCount: blockElementCount)
      #expect(stored.intervals == [[1, 2, 3], [], [4]])
      #expect(outcome == (isClosed ? .finished : .stopped))
    }
  }
  /// A source that never runs dry: what it had when the run began is taken, then the run stops.
  @Test(arguments: [Trigger.availableNow, .once])
  func availableNowEndsWithADefaultBatch(trigger: Trigger) throws {
    let queue = QueueSource([[1, 2], [3]], oneAtATime: trigger == .availableNow, defaultBatch: [0])
    let (stored, outcome) = try run(queue, trigger) { _, context, _ in
      if queue.batchCount > 10 { context.requestStop() }
      queue.add([9])
    }
    #expect(stored.intervals == (trigger == .once ? [[1, 2, 3]] : [[1, 2], [3]]))
    #expect(outcome == .stopped)
    // what came meanwhile is left
    #expect(queue.batchCount == stored.intervals.count)
    #expect(try run(QueueSource([], defaultBatch: [0]), trigger).stored.intervals == [])
  }
  @Test func availableNowEndsWithARateSource() throws {
    let clock = ManualClock(milliseconds: 1000)
    let source = RateSource(rowsPerSecond: 10, startMilliseconds: 0, clock: clock)
    try source.seek(to: SourcePosition(offset: 10, detail: "0"))
    source.prepare(for: .availableNow)
    let rows = PartitionBuffer<RateRow>()
    #expect(try source.read(into: rows, countMax: 100) == .idle)
    #expect(rows.count == 1)
    clock.advance(milliseconds: 5000)
    #expect(try source.read(into: rows, countMax: 100) == .idle)
    #expect(rows.count == 1)
    source.prepare(for: .asFastAsPossible)
    #expect(try source.read(into: rows, countMax: 30) == .more)
  }
  @Test func availableNowKeepsTheLimit() throws {
    let queue = QueueSource([Array(0..<10)], oneAtATime: false)
    let (stored, outcome) = try run(queue, .availableNow, recordsPerIntervalMax: 4)
    #expect(stored.intervals == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
    #expect(outcome == .stopped)
  }
  @Test func availableNowWithoutAnything() throws {
    let (stored, outcome) = try run(QueueSource<Int>(), .availableNow)
    #expect(stored.intervals.isEmpty)
    #expect(outcome == .stopped)
  }
  @Test(arguments: [1, 3])
  func onceIsOneInterval(threads: Int) throws {
    let queue = QueueSource([[1], [2], [3]])
    let (stored, outcome) = try run(queue, .once, threads: threads)
    #expect(stored.intervals == [[1]])
    #expect(outcome == .stopped)
    #expect(queue.batchCount == 2)
    let all = try run(QueueSource([[1], [2], [3]], oneAtATime: false), .once, threads: threads, blockElementCount: 1)
    #expect(all.stored.intervals == [[1, 2, 3]])
    let limited = try run(QueueSource([[1], [2], [3]], oneAtATime: false), .once, recordsPerIntervalMax: 2)
    #expect(limited.stored.intervals == [[1, 2]])
  }
  /// The rest is there for the next run.
  @Test func onceAgainAndAgain() throws {
    let queue = QueueSource([[1], [2], [3]], isReplayable: true)
    let stored = StoredIntervals<Int>()
    try withTemporaryFolder { folder in
      for _ in 0..<4 {
        var options = StreamingOptions()
        (options.threads, options.trigger) = (2, .once)
        let context = StreamingContext(
          options: options, checkpoint: CheckpointOptions(directory: folder), clock: ManualClock())
        let sums = context.stream([queue]).map { (0, $0) }.updateStateByKey(name: "sum") {
          (_: Int, values: [Int], state: Int?) -> Int? in (state ?? 0) + values.reduce(0, +)
        }
        sums.map(\.1).sink("stored") { i in
          let sink = StoredIntervalSink(stored)
          i.register(sink, name: "stored")
          return sink
        }
        try context.run()
      }
    }
    #expect(stored.intervals == [[1], [3], [6]])
  }

  // MARK: limits

  @Test(arguments: [1, 2, 5, 1000], [1, 3])
  func recordsPerIntervalMaxCutsIntervals(blockElementCount: Int, threads: Int) throws {
    for trigger in [Trigger.asFastAsPossible, .interval(milliseconds: 1000), .availableNow] {
      let (stored, _) = try run(
        closedQueue([Array(0..<7), Array(7..<12)], oneAtATime: false), trigger, threads: threads,
        blockElementCount: blockElementCount, recordsPerIntervalMax: 5)
      #expect(stored.intervals == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]], "\(trigger)")
    }
    let one = try run(
      closedQueue([Array(0..<7), Array(7..<12)]), .interval(milliseconds: 1000), threads: threads,
      blockElementCount: blockElementCount, recordsPerIntervalMax: 5)
    #expect(one.stored.intervals == [[0, 1, 2, 3, 4], [5, 6], [7, 8, 9, 10, 11]])
  }

  /// The same intervals with one thread and three, whatever the trigger and the blocks.
  @Test func intervalsDoNotDependOnThreadsAndBlocks() throws {
    try forRandomCases("triggers", count: 80) { random in
      let batches = (0..<random.below(8)).map { b in (0..<random.below(20)).map { b * 100 + $0 } }
      let trigger: Trigger = random.pick([.asFastAsPossible, .interval(milliseconds: 250), .availableNow, .once])
      let (oneAtATime, isClosed) = (random.one(in: 2), random.one(in: 2))
      let limit = random.pick([nil, 1, 7])
      var results: [StoredIntervals<Int>] = []
      for threads in [1, 3] {
        let queue = QueueSource(batches, oneAtATime: oneAtATime)
        if isClosed || ![.availableNow, .once].contains(trigger) { queue.close() }
        results.append(
          try run(
            queue, trigger, threads: threads, blockElementCount: random.pick([1, 3, 1000]),
            recordsPerIntervalMax: limit
          ).stored)
      }
      if trigger != .once, results[0].intervals.flatMap({ $0 }) != batches.flatMap({ $0 }) { return "lost" }
      if results[0].times != results[1].times { return "\(trigger): \(results[0].times) and \(results[1].times)" }
      return firstDifference(results[1].intervals, results[0].intervals).map { "\(trigger): \($0)" }
    }
  }
}
