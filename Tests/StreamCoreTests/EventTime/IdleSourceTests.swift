import StreamCore
import Testing

/// Sources that fall silent: they hold nothing back after the timeout, and count again when they speak.
@Suite struct IdleSourceTests {
  let ten = TimeWindows.tumbling(milliseconds: 10)

  @Test func aSilentSourceHoldsTheWatermarkBackWithoutATimeout() throws {
    let found = try eventMarbles(
      [events(10), events(20), events(30), events(40)], [events(5), [], [], []]
    ) { $0.union($1).counts(ten) }
    // nor is more read than a little ahead of it, until it ends
    #expect(found.intervals.prefix(4).joined().isEmpty)
    #expect(found.all.count == 5)
  }
  @Test func aSilentSourceIsPassedOverAndRejoins() throws {
    let found = try eventMarbles(
      [events(10), events(20), events(30), events(40), events(50), events(60), events(80), events(90)],
      [events(5), [], [], [], [], [], events(70), [], events(91)], idleTimeout: 2500
    ) { $0.union($1).counts(ten) }
    #expect(
      found.intervals
        == [
          // two blocks ahead of the silent one nothing more is read until it is passed over
          [], [], ["0: 0..<10 1", "0: 10..<20 1"], ["0: 20..<30 1"], ["0: 30..<40 1"], ["0: 40..<50 1"],
          ["0: 50..<60 1"],
          // the other one is at 70 now, and holds back again
          ["0: 60..<70 1"], ["0: 70..<80 1", "0: 80..<90 1"],
          // that one source has ended is an interval of its own
          [],
        ])
  }
  @Test func aSourceThatNeverSpokeIsPassedOver() throws {
    let found = try eventMarbles(
      [events(10), events(20), events(30), events(40)], [[], [], [], []],
      idleTimeout: 1500
    ) { $0.union($1).counts(ten) }
    #expect(found.intervals == [[], ["0: 10..<20 1"], ["0: 20..<30 1"], ["0: 30..<40 1"], []])
  }
  @Test func whatASourceSaysAboutThePastWhenItRejoinsIsLate() throws {
    let found = try eventMarbles(
      [events(10), events(20), events(30), events(40), [], events(60)],
      [events(5), [], [], [], [], events(7, 41), events(61)],
      idleTimeout: 2500
    ) { $0.union($1).counts(ten) }
    #expect(found.intervals[6] == ["late 7", "0: 40..<50 2"])
  }
  @Test func timeGoesOnWhenAllAreSilent() throws {
    let found = try eventMarbles(
      [events(2000), [], [], [], events(9000)], [events(2500), [], [], [], events(9000)],
      idleTimeout: 1500, advancesWhenIdle: true
    ) { $0.union($1).counts(.tumbling(milliseconds: 1000)) }
    // the first is silent at 2 s of the clock; the second had to wait for it till then, and is silent at 4 s: event time
    // is 4 s after 2500 then
    #expect(found.intervals == [[], [], [], ["0: 2000..<3000 2"], [], []])
  }
  @Test func timeStandsStillWhenAllAreSilentOtherwise() throws {
    let found = try eventMarbles(
      [events(2000), [], [], [], []], [events(2500), [], [], [], []], idleTimeout: 1500
    ) { $0.union($1).counts(.tumbling(milliseconds: 1000)) }
    #expect(found == EventLines(intervals: [[], [], [], [], [], []], end: ["0: 2000..<3000 2"]))
  }
  /// Also when the others have more than may wait for it, and so no interval would end.
  @Test func aSilentSourceIsPassedOverWhileOthersWait() throws {
    var options = StreamingOptions()
    (options.threads, options.trigger, options.blockElementCount) = (1, .asFastAsPossible, 1)
    options.idleTimeoutMilliseconds = 50
    let context = StreamingContext(options: options, clock: ManualClock())
    let talking = QueueSource([events(10, 20, 30, 40, 50, 60)], name: "talking")
    let results = MemoryTable<String>()
    let lines = context.stream([talking, SilentSource()]).withWatermark(delayMilliseconds: 0) { $0.time }.counts(ten)
    lines.saveToMemory(results)
    lines.filter { $0 == "0: 40..<50 1" }.forEachBatch(name: "stop") { [unowned context] rows, _ in
      if !rows.isEmpty { context.requestStop() }
    }
    #expect(try context.run() == .stopped)
    #expect(results.elements.contains("0: 40..<50 1"))
  }
}

