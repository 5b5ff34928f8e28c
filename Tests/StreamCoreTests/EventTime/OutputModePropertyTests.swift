import Foundation
import StreamCore
import Synchronization
import TestSupport
import Testing

/// A source that gives a batch an interval, can go back, and fails when its fuse has burnt down.
final class BatchedEventSource: ElementSource {
  let name: String
  let identity: String? = "events"
  private let events: [Event]
  /// Where batches end.
  private let ends: [Int]
  private let fuse: MemorySource.Fuse?
  private struct Place {
    var offset = 0
    /// Empty batches make several at one offset.
    var batch = 0
  }
  private let place = Mutex(Place())

  init(_ batches: [[Event]], name: String = "batches", fuse: MemorySource.Fuse? = nil) {
    self.name = name
    events = Array(batches.joined())
    var end = 0
    ends = batches.map {
      end += $0.count
      return end
    }
    self.fuse = fuse
  }
  func read(into output: PartitionBuffer<Event>, countMax: Int) throws -> SourceStatus {
    try fuse?.burn()
    return place.withLock { p in
      if p.batch == ends.count { return .ended }
      let n = min(countMax, ends[p.batch] - p.offset)
      for e in events[p.offset..<p.offset + n] { output.append(e) }
      p.offset += n
      guard p.offset == ends[p.batch] else { return .more }
      p.batch += 1
      return .untilNextInterval
    }
  }
  var position: SourcePosition { place.withLock { SourcePosition(offset: UInt64($0.offset), detail: "\($0.batch)") } }
  func seek(to position: SourcePosition) throws {
    place.withLock { $0 = Place(offset: Int(position.offset), batch: Int(position.detail) ?? 0) }
  }
}

