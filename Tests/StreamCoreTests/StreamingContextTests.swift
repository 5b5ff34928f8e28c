import Foundation
import StreamCore
import TestSupport
import Testing

/// A context's life: the cases of Spark's StreamingContextSuite that make sense here.
@Suite(.timeLimit(.minutes(10))) struct StreamingContextTests {
  struct Complaint: Error, Equatable {}

  private func context(threads: Int = 2, trigger: Trigger = .asFastAsPossible) -> StreamingContext {
    var options = StreamingOptions()
    (options.threads, options.trigger, options.blockElementCount) = (threads, trigger, 3)
    return StreamingContext(options: options, clock: ManualClock())
  }

  @Test func aProgramThatFailsSaysWhyInALine() async {
    let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
      let context = StreamingContext(clock: ManualClock())
      context.textFile("/there/is/no/such/file").print { _ in }
      context.runOrExit()
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said == "error: '/there/is/no/such/file' cannot be read: No such file or directory; check the path\n")
    let context = context()
    context.queueStream([[1]]).print { _ in }
    #expect(context.runOrExit() == .finished)
  }
  /// What was read when the stop came has been given out, to the last element; the rest is still in the queue.
  @Test(arguments: [1, 2, 4], [Trigger.asFastAsPossible, .interval(milliseconds: 10)])
  func aStopLosesNothing(threads: Int, trigger: Trigger) throws {
    let context = context(threads: threads, trigger: trigger)
    let queue = QueueSource((0..<100).map { b in (0..<10).map { b * 10 + $0 } })
    let stored = StoredIntervals<Int>()
    let kept = context.stream([queue]).map { (0, $0) }.groupByKey().flatMap(\.1)
    kept.sink("stored") { [unowned context] _ in
      StoredIntervalSink(stored) { [unowned context] in if $0 == 20 { context.requestStop() } }
    }
    #expect(try context.run() == .stopped)
    let given = stored.intervals.flatMap { $0 }
    #expect(given.count >= 210 && given.count < 1000)
    #expect(given == Array(0..<given.count))
    #expect(given.count == Int(queue.position.offset))
    #expect(context.progress.records == given.count)
  }
  @Test(arguments: [1, 3])
  func stopsMayBeAskedForAgain(threads: Int) throws {
    let context = context(threads: threads)
    let collector = IntervalCollector<Int>()
    context.stream([QueueSource([[1], [2]])]).sink("collected") { _ in collector }
    context.requestStop()
    context.requestStop()
    #expect(try context.run() == .stopped)
    #expect(collector.all.isEmpty)
    // when it is over too
    context.requestStop()
    #expect(context.progress.records == 0)
  }
  @Test func aContextRunsOnce() async {
    await #expect(processExitsWith: .failure) {
      let context = StreamingContext(clock: ManualClock())
      let queue = QueueSource([[1]])
      queue.close()
      context.stream([queue]).sink("none") { _ in IntervalCollector<Int>() }
      _ = try context.run()
      _ = try context.run()
    }
  }
  @Test func streamsOfDifferentContextsAreNotUnited() async {
    await #expect(processExitsWith: .failure) {
      let (a, b) = (StreamingContext(), StreamingContext())
      _ = a.stream([QueueSource([[1]])]).union(b.stream([QueueSource([[1]])]))
    }
  }
  @Test func aJobWithoutSourcesIsOver() throws {
    #expect(try context().run() == .finished)
  }
  /// A stream that nobody looks at is read all the same.
  @Test func aStreamWithoutASink() throws {
    let context = context()
    let queue = QueueSource([[1, 2]])
    queue.close()
    _ = context.stream([queue]).map { $0 + 1 }
    #expect(try context.run() == .finished)
    #expect(context.progress.records == 2)
  }

  // MARK: a thread of its own

  @Test(arguments: [1, 3])
  func startAndStop(threads: Int) throws {
    let context = context(threads: threads)
    let queue = QueueSource((0..<1000).map { [$0] })
    let stored = StoredIntervals<Int>()
    let hasBegun = DispatchSemaphore(value: 0)
    context.stream([queue]).sink("stored") { _ in StoredIntervalSink(stored) { if $0 == 0 { hasBegun.signal() } } }
    context.start()
    hasBegun.wait()
    #expect(try context.stop() == .stopped)
    // again, and when all is over
    #expect(try context.stop() == .stopped)
    #expect(try context.awaitTermination() == .stopped)
    #expect(!stored.intervals.isEmpty)
    #expect(stored.intervals == (0..<stored.intervals.count).map { [$0] })
    #expect(stored.intervals.count == Int(queue.position.offset))
  }
  @Test func awaitTerminationWaitsForTheEnd() throws {
    let context = context()
    let queue = QueueSource((0..<50).map { [$0] })
    queue.close()
    let stored = StoredIntervals<Int>()
    context.stream([queue]).sink("stored") { _ in StoredIntervalSink(stored) }
    context.start()
    #expect(try context.awaitTermination() == .finished)
    #expect(stored.intervals == (0..<50).map { [$0] })
  }
  @Test func awaitTerminationThrowsWhatEndedTheRun() throws {
    let context = context()
    let source = DisturbedSource(QueueSource([[1], [2]]), reads: 1)
    context.stream([source]).sink("none") { _ in IntervalCollector<Int>() }
    context.start()
    #expect(throws: DisturbedSource<Int>.PowerFailure.self) { try context.awaitTermination() }
    // whoever asks later is told too
    #expect(throws: DisturbedSource<Int>.PowerFailure.self) { try context.stop() }
  }
  @Test func aStopBeforeTheStart() throws {
    let context = context()
    let stored = StoredIntervals<Int>()
    context.stream([QueueSource([[1]])]).sink("stored") { _ in StoredIntervalSink(stored) }
    #expect(try context.stop() == .stopped)
    context.start()
    #expect(try context.awaitTermination() == .stopped)
    #expect(stored.intervals.isEmpty)
  }
  /// The same program again and again: it goes on where it was.
  @Test func getOrCreate() throws {
    let queue = QueueSource([[1], [2], [3]], isReplayable: true)
    try withTemporaryFolder { folder in
      var found: [[Int]] = []
      var resumed: [Bool] = []
      for _ in 0..<4 {
        var options = StreamingOptions()
        (options.threads, options.trigger) = (1, .once)
        let collector = IntervalCollector<Int>()
        let context = StreamingContext.getOrCreate(
          checkpoint: CheckpointOptions(directory: folder), options: options, clock: ManualClock()
        ) { context in
          context.stream([queue]).map { (0, $0) }.updateStateByKey(name: "sum") {
            (_: Int, values: [Int], state: Int?) -> Int? in (state ?? 0) + values.reduce(0, +)
          }.map(\.1).sink("collected") { _ in collector }
        }
        try context.run()
        found.append(collector.all)
        resumed.append(context.isResumed)
      }
      #expect(found == [[1], [3], [6], []])
      #expect(resumed == [false, true, true, true])
    }
  }
  @Test func aProgramThatCannotBeBuilt() throws {
    try withTemporaryFolder { folder in
      #expect(throws: Complaint()) {
        try StreamingContext.getOrCreate(checkpoint: CheckpointOptions(directory: folder)) { _ in throw Complaint() }
      }
    }
  }

  // MARK: errors end the run, with the first error there was

  @Test(arguments: [1, 2, 4], [0, 1, 5])
  func aSourceThatThrows(threads: Int, reads: Int) throws {
    let context = context(threads: threads)
    let queue = QueueSource((0..<20).map { [$0] })
    let collector = IntervalCollector<Int>()
    context.stream([DisturbedSource(queue, reads: reads)]).reduce(+).sink("collected") { _ in collector }
    #expect(throws: DisturbedSource<Int>.PowerFailure.self) { try context.run() }
    #expect(collector.all.count <= reads)
  }
  @Test(arguments: [1, 2, 4])
  func aFunctionThatFails(threads: Int) throws {
    let context = context(threads: threads)
    let queue = QueueSource((0..<20).map { [$0] })
    let collector = IntervalCollector<Int>()
    let mapped = context.stream([queue]).map { [unowned context] e -> Int in
      if e == 7 { context.fail(Complaint()) }
      return e
    }
    mapped.map { (0, $0) }.updateStateByKey(name: "s") { (_: Int, values: [Int], _: Int?) -> Int? in values.last }
      .map(\.1).sink("collected") { _ in collector }
    #expect(throws: Complaint()) { try context.run() }
    // nothing behind the failure is given out
    #expect(!collector.all.contains { $0 > 7 })
  }
  @Test(arguments: [1, 2, 4])
  func aSinkThatFails(threads: Int) throws {
    let context = context(threads: threads)
    let queue = QueueSource((0..<20).map { [$0] })
    let stored = StoredIntervals<Int>()
    context.stream([queue]).sink("stored") { [unowned context] _ in
      StoredIntervalSink(stored) { [unowned context] in if $0 == 3 { context.fail(Complaint()) } }
    }
    #expect(throws: Complaint()) { try context.run() }
    #expect(stored.intervals.prefix(4) == [[0], [1], [2], [3]])
    #expect(stored.intervals.count < 20)
  }
  @Test func stateThatCannotBeWrittenFailsTheRun() throws {
    struct Reading: Codable, Sendable {
      var value: Int
      func encode(to encoder: any Encoder) throws { throw Complaint() }
    }
    try withTemporaryFolder { folder in
      var options = StreamingOptions()
      options.threads = 1
      let queue = QueueSource([[1], [2]], isReplayable: true)
      queue.close()
      let context = StreamingContext(
        options: options, checkpoint: CheckpointOptions(directory: folder, intervalMilliseconds: 0),
        clock: ManualClock())
      // not trivial, so that it is encoded
      context.stream([queue]).map { [Reading(value: $0)] }.window(.intervals(2), name: "w")
        .sink("none") { _ in IntervalCollector<[Reading]>() }
      #expect(throws: Complaint()) { try context.run() }
    }
  }
}
