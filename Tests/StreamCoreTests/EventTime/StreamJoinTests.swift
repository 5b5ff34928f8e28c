@testable import StreamCore
import Testing

/// Joins of streams within bounds of time: the cases of Spark's StreamingJoinSuite.
@Suite struct StreamJoinTests {
  let bounds = TimeBounds(beforeMilliseconds: 5, afterMilliseconds: 10)

  private func join(
    _ a: [[Event]], _ b: [[Event]], _ type: JoinType = .inner, _ bounds: TimeBounds? = nil
  ) throws -> EventLines {
    try eventMarbles(a, b) { left, right in
      let found = left.map { ($0.key, $0.time) }.joined(
        right.map { ($0.key, $0.time) }, name: "join", within: bounds ?? self.bounds, type
      ) { ($0, $1) }
      return found.results.map { key, pair in
        "\(key): \(pair.0.map { "\($0)" } ?? "nil") \(pair.1.map { "\($0)" } ?? "nil")"
      }.union(found.late.map { "late \($0.1)" })
    }
  }

  @Test func innerJoinWithinBounds() throws {
    // 9 is too early for 15, 26 too late
    let found = try join([events(15), [], []], [events(9, 10), events(15, 25), events(26)])
    #expect(found.all == ["0: 15 10", "0: 15 15", "0: 15 25"])
  }
  @Test func keysDoNotMix() throws {
    let found = try join([events(15) + events(16, key: 1), []], [events(15, key: 1), events(30)])
    #expect(found.all == ["1: 16 15"])
  }
  @Test func leftOuterGivesNilWhenNoPartnerCanCome() throws {
    // 15 waits for partners up to 25
    let found = try join([events(15), events(60), []], [events(25, key: 1), events(26), events(61)], .leftOuter)
    #expect(found == EventLines(intervals: [[], ["0: 15 nil"], [], ["0: 60 61"]], end: []))
  }
  @Test func outerJoinsGiveEachElementOnce() throws {
    let (a, b) = ([events(15, 100), []], [events(16, 40), events(200)])
    #expect(try join(a, b, .leftOuter).all == ["0: 15 16", "0: 100 nil"])
    #expect(try join(a, b, .rightOuter).all == ["0: 15 16", "0: nil 40", "0: nil 200"])
    #expect(try join(a, b, .fullOuter).all == ["0: 15 16", "0: nil 40", "0: 100 nil", "0: nil 200"])
    #expect(try join(a, b, .inner).all == ["0: 15 16"])
    #expect(try join(a, b, .leftSemi).all == ["0: 15 nil"])
  }
  @Test func resultsHaveTheTypeThatTheJoinCallsFor() throws {
    let (a, b) = ([events(15, 100), []], [events(16, 40), events(200)])
    func lines<Result>(
      _ join: @escaping (DStream<(Int, Int64)>, DStream<(Int, Int64)>) -> DStream<(Int, Result)>,
      _ text: @escaping @Sendable (Result) -> String
    ) throws -> [String] {
      try eventMarbles(a, b) { join($0.map { ($0.key, $0.time) }, $1.map { ($0.key, $0.time) }).map { text($0.1) } }.all
    }
    @Sendable func text(_ time: Int64?) -> String { time.map { "\($0)" } ?? "none" }
    let bounds = bounds
    #expect(
      try lines {
        $0.join($1, name: "join", within: bounds).results
      } _: { (pair: (Int64, Int64)) in
        "\(pair)"
      } == ["(15, 16)"])
    #expect(
      try lines {
        $0.leftOuterJoin($1, name: "join", within: bounds).results
      } _: { (pair: (Int64, Int64?)) in
        "\(pair.0) \(text(pair.1))"
      } == ["15 16", "100 none"])
    #expect(
      try lines {
        $0.rightOuterJoin($1, name: "join", within: bounds).results
      } _: { (pair: (Int64?, Int64)) in
        "\(text(pair.0)) \(pair.1)"
      } == ["15 16", "none 40", "none 200"])
    #expect(
      try lines {
        $0.fullOuterJoin($1, name: "join", within: bounds).results
      } _: { (pair: (Int64?, Int64?)) in
        "\(text(pair.0)) \(text(pair.1))"
      }
        == ["15 16", "none 40", "100 none", "none 200"])
    #expect(
      try lines {
        $0.leftSemiJoin($1, name: "join", within: bounds).results
      } _: { (left: Int64) in
        "\(left)"
      } == ["15"])
  }
  @Test func semiJoinGivesALeftElementOnce() throws {
    let found = try join([events(15), events(16), []], [[], events(14, 15), events(17)], .leftSemi)
    #expect(found.all == ["0: 15 nil", "0: 16 nil"])
  }
  @Test func whatIsBehindTheWatermarkIsLate() throws {
    // the watermark is the least of both: 50
    let found = try join([events(50), [], events(49, 51)], [events(60), [], events(61)], .fullOuter)
    #expect(found.all.contains("late left(49)"))
    #expect(!found.all.contains("0: 49 nil"))
  }
  @Test func boundsOnOneSide() throws {
    // the right one 5 to 10 later
    let after = try join(
      [events(10), []], [events(14, 15), events(20, 21)], .inner,
      TimeBounds(beforeMilliseconds: -5, afterMilliseconds: 10))
    #expect(after.all == ["0: 10 15", "0: 10 20"])
    // the right one 5 to 10 earlier: a left element without a partner has nothing to wait for
    let before = try join(
      [events(20), events(40)], [events(11), events(31)], .leftOuter,
      TimeBounds(beforeMilliseconds: 10, afterMilliseconds: -5))
    #expect(before.all == ["0: 20 11", "0: 40 31"])
    let alone = try join(
      [events(20), events(40)], [events(19), events(41)], .leftOuter,
      TimeBounds(beforeMilliseconds: 10, afterMilliseconds: -5))
    #expect(alone.all == ["0: 20 nil", "0: 40 nil"])
  }
  @Test func aStreamWithItself() throws {
    let found = try eventMarbles([events(10, 12, 30)]) { s in
      s.map { ($0.key, $0.time) }.join(
        s.map { ($0.key, $0.time) }, name: "self", within: TimeBounds(beforeMilliseconds: -1, afterMilliseconds: 5)
      ).results.map { "\($0.1.0) \($0.1.1)" }
    }
    #expect(found.intervals == [["10 12"]])
  }

  @Test(arguments: JoinType.allCases)
  func theWatermarkFreesTheState(type: JoinType) {
    let state = JoinState<Int, Int64, Int64>(TimeBounds(beforeMilliseconds: 5, afterMilliseconds: 10), type)
    let output = PartitionBuffer<JoinOutput<Int, Int64, Int64>>()
    var keysMax = 0
    for t in Int64(0)..<1000 {
      let p = Position(watermark: t, sequence: t, eventTime: t)
      state.clock.advance(to: p) { state.expire($0, $1, output) }
      state.put(Int(t % 50), t % 3 == 0 ? .left(t) : .right(t), p, output)
      keysMax = max(keysMax, state.table.count)
    }
    #expect(keysMax <= 12)
    // an element without a successor goes when time does
    state.clock.endBatch(2000) { state.expire($0, $1, output) }
    let (keys, timers) = (state.table.count, state.clock.timers.count)
    #expect(keys == 0)
    #expect(timers == 0)
  }
}

extension EventLines {
  var all: [String] { intervals.joined() + end }
}