/// Programs that work by interval, with sources that fall silent and speak again: an interval that comes again after a
/// crash passes over the same sources, whatever the clock shows by then.
@Suite(.timeLimit(.minutes(10))) struct IdleSourceReplayTests {
  private static let talking = [
    events(10), events(20, 25), events(31), events(42), events(50), [], events(64, 66), events(71), [], [], [],
    events(95),
  ]
  private static let silent = [
    events(5), [], [], [], [], events(18, 44), events(47), [], [], [], [], events(12, 96), events(97),
  ]

  /// What a run gave out, by interval.
  private final class Given: Consumer<String>, @unchecked Sendable {
    private(set) var intervals: [Int: [String]] = [:]
    private var open: [String] = []
    override func consume(_ run: PartitionRun<String>, _ batch: Batch) { open += run.elements }
    override func endBatch(_ batch: Batch) {
      guard batch.closesInterval || batch.isLast && !open.isEmpty else { return }
      intervals[batch.interval] = open
      open = []
    }
  }
  private func run(
    _ sources: [any ElementSource<Event>], _ options: StreamingOptions, _ clock: ManualClock,
    _ checkpoint: CheckpointOptions
  ) throws -> [Int: [String]] {
    var options = options
    (options.trigger, options.pollMilliseconds) = (.interval(milliseconds: 1000), 300)
    let context = StreamingContext(options: options, checkpoint: checkpoint, clock: clock)
    let given = Given()
    let lines = context.stream(sources).withWatermark(delayMilliseconds: 0) { $0.time }
      .counts(.tumbling(milliseconds: 10))
    lines.markWorksByInterval()
    lines.sink("given") { _ in given }
    do { try context.run() } catch is DisturbedSource<Event>.PowerFailure {}
    return given.intervals
  }

  @Test(arguments: [0, 2500, 1 << 40] as [Int64], [1, 3])
  func intervalsComeAgainAsTheyWere(checkpointMilliseconds: Int64, threads: Int) throws {
    var (repeated, passedOver) = (0, 0)
    for reads in 1..<30 {
      for (advances, jump) in [(false, 7777), (true, 0), (true, -500_000)] as [(Bool, Int64)] {
        let queues = [
          QueueSource(Self.talking, name: "talking", isReplayable: true),
          QueueSource(Self.silent, name: "silent", isReplayable: true),
        ]
        for queue in queues { queue.close() }
        var options = RunShape(threads: threads, keyGroups: 2, blockElementCount: 1).options
        (options.idleTimeoutMilliseconds, options.advancesWhenIdle) = (1500, advances)
        try withTemporaryFolder { folder in
          let checkpoint = CheckpointOptions(directory: folder, intervalMilliseconds: checkpointMilliseconds)
          let clock = ManualClock(milliseconds: 1_000_000)
          let before = try run(
            [DisturbedSource(queues[0], reads: reads), DisturbedSource(queues[1])], options, clock, checkpoint)
          options.blockElementCount = 1000
          let after = try run(
            queues.map { DisturbedSource($0) }, options,
            ManualClock(milliseconds: clock.nowMilliseconds + jump), checkpoint)
          for (interval, lines) in after {
            guard let were = before[interval] else { continue }
            #expect(lines == were, "interval \(interval), failure after \(reads) reads, clock \(jump)")
            repeated += 1
            // the silent source has come to 5 only by then
            if interval < 5, lines.contains("0: 20..<30 2") { passedOver += 1 }
          }
        }
      }
    }
    // a checkpoint after every interval leaves few to be repeated
    #expect(checkpointMilliseconds == 0 || repeated > 0 && passedOver > 0)
  }
}

/// Never says anything, and is asked in vain only so often.
private final class SilentSource: ElementSource, @unchecked Sendable {
  struct AskedTooOften: Error {}
  private var reads = 0
  var name: String { "silent" }
  var identity: String? { nil }
  var position: SourcePosition { SourcePosition() }
  func seek(to position: SourcePosition) throws {}
  func read(into output: PartitionBuffer<Event>, countMax: Int) throws -> SourceStatus {
    reads += 1
    if reads > 10_000 { throw AskedTooOften() }
    return .idle
  }
}
