import Sessions
import Testing
import TestSupport

/// Update emission: whoever applies retracted, current and closed in order holds exactly the current sessions.
@Suite struct UpdateEmissionTests {
  /// Somebody who applies emissions.
  private struct Follower {
    /// Split sessions of one millisecond differ in their ordinal only.
    struct Held: Hashable {
      var facts: SessionFacts
      var ordinal: UInt32
    }
    var current: Set<Held> = []
    var closed: Set<Held> = []
    var known: [SessionFacts] { current.map(\.facts) + closed.map(\.facts) }

    /// nil, or why the emission does not fit.
    mutating func apply(_ e: Emission) -> String? {
      let held = Held(facts: e.facts, ordinal: e.ordinal)
      switch e.kind {
      case .retracted:
        return current.remove(held) == nil ? "retracted what was not current: \(e)" : nil
      case .current:
        return current.insert(held).inserted ? nil : "current twice: \(e)"
      case .closed:
        if current.remove(held) == nil { return "closed what was not current: \(e)" }
        return closed.insert(held).inserted ? nil : "closed twice: \(e)"
      }
    }
  }

  @Test func followersHoldTheCurrentSessionsAfterEveryEvent() throws {
    let days: [(any DayBoundaries)?] = [nil, nil, FixedOffsetDays(offsetMilliseconds: 17, dayMilliseconds: 40)]
    try forRandomCases("update emission", count: 700) { random in
      let stream = RandomStream.make(
        .init(
          gaps: [1, 10, 1000], eventsMax: 40, keysMax: 3, lateGapsMax: random.pick([0, 4]), latenesses: [0, 1, 8],
          ownGaps: random.one(in: 3), days: days, emissions: [.update]), &random)
      let run = OperatorRun<AnyOrder>(stream)
      var rule = MergedSessionRule(stream.options)
      var follower = Follower()
      var applied = 0
      for (c, highest) in zip(stream.clicks, stream.runningMaxima) {
        run.take(1, advance: random.one(in: 2))
        rule.take(c, watermark: highest - stream.delayMilliseconds)
        let all = run.operators[0].program.emissions
        for e in all[applied...] { if let wrong = follower.apply(e) { return wrong } }
        applied = all.count
        if let wrong = difference(follower.known, expected: rule.sessions.map(\.facts)) {
          return "after \(c): " + wrong
        }
        // timers may lag behind, never run ahead
        let isOver = Set(rule.closed.map(\.facts))
        if !Set(follower.closed.map(\.facts)).isSubset(of: isOver) { return "closed too early, after \(c)" }
      }
      run.finish()
      for e in run.operators[0].program.emissions[applied...] { if let wrong = follower.apply(e) { return wrong } }
      if !follower.current.isEmpty { return "still current at the end: \(follower.current)" }
      return run.wrongAfterFinish()
    }
  }

  @Test func followersOfInOrderSplits() throws {
    try forRandomCases("update emission of in-order splits", count: 300) { random in
      var stream = RandomStream.make(
        .init(gaps: [10, 1000], eventsMax: 40, keysMax: 3, delays: [0], emissions: [.update], campaigns: 2), &random)
      stream.clicks.sort { $0.time < $1.time }
      let limits = OrderedClicks(eventsMax: 3, durationMaxMilliseconds: 15, splitsOnCampaign: true)
      let run = OperatorRun<EventTimeOrder>(stream, program: limits)
      var follower = Follower()
      var applied = 0
      for i in stream.clicks.indices {
        run.take(1, advance: true)
        let all = run.operators[0].program.emissions
        for e in all[applied...] { if let wrong = follower.apply(e) { return wrong } }
        applied = all.count
        let expected = SessionOracle.inOrder(
          Array(stream.clicks[...i]), stream.options, limits: limits, watermark: run.watermark)
        if let wrong = difference(follower.known, expected: expected.map(\.facts)) { return wrong }
      }
      run.finish()
      return run.wrongAfterFinish()
    }
  }
}
