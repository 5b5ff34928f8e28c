import Foundation
import Snapshots
import StreamCore
import TestSupport
import Testing

/// State of the operators by interval over restarts: the behaviours that Spark's CheckpointSuite checks. Each program is
/// stopped, or its power fails, and the intervals of all its runs together are those of one run.
@Suite(.timeLimit(.minutes(10))) struct IntervalCheckpointTests {
  private static let batches = [["a"], ["a", "b"], [], ["b", "c", "b"], ["a"], [], ["c", "d"], ["a", "a"]]

  /// A program over all of the operators' state.
  private static func build(_ s: DStream<String>) -> DStream<String> {
    let pairs = s.map { ($0, 1) }
    let mapped = pairs.mapWithState(name: "map", timeoutMilliseconds: 2000, initialState: [("z", 1)]) {
      (key: String, value: Int?, state: inout KeyState<Int>) -> String? in
      if state.isTimingOut { return "map \(key) gone at \(state.value!)" }
      state.value = (state.value ?? 0) + value!
      return nil
    }
    let updated = pairs.updateStateByKey(name: "update") { (_: String, values: [Int], state: Int?) -> Int? in
      (state ?? 0) + values.count
    }
    return s.window(.intervals(3, slide: 2), name: "window").map { "window \($0)" }
      .union(pairs.reduceByKeyAndWindow(.intervals(3), name: "reduced", +).map { "reduced \($0)" })
      .union(pairs.reduceByKeyAndWindow(.intervals(3), name: "inverse", +, inverse: -).map { "inverse \($0)" })
      .union(s.countByWindow(.intervals(4, slide: 3), name: "count").map { "count \($0)" })
      .union(updated.map { "update \($0)" })
      .union(mapped.mapped).union(mapped.stateSnapshots.map { "map \($0)" })
  }

  /// One run of a program over a queue that outlives it.
  private struct Run<Output> {
    var queue: QueueSource<String>
    var clock: ManualClock
    var stored: StoredIntervals<Output>
    var checkpoint: CheckpointOptions
    var threads = 1
    var batches = Int.max
    var reads = Int.max

    @discardableResult
    func callAsFunction(
      _ build: (DStream<String>) -> DStream<Output>
    ) throws -> (outcome: RunOutcome, context: StreamingContext) {
      var options = StreamingOptions()
      (options.threads, options.keyGroups, options.trigger) = (threads, 4, .interval(milliseconds: 1000))
      options.pollMilliseconds = 500
      let context = StreamingContext(options: options, checkpoint: checkpoint, clock: clock)
      let source = DisturbedSource(queue, reads: reads, batches: batches) { [unowned context] in context.requestStop() }
      let stream = build(context.stream([source]))
      stream.markWorksByInterval()
      stream.sink("stored") { i in
        let sink = StoredIntervalSink(stored)
        i.register(sink, name: "stored")
        return sink
      }
      context.onStart = { if !$0 { stored.cut(to: 0) } }
      return (try context.run(), context)
    }
  }
  @discardableResult
  private func withRuns<Output, R>(_ body: (Run<Output>) throws -> R) throws -> R {
    let queue = QueueSource(Self.batches, isReplayable: true)
    queue.close()
    return try withTemporaryFolder { folder in
      try body(
        Run(
          queue: queue, clock: ManualClock(), stored: StoredIntervals<Output>(),
          checkpoint: CheckpointOptions(directory: folder, intervalMilliseconds: 0)))
    }
  }
  private func expected() throws -> [[String]] {
    try IntervalProgram(batches: Self.batches, build: Self.build).run(RunShape(keyGroups: 4)).intervals
  }

  @Test(arguments: [1, 3])
  func aStopAfterAnyInterval(threads: Int) throws {
    let expected = try expected()
    for stop in 0...Self.batches.count {
      try withRuns { (run: Run<String>) in
        var (first, second) = (run, run)
        (first.batches, first.threads, second.threads) = (stop, 4 - threads, threads)
        let outcome = try first(Self.build).outcome
        #expect(outcome == .stopped || stop == Self.batches.count)
        #expect(run.stored.intervals == Array(expected.prefix(stop)))
        let resumed = try second(Self.build).context
        #expect(resumed.isResumed)
        #expect(resumed.recoveryReport?.added == [])
        #expect(run.stored.intervals == expected, "stop after \(stop)")
      }
    }
  }
  @Test(arguments: [0, 3000, 1 << 40] as [Int64])
  func aPowerFailureAfterAnyRead(checkpointMilliseconds: Int64) throws {
    let expected = try expected()
    for read in 0...Self.batches.count {
      try withRuns { (run: Run<String>) in
        var (first, second) = (run, run)
        first.checkpoint.intervalMilliseconds = checkpointMilliseconds
        (first.reads, second.threads) = (read, 2)
        #expect(throws: DisturbedSource<String>.PowerFailure.self) { try first(Self.build) }
        try second(Self.build)
        #expect(run.stored.intervals == expected, "failure at read \(read)")
        #expect(run.stored.times == (1...Self.batches.count).map { Int64($0) * 1000 })
      }
    }
  }
  @Test func aStopAfterEveryInterval() throws {
    try withRuns { (run: Run<String>) in
      for i in 0...Self.batches.count {
        var next = run
        (next.batches, next.threads) = (1, 1 + i % 3)
        try next(Self.build)
      }
      #expect(run.stored.intervals == (try expected()))
    }
  }

  /// An interval that an earlier run gave out is cut again as it was: a stop while it is read again does not end it.
  @Test(arguments: 0...6)
  func aStopWhileAnIntervalIsReadAgain(reads: Int) throws {
    let queue = QueueSource([[1, 2, 3], [4, 5, 6], [7]], isReplayable: true)
    queue.close()
    let stored = StoredIntervals<Int>()
    let clock = ManualClock()
    try withTemporaryFolder { folder in
      // two intervals are given out and no checkpoint is written
      let failing = DisturbedSource(queue, reads: 6)
      var context: StreamingContext?
      let stopping = DisturbedSource(queue, reads: reads, stopsAtReads: true) { context?.requestStop() }
      for (i, source) in [failing, stopping, DisturbedSource(queue)].enumerated() {
        var options = StreamingOptions()
        (options.threads, options.blockElementCount) = (1, 1)
        options.trigger = .interval(milliseconds: 1000)
        let checkpoint = CheckpointOptions(directory: folder, intervalMilliseconds: 1 << 40)
        let run = StreamingContext(options: options, checkpoint: checkpoint, clock: clock)
        context = run
        let groups = run.stream([source]).map { (0, $0) }.groupByKey().flatMap(\.1)
        groups.sink("stored") { i in
          let sink = StoredIntervalSink(stored)
          i.register(sink, name: "stored")
          return sink
        }
        run.onStart = { if !$0 { stored.cut(to: 0) } }
        if i == 0 {
          #expect(throws: DisturbedSource<Int>.PowerFailure.self) { try run.run() }
          #expect(stored.intervals.count >= 1)
        } else {
          let outcome = try run.run()
          #expect(outcome == (i == 1 ? .stopped : .finished))
        }
      }
    }
    #expect(stored.intervals == [[1, 2, 3], [4, 5, 6], [7]])
  }

  /// Recovery passes a damaged checkpoint over and goes on from the one before: what the sources gave since then has
  /// been kept for that.
  @Test(arguments: [1, 2, 3])
  func damagedCheckpointsArePassedOver(count: Int) throws {
    try withRuns { (run: Run<String>) in
      for _ in 0..<5 {
        var next = run
        next.batches = 1
        try next(Self.build)
      }
      let checkpoints = try CheckpointInspector.list(directory: run.checkpoint.directory).compactMap(\.info)
      #expect(checkpoints.count > count)
      for c in checkpoints.suffix(count) {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: c.path))
        bytes[bytes.count / 2] ^= 0xff
        try bytes.write(to: URL(fileURLWithPath: c.path))
      }
      let context = try run(Self.build).context
      #expect(context.isResumed)
      #expect(context.recoveryWarnings.count == count)
      #expect(run.stored.intervals == (try expected()))
    }
  }

  /// A program that is changed between two runs: a window is made longer, shorter, gets an inverse or loses it.
  @Test func changedWindows() throws {
    func sums(_ length: Int, inverse: Bool) -> (DStream<String>) -> DStream<String> {
      { s in
        s.map { ($0, 1) }.reduceByKeyAndWindow(
          .intervals(length), name: "sums", +, inverse: inverse ? minus : nil
        ).map { "\($0)" }.union(s.window(.intervals(length), name: "window"))
      }
    }
    func last(_ lengths: [(length: Int, inverse: Bool)]) throws -> Set<String> {
      try withRuns { (run: Run<String>) in
        for (i, l) in lengths.enumerated() {
          var next = run
          if i < lengths.count - 1 { next.batches = 4 }
          try next(sums(l.length, inverse: l.inverse))
        }
        return Set(run.stored.intervals[Self.batches.count - 1 - (lengths.count == 2 ? 3 : 0)])
      }
    }
    for inverse in [false, true] {
      // the fifth interval of a window of 2 intervals, whatever it was before
      let expected = Set(["(\"a\", 1)", "(\"b\", 2)", "(\"c\", 1)", "a", "b", "c"])
      #expect(try last([(2, inverse), (2, inverse)]) == expected)
      #expect(try last([(2, !inverse), (2, inverse)]) == expected)
      #expect(try last([(4, !inverse), (2, inverse)]) == expected)
      #expect(try last([(4, inverse), (2, inverse)]) == expected)
      // a longer one begins with what there is of it: an inverse keeps an interval more
      let longer = try last([(2, false), (3, inverse)])
      #expect(longer == expected, "the second interval was not kept; the third had nothing")
    }
  }

  @Test func operatorsThatShareANameAreRefusedWithoutCheckpointsToo() throws {
    let context = StreamingContext(options: StreamingOptions(threads: 2), clock: ManualClock())
    let s = context.queueStream([[1], [2]])
    s.window(.intervals(2), name: "w").union(s.window(.intervals(3), name: "w")).print { _ in }
    #expect(throws: CheckpointError.sameName("w")) { try context.run() }
  }
  @Test func operatorsThatShareANameAreRefused() throws {
    try withRuns { (run: Run<String>) in
      #expect(throws: CheckpointError.sameName("w")) {
        _ = try run { $0.window(.intervals(2), name: "w").union($0.window(.intervals(3), name: "w")) }
      }
    }
  }
}
