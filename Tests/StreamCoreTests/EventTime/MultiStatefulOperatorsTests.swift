import StreamCore
import Testing

/// Stateful operators behind one another: the cases of Spark's MultiStatefulOperatorsSuite. Results come with the
/// interval that moved the watermark, through the whole chain. (Random chains: EventPropertyTests.)
@Suite struct MultiStatefulOperatorsTests {
  @Test func windowOfWindows() throws {
    let found = try eventMarbles([events(10, 11, 12, 13, 14, 15), events(25), events(41)]) { s in
      s.keyed { $0.key }.windowed(by: .tumbling(milliseconds: 5), name: "first").count().results
        .map { ($0.0, $0.1.value) }
        .windowed(by: .tumbling(milliseconds: 10), name: "second").groups().results
        .map { "\($0.1.window.start) \($0.1.value)" }
    }
    #expect(found == EventLines(intervals: [[], ["10 [5, 1]"], ["20 [1]"]], end: ["40 [1]"]))
  }
  @Test func duplicatesThenWindow() throws {
    let found = try eventMarbles([events(10) + events(11, key: 1) + events(12), events(25, key: 3)]) { s in
      s.dropDuplicatesWithinWatermark(name: "unique", horizonMilliseconds: 5) { $0.key }.unique
        .map { event($0.time, 0, $0.id) }.counts(.tumbling(milliseconds: 10))
    }
    #expect(found == EventLines(intervals: [[], ["0: 10..<20 2"]], end: ["0: 20..<30 1"]))
  }
  @Test func innerJoinThenWindow() throws {
    let found = try eventMarbles([events(10, 12), events(40)], [events(11), events(41)]) { l, r in
      l.keyed { $0.key }.join(r.keyed { $0.key }, name: "join", within: .within(milliseconds: 2))
        .results.map { event(max($0.1.0.time, $0.1.1.time), $0.0) }.counts(.tumbling(milliseconds: 10))
    }
    // an inner join does not hold the watermark back
    #expect(found == EventLines(intervals: [[], ["0: 10..<20 2"], []], end: ["0: 40..<50 1"]))
  }
  @Test func outerJoinThenWindow() throws {
    let found = try eventMarbles([events(10), events(22), events(60)], [events(1), events(22), events(60)]) { l, r in
      l.keyed { $0.key }.leftOuterJoin(r.keyed { $0.key }, name: "join", within: .within(milliseconds: 5))
        .results.map { event($0.1.0.time, $0.1.1 == nil ? 0 : 1) }.counts(.tumbling(milliseconds: 10))
    }
    // 10 without a partner is known at 16; the window is closed when nothing up to 20 can come: at 25
    #expect(
      found
        == EventLines(intervals: [[], [], ["0: 10..<20 1", "1: 20..<30 1"], []], end: ["1: 60..<70 1"]))
  }
  @Test func sessionThenWindow() throws {
    let found = try eventMarbles([events(10, 12), events(31), events(50)]) { s in
      s.keyed { $0.key }.windowed(by: .session(gapMilliseconds: 5), name: "sessions").count().results
        .map { (0, $0.1.value) }.windowed(by: .tumbling(milliseconds: 20), name: "windows").groups().results
        .map { "\($0.1.window.start) \($0.1.value)" }
    }
    #expect(found == EventLines(intervals: [[], ["0 [2]"], ["20 [1]"]], end: ["40 [1]"]))
  }
  @Test func processThenWindow() throws {
    let found = try eventMarbles([events(10, 12), events(31), events(60)]) { s in
      s.keyed { $0.key }.processKeyed(name: "process", startingWith: 0) { (c, e: Event, n: inout Int) in
        n += 1
        c.setTimer(due: e.time + 5)
      } onTimer: { (c: KeyedContext<Int, Event>, timer, n: inout Int) in
        c.emit(event(timer.due, 0, n))
        c.removeState()
      }.map { ($0.key, $0.id) }.windowed(by: .tumbling(milliseconds: 10), name: "windows").groups().results
        .map { "\($0.1.window.start) \($0.1.value)" }
    }
    #expect(found == EventLines(intervals: [[], ["10 [2]"], ["30 [1]"]], end: ["60 [1]"]))
  }
}
