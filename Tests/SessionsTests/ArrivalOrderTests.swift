import Sessions
import Testing
import TestSupport

/// Whatever the order of arrival within the watermark delay, and wherever batches are cut, sessions are those of the
/// sorted events.
@Suite struct ArrivalOrderTests {
  @Test func sessionsAreThoseOfTheSortedEvents() throws {
    try forRandomCases("arrival within the delay", count: 1500) { random in
      let stream = RandomStream.make(.init(latenesses: [0, 0, 1, 9]), &random)
      return compareWithSorted(stream, &random)
    }
  }

  @Test func sessionsStopAtMidnight() throws {
    let days: [(any DayBoundaries)?] = [
      FixedOffsetDays(offsetMilliseconds: 0, dayMilliseconds: 10_000),
      FixedOffsetDays(offsetMilliseconds: 3_700, dayMilliseconds: 25),
      FixedOffsetDays(offsetMilliseconds: -7_200_000),
    ]
    try forRandomCases("midnight", count: 600) { random in
      let stream = RandomStream.make(.init(ownGaps: random.one(in: 2), days: days), &random)
      return compareWithSorted(stream, &random)
    }
  }

  @Test func eventsMayBringTheirOwnGaps() throws {
    try forRandomCases("own gaps", count: 800) { random in
      let stream = RandomStream.make(.init(latenesses: [0, 1], ownGaps: true), &random)
      return compareWithSorted(stream, &random)
    }
  }

  /// Delays of two months and gaps of a millisecond; times 200,000 years from now.
  @Test(arguments: [-6_300_000_000_000_000, 0, 6_300_000_000_000_000])
  func extremeTimesGapsAndDelays(origin: Int64) throws {
    try forRandomCases("extremes from \(origin)", count: 200) { random in
      var stream = RandomStream.make(
        .init(gaps: [1, 1_800_000, 4_294_967_295], origin: origin - 10...origin + 10), &random)
      if random.one(in: 2) {
        stream.options.watermarkDelayMilliseconds = max(stream.delayMilliseconds, 5_184_000_000)
      } else {
        stream.options.watermarkDelayMilliseconds = 0
        stream.clicks.sort { $0.time < $1.time }
      }
      for i in stream.clicks.indices { stream.clicks[i].position = Int32(i) }
      return compareWithSorted(stream, &random)
    }
  }

  /// Keys whose hashes agree in all bits of the index, among others: probing, chains and deletion meet.
  @Test func keysWithCollidingHashes() throws {
    try forRandomCases("colliding hashes", count: 150) { random in
      let stream = RandomStream.make(
        .init(
          gaps: [10, 1000], eventsMax: 600, keysMax: 200, delays: [0, 3, 12], lateGapsMax: 0,
          hash: { k in k % 3 == 0 ? Click.spread(k) : Click.colliding(k) }), &random)
      return compareWithSorted(stream, &random)
    }
  }

  /// Enough open sessions for the index to grow and for events to be prefetched.
  @Test func thousandsOfOpenSessions() throws {
    try forRandomCases("many keys", count: 2) { random in
      var stream = RandomStream.make(
        .init(
          gaps: [1_800_000], eventsMax: 0, hash: { k in k % 50 == 0 ? Click.colliding(k) : Click.spread(k) },
          openSessionsMax: 20_000), &random)
      stream.options.watermarkDelayMilliseconds = 1000
      for i in 0..<30_000 {
        let key = UInt32(random.below(9000))
        stream.clicks.append(
          Click(
            time: Int64(i) * 200 + Int64(random.below(800)), key: key,
            hash: key % 50 == 0 ? Click.colliding(key) : Click.spread(key), value: Int32(key & 63), position: Int32(i)))
      }
      return compareWithSorted(stream, &random)
    }
  }

  private func compareWithSorted(_ stream: RandomStream, _ random: inout SeededRandom) -> String? {
    let run = OperatorRun<AnyOrder>(stream, partitions: random.pick([1, 1, 2, 3]))
    run.takeRest(&random)
    run.finish()
    if let wrong = run.wrongAfterFinish() { return wrong }
    if !run.late.isEmpty { return "late: \(run.late)" }
    let o = stream.options
    let expected = SessionOracle.sorted(stream.clicks, o).map { s in
      let isOver = s.reach + o.allowedLatenessMilliseconds < run.watermark
      var reason: SessionEndReason = isOver ? .gap : .endOfInput
      if isOver, let days = o.days, s.reach == days.day(containing: s.facts.last).end - 1 { reason = .midnight }
      return Emission(
        kind: .closed, facts: s.facts, closedAt: s.reach + o.allowedLatenessMilliseconds + 1, ordinal: 0, reason: reason
      )
    }
    return difference(run.emissions, expected: expected)
  }
}

/// Sessions by processing time: an event's time is the clock at its arrival, and only the clock closes sessions.
@Suite struct ProcessingTimeTests {
  @Test func theClockAloneClosesSessions() throws {
    try forRandomCases("processing time", count: 300) { random in
      let gap = Int64(1 + random.below(50))
      let options = SessionOptions(gapMilliseconds: gap, boundary: random.pick(GapBoundary.allCases))
      var sessions = Sessionizer(options: options, program: Clicks())
      defer { sessions.deallocate() }
      var clicks: [Click] = []
      var clock: Int64 = 1_000_000
      for _ in 0..<random.below(120) {
        clock += Int64(random.below(Int(gap)))
        sessions.advance(to: clock)
        if random.one(in: 4) { continue }
        let c = Click(time: clock, key: UInt32(random.below(4)), value: 7, position: Int32(clicks.count))
        clicks.append(c)
        unsafe withUnsafePointer(to: c) { unsafe sessions.take($0, maximum: .min) }
      }
      // a tick of the timers later everything is closed, without an event
      sessions.advance(to: clock + 3 * gap + 3)
      if sessions.openCount != 0 { return "\(sessions.openCount) sessions open after the gap" }
      if sessions.lateCount != 0 { return "\(sessions.lateCount) late events" }
      return difference(
        sessions.program.closed.map(\.facts), expected: SessionOracle.sorted(clicks, options).map(\.facts))
    }
  }
}
