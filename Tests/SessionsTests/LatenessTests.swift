import Sessions
import Testing
import TestSupport

/// Events of any lateness: the operator does what ``MergedSessionRule`` says, event by event.
@Suite struct LatenessTests {
  @Test func lateEventsFollowTheMergedSessionRule() throws {
    try forRandomCases("late events", count: 2500) { random in
      let stream = RandomStream.make(
        .init(keysMax: 3, lateGapsMax: random.pick([1, 4, 20]), latenesses: [0, 1, 2, 8]), &random)
      return compareWithRule(stream, &random)
    }
  }
  @Test func lateEventsWithOwnGapsAndMidnights() throws {
    let days: [(any DayBoundaries)?] = [nil, FixedOffsetDays(offsetMilliseconds: 17, dayMilliseconds: 40)]
    try forRandomCases("late events with own gaps", count: 2000) { random in
      let stream = RandomStream.make(
        .init(
          gaps: [1, 5, 10, 1000], keysMax: 2, lateGapsMax: random.pick([1, 4, 20]), latenesses: [0, 1, 8],
          ownGaps: true, days: days), &random)
      return compareWithRule(stream, &random)
    }
  }
  @Test func lateEventsOfCollidingKeys() throws {
    try forRandomCases("late events of colliding keys", count: 100) { random in
      let stream = RandomStream.make(
        .init(gaps: [10], eventsMax: 500, keysMax: 60, lateGapsMax: 6, latenesses: [0, 4], hash: Click.colliding),
        &random)
      return compareWithRule(stream, &random)
    }
  }

  private func compareWithRule(_ stream: RandomStream, _ random: inout SeededRandom) -> String? {
    let run = OperatorRun<AnyOrder>(stream, partitions: random.pick([1, 1, 2]))
    run.takeRest(&random)
    var rule = MergedSessionRule(stream.options)
    let maxima = stream.runningMaxima
    for (c, highest) in zip(stream.clicks, maxima) { rule.take(c, watermark: highest - stream.delayMilliseconds) }
    rule.finish()
    run.finish()
    for o in run.operators {
      for (c, maximum) in zip(o.program.lateEvents, o.program.lateMaxima) where maximum != maxima[Int(c.position)] {
        return "\(c) reported late at \(maximum)"
      }
    }
    return run.wrongAfterFinish()
      ?? difference(run.late, expected: rule.late).map { "late events: " + $0 }
      ?? difference(run.closed.map(\.facts), expected: rule.closed.map(\.facts))
      ?? difference(
        run.closed.map(\.closedAt),
        expected: rule.closed.map { $0.reach + stream.options.allowedLatenessMilliseconds + 1 })
  }

  /// What a sink may count on: after `advance`, whatever became final before ``SessionOptions/completeBefore(watermark:)``
  /// is out.
  @Test func sessionsAreOutByTheCompleteTime() throws {
    try forRandomCases("complete before", count: 500) { random in
      let stream = RandomStream.make(
        .init(gaps: [1, 10, 1000, 1_800_000], lateGapsMax: random.pick([0, 3]), latenesses: [0, 3]), &random)
      let run = OperatorRun<AnyOrder>(stream, partitions: 2)
      var rule = MergedSessionRule(stream.options)
      let maxima = stream.runningMaxima
      while run.position < stream.clicks.count {
        let from = run.position
        run.take(1 + random.below(5), advance: true)
        for i in from..<run.position { rule.take(stream.clicks[i], watermark: maxima[i] - stream.delayMilliseconds) }
        let complete = stream.options.completeBefore(watermark: run.watermark)
        if complete > run.watermark { return "complete before \(complete), after the watermark \(run.watermark)" }
        let out = Set(run.closed.map(\.facts))
        for s in rule.closed where s.reach + stream.options.allowedLatenessMilliseconds + 1 < complete {
          if !out.contains(s.facts) { return "\(s) is not out at \(complete)" }
        }
      }
      run.finish()
      return run.wrongAfterFinish()
    }
  }

  /// The limit on open sessions is reached, reported and never overrun, however many dead slots wait for timers.
  @Test func openSessionsAreLimited() throws {
    try forRandomCases("open sessions limit", count: 300) { random in
      let stream = RandomStream.make(
        .init(gaps: [10], eventsMax: 400, keysMax: 12, delays: [5, 100], openSessionsMax: 1 + random.below(6)), &random)
      let run = OperatorRun<AnyOrder>(stream)
      run.takeRest(&random)
      run.finish()
      return run.wrongAfterFinish()
    }
  }

  /// A bridge that takes in a session leaves a slot behind until its timer: the slots in use must not grow with them.
  @Test func deadSlotsAreReclaimedBeforeTheirTimers() {
    let options = SessionOptions(gapMilliseconds: 10, watermarkDelayMilliseconds: 1_000_000, openSessionsMax: 3)
    var sessions = Sessionizer(options: options, program: Clicks())
    defer { sessions.deallocate() }
    sessions.advance(to: 0)
    for i in 0..<10_000 {
      // two apart, then the bridge
      for step in [Int64(0), 15, 8] {
        unsafe withUnsafePointer(to: Click(time: Int64(i) * 15 + step, key: 1)) {
          unsafe sessions.take($0, maximum: .min)
        }
      }
    }
    #expect(sessions.lateCount == 0)
    #expect(sessions.mergedCount == 10_000)
    sessions.finish()
    #expect(sessions.program.closed.map(\.facts.count) == [30_000])
  }
}
