import StreamCore
import Synchronization
import TestSupport
import Testing

/// Operators by event time against oracles: content and order, whatever threads, blocks, crashes and stops.
@Suite(.timeLimit(.minutes(10))) struct EventPropertyTests {
  @Test func tumblingAndSlidingWindows() throws {
    try forRandomCases("windows", count: 50) { random in
      let input = EventInput.random(streams: 1, &random)
      let groups = random.pick([1, 2, 8])
      let lateness = Int64(random.pick([0, 0, 7]))
      let slide = Int64(random.pick([1, 4, 10]))
      let length = random.one(in: 2) ? slide : slide * Int64(1 + random.below(4)) + Int64(random.below(3))
      let offset = Int64(random.pick([0, 3]))
      let windows = TimeWindows.sliding(milliseconds: length, slideMilliseconds: slide, offsetMilliseconds: offset)
      let expected = Oracle.windows(
        input.merged, length: length, slide: slide, offset: offset, lateness: lateness, groups: groups)
      return try checkEvents(input, groups: groups, &random, expected: expected.map(\.line)) { streams in
        Programs.windows(streams[0].keyedTexts, windows, lateness).lines
      }.map { "\(windows), lateness \(lateness): \($0)" }
    }
  }

  @Test func sessionWindows() throws {
    try forRandomCases("sessions", count: 50) { random in
      let input = EventInput.random(streams: 1, &random)
      let groups = random.pick([1, 2, 8])
      let lateness = Int64(random.pick([0, 0, 7]))
      let gap = Int64(random.pick([1, 3, 10, 30]))
      let expected = Oracle.sessions(input.merged, gap: gap, lateness: lateness, groups: groups)
      return try checkEvents(input, groups: groups, &random, expected: expected.map(\.line)) { streams in
        Programs.windows(streams[0].keyedTexts, .session(gapMilliseconds: gap), lateness, "s").lines
      }.map { "gap \(gap), lateness \(lateness): \($0)" }
    }
    // the crashes and stops were such
    #expect(resumeCount.load(ordering: .relaxed) > 10)
  }

  @Test(arguments: JoinType.allCases)
  func joins(type: JoinType) throws {
    try forRandomCases("joins \(type)", count: 30) { random in
      let input = EventInput.random(streams: 2, &random)
      let groups = random.pick([1, 2, 8])
      let bounds = TimeBounds.random(&random)
      let expected = Oracle.join(input.merged, bounds, type, groups: groups)
      return try checkEvents(input, groups: groups, &random, expected: expected.map(\.line)) { streams in
        Programs.join(streams, bounds, type).lines
      }.map { "\(bounds): \($0)" }
    }
  }

  @Test func duplicates() throws {
    try forRandomCases("duplicates", count: 50) { random in
      let input = EventInput.random(streams: 1, &random)
      let groups = random.pick([1, 2, 8])
      let horizon = Int64(random.pick([0, 3, 25]))
      let expected = Oracle.unique(input.merged, horizon: horizon)
      return try checkEvents(input, groups: groups, &random, expected: expected.map(\.line)) { streams in
        Programs.unique(streams[0], horizon).lines
      }.map { "horizon \(horizon): \($0)" }
    }
  }

  // MARK: chains

  @Test func windowOfWindows() throws {
    try forRandomCases("window of windows", count: 25) { random in
      let input = EventInput.random(streams: 1, &random)
      let groups = random.pick([1, 2, 8])
      let lateness = Int64(random.pick([0, 7]))
      let inner = Oracle.windows(input.merged, length: 5, slide: 5, lateness: lateness, groups: groups, name: "a")
      let outer = Oracle.windows(inner.results, length: 20, slide: 10, lateness: 0, groups: groups, name: "b")
      if outer.contains(where: \.isLate) { return "the oracle finds windows late: \(input)" }
      return try checkEvents(input, groups: groups, &random, expected: outer.map(\.line)) { streams in
        let first = Programs.windows(streams[0].keyedTexts, .tumbling(milliseconds: 5), lateness, "a")
        return Programs.windows(
          first.results, .sliding(milliseconds: 20, slideMilliseconds: 10), 0, "b"
        ).lines
      }
    }
  }
  @Test func windowOfSessions() throws {
    try forRandomCases("window of sessions", count: 25) { random in
      let input = EventInput.random(streams: 1, &random)
      let groups = random.pick([1, 2, 8])
      let lateness = Int64(random.pick([0, 7]))
      let gap = Int64(random.pick([2, 5]))
      let inner = Oracle.sessions(input.merged, gap: gap, lateness: lateness, groups: groups)
      let outer = Oracle.windows(inner.results, length: 10, slide: 10, lateness: 0, groups: groups)
      if outer.contains(where: \.isLate) { return "the oracle finds sessions late: \(input)" }
      return try checkEvents(input, groups: groups, &random, expected: outer.map(\.line)) { streams in
        let first = Programs.windows(streams[0].keyedTexts, .session(gapMilliseconds: gap), lateness, "s")
        return Programs.windows(first.results, .tumbling(milliseconds: 10), 0, "w").lines
      }
    }
  }
  @Test func windowOfUniqueOnes() throws {
    try forRandomCases("dedup, window", count: 30) { random in
      let input = EventInput.random(streams: 1, &random)
      let groups = random.pick([1, 2, 8])
      let expected = Oracle.windows(
        Oracle.unique(input.merged, horizon: 5).results, length: 10, slide: 10, lateness: 0, groups: groups)
      return try checkEvents(input, groups: groups, &random, expected: expected.map(\.line)) { streams in
        Programs.windows(Programs.unique(streams[0], 5).results, .tumbling(milliseconds: 10), 0, "w").lines
      }
    }
  }
  @Test(arguments: JoinType.allCases)
  func windowOfJoins(type: JoinType) throws {
    try forRandomCases("join \(type), window", count: 25) { random in
      let input = EventInput.random(streams: 2, &random)
      let groups = random.pick([1, 2, 8])
      let bounds = TimeBounds.random(&random)
      let joined = Oracle.join(input.merged, bounds, type, groups: groups)
      let expected = Oracle.windows(joined.results, length: 8, slide: 8, lateness: 0, groups: groups)
      if expected.contains(where: \.isLate) { return "the oracle finds pairs late: \(bounds) \(input)" }
      return try checkEvents(input, groups: groups, &random, expected: expected.map(\.line)) { streams in
        Programs.windows(Programs.join(streams, bounds, type).results, .tumbling(milliseconds: 8), 0, "w").lines
      }.map { "\(bounds): \($0)" }
    }
  }
  /// Three in a row, the last one over a stream that lags and one that does not.
  @Test func uniqueOnesJoinedThenSessionsTogetherWithTheSource() throws {
    try forRandomCases("dedup, join, session", count: 30) { random in
      let input = EventInput.random(streams: 2, &random)
      let groups = random.pick([1, 2, 8])
      let bounds = TimeBounds.random(&random)
      let left = Oracle.unique(input.merged.filter { $0.stream == 0 }, horizon: 3).results
      let both = (left + input.merged.filter { $0.stream == 1 }).inOrder
      let joined = Oracle.join(both, bounds, .fullOuter, groups: groups).results
      let lag = max(bounds.beforeMilliseconds, bounds.afterMilliseconds, 0)
      let raw = input.merged.filter { $0.stream == 1 }.map { $0.lagging(lag) }
      let expected = Oracle.sessions((joined + raw).inOrder, gap: 6, lateness: 0, groups: groups)
      return try checkEvents(input, groups: groups, &random, expected: expected.map(\.line)) { streams in
        let first = Programs.unique(streams[0], 3).results
        let pairs = Programs.join(first, streams[1].keyedTexts, bounds, .fullOuter).results
        return Programs.windows(pairs.union(streams[1].keyedTexts), .session(gapMilliseconds: 6), 0, "s").lines
      }.map { "\(bounds): \($0)" }
    }
  }
}

