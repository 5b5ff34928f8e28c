import StreamCore
import TestSupport
import Testing

/// Spark's `multipleWatermarkPolicy`: the cases of EventTimeWatermarkSuite with two streams.
@Suite(.timeLimit(.minutes(10))) struct WatermarkPolicyTests {
  /// Notes the watermark.
  private final class Watermark: Consumer<Event>, @unchecked Sendable {
    private(set) var last: Int64?
    override func consume(_ run: PartitionRun<Event>, _ batch: Batch) {}
    override func endBatch(_ batch: Batch) { last = batch.alignedMaximum == .min ? nil : batch.alignedMaximum }
  }
  /// The watermark when two streams have given so much.
  private func watermark(_ a: [Event], _ b: [Event], _ policy: MultipleWatermarkPolicy) throws -> Int64? {
    var options = RunShape().options
    (options.trigger, options.multipleWatermarkPolicy) = (.availableNow, policy)
    let context = StreamingContext(options: options, clock: ManualClock())
    let found = Watermark()
    context.queueStream(QueueSource([a], name: "first")).withWatermark(delayMilliseconds: 10) { $0.time }
      .union(context.queueStream(QueueSource([b], name: "second")).withWatermark(delayMilliseconds: 5) { $0.time })
      .sink("watermark") { _ in found }
    try context.run()
    return found.last
  }

  @Test func theWatermarkOfTwoStreamsStepByStep() throws {
    let steps: [(first: [Int64], second: [Int64], min: Int64?, max: Int64)] = [
      // nothing is known until both have said something
      ([11], [], nil, 1), ([], [6], 1, 1),
      // stays with the first when the second goes on, and the other way round
      ([], [8], 1, 3), ([21], [], 3, 11), ([], [17, 28, 39], 11, 34), ([31], [], 21, 34), ([41], [], 31, 34),
      ([51], [], 34, 41),
      // both at once
      ([100], [100], 90, 95), ([120], [110], 105, 110), ([130], [125], 120, 120),
      // it does not go back
      ([100], [100], 120, 120), ([140], [100], 120, 130), ([100], [135], 130, 130),
    ]
    var (first, second): ([Event], [Event]) = ([], [])
    for (i, step) in steps.enumerated() {
      first += step.first.map { event($0, 0, 0) }
      second += step.second.map { event($0, 0, 0) }
      let (least, greatest) = (try watermark(first, second, .min), try watermark(first, second, .max))
      #expect(least == step.min, "step \(i)")
      #expect(greatest == step.max, "step \(i)")
    }
  }

  private func lines(_ policy: MultipleWatermarkPolicy) throws -> [[String]] {
    var options = RunShape(keyGroups: 1).options
    (options.trigger, options.pollMilliseconds) = (.interval(milliseconds: 1000), 500)
    options.multipleWatermarkPolicy = policy
    let context = StreamingContext(options: options, clock: ManualClock())
    let collector = IntervalCollector<String>()
    context.queueStream([events(100), [], events(130)], name: "fast").withWatermark(delayMilliseconds: 0) { $0.time }
      .union(
        context.queueStream([events(12), events(41, 90), events(105)], name: "slow")
          .withWatermark(delayMilliseconds: 0) { $0.time }
      ).counts(.tumbling(milliseconds: 10)).sink("collected") { _ in collector }
    try context.run()
    return collector.intervals
  }
  /// Under `max`, what a slower source brings behind the faster one's watermark is late.
  @Test func whatIsLateDependsOnThePolicy() throws {
    let least = try lines(.min)
    #expect(least == [[], ["0: 10..<20 1", "0: 40..<50 1"], ["0: 90..<100 1"], ["0: 100..<110 2"]])
    #expect(try lines(.max) == [["late 12"], ["late 41", "late 90"], ["0: 100..<110 1", "late 105"]])
  }

  @Test func aCheckpointOfTheOtherPolicyIsRefused() throws {
    try withTemporaryFolder { folder in
      func run(_ policy: MultipleWatermarkPolicy) throws {
        var options = RunShape().options
        options.multipleWatermarkPolicy = policy
        let context = StreamingContext(
          options: options, checkpoint: CheckpointOptions(directory: folder), clock: ManualClock())
        let queue = QueueSource([[1]], isReplayable: true)
        queue.close()
        context.stream([queue]).sink("collected") { _ in IntervalCollector<Int>() }
        try context.run()
      }
      try run(.max)
      #expect(
        throws: CheckpointError.differentJob(
          directory: folder, differences: ["multipleWatermarkPolicy was max, now min"])
      ) { try run(.min) }
    }
  }

  /// Windows and late elements of several sources under `max`: the same for all blocks, threads and power failures.
  @Test func theGreatestWatermarkShowsNoBlocksAndNoCrashes() throws {
    try forRandomCases("policy max", count: 40) { random in
      let lists = (0..<2 + random.below(2)).map { _ in
        var time = Int64(random.below(50))
        return (0..<random.below(200)).map { _ in
          time += Int64(random.below(5))
          return event(max(0, time - Int64(random.below(20))), random.below(5), 0)
        }
      }
      let queues = lists.enumerated().map { i, list in
        let queue = QueueSource([list], name: "queue-\(i)", oneAtATime: false, isReplayable: true)
        queue.close()
        return queue
      }
      let groups = random.pick([1, 2, 8])
      func run(
        _ shape: RunShape, _ sources: [any ElementSource<Event>], _ table: MemoryTable<String>, _ folder: String?
      ) throws -> [String] {
        var options = shape.options
        options.keyGroups = groups
        (options.multipleWatermarkPolicy, options.turnElementCount) = (.max, 30)
        let checkpoint = folder.map { CheckpointOptions(directory: $0, intervalMilliseconds: 0) }
        let context = StreamingContext(options: options, checkpoint: checkpoint, clock: ManualClock())
        let streams = sources.map { context.stream([$0]).withWatermark(delayMilliseconds: 3) { $0.time } }
        streams.dropFirst().reduce(streams[0]) { $0.union($1) }
          .counts(.tumbling(milliseconds: 10), lateness: 2).saveToMemory(table)
        try context.run()
        return table.elements
      }
      let closed = lists.enumerated().map { i, list in
        let queue = QueueSource([list], name: "queue-\(i)", oneAtATime: false)
        queue.close()
        return queue
      }
      let expected = try run(RunShape(), closed, MemoryTable(), nil)
      return try withTemporaryFolder { folder in
        let table = MemoryTable<String>()
        for attempt in 0..<4 {
          let reads = attempt == 3 ? Int.max : random.below(40)
          let sources = queues.enumerated().map { DisturbedSource($1, reads: $0 == 0 ? reads : .max) }
          do {
            let found = try run(RunShape.random(&random), sources, table, folder)
            return found == expected ? nil : "\(found)\ninstead of\n\(expected)"
          } catch is DisturbedSource<Event>.PowerFailure {}
        }
        return "not finished"
      }
    }
  }
}
