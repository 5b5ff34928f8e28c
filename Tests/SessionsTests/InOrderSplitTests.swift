import Sessions
import Testing
import TestSupport

/// Limits on events and duration and changes of campaign, on events sorted by time.
@Suite struct InOrderSplitTests {
  @Test func splitsAreThoseOfANaiveScan() throws {
    let days: [(any DayBoundaries)?] = [nil, FixedOffsetDays(offsetMilliseconds: 5, dayMilliseconds: 70)]
    try forRandomCases("in-order splits", count: 1200) { random in
      var stream = RandomStream.make(
        .init(
          gaps: [1, 10, 1000], keysMax: 3, delays: [0, 0, 3], latenesses: [0, 1], ownGaps: random.one(in: 3),
          days: days, campaigns: 3), &random)
      stream.clicks.sort { $0.time < $1.time }
      for i in stream.clicks.indices { stream.clicks[i].position = Int32(i) }
      var limits = OrderedClicks()
      if random.one(in: 2) { limits.eventsMax = 1 + random.below(6) }
      if random.one(in: 2) { limits.durationMaxMilliseconds = Int64(random.below(40)) }
      limits.splitsOnCampaign = random.one(in: 3)
      let run = OperatorRun<EventTimeOrder>(stream, partitions: random.pick([1, 2]), program: limits)
      run.takeRest(&random)
      run.finish()
      let found = run.closed.map { SessionOracle.Split(facts: $0.facts, reason: $0.reason, ordinal: $0.ordinal) }
      let expected = SessionOracle.inOrder(
        stream.clicks, stream.options, limits: limits, watermark: run.watermark)
      return run.wrongAfterFinish() ?? difference(found, expected: expected)
    }
  }
}
