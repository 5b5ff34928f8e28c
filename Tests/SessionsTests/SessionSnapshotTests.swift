import FlatMemory
import Sessions
import Testing

@testable import StreamCore
import TestSupport

/// State that went through a snapshot goes on as if nothing had happened.
@Suite struct SessionSnapshotTests {
  /// A copy of an operator by way of a snapshot.
  private func copy<Order: ClickOrder>(
    _ original: Sessionizer<SimpleClicks<Order>>, options: SessionOptions, into snapshot: StateSnapshot
  ) throws -> Sessionizer<SimpleClicks<Order>> {
    snapshot.reset()
    original.snapshot(into: snapshot)
    var program = SimpleClicks<Order>()
    (program.eventsMax, program.durationMaxMilliseconds, program.splitsOnCampaign) = (
      original.program.eventsMax, original.program.durationMaxMilliseconds, original.program.splitsOnCampaign
    )
    var restored = Sessionizer(options: options, program: program)
    try restored.restore(from: restoredState(snapshot))
    return restored
  }

  @Test func restoredOperatorsGoOnAlike() throws {
    let days: [(any DayBoundaries)?] = [nil, FixedOffsetDays(offsetMilliseconds: 17, dayMilliseconds: 40)]
    let snapshot = StateSnapshot(prefix: "sessions/partition-00")
    try forRandomCases("snapshots", count: 700) { random in
      var shape = RandomStream.Shape(
        gaps: [1, 10, 1000], lateGapsMax: random.pick([0, 5]), latenesses: [0, 1, 8], ownGaps: random.one(in: 3),
        days: days, emissions: SessionEmission.allCases)
      if random.one(in: 2) { shape.hash = Click.colliding }
      let stream = RandomStream.make(shape, &random)
      return try compare(stream, Clicks(), snapshot, &random)
    }
  }
  @Test func restoredInOrderSplitsGoOnAlike() throws {
    let snapshot = StateSnapshot(prefix: "sessions/partition-00")
    try forRandomCases("snapshots of in-order splits", count: 200) { random in
      var stream = RandomStream.make(.init(gaps: [10, 1000], delays: [0], campaigns: 2), &random)
      stream.clicks.sort { $0.time < $1.time }
      let limits = OrderedClicks(eventsMax: 3, durationMaxMilliseconds: 25, splitsOnCampaign: true)
      return try compare(stream, limits, snapshot, &random)
    }
  }

  /// Runs a stream with and without restoring at random points; emissions must agree one by one.
  private func compare<Order: ClickOrder>(
    _ stream: RandomStream, _ program: SimpleClicks<Order>, _ snapshot: StateSnapshot, _ random: inout SeededRandom
  ) throws -> String? {
    let undisturbed = OperatorRun<Order>(stream, program: program)
    let disturbed = OperatorRun<Order>(stream, program: program)
    var emissions: [Emission] = []
    var late: [Click] = []
    while undisturbed.position < stream.clicks.count {
      let count = 1 + random.below(8)
      let advance = random.one(in: 2)
      undisturbed.take(count, advance: advance)
      disturbed.take(count, advance: advance)
      if random.one(in: 3) {
        emissions += disturbed.emissions
        late += disturbed.late
        disturbed.restore(0, try copy(disturbed.operators[0], options: stream.options, into: snapshot))
      }
    }
    undisturbed.finish()
    disturbed.finish()
    emissions += disturbed.emissions
    late += disturbed.late
    let (a, b) = (undisturbed.operators[0], disturbed.operators[0])
    if emissions != undisturbed.emissions {
      return difference(emissions, expected: undisturbed.emissions) ?? "emissions in another order"
    }
    if late != undisturbed.late { return "late events differ" }
    if [a.lateCount, a.mergedCount, a.outOfOrderCount, a.openPeak] != [
      b.lateCount, b.mergedCount, b.outOfOrderCount, b.openPeak,
    ] {
      return "counters differ"
    }
    if a.watermark != b.watermark { return "watermarks differ" }
    return undisturbed.wrongAfterFinish()
  }

  @Test func stateOfAnotherLayoutIsRefused() throws {
    let options = SessionOptions(gapMilliseconds: 6400)
    var sessions = Sessionizer(options: options, program: Clicks())
    defer { sessions.deallocate() }
    unsafe withUnsafePointer(to: Click(time: 1, key: 1)) { unsafe sessions.take($0, maximum: .min) }
    let snapshot = StateSnapshot(prefix: "sessions")
    sessions.snapshot(into: snapshot)

    // another gap, so another width of timers
    var other = Sessionizer(options: SessionOptions(gapMilliseconds: 64_000), program: Clicks())
    defer { other.deallocate() }
    #expect(throws: StateError.self) { try other.restore(from: restoredState(snapshot)) }
    // more sessions than this operator may hold
    var small = Sessionizer(options: SessionOptions(gapMilliseconds: 6400), program: Clicks())
    defer { small.deallocate() }
    #expect(throws: StateError.missing("elsewhere/state")) {
      try small.restore(from: RestoredState(prefix: "elsewhere") { name in sections(snapshot)[name] })
    }
    // truncated
    #expect(throws: StateError.self) {
      try small.restore(
        from: RestoredState(prefix: "sessions") { name in
          let bytes = sections(snapshot)[name]
          return name == "sessions/slots" ? bytes.map { UnsafeRawBufferPointer(rebasing: $0.dropLast(1)) } : bytes
        })
    }
    try small.restore(from: restoredState(snapshot))
    #expect(small.openCount == 1)
  }
}

/// The sections of a snapshot as a checkpoint would give them back; valid while the snapshot is.
func sections(_ snapshot: StateSnapshot) -> [String: UnsafeRawBufferPointer] {
  unsafe Dictionary(
    uniqueKeysWithValues: unsafe snapshot.finished.map { unsafe ($0.name, $0.bytes) })
}
func restoredState(_ snapshot: StateSnapshot) -> RestoredState {
  let all = unsafe sections(snapshot)
  return unsafe RestoredState(prefix: snapshot.prefix) { unsafe all[$0] }
}
