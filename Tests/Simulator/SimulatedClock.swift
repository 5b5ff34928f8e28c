import StreamCore
import Synchronization
import TestSupport

/// A clock that goes on by fits and starts, and jumps.
final class SimulatedClock: ProcessingClock {
  private struct State {
    var now: Int64
    var random: SeededRandom
  }
  private let state: Mutex<State>
  private let gate: WriterGate?
  private let tally: Tally

  init(milliseconds: Int64, _ random: SeededRandom, gate: WriterGate?, tally: Tally) {
    state = Mutex(State(now: milliseconds, random: random))
    self.gate = gate
    self.tally = tally
  }
  var nowMilliseconds: Int64 {
    state.withLock {
      if $0.random.one(in: 3) { $0.now += 1 }
      return $0.now
    }
  }
  func sleep(milliseconds: Int64) {
    let (wasAsleep, steps) = state.withLock {
      // now and then the machine was asleep
      let wasAsleep = $0.random.one(in: 40)
      $0.now += wasAsleep ? Int64($0.random.below(2000)) : max(0, milliseconds)
      return (wasAsleep, $0.random.below(4))
    }
    if wasAsleep { tally.count("machine asleep") }
    if steps > 0 { gate?.step(steps) }
  }
  /// Between two runs the machine's clock may be set to any time.
  func set(milliseconds: Int64) { state.withLock { $0.now = milliseconds } }
}
