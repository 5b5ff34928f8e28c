import Sessions
import Testing

@testable import StreamCore

/// Every case of ``SessionVector``: as its source has it, or as the written difference says.
@Suite struct SessionVectorTests {
  @Test(arguments: SessionVector.all)
  func outcome(_ vector: SessionVector) throws {
    let options = SessionOptions(
      gapMilliseconds: vector.gap * vector.unit, boundary: vector.boundary,
      allowedLatenessMilliseconds: vector.lateness * vector.unit, emission: vector.emission)
    var sessions = Sessionizer(options: options, program: Clicks())
    defer { sessions.deallocate() }
    var names: [String] = []
    var expected: [SessionVector.Row] = []
    var isFinished = false
    var updated = 0
    var highest = Int64.min

    func row(_ e: Emission, like: SessionVector.Row?) -> SessionVector.Row {
      let end = vector.end == .lastEvent ? e.facts.last : e.closedAt - 1 - options.allowedLatenessMilliseconds
      let correction = vector.end == .gapAfter && vector.boundary == .split ? vector.unit : 0
      return SessionVector.Row(
        names[Int(e.facts.key)], e.facts.start / vector.unit, (end + correction) / vector.unit, e.facts.count,
        sum: like?.sum == nil ? nil : e.facts.sum,
        sumOfDistinct: like?.sumOfDistinct == nil ? nil : e.facts.sumOfDistinct)
    }

    for step in vector.steps {
      switch step {
      case .event(let name, let time, let value, let gap, let isLate):
        let key = names.firstIndex(of: name) ?? names.count
        if key == names.count { names.append(name) }
        if vector.watermarkFollowsEvents {
          highest = max(highest, time * vector.unit)
          sessions.advance(to: highest)
        }
        let before = sessions.lateCount
        let click = Click(
          time: time * vector.unit, key: UInt32(key), value: value, gap: gap.map { $0 * vector.unit })
        unsafe withUnsafePointer(to: click) { unsafe sessions.take($0, maximum: highest) }
        #expect((sessions.lateCount > before) == isLate, "event of \(name) at \(time)")
      case .watermark(let w):
        sessions.advance(to: w * vector.unit)
      case .closes(let rows):
        expected += rows
        let like = rows.first
        let found = try sessions.program.closed + (isFinished ? [] : overInSecret(sessions))
        #expect(difference(found.map { row($0, like: like) }, expected: expected) == nil)
      case .updates(let updates):
        let found = sessions.program.emissions.filter { $0.kind != .closed }
        #expect(found[updated...].map(\.kind) == updates.map(\.0))
        #expect(found[updated...].map { row($0, like: nil) } == updates.map(\.1))
        updated = found.count
      case .finish:
        sessions.finish()
        isFinished = true
      }
    }
    #expect(sessions.program.complaint == nil)
    #expect(overlap(sessions.program.closed.map(\.facts)) == nil)
  }

  /// Sessions that are over but wait for the next tick of the timers.
  private func overInSecret(_ sessions: Sessionizer<Clicks>) throws -> [Emission] {
    let snapshot = StateSnapshot(prefix: "sessions")
    sessions.snapshot(into: snapshot)
    var copy = Sessionizer(options: sessions.options, program: Clicks())
    defer { copy.deallocate() }
    try copy.restore(from: restoredState(snapshot))
    copy.finish()
    return copy.program.closed.filter { $0.reason != .endOfInput }
  }

  @Test func everyCaseIsThere() {
    let ids = [
      "BEA-1", "BWX-1", "FLK-1", "FLK-2", "FLK-4", "FLK-5", "FLK-7", "FLK-9", "KAF-1", "KAF-1 with lateness", "KAF-3",
      "KAF-5", "PWY-1", "REG-1", "SPB-1", "SPB-3", "SPB-5", "SPB-6", "SPS-2", "SPS-4", "SPT-1",
    ]
    #expect(SessionVector.all.map(\.id).sorted() == ids)
    let different = SessionVector.all.filter { $0.difference != nil }.map(\.id).sorted()
    #expect(different == ["FLK-7", "FLK-9", "KAF-1", "REG-1", "SPB-5", "SPB-6", "SPT-1"])
  }
}
