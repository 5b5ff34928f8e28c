import StreamCore
import TestSupport
import Testing

/// A context's life: the cases of Spark's StreamingContextSuite that make sense here.
@Suite(.timeLimit(.minutes(2))) struct StreamingContextTests {
  struct Complaint: Error, Equatable {}

  private func context(threads: Int = 2, trigger: Trigger = .asFastAsPossible) -> StreamingContext {
    var options = StreamingOptions()
    (options.threads, options.trigger, options.blockElementCount) = (threads, trigger, 3)
    return StreamingContext(options: options, clock: ManualClock())
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
