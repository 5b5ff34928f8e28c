import Foundation
import StreamCore
import Testing
import TestSupport

/// Counts and sums by key as ``TickCounter`` does, in keyed state of every kind.
private final class StateCounter: PartitionTransform<Tick, TickCount>, CheckpointedState, @unchecked Sendable {
  private var counts = KeyedTable<Int32, Int64>()
  private let states = KeyedStates<String>()
  private let sum: ValueState<String, Int64>
  private let values: MapState<String, Int64, [Int32]>

  override init(next: Consumer<TickCount>) {
    sum = states.value("sum")
    values = states.map("values")
    super.init(next: next)
  }
  override func transform(_ run: PartitionRun<Tick>, _ batch: Batch, into output: PartitionBuffer<TickCount>) {
    for i in 0..<run.elements.count {
      let tick = run.elements[i]
      let (slot, _) = counts.findOrInsert(tick.key, 0)
      counts[slot] += 1
      states.select("key \(tick.key)")
      sum.update(default: 0) { $0 += Int64(tick.value) }
      values[counts[slot]] = [tick.value]
      // counted over again from the map: what it lost would show
      var total: Int64 = 0
      values.visit { _, list in for v in list { total += Int64(v) } }
      output.append(
        TickCount(
          tick: tick, maximum: max(run.maximumBefore, run.runningMaxima![i]), count: Int64(values.count),
          sum: total == sum.value ? total : -1))
    }
  }
  func snapshot(into snapshot: StateSnapshot) {
    counts.snapshot("counts", into: snapshot, keys: .automatic(), values: StateSchema())
    states.snapshot(into: snapshot)
  }
  func restore(from snapshot: RestoredState) throws {
    try counts.restore("counts", from: snapshot, keys: .automatic(), values: StateSchema())
    try states.restore(from: snapshot)
  }
}

/// Keyed state through real checkpoints: copied by the coordinator's thread while batches go on, read back by the next
/// run; the outputs are those of plain dictionaries without disturbance.
@Suite(.timeLimit(.minutes(10))) struct KeyedTableRunTests {
  @Test func outputsDoNotShowCrashesAndStops() throws {
    var resumes = 0
    try forRandomCases("keyed state in runs", count: 40) { random in
      let input = TickInput.make(sources: 1, linesMax: random.pick([60, 400]), &random)
      let (expected, counts, junk) = (DurableLines(), DurableLines(), DurableLines())
      func options() -> StreamingOptions {
        var o = StreamingOptions()
        (o.threads, o.keyGroups) = (random.pick([1, 2]), 4)
        o.blockByteCount = random.pick([40, 400])
        return o
      }
      let sources = { (fuse: MemorySource.Fuse?) in input.texts.map { MemorySource($0, fuse: fuse) } }
      try DurableJob(
        sources: sources(nil), options: options(), checkpoint: nil, counts: expected, junk: DurableLines()
      ).context.run()
      let folder = NSTemporaryDirectory() + "thalweg-state-" + UUID().uuidString
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let disturbances = random.below(6)
      for attempt in 0...disturbances {
        let isLast = attempt == disturbances
        let stopAt = random.one(in: 2) ? random.below(12) : .max
        let fuse = isLast || stopAt < .max ? nil : MemorySource.Fuse(random.below(30))
        let job = DurableJob(
          sources: sources(fuse), options: options(),
          checkpoint: CheckpointOptions(directory: folder, intervalMilliseconds: 0), counts: counts, junk: junk,
          onBatch: { context, batch in if !isLast, batch.number >= stopAt { context.requestStop() } },
          makeCounter: { StateCounter(next: $0) })
        do {
          let outcome = try job.context.run()
          if job.context.isResumed { resumes += 1 }
          if outcome == .finished { break }
        } catch is MemorySource.PowerFailure {
          counts.failPower()
          junk.failPower()
        }
      }
      return counts.complaint ?? (counts.lines == expected.lines ? nil : "outputs differ")
    }
    #expect(resumes > 10)
  }
}