/// Windows and sessions in update and complete mode, interval by interval, against oracles; with crashes.
@Suite(.timeLimit(.minutes(3))) struct OutputModePropertyTests {
  /// Lines of one interval end with a stroke.
  private final class IntervalLines: Consumer<String>, CheckpointedState, @unchecked Sendable {
    private let file: DurableLines
    init(_ file: DurableLines) { self.file = file }
    override func consume(_ run: PartitionRun<String>, _ batch: Batch) { unsafe file.append(Array(run.elements)) }
    override func endBatch(_ batch: Batch) { if batch.closesInterval { file.append(["|"]) } }
    func snapshot(into snapshot: StateSnapshot) {
      unsafe [Int64(file.lines.count)].withUnsafeBufferPointer { unsafe snapshot.add("count", values: $0) }
    }
    func restore(from snapshot: RestoredState) throws {
      file.cut(to: Int(try snapshot.values("count", of: Int64.self)[0]))
    }
    func makeDurable() throws { file.flush() }
  }
  private func run(
    _ batches: [[Event]], _ shape: RunShape, delay: Int64, windows: TimeWindows, mode: OutputMode, lateness: Int64,
    fuse: MemorySource.Fuse? = nil, checkpoint: CheckpointOptions? = nil, into file: DurableLines
  ) throws {
    var options = shape.options
    options.trigger = .interval(milliseconds: 1000)
    options.pollMilliseconds = 500
    let context = StreamingContext(options: options, checkpoint: checkpoint, clock: ManualClock())
    let stream = context.stream([BatchedEventSource(batches, fuse: fuse)])
      .withWatermark(delayMilliseconds: delay) { $0.time }
    let found = stream.keyedTexts.windowed(
      by: windows, name: "windows", allowedLatenessMilliseconds: lateness, outputMode: mode
    ).groups()
    found.results.map { key, w in "\(key): \(w.window.start)..<\(w.window.end)(\(w.value.joined(separator: ",")))" }
      .union(found.late.map { "late \($0.0): \($0.1)" })
      .sink("lines") { instance in
        let sink = IntervalLines(file)
        instance.register(sink, name: "lines")
        return sink
      }
    context.onStart = { isResumed in
      if isResumed { resumeCount.wrappingAdd(1, ordering: .relaxed) } else { file.create() }
    }
    try context.run()
  }

  private static func batches(_ random: inout SeededRandom) -> [[Event]] {
    var id = 0
    var time = random.below(20)
    let (keys, jitter) = (1 + random.below(4), random.pick([0, 8, 30]))
    return (0..<1 + random.below(8)).map { _ in
      // not empty: what a restart repeats of empty batches would be intervals of their own
      (0..<1 + random.below(8)).map { _ in
        time += random.below(6)
        id += 1
        return Event(time: Int64(time - random.below(jitter + 1)), key: random.below(keys), id: id)
      }
    }
  }
  /// An open window of the oracles.
  private struct Window {
    var key: Int
    var start: Int64
    var end: Int64
    var values: [String]
    var isChanged = true
    var line: String { "\(key): \(start)..<\(end)(\(values.joined(separator: ",")))" }
  }
  /// What each interval must give, sorted; `gap`: of sessions, otherwise tumbling windows of `length`.
  private static func expected(
    _ batches: [[Event]], delay: Int64, length: Int64, isSession: Bool, mode: OutputMode, lateness: Int64
  ) -> [[String]] {
    var open: [Window] = []
    var watermark = Int64.min
    return batches.map { batch in
      var lines: [String] = []
      func due(_ end: Int64) -> Int64 { end + lateness + (isSession ? 1 : 0) }
      for e in batch {
        watermark = max(watermark, e.time - delay)
        if mode == .update {
          for w in open where due(w.end) <= watermark && w.isChanged { lines.append(w.line) }
          open.removeAll { due($0.end) <= watermark }
        }
        let start = isSession ? e.time : Int64((Double(e.time) / Double(length)).rounded(.down)) * length
        var new = Window(key: e.key, start: start, end: start + length, values: ["\(e.id)"])
        let near = open.filter { w in
          w.key == e.key && (isSession ? w.start - length <= e.time && e.time <= w.end : w.start == start)
        }.sorted { $0.start < $1.start }
        if near.isEmpty, mode == .update, due(new.end) <= watermark {
          lines.append("late \(e.key): \(e.id)")
          continue
        }
        if let first = near.first {
          new.values = first.values + new.values + near.dropFirst().flatMap(\.values)
          (new.start, new.end) = (min(first.start, new.start), max(near.last!.end, new.end))
        }
        open.removeAll { w in near.contains { $0.key == w.key && $0.start == w.start } }
        open.append(new)
      }
      if mode == .update {
        // the interval's last watermark closes windows that it changed: given once
        for w in open where w.isChanged { lines.append(w.line) }
        open.removeAll { due($0.end) <= watermark }
        for i in open.indices { open[i].isChanged = false }
      } else {
        lines += open.map(\.line)
      }
      return lines.sorted()
    }
  }

  @Test(arguments: [OutputMode.update, .complete], [false, true])
  func intervals(mode: OutputMode, isSession: Bool) throws {
    try forRandomCases("\(mode), sessions \(isSession)", count: 40) { random in
      let batches = Self.batches(&random)
      let delay = Int64(random.pick([0, 10]))
      let lateness = Int64(random.pick([0, 6]))
      let length = Int64(random.pick([3, 10]))
      let groups = random.pick([1, 2, 8])
      let windows = isSession ? TimeWindows.session(gapMilliseconds: length) : .tumbling(milliseconds: length)
      func shape() -> RunShape {
        var s = RunShape.random(&random)
        s.keyGroups = groups
        return s
      }
      let file = DurableLines()
      try run(batches, shape(), delay: delay, windows: windows, mode: mode, lateness: lateness, into: file)
      let found = file.lines.split(separator: "|", omittingEmptySubsequences: false).map { $0.sorted() }
      let expected = Self.expected(
        batches, delay: delay, length: length, isSession: isSession, mode: mode, lateness: lateness)
      // an empty interval at the end is not closed
      if found.joined().elementsEqual(expected.joined()) == false {
        return "\(windows), delay \(delay), lateness \(lateness): found \(found)\nexpected \(expected)\n\(batches)"
      }
      // the same lines in the same order whatever befalls the job
      let folder = NSTemporaryDirectory() + "thalweg-" + UUID().uuidString
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let disturbed = DurableLines()
      for attempt in 0...3 {
        do {
          try run(
            batches, shape(), delay: delay, windows: windows, mode: mode, lateness: lateness,
            fuse: attempt == 3 ? nil : .init(random.below(25)),
            checkpoint: CheckpointOptions(directory: folder, intervalMilliseconds: 0), into: disturbed)
          break
        } catch is MemorySource.PowerFailure { disturbed.failPower() }
      }
      if let complaint = disturbed.complaint { return complaint }
      return firstDifference(disturbed.lines, file.lines)
    }
  }

  /// After a crash a source may give an empty batch again, in an interval that is known to have had more.
  @Test(arguments: 1...14)
  func emptyBatchesDoNotHoldUpARestart(reads: Int) throws {
    let folder = NSTemporaryDirectory() + "thalweg-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let batches = [[event(1, 0, 1)], [], [event(2, 0, 2), event(3, 0, 3)], [], [], [event(4, 0, 4)]]
    let file = DurableLines()
    for fuse in [MemorySource.Fuse(reads), nil] {
      do {
        try run(
          batches, RunShape(blockElementCount: 1), delay: 0, windows: .tumbling(milliseconds: 10), mode: .complete,
          lateness: 0, fuse: fuse, checkpoint: CheckpointOptions(directory: folder, intervalMilliseconds: 0), into: file
        )
      } catch is MemorySource.PowerFailure { file.failPower() }
    }
    #expect(file.lines.last { $0 != "|" } == "0: 0..<10(1,2,3,4)")
  }

  /// With sources that fall silent and rejoin, every event is in one window or late, once.
  @Test func nothingIsLostOrDoubledBySilentSources() throws {
    try forRandomCases("silent sources", count: 60) { random in
      var id = 0
      let inputs = (0..<2 + random.below(2)).map { _ in
        var time = random.below(50)
        var isSilent = false
        return (0..<12).map { _ -> [Event] in
          if random.one(in: 3) { isSilent.toggle() }
          return (0..<(isSilent ? 0 : random.below(4))).map { _ in
            time += random.below(15)
            id += 1
            return Event(time: Int64(time), key: random.below(3), id: id)
          }
        }
      }
      var options = RunShape.random(&random).options
      options.trigger = .interval(milliseconds: 1000)
      options.pollMilliseconds = 500
      options.idleTimeoutMilliseconds = Int64(random.pick([500, 1500, 3500]))
      options.advancesWhenIdle = random.one(in: 2)
      let context = StreamingContext(options: options, clock: ManualClock())
      let stream = context.stream(inputs.enumerated().map { BatchedEventSource($1, name: "\($0)") })
        .withWatermark(delayMilliseconds: 5) { $0.time }
      let collector = IntervalCollector<String>()
      let found = stream.keyedTexts.windowed(by: .tumbling(milliseconds: 10), name: "windows").groups()
      found.results.flatMap { $0.1.value }.union(found.late.map { $0.1 }).sink("lines") { _ in collector }
      try context.run()
      let ids = collector.all.compactMap { Int($0) }.sorted()
      return ids == Array(1..<id + 1) ? nil : "\(ids) of \(id): \(inputs)"
    }
  }
}
