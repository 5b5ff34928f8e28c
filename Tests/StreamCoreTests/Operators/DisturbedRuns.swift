import Foundation
import StreamCore
import TestSupport

/// What a sink has stored, interval by interval, outside of the runs that write it.
final class StoredIntervals<Element>: @unchecked Sendable {
  fileprivate(set) var intervals: [[Element]] = []
  fileprivate(set) var times: [Int64] = []
  func cut(to count: Int) {
    intervals.removeLast(intervals.count - count)
    times.removeLast(times.count - count)
  }
}

/// Stores intervals; a run that goes on cuts off what its checkpoint does not count on.
final class StoredIntervalSink<Element>: Consumer<Element>, CheckpointedState, @unchecked Sendable {
  private let stored: StoredIntervals<Element>
  private let onInterval: (Int) -> Void
  private var current: [Element] = []

  init(_ stored: StoredIntervals<Element>, onInterval: @escaping (Int) -> Void = { _ in }) {
    self.stored = stored
    self.onInterval = onInterval
  }
  override func consume(_ run: PartitionRun<Element>, _ batch: Batch) { current += run.elements }
  override func endBatch(_ batch: Batch) {
    guard batch.closesInterval else { return }
    stored.intervals.append(current)
    stored.times.append(batch.intervalTime)
    current = []
    onInterval(batch.interval)
  }
  func snapshot(into snapshot: StateSnapshot) { snapshot.addCount("count", stored.intervals.count) }
  func restore(from snapshot: RestoredState) throws { stored.cut(to: try snapshot.count("count")) }
}

/// A queue whose reader fails or whose job is asked to stop.
final class DisturbedSource<Element>: ElementSource, @unchecked Sendable {
  struct PowerFailure: Error {}
  private let queue: QueueSource<Element>
  private var readsLeft: Int
  private var batchesLeft: Int
  private let stopsAtReads: Bool
  private let stop: () -> Void

  /// Fails after so many reads (or calls `stop`); calls `stop` when it is asked for more than so many batches.
  init(
    _ queue: QueueSource<Element>, reads: Int = .max, stopsAtReads: Bool = false, batches: Int = .max,
    stop: @escaping () -> Void = {}
  ) {
    self.queue = queue
    self.stopsAtReads = stopsAtReads
    (readsLeft, batchesLeft) = (reads, batches)
    self.stop = stop
  }
  var name: String { queue.name }
  var identity: String? { queue.identity }
  var position: SourcePosition { queue.position }
  func seek(to position: SourcePosition) throws { try queue.seek(to: position) }
  func wasCommitted(_ position: SourcePosition) { queue.wasCommitted(position) }
  func read(into output: PartitionBuffer<Element>, countMax: Int) throws -> SourceStatus {
    if readsLeft == 0, !stopsAtReads { throw PowerFailure() }
    if batchesLeft == 0 || readsLeft == 0 {
      stop()
      return .idle
    }
    readsLeft -= 1
    let status = try queue.read(into: output, countMax: countMax)
    if status == .untilNextInterval { batchesLeft -= 1 }
    return status
  }
}

/// A folder in memory where there is one: what the tests flush to the disk need not reach it.
@discardableResult
func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
  let memory = "/dev/shm/"
  let parent = FileManager.default.isWritableFile(atPath: memory) ? memory : NSTemporaryDirectory()
  let folder = parent + "thalweg-" + UUID().uuidString
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

/// A program over batches given one an interval.
struct IntervalProgram<Input, Output> {
  var batches: [[Input]]
  var trigger = Trigger.interval(milliseconds: 1000)
  var recordsPerIntervalMax: Int?
  var build: (DStream<Input>) -> DStream<Output>

  fileprivate func context(
    _ shape: RunShape, _ source: any ElementSource<Input>, _ stored: StoredIntervals<Output>,
    checkpoint: CheckpointOptions?, clock: ManualClock
  ) -> StreamingContext {
    var options = shape.options
    options.trigger = trigger
    options.recordsPerIntervalMax = recordsPerIntervalMax
    options.pollMilliseconds = 500
    let context = StreamingContext(options: options, checkpoint: checkpoint, clock: clock)
    let stream = build(context.stream([source]))
    stream.markWorksByInterval()
    stream.sink("stored") { i in
      let sink = StoredIntervalSink(stored)
      i.register(sink, name: "stored")
      return sink
    }
    context.onStart = { isResumed in if !isResumed { stored.cut(to: 0) } }
    return context
  }

  /// Runs it to the end without any disturbance.
  func run(_ shape: RunShape = RunShape()) throws -> StoredIntervals<Output> {
    let queue = QueueSource(batches)
    queue.close()
    let stored = StoredIntervals<Output>()
    try context(shape, queue, stored, checkpoint: nil, clock: ManualClock()).run()
    return stored
  }

  /// Runs it until something happens to it, again and again with other threads and blocks, and to its end at last.
  func runDisturbed(keyGroups: Int, _ random: inout SeededRandom) throws -> (StoredIntervals<Output>, resumes: Int) {
    let queue = QueueSource(batches, isReplayable: true)
    queue.close()
    let clock = ManualClock()
    let stored = StoredIntervals<Output>()
    var resumes = 0
    let disturbances = 1 + random.below(5)
    return try withTemporaryFolder { folder in
      for attempt in 0...disturbances {
        var shape = RunShape.random(&random)
        shape.keyGroups = keyGroups
        var running: StreamingContext?
        let (crashes, n) = (random.one(in: 2), random.below(batches.count + 2))
        let source =
          attempt == disturbances
          ? DisturbedSource(queue)
          : DisturbedSource(
            queue, reads: crashes ? random.below(batches.count * 3 + 2) : .max, batches: crashes ? .max : n
          ) { running?.requestStop() }
        let checkpoint = CheckpointOptions(directory: folder, intervalMilliseconds: random.pick([0, 0, 2500, 1 << 40]))
        let context = context(shape, source, stored, checkpoint: checkpoint, clock: clock)
        running = context
        do {
          let outcome = try context.run()
          if context.isResumed { resumes += 1 }
          if outcome == .finished { return (stored, resumes) }
        } catch is DisturbedSource<Input>.PowerFailure {
          continue
        }
      }
      throw NotFinished()
    }
  }
}

struct NotFinished: Error {}

/// The first interval in which two runs differ; nil when there is none.
func firstDifference<Element: Equatable>(_ found: [[Element]], _ expected: [[Element]]) -> String? {
  for i in 0..<max(found.count, expected.count) {
    let (f, e) = (i < found.count ? "\(found[i])" : "nothing", i < expected.count ? "\(expected[i])" : "nothing")
    if i >= found.count || i >= expected.count || found[i] != expected[i] {
      return "interval \(i): \(f) instead of \(e)"
    }
  }
  return nil
}
