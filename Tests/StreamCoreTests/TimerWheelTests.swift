import StreamCore
import Testing
import TestSupport

/// The timer wheel against a list of deadlines.
@Suite struct TimerWheelTests {
  @Test func everythingDueFiresAndNothingFiresEarly() throws {
    try forRandomCases("timer wheel", count: 600) { random in
      let span = random.pick([1, 64, 1000, 1_800_000, 5_184_000_000])
      var wheel = TimerWheel(spanMilliseconds: Int64(span))
      defer { wheel.deallocate() }
      var next: [UInt32] = [0]  // links, by slot
      var deadlines: [Int64] = [0]
      var live: Set<UInt32> = []
      var now = Int64.random(in: -10_000_000_000...10_000_000_000, using: &random)
      func arm(_ slot: UInt32) {
        let b = wheel.bucket(deadline: deadlines[Int(slot)])
        next[Int(slot)] = unsafe wheel.heads[b]
        unsafe wheel.heads[b] = slot
      }
      for step in 0..<random.below(150) {
        for _ in 0..<random.below(4) {
          // near and far beyond the wheel; whoever arms a timer has seen that it is not due
          next.append(0)
          deadlines.append(now + 1 + Int64(random.below(random.pick([1, 2, span / 2 + 1, span, 3 * span, 50 * span]))))
          live.insert(UInt32(next.count - 1))
          arm(UInt32(next.count - 1))
        }
        // a deadline that moves on costs nothing: it is armed again when its old bucket fires
        if let slot = live.randomElement(using: &random) { deadlines[Int(slot)] += Int64(random.below(span)) }
        if step == 0, random.one(in: 2) { continue }  // arm before any time is known
        now += Int64(random.pick([0, 1, random.below(span / 64 + 2), random.below(span), 300 * span]))
        var looks = 0
        while let head = wheel.takeDue(at: now) {
          var slot = head
          while slot != 0 {
            let following = next[Int(slot)]
            if !live.contains(slot) { return "slot \(slot) is in two lists" }
            if deadlines[Int(slot)] <= now { live.remove(slot) } else { arm(slot) }
            slot = following
          }
          looks += 1
          if looks > TimerWheel.bucketCount { return "more than one turn of the wheel" }
        }
        if wheel.nextFire <= now { return "due again at once" }
        let complete = TimerWheel.complete(at: now, tickMilliseconds: wheel.tickMilliseconds)
        if complete > now || complete <= now - wheel.tickMilliseconds { return "complete \(complete) at \(now)" }
        if let missed = live.first(where: { deadlines[Int($0)] < complete }) {
          return "deadline \(deadlines[Int(missed)]) has not fired at \(now), complete \(complete)"
        }
      }
      return nil
    }
  }
}
