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
