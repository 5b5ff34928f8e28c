import Foundation
import StreamCore
import Testing

/// Watermarks, windows and output modes: the cases of Spark's EventTimeWatermarkSuite.
@Suite struct EventTimeWatermarkTests {
  let five = TimeWindows.tumbling(milliseconds: 5)

  @Test func appendGivesAWindowOnceTheWatermarkHasPassedIt() throws {
    let found = try eventMarbles(
      [events(10, 11, 12, 13, 14, 15), events(25), events(25), events(10), events(40)], delay: 10
    ) { $0.counts(five) }
    #expect(
      found
        == EventLines(
          intervals: [[], ["0: 10..<15 5"], [], ["late 10"], ["0: 15..<20 1", "0: 25..<30 2"]], end: ["0: 40..<45 1"]))
  }
  @Test func updateGivesWhatAnIntervalChanged() throws {
    let found = try eventMarbles(
      [events(10, 11, 12, 15), events(25), events(10), events(15, 16), []], delay: 10
    ) { $0.counts(five, mode: .update) }
    #expect(
      found
        == EventLines(
          intervals: [["0: 10..<15 3", "0: 15..<20 1"], ["0: 25..<30 1"], ["late 10"], ["0: 15..<20 3"], []], end: []))
  }
  @Test func updateGivesAWindowThatOpensAndClosesInOneInterval() throws {
    let found = try eventMarbles([events(10, 11, 40)], delay: 10) { $0.counts(five, mode: .update) }
    #expect(found == EventLines(intervals: [["0: 10..<15 2", "0: 40..<45 1"]], end: []))
  }
  @Test func completeGivesAllAndForgetsNothing() throws {
    let found = try eventMarbles([events(10, 11), events(40), events(12), []]) { $0.counts(five, mode: .complete) }
    #expect(
      found.intervals
        == [
          ["0: 10..<15 2"], ["0: 10..<15 2", "0: 40..<45 1"], ["0: 10..<15 3", "0: 40..<45 1"],
          ["0: 10..<15 3", "0: 40..<45 1"],
        ])
    #expect(found.end.isEmpty)
  }
  @Test func theWatermarkNeverFalls() throws {
    let found = try eventMarbles([events(30), events(12), events(14, 31)]) { $0.counts(five) }
    #expect(found == EventLines(intervals: [[], ["late 12"], ["late 14"]], end: ["0: 30..<35 2"]))
  }
  @Test func eventsThatAreFilteredOutMoveTheWatermarkToo() throws {
    let found = try eventMarbles([events(10), events(90, key: 1)]) { s in s.filter { $0.key == 0 }.counts(five) }
    #expect(found == EventLines(intervals: [[], ["0: 10..<15 1"]], end: []))
  }
  @Test func theWatermarkOfSeveralStreamsIsTheLeast() throws {
    let found = try eventMarbles(
      [events(45, 100), [], events(101)], [events(46), events(62), events(75)], delays: (0, 10)
    ) { $0.union($1).counts(.tumbling(milliseconds: 10)) }
    #expect(
      found
        == EventLines(
          intervals: [[], ["0: 40..<50 2"], [], ["0: 60..<70 1", "0: 70..<80 1"], []], end: ["0: 100..<110 2"]))
  }
  @Test func allowedLatenessKeepsAWindowOpen() throws {
    let found = try eventMarbles([events(12), events(24), events(13), events(25), events(14)]) {
      $0.counts(five, lateness: 10)
    }
    #expect(
      found
        == EventLines(
          intervals: [[], [], [], ["0: 10..<15 2"], ["late 14"]], end: ["0: 20..<25 1", "0: 25..<30 1"]))
  }
  @Test func slidingWindowsTakeWhatIsLateForSomeOfThem() throws {
    let found = try eventMarbles([events(7), events(12), events(8), events(4)]) {
      $0.counts(.sliding(milliseconds: 10, slideMilliseconds: 5))
    }
    #expect(
      found
        == EventLines(intervals: [[], ["0: 0..<10 1"], [], ["late 4"]], end: ["0: 5..<15 3", "0: 10..<20 1"]))
  }
  @Test func windowsBefore1970AndWithAnOffset() throws {
    let found = try eventMarbles([events(-7, -5, -1, 0, 2)], delay: 100) { $0.counts(five) }
    #expect(found.end == ["0: -10..<-5 1", "0: -5..<0 2", "0: 0..<5 2"])
    let moved = try eventMarbles([events(-7, -5, -1, 0, 2)], delay: 100) {
      $0.counts(.tumbling(milliseconds: 5, offsetMilliseconds: 2))
    }
    #expect(moved.end == ["0: -8..<-3 2", "0: -3..<2 2", "0: 2..<7 1"])
  }
  @Test func nothingIsCloseAtTheTimeOfTheLastEvent() throws {
    // an event at the watermark is not late, its window is not over
    let found = try eventMarbles([events(10, 14), events(14), events(15), events(14)]) { $0.counts(five) }
    #expect(found == EventLines(intervals: [[], [], ["0: 10..<15 3"], ["late 14"]], end: ["0: 15..<20 1"]))
  }
  @Test func eventTimesMayBeDates() throws {
    let context = StreamingContext(options: StreamingOptions(threads: 1), clock: ManualClock())
    let found = MemoryTable<String>()
    context.queueStream([[1.0, 1.9996, 2.0, -0.5]]).withWatermark(delayMilliseconds: 10_000) {
      Date(timeIntervalSince1970: $0)
    }.keyed { _ in 0 }.windowed(by: .tumbling(milliseconds: 1000), name: "seconds").count().results
      .map {
        "\($0.1.window.startDate.timeIntervalSince1970) \($0.1.window.endDate.timeIntervalSince1970) \($0.1.value)"
      }
      .saveToMemory(found)
    try context.run()
    // 1.9996 is rounded to 2000 ms
    #expect(found.elements == ["-1.0 0.0 1", "1.0 2.0 1", "2.0 3.0 2"])
  }
  @Test func sessionsMustBePutTogether() async {
    await #expect(processExitsWith: .failure) {
      let stream = StreamingContext().queueStream([[1]]).keyed { _ in 0 }
      _ = stream.windowed(by: .session(gapMilliseconds: 1), name: "s").aggregate(startingWith: 0) { $0 += $1 }
    }
    await #expect(processExitsWith: .success) {
      let stream = StreamingContext().queueStream([[1]]).keyed { _ in 0 }
      _ = stream.windowed(by: .tumbling(milliseconds: 1), name: "s").aggregate(startingWith: 0) { $0 += $1 }
    }
  }
  @Test func reductionsOfWindows() throws {
    let found = try eventMarbles([events(1, 3, 2, 20)], delay: 5) { s in
      s.map { ($0.key, $0.time) }.windowed(by: .tumbling(milliseconds: 10), name: "sum").reduce(+).results
        .map { "\($0.1.window.start) \($0.1.value)" }
    }
    #expect(found == EventLines(intervals: [["0 6"]], end: ["20 20"]))
    let sessions = try eventMarbles([events(1, 30, 6, 3)], delay: 50) { s in
      s.map { ($0.key, $0.time) }.windowed(by: .session(gapMilliseconds: 4), name: "longest").reduce { max($0, $1) }
        .results.map { "\($0.1.window.start) \($0.1.value)" }
    }
    // 3 joins the sessions of 1 and 6
    #expect(sessions.all == ["1 6", "30 30"])
  }
}

