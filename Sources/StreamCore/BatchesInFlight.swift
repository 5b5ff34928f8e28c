import Synchronization

/// The batches between reading and their last stage, in their order, and which of their tasks are ready.
///
/// A task is (stage, partition, batch). It is ready when the batch is sealed, the stages before it are done with the
/// batch, and the partition is done with the batch before. A **light** batch is taken for all partitions of a stage at
/// once, if all of them have come to it.
/// Cost: a look at the stages' partitions a task; batches are recycled. Under the scheduler's lock.
struct BatchesInFlight {
  private let stages: [Stage]
  private var batches: [Batch] = []
  private var firstNumber = 0
  private var nextNumber = 0
  private var nextSeal = 0
  /// The batch that each partition of each stage comes to next, and whether it is at work.
  private var nextBatch: [[Int]]
  private var busy: [[Bool]]
  private var pool: [Batch] = []
  /// Batches that have passed, with elements that wait for others.
  private var held: [Batch] = []

  init(stages: [Stage]) {
    self.stages = stages
    nextBatch = stages.map { Array(repeating: 0, count: $0.partitionCount) }
    busy = stages.map { Array(repeating: false, count: $0.partitionCount) }
  }

  var count: Int { batches.count }
  var isEmpty: Bool { batches.isEmpty }
  /// Every batch has its place in event time.
  var areSealed: Bool { nextSeal == nextNumber }

  /// An empty batch to be filled.
  mutating func take() -> Batch {
    // a held batch becomes free when the last queued event is consumed
    if let i = held.firstIndex(where: { $0.holds.load(ordering: .acquiring) == 0 }) { pool.append(held.remove(at: i)) }
    let b = pool.popLast() ?? Batch()
    b.reset()
    b.remaining = stages.map(\.partitionCount)
    return b
  }
  /// A batch that was taken and has nothing in it.
  mutating func giveBack(_ b: Batch) { pool.append(b) }
  /// Gives a batch its number and sends it on its way.
  mutating func append(_ b: Batch) {
    b.number = nextNumber
    nextNumber += 1
    batches.append(b)
  }
  /// The next batch in order that the source stage is done with, to be sealed now.
  mutating func nextToSeal() -> Batch? {
    guard nextSeal - firstNumber < batches.count else { return nil }
    let b = batches[nextSeal - firstNumber]
    guard b.remaining[0] == 0 else { return nil }
    nextSeal += 1
    return b
  }
  /// Takes out the first batch if it has passed every stage; it is to be recycled.
  mutating func removeFinished() -> Batch? {
    guard let b = batches.first, b.isSealed, b.remaining.allSatisfy({ $0 == 0 }) else { return nil }
    batches.removeFirst()
    firstNumber += 1
    return b
  }
  mutating func recycle(_ b: Batch) {
    if b.holds.load(ordering: .acquiring) > 0 { held.append(b) } else { pool.append(b) }
  }

  /// The most downstream task that is ready, so that batches leave as soon as they can; a worker begins with partitions of
  /// its own.
  func readyTask(worker: Int, of threads: Int) -> (Stage, Range<Int>, Batch)? {
    for stage in stages.reversed() where stage.index > 0 {
      let n = stage.partitionCount
      let offset = worker * n / threads
      for k in 0..<n {
        let p = (k + offset) % n
        if busy[stage.index][p] { continue }
        let i = nextBatch[stage.index][p] - firstNumber
        guard i < batches.count else { continue }
        let b = batches[i]
        if b.isSealed, stage.upstream.allSatisfy({ b.remaining[$0] == 0 }) {
          let isAllFree =
            b.isLight && busy[stage.index].allSatisfy { !$0 }
            && nextBatch[stage.index].allSatisfy { $0 == nextBatch[stage.index][p] }
          return (stage, isAllFree ? 0..<n : p..<(p + 1), b)
        }
      }
    }
    return nil
  }
  mutating func begin(_ stage: Stage, _ partitions: Range<Int>) {
    for p in partitions { busy[stage.index][p] = true }
  }
  /// Says whether the stage is done with the batch.
  mutating func end(_ stage: Stage, _ partitions: Range<Int>, _ batch: Batch) -> Bool {
    for p in partitions {
      busy[stage.index][p] = false
      nextBatch[stage.index][p] += 1
    }
    batch.remaining[stage.index] -= partitions.count
    return batch.remaining[stage.index] == 0
  }
}
