import FlatMemory
import StreamCore
import TestSupport

/// What a stream gave, interval by interval; without the intervals that gave nothing unless `keepsEmpty`.
final class IntervalCollector<Element>: Consumer<Element>, @unchecked Sendable {
  private(set) var intervals: [[Element]] = []
  private(set) var times: [Int64] = []
  private(set) var all: [Element] = []
  private(set) var eventTimes: [Int64] = []
  private var current: [Element] = []
  /// Called with the number of intervals after each.
  var onInterval: (Int) -> Void = { _ in }

  override func consume(_ run: PartitionRun<Element>, _ batch: Batch) {
    current += run.elements
    all += run.elements
    if run.isTimed { for i in 0..<run.count { eventTimes.append(run.position(i).eventTime) } }
  }
  override func endBatch(_ batch: Batch) {
    if batch.closesInterval {
      intervals.append(current)
      times.append(batch.intervalTime)
      current = []
      onInterval(intervals.count)
    }
  }
}

/// How the tests' programs run: results must not depend on it.
struct RunShape: CustomStringConvertible {
  var threads = 1
  var keyGroups = 4
  var blockElementCount = 1 << 15

  static func random(_ random: inout SeededRandom) -> RunShape {
    RunShape(
      threads: random.pick([1, 2, 3]), keyGroups: random.pick([1, 2, 8]),
      blockElementCount: random.pick([1, 2, 7, 1000]))
  }
  var options: StreamingOptions {
    var o = StreamingOptions()
    (o.threads, o.keyGroups, o.blockElementCount) = (threads, keyGroups, blockElementCount)
    return o
  }
  var description: String { "\(threads) threads, \(keyGroups) groups, blocks of \(blockElementCount)" }
}

/// Runs a program over batches given one an interval, as marbles on a line: `build` makes the stream to look at.
@discardableResult
func runMarbles<Input, Output>(
  _ batches: [[Input]], shape: RunShape = RunShape(), trigger: Trigger = .interval(milliseconds: 1000),
  checkpoint: CheckpointOptions? = nil, closes: Bool = true,
  _ build: (DStream<Input>) -> DStream<Output>
) throws -> IntervalCollector<Output> {
  var options = shape.options
  options.trigger = trigger
  options.pollMilliseconds = 500
  let context = StreamingContext(options: options, checkpoint: checkpoint, clock: ManualClock())
  let queue = QueueSource(batches)
  queue.close()
  let collector = IntervalCollector<Output>()
  build(context.stream([queue])).sink("collected") { _ in collector }
  try context.run()
  return collector
}

/// The inverse of a sum.
@Sendable func minus(_ a: Int, _ b: Int) -> Int { a - b }