/// Sessions: the cases of Spark's StreamingSessionWindowSuite.
@Suite struct SessionWindowTests {
  let gap = TimeWindows.session(gapMilliseconds: 5)

  @Test func appendGivesASessionWhenNothingCanExtendIt() throws {
    // a distance of the gap belongs to the session; it ends a gap after its last event
    let found = try eventMarbles([events(40, 45), events(50), events(55), events(61), events(54)]) { $0.counts(gap) }
    #expect(
      found == EventLines(intervals: [[], [], [], ["0: 40..<60 4"], ["late 54"]], end: ["0: 61..<66 1"]))
  }
  @Test func anEventBridgesTwoSessions() throws {
    let found = try eventMarbles([events(100, 110), events(105), events(200)], delay: 50) { $0.counts(gap) }
    #expect(found == EventLines(intervals: [[], [], ["0: 100..<115 3"]], end: ["0: 200..<205 1"]))
  }
  @Test func anEventThatIsLateAloneExtendsAnOpenSession() throws {
    // 10..<15 alone would be over at 16; the session of 14 is not
    let found = try eventMarbles([events(14), events(17), events(10), events(23)]) { $0.counts(gap) }
    #expect(found == EventLines(intervals: [[], [], [], ["0: 10..<22 3"]], end: ["0: 23..<28 1"]))
  }
  @Test func keysHaveTheirOwnSessions() throws {
    let found = try eventMarbles([events(10) + events(12, key: 1) + events(14), events(40, key: 2)]) { $0.counts(gap) }
    #expect(found == EventLines(intervals: [[], ["1: 12..<17 1", "0: 10..<19 2"]], end: ["2: 40..<45 1"]))
  }
  @Test func updateGivesSessionsAsTheyGrow() throws {
    let found = try eventMarbles([events(10), events(13), events(30), []], delay: 100) { $0.counts(gap, mode: .update) }
    #expect(
      found == EventLines(intervals: [["0: 10..<15 1"], ["0: 10..<18 2"], ["0: 30..<35 1"], []], end: []))
  }
  @Test func completeGivesAllSessions() throws {
    let found = try eventMarbles([events(10), events(30), events(13)]) { $0.counts(gap, mode: .complete) }
    #expect(
      found.intervals
        == [
          ["0: 10..<15 1"], ["0: 10..<15 1", "0: 30..<35 1"], ["0: 10..<18 2", "0: 30..<35 1"],
        ])
  }
  @Test func allowedLatenessKeepsASessionOpen() throws {
    let found = try eventMarbles([events(10), events(20), events(12), events(31)]) { $0.counts(gap, lateness: 10) }
    #expect(
      found == EventLines(intervals: [[], [], [], ["0: 10..<17 2"]], end: ["0: 20..<25 1", "0: 31..<36 1"]))
  }

  // MARK: the order of values

  private func groups(_ batches: [[Event]]) throws -> [String] {
    let found = try eventMarbles(batches, delay: 100) { s in
      s.keyed { $0.key }.windowed(by: .session(gapMilliseconds: 10), name: "sessions").groups().results
        .map { _, w in "\(w.window.start)..<\(w.window.end) \(w.value.map(\.time))" }
    }
    return found.intervals.joined() + found.end
  }
  @Test func valuesStandInTheOrderInWhichTheyCame() throws {
    #expect(try groups([events(20, 15), events(25, 18)]) == ["15..<35 [20, 15, 25, 18]"])
  }
  /// The element between two sessions is one more of the earlier one, behind which the later one comes.
  @Test func valuesOfJoinedSessionsStandSessionBySession() throws {
    #expect(try groups([events(0, 15), events(8, 3)]) == ["0..<25 [0, 8, 15, 3]"])
  }
}
