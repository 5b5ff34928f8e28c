import StreamCore
import TestSupport
import Testing

/// Streams of a queue: the cases of Spark's InputStreamsSuite that are about queueStream.
@Suite(.timeLimit(.minutes(1))) struct QueueStreamTests {
  private func run(
    _ queue: QueueSource<Int>, trigger: Trigger = .interval(milliseconds: 1000), blockElementCount: Int = 1000,
    onInterval: @escaping (Int, StreamingContext) -> Void = { _, _ in }
  ) throws -> StoredIntervals<Int> {
    var options = StreamingOptions()
    (options.threads, options.trigger, options.blockElementCount) = (1, trigger, blockElementCount)
    options.pollMilliseconds = 500
    let context = StreamingContext(options: options, clock: ManualClock())
    let stored = StoredIntervals<Int>()
    context.stream([queue]).sink("stored") { [unowned context] _ in
      StoredIntervalSink(stored) { onInterval($0, context) }
    }
    try context.run()
    return stored
  }
  private let batches = [[1, 2], [], [3], [4, 5, 6]]

  @Test(arguments: [Trigger.interval(milliseconds: 1000), .asFastAsPossible, .availableNow], [1, 1000])
  func oneBatchAnInterval(trigger: Trigger, blockElementCount: Int) throws {
    let queue = QueueSource(batches)
    queue.close()
    // an empty batch is an interval too
    #expect(try run(queue, trigger: trigger, blockElementCount: blockElementCount).intervals == batches)
  }
  @Test(arguments: [1, 1000])
  func allBatchesAtOnce(blockElementCount: Int) throws {
    let queue = QueueSource(batches, oneAtATime: false)
    queue.close()
    #expect(try run(queue, blockElementCount: blockElementCount).intervals == [[1, 2, 3, 4, 5, 6]])
  }
  @Test func batchesAreAddedWhileTheJobRuns() throws {
    let queue = QueueSource([[1]])
    let stored = try run(queue) { interval, _ in
      switch interval {
      case 1: queue.add([2, 3])
      case 2:
        queue.add([])
        queue.add([4])
        queue.close()
      default: break
      }
    }
    #expect(stored.intervals == [[1], [], [2, 3], [], [4]])
  }
  @Test func theDefaultBatchFillsEmptyIntervals() throws {
    let queue = QueueSource([[1]], defaultBatch: [0])
    let stored = try run(queue) { interval, context in
      if interval == 1 { queue.add([2]) }
      if interval == 3 { context.requestStop() }
    }
    #expect(stored.intervals == [[1], [0], [2], [0]])
  }
  /// Several queues give one batch each an interval.
  @Test func severalQueues() throws {
    let found = try unite([[1], [], [3]], [[10], [20], [30], [40]]) { $0.union($1) }
    #expect(found.map { $0.sorted() } == [[1, 10], [20], [3, 30], [40]])
  }
}