extension [Placed] {
  var results: [Placed] { filter { !$0.isLate } }
  /// Stable: of equal positions the earlier list's come first.
  var inOrder: [Placed] {
    enumerated().sorted {
      ($0.element.watermark, $0.element.sequence, $0.offset) < ($1.element.watermark, $1.element.sequence, $1.offset)
    }.map(\.element)
  }
}
extension TimeBounds {
  static func random(_ random: inout SeededRandom) -> TimeBounds {
    let before = Int64(random.below(25)) - 8
    return TimeBounds(beforeMilliseconds: before, afterMilliseconds: max(-before, Int64(random.below(25)) - 8))
  }
}

extension DStream<Event> {
  var keyedTexts: DStream<(Int, String)> { map { ($0.key, "\($0.id)") } }
}

/// The programs of the tests, with their outputs as pairs of key and text.
enum Programs {
  struct Outputs {
    var results: DStream<(Int, String)>
    var late: DStream<(Int, String)>
    var lines: DStream<String> {
      results.map { "\($0.0): \($0.1)" }.union(late.map { "late \($0.0): \($0.1)" })
    }
  }
  static func windows(
    _ stream: DStream<(Int, String)>, _ windows: TimeWindows, _ lateness: Int64, _ name: String = "w"
  ) -> Outputs {
    let found = stream.windowed(by: windows, name: name, allowedLatenessMilliseconds: lateness).groups()
    return Outputs(
      results: found.results.map { key, w in
        (key, "\(name)\(w.window.start)..<\(w.window.end)(\(w.value.joined(separator: ",")))")
      }, late: found.late)
  }
  static func join(_ streams: [DStream<Event>], _ bounds: TimeBounds, _ type: JoinType) -> Outputs {
    join(streams[0].keyedTexts, streams[1].keyedTexts, bounds, type)
  }
  static func join(
    _ left: DStream<(Int, String)>, _ right: DStream<(Int, String)>, _ bounds: TimeBounds, _ type: JoinType
  ) -> Outputs {
    let found = left.joined(right, name: "join", within: bounds, type) { ($0, $1) }
    return Outputs(
      results: found.results.map { key, pair in (key, "\(pair.0 ?? "nil")+\(pair.1 ?? "nil")") },
      late: found.late.map { key, side in
        switch side {
        case .left(let text), .right(let text): (key, text)
        }
      })
  }
  static func unique(_ stream: DStream<Event>, _ horizon: Int64) -> Outputs {
    let found = stream.dropDuplicatesWithinWatermark(name: "unique", horizonMilliseconds: horizon) { $0.key }
    return Outputs(results: found.unique.keyedTexts, late: found.late.keyedTexts)
  }
}
