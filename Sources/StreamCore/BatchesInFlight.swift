import Synchronization

/// The batches between reading and their last stage, in their order, and which of their tasks are ready.
///
/// A task is (stage, partition, batch). It is ready when the batch is sealed, the stages before it are done with the
/// batch, and the partition is done with the batch before. A **light** batch is taken for all partitions of a stage at
/// once, if all of them have come to it.
/// Cost: a look at the stages' partitions a task; batches are recycled. Under the scheduler's lock.
final class BatchesInFlight {
  private let stages: [Stage]
  private var batches: [Batch] = []
  private var firstNumber = 0
  private var nextNumber = 0
  private var nextSeal = 0
  /// Partitions of all stages, one behind the other: the number of the batch that each comes to next, and whether it is
  /// at work.
  private var nextBatch: [Int]
  private var busy: [Bool]
  /// Where those of each stage begin.
  private let firstPartition: [Int]
  /// The stages that each stage reads from.
  private let upstream: [[Int]]
  private var pool: [Batch] = []
  /// Batches that have passed, with elements that wait for others.
  private var held: [Batch] = []

  init(stages: [Stage]) {
    self.stages = stages
    var (first, count) = ([Int](), 0)
    for stage in stages {
      first.append(count)
      count += stage.partitionCount
    }
    firstPartition = first
    upstream = stages.map { $0.upstream.sorted() }
    nextBatch = Array(repeating: 0, count: count)
    busy = Array(repeating: false, count: count)
  }

  var count: Int { batches.count }
  var isEmpty: Bool { batches.isEmpty }
  /// Every batch has its place in event time.
  var areSealed: Bool { nextSeal == nextNumber }

  /// An empty batch to be filled.
  func take() -> Batch {
    // a held batch becomes free when the last queued event is consumed
    if let i = held.firstIndex(where: { $0.holds.load(ordering: .acquiring) == 0 }) { pool.append(held.remove(at: i)) }
    let b = pool.popLast() ?? Batch()
    b.reset()
    b.remaining = stages.map(\.partitionCount)
    return b
  }
  /// Gives a batch its number and sends it on its way.
  func append(_ b: Batch) {
    b.number = nextNumber
    nextNumber += 1
    batches.append(b)
  }
  /// The next batch in order that the source stage is done with, to be sealed now.
  func nextToSeal() -> Batch? {
    guard nextSeal - firstNumber < batches.count else { return nil }
    let b = batches[nextSeal - firstNumber]
    guard b.remaining[0] == 0 else { return nil }
    nextSeal += 1
    return b
  }
  /// Takes out the first batch if it has passed every stage; it is to be recycled.
  func removeFinished() -> Batch? {
    guard let b = batches.first, b.isSealed, b.remaining.allSatisfy({ $0 == 0 }) else { return nil }
    batches.removeFirst()
    firstNumber += 1
    return b
  }
  /// Takes back a batch that has passed, or that nothing was put in.
  func recycle(_ b: Batch) {
    if b.holds.load(ordering: .acquiring) > 0 { held.append(b) } else { pool.append(b) }
  }

  /// The most downstream task that is ready, so that batches leave as soon as they can; a worker begins with partitions of
  /// its own.
  func readyTask(worker: Int, of threads: Int) -> (Stage, Range<Int>, Batch)? {
    for index in stride(from: stages.count - 1, to: 0, by: -1) {
      let n = stages[index].partitionCount
      let offset = worker * n / threads
      let first = firstPartition[index]
      for k in 0..<n {
        let p = k + offset < n ? k + offset : k + offset - n
        let i = nextBatch[first + p] - firstNumber
        if i >= batches.count || busy[first + p] { continue }
        let b = batches[i]
        if b.isSealed, upstream[index].allSatisfy({ b.remaining[$0] == 0 }) {
          return (stages[index], b.isLight && areFree(first..<first + n, at: b) ? 0..<n : p..<(p + 1), b)
        }
      }
    }
    return nil
  }
  private func areFree(_ partitions: Range<Int>, at batch: Batch) -> Bool {
    partitions.allSatisfy { !busy[$0] && nextBatch[$0] == batch.number }
  }
  func begin(_ stage: Stage, _ partitions: Range<Int>) {
    for p in partitions { busy[firstPartition[stage.index] + p] = true }
  }
  /// Says whether the stage is done with the batch.
  func end(_ stage: Stage, _ partitions: Range<Int>, _ batch: Batch) -> Bool {
    for p in partitions {
      busy[firstPartition[stage.index] + p] = false
      nextBatch[firstPartition[stage.index] + p] += 1
    }
    batch.remaining[stage.index] -= partitions.count
    return batch.remaining[stage.index] == 0
  }
}
