import Foundation
import StreamCore

/// What an interval costs in which nothing comes, of a program with a window and a processor.
func benchmarkIdle(intervals: Int, threads: Int) throws {
  // a clock that jumps to the end of each interval: no time passes waiting
  let clock = ManualClock()
  let context = StreamingContext(
    options: StreamingOptions(threads: threads, trigger: .interval(milliseconds: 1)), clock: clock)
  let queue = QueueSource<Int64>([[1, 2, 3]])
  let results = MemoryTable<(Int64, Int64)>()
  context.queueStream(queue)
    .map { ($0 % 10, Int64(1)) }
    .reduceByKeyAndWindow(.intervals(3), name: "counts", +, inverse: -)
    .processKeyed(name: "totals", startingWith: Int64(0)) { call, value, total in
      total += value
      call.emit((call.key, total))
    }
    .saveToMemory(results)
  let stopper = IntervalCounter(limit: intervals) { context.requestStop() }
  context.listeners.append(stopper)
  let took = try seconds { try context.run() }
  report("idle", ["intervals": Double(stopper.count), "microseconds_per_interval": took * 1e6 / Double(stopper.count)])
}

final class IntervalCounter: StreamingListener, @unchecked Sendable {
  private(set) var count = 0
  private let limit: Int
  private let stop: () -> Void
  init(limit: Int, _ stop: @escaping () -> Void) {
    self.limit = limit
    self.stop = stop
  }
  func processed(_ interval: IntervalProgress) {
    count += 1
    if count == limit { stop() }
  }
}

/// State of many keys of 16 bytes: what a key takes in memory, and how long checkpoints hold processing up.
func benchmarkState(keys: Int, threads: Int) throws {
  let folder = NSTemporaryDirectory() + "core-benchmark-\(ProcessInfo.processInfo.processIdentifier)"
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let context = StreamingContext(
    options: StreamingOptions(threads: threads),
    checkpoint: CheckpointOptions(directory: folder, intervalMilliseconds: 1_000))
  // each key once, then every key once more while checkpoints are written
  let source = CountingSource(count: keys, rounds: 3)
  let meter = PauseMeter()
  let counted: DStream<Int64> = context.stream([source])
    .map { ($0, $0) }
    .processKeyed(name: "totals", startingWith: Int64(0)) { call, value, total in
      total += value
      if total < 0 { call.emit(total) }
    }
  counted.sink("none") { _ in meter }
  let took = try seconds { try context.run() }
  let p = context.progress
  report(
    "state",
    [
      "keys": Double(keys), "seconds": took, "resident_bytes_per_key": Double(meter.resident) / Double(keys),
      "peak_bytes_per_key": Double(residentBytes().peak) / Double(keys), "checkpoints": Double(p.checkpoints),
      "pause_milliseconds_per_checkpoint":
        Double(p.checkpointPauseMicroseconds) / 1000 / Double(max(p.checkpoints, 1)),
    ])
}

/// The numbers below a count, in an order that jumps about, several times over.
final class CountingSource: ElementSource, @unchecked Sendable {
  let name = "numbers"
  let identity: String? = "numbers"
  private let count: UInt64
  private let end: UInt64
  private var next: UInt64 = 0
  init(count: Int, rounds: Int) {
    self.count = UInt64(count)
    end = UInt64(count * rounds)
  }
  func read(into output: PartitionBuffer<Int64>, countMax: Int) throws -> SourceStatus {
    let n = min(UInt64(countMax), end - next)
    for i in next..<next + n { output.append(Int64(i % count &* 7_368_787 % count)) }
    next += n
    return next == end ? .ended : .more
  }
  var position: SourcePosition { SourcePosition(offset: next) }
  func seek(to position: SourcePosition) throws { next = position.offset }
}

/// Notes the process's memory when the input has been read.
final class PauseMeter: Consumer<Int64>, @unchecked Sendable {
  private(set) var resident = 0
  override func consume(_ run: PartitionRun<Int64>, _ batch: Batch) {}
  override func endBatch(_ batch: Batch) {
    if batch.isCheckpoint || batch.isLast { resident = max(resident, residentBytes().now) }
  }
}
