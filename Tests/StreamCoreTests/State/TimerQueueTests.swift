@testable import StreamCore
import Testing
import TestSupport

/// The queue against a list of timers sorted by (due time, last set).
@Suite(.timeLimit(.minutes(10))) struct TimerQueueTests {
  private struct Expected {
    var due: Int64
    var sequence: Int
  }

  @Test func firesInOrderWhateverHappensBefore() throws {
    try forRandomCases("timer queue", count: 300) { random in
      var queue = TimerQueue()
      var oracle: [TimerName: Expected] = [:]
      let owners = random.pick([1, 4, 300])
      let span = random.pick([3, 1000, 1_000_000])
      var (now, sequence): (Int64, Int) = (Int64(random.below(1000)) - 500, 0)
      for step in 0..<random.below(random.pick([30, 3000])) {
        let name = TimerName(owner: UInt32(random.below(owners)), number: Int64(random.below(3)) - 1)
        switch random.below(12) {
        case 0..<6:
          // in the past too; often later than before
          let due = (oracle[name]?.due ?? now) + Int64(random.below(span)) - Int64(random.one(in: 3) ? span / 2 : 0)
          queue.set(owner: name.owner, number: name.number, due: due)
          oracle[name] = Expected(due: due, sequence: sequence)
          sequence += 1
        case 6:
          let was = oracle.removeValue(forKey: name) != nil
          if queue.cancel(owner: name.owner, number: name.number) != was { return "step \(step): cancel" }
        case 7 where random.one(in: 4):
          queue.cancelAll(owner: name.owner)
          oracle = oracle.filter { $0.key.owner != name.owner }
        case 8:
          let found = queue.timers(of: name.owner).map { [$0.number, $0.due] }.sorted { $0[0] < $1[0] }
          let expected = oracle.filter { $0.key.owner == name.owner }.map { [$0.key.number, $0.value.due] }
          if found != expected.sorted(by: { $0[0] < $1[0] }) { return "step \(step): timers of \(name.owner)" }
        case 9 where random.one(in: 10):
          let snapshot = StateSnapshot(prefix: "op")
          queue.snapshot("timers", into: snapshot)
          queue.set(owner: 1, number: 99, due: 5)
          var restored = TimerQueue()
          try MemoryCheckpoint(snapshot).restore { try restored.restore("timers", from: $0) }
          queue = restored
        default:
          now += Int64(random.below(span))
          while let fired = queue.popDue(at: now) {
            let first = oracle.min { ($0.value.due, $0.value.sequence) < ($1.value.due, $1.value.sequence) }
            guard let first, first.value.due <= now else { return "step \(step): \(fired) fired, nothing is due" }
            if first.key != TimerName(owner: fired.owner, number: fired.number) || first.value.due != fired.due {
              return "step \(step): \(fired) instead of \(first)"
            }
            oracle.removeValue(forKey: first.key)
            if random.one(in: 5) {
              queue.set(owner: fired.owner, number: fired.number, due: fired.due + 1)
              oracle[first.key] = Expected(due: fired.due + 1, sequence: sequence)
              sequence += 1
            }
          }
          if let left = oracle.values.map(\.due).min(), left <= now { return "step \(step): \(left) missed at \(now)" }
        }
        if queue.count != oracle.count { return "step \(step): \(queue.count) of \(oracle.count)" }
        if queue.due(owner: name.owner, number: name.number) != oracle[name]?.due { return "step \(step): due" }
        if random.one(in: 3), queue.nextDue() != oracle.values.map(\.due).min() { return "step \(step): next" }
      }
      return nil
    }
  }

  /// A timer set anew a million times is one timer.
  @Test func replacedAndCancelledTimersLeaveNothing() {
    var queue = TimerQueue()
    for i in 0..<200_000 {
      queue.set(owner: UInt32(i % 50), due: Int64(i))
      queue.set(owner: UInt32(i % 50), number: 1, due: Int64(-i))
      queue.cancel(owner: UInt32(i % 50), number: 1)
    }
    let (count, byteCount) = (queue.count, queue.byteCount)
    #expect(count == 50)
    #expect(byteCount < 100_000)
  }

  @Test func damagedLinksAreRefused() throws {
    var queue = TimerQueue()
    for i in 0..<5 { queue.set(owner: 3, number: Int64(i), due: 7) }
    let snapshot = StateSnapshot(prefix: "op")
    queue.snapshot("timers", into: snapshot)
    let checkpoint = try MemoryCheckpoint(snapshot)
    // `next` of the timer in slot 2
    checkpoint.change("op/timers/entries") { $0[2 * 40 + 16 + 16] = 77 }
    #expect(throws: StateError.self) { try checkpoint.restore { try queue.restore("timers", from: $0) } }
    let count = queue.count
    #expect(count == 5)
  }
}
