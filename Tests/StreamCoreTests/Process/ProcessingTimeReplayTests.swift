import Foundation
import StreamCore
import TestSupport
import Testing

/// What operators by processing time gave out before a crash, they give out after it: in the same intervals, with the
/// same times, whatever the clock shows by then.
@Suite(.timeLimit(.minutes(10))) struct ProcessingTimeReplayTests {
  typealias Program = @Sendable (DStream<String>) -> DStream<String>

  static let timers: Program = { s in
    s.keyed { $0 }.processKeyed(name: "timers", startingWith: 0, timeMode: .processingTime) {
      (c, _: String, n: inout Int) in
      n += 1
      c.emit("\(c.key) \(n) at \(c.processingTime)")
      c.setProcessingTimer(due: c.processingTime + 1500)
    } onTimer: { (c: KeyedContext<String, String>, t, n: inout Int) in
      c.emit("\(c.key) \(n) due \(t.due) at \(c.processingTime)")
      c.removeState()
    }
  }
  private final class Timing: StatefulProcessor<String, String, String> {
    override func process(_ text: String, _ call: ProcessorCall<String, String>) {
      call.processingTimers.set(due: call.processingTime + 2500)
    }
    override func onTimer(_ timer: KeyedTimer, _ call: ProcessorCall<String, String>) {
      call.emit("\(call.key) due \(timer.due) at \(call.processingTime)")
    }
  }
  static let processor: Program = { s in
    s.keyed { $0 }.transformWithState(name: "timers", timeMode: .processingTime) { Timing() }
  }
  private final class Forgetting: StatefulProcessor<String, String, String> {
    private var seen: ListState<String, Int>!
    private var count = 0
    override func declare(_ states: KeyedStates<String>) {
      seen = states.list("seen", ttl: StateTTL(milliseconds: 1200))
    }
    override func process(_ text: String, _ call: ProcessorCall<String, String>) {
      seen.append(1)
      call.emit("\(call.key) \(seen.elements.count)")
    }
  }
  static let timeToLive: Program = { s in
    s.keyed { $0 }.transformWithState(name: "forgetting") { Forgetting() }
  }

  /// What a run gave out, by interval; of intervals that it closed.
  private final class Given: Consumer<String>, @unchecked Sendable {
    private(set) var intervals: [Int: [String]] = [:]
    private var open: [String] = []
    override func consume(_ run: PartitionRun<String>, _ batch: Batch) { open += run.elements }
    override func endBatch(_ batch: Batch) {
      guard batch.closesInterval else { return }
      intervals[batch.interval] = open
      open = []
    }
  }
  private func run(
    _ program: Program, _ source: any ElementSource<String>, _ clock: ManualClock, _ checkpoint: CheckpointOptions
  ) throws -> [Int: [String]] {
    var options = StreamingOptions()
    (options.threads, options.keyGroups, options.trigger) = (1, 2, .interval(milliseconds: 1000))
    options.pollMilliseconds = 300
    let context = StreamingContext(options: options, checkpoint: checkpoint, clock: clock)
    let given = Given()
    program(context.stream([source])).sink("given") { _ in given }
    do { try context.run() } catch is DisturbedSource<String>.PowerFailure {}
    return given.intervals
  }

  @Test(arguments: [0, 2500, 1 << 40] as [Int64], [0, 1, 2])
  func intervalsComeAgainAsTheyWere(checkpointMilliseconds: Int64, program: Int) throws {
    let program = [Self.timers, Self.processor, Self.timeToLive][program]
    let batches = [["a", "b"], [], ["a"], ["c", "a"], [], [], ["b"], ["a", "c"], [], ["d"]]
    var repeated = 0
    for reads in 1..<40 {
      let queue = QueueSource(batches, isReplayable: true)
      queue.close()
      let clock = ManualClock()
      try withTemporaryFolder { folder in
        let checkpoint = CheckpointOptions(directory: folder, intervalMilliseconds: checkpointMilliseconds)
        let before = try run(program, DisturbedSource(queue, reads: reads), clock, checkpoint)
        clock.advance(milliseconds: 7777)
        let after = try run(program, DisturbedSource(queue), clock, checkpoint)
        for (interval, lines) in after {
          guard let were = before[interval] else { continue }
          #expect(lines == were, "interval \(interval), failure after \(reads) reads")
          repeated += 1
        }
      }
    }
    // a checkpoint after every interval leaves none to be repeated
    #expect(repeated > 0 || checkpointMilliseconds == 0)
  }

  /// Programs without processing time keep no log of intervals, and are not held to checkpoints between them.
  @Test func eventTimeAloneKeepsNoLog() throws {
    for timeMode in [TimeMode.eventTime, .processingTime] {
      try withTemporaryFolder { folder in
        let context = StreamingContext(
          options: RunShape().options, checkpoint: CheckpointOptions(directory: folder), clock: ManualClock())
        context.queueStream(QueueSource([["a"]]).closed).withWatermark(delayMilliseconds: 0) { _ in 0 }
          .keyed { $0 }.processKeyed(
            name: "timers", startingWith: 0, timeMode: timeMode, { (c, _: String, _) in c.setTimer(due: 5) },
            onTimer: { (c: KeyedContext<String, String>, _, _: inout Int) in c.emit(c.key) }
          ).sink("collected") { _ in IntervalCollector<String>() }
        try context.run()
        let hasLog = FileManager.default.fileExists(atPath: folder + "/intervals")
        #expect(hasLog == (timeMode == .processingTime))
      }
    }
  }

  @Test func processingTimeMustBeDeclared() async {
    await #expect(processExitsWith: .failure) {
      let context = StreamingContext(options: RunShape().options, clock: ManualClock())
      context.queueStream([["a"]]).keyed { $0 }.processKeyed(name: "timers", startingWith: 0) {
        (c: KeyedContext<String, String>, _: String, _: inout Int) in c.setProcessingTimer(due: 5)
      }.sink("collected") { _ in IntervalCollector<String>() }
      try context.run()
    }
  }
}

extension QueueSource {
  /// The queue, to which nothing will be added.
  fileprivate var closed: QueueSource {
    close()
    return self
  }
}
