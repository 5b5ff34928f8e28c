import StreamCore
import TestSupport

/// An operator of a random pipeline whose results depend on when intervals are closed.
///
/// Those with timers show the processing time that they saw, which the comparison takes from there.
enum ClosingOperation: Codable, Sendable {
  case none
  /// Keys time out for which nothing came.
  case mapWithStateTimeout(milliseconds: Int64)
  /// Timers in processing time, one of which sets another.
  case processingTimers(delay: Int64, forgets: Bool)
  /// State that lives for some time, seen by elements and by timers.
  case timeToLive(milliseconds: Int64, delay: Int64)
  /// Windows of event time, given out at the end of each interval too.
  case windows(WindowsPlan, mode: ModePlan, lateness: Int64)
  enum Name: String, CaseIterable { case mapWithStateTimeout, processingTimers, timeToLive, windows }
  var name: Name? { Name(rawValue: caseName(self)) }

  var isTimed: Bool { name == .windows }
  var goesByProcessingTime: Bool { name == .processingTimers || name == .timeToLive }

  static func random(_ random: inout SeededRandom) -> ClosingOperation {
    let duration = Int64(random.pick([1, 7, 30, 200]))
    switch random.below(6) {
    case 0: return .mapWithStateTimeout(milliseconds: duration)
    case 1: return .processingTimers(delay: duration, forgets: random.one(in: 2))
    case 2: return .timeToLive(milliseconds: duration, delay: Int64(random.pick([1, 10, 50])))
    default:
      return .windows(
        .random(&random), mode: random.pick([.update, .update, .complete, .complete, .append]),
        lateness: random.one(in: 2) ? 0 : span(&random))
    }
  }

  /// A timer's due time that no other timer of the key has.
  static func due(_ time: Int64, _ number: Int) -> Int64 { (time / 4) * 4 + Int64(number) }

  func apply(to stream: DStream<Event>, name: String, late: inout [DStream<Event>]) -> DStream<String> {
    let pairs = stream.map { ($0.key, $0) }
    switch self {
    case .none: return stream.map(\.description)
    case .mapWithStateTimeout(let milliseconds):
      return pairs.mapWithState(name: name, timeoutMilliseconds: milliseconds) {
        (key: Int, e: Event?, state: inout KeyState<Int>) -> String? in
        guard let e else { return "\(key) timed out \(state.value ?? -1)" }
        let folded = mixed(state.value ?? 0, e.value)
        state.value = folded % 13 == 0 ? nil : folded
        return "\(key) \(e.id) \(folded)"
      }.mapped
    case .processingTimers(let delay, let forgets):
      return pairs.processKeyed(name: name, startingWith: 0, timeMode: .processingTime) {
        (call: KeyedContext<Int, String>, e: Event, state: inout Int) in
        state = mixed(state, e.value)
        let number = e.value % 2
        call.setProcessingTimer(number, due: ClosingOperation.due(call.processingTime + delay, number))
        if e.value % 5 == 0 { call.cancelProcessingTimer(1) }
        call.emit("\(e.key) \(e.id) \(call.processingTime) \(state)")
      } onTimer: { (call: KeyedContext<Int, String>, timer, state: inout Int) in
        call.emit("\(call.key) timer \(timer.number) \(timer.due) \(state)")
        if timer.number == 0 { call.setProcessingTimer(2, due: ClosingOperation.due(timer.due + delay, 2)) }
        if forgets, timer.number == 1 { call.removeState() }
      }
    case .timeToLive(let milliseconds, let delay):
      return pairs.transformWithState(name: name, timeMode: .processingTime) { Fading(ttl: milliseconds, delay: delay) }
    case .windows(let windows, let mode, let lateness):
      let results = pairs.windowed(
        by: windows.windows, name: name, allowedLatenessMilliseconds: lateness, outputMode: mode.mode
      ).groups()
      late.append(results.late.map { $0.1 })
      return results.results.map { key, w in
        "\(key) \(w.window.start) \(w.window.end) \(w.value.map(\.id).sorted())"
      }
    }
  }
}

/// The latest values of a key, forgotten by the clock.
private final class Fading: StatefulProcessor<Int, Event, String> {
  private let ttl: Int64
  private let delay: Int64
  private var total: ValueState<Int, Int>!
  private var values: ListState<Int, Int>!
  private var classes: MapState<Int, Int, Int>!
  init(ttl: Int64, delay: Int64) {
    self.ttl = ttl
    self.delay = delay
  }
  override func declare(_ states: KeyedStates<Int>) {
    let ttl = StateTTL(milliseconds: ttl, domain: .processingTime)
    total = states.value("total", ttl: ttl)
    values = states.list("values", ttl: ttl)
    classes = states.map("classes", ttl: ttl)
  }
  override func process(_ e: Event, _ call: ProcessorCall<Int, String>) {
    total.value = (total.value ?? 0) &+ 1
    values.append(e.value)
    classes[e.value % 4] = (classes[e.value % 4] ?? 0) + 1
    let number = e.value % 2
    call.processingTimers.set(Int64(number), due: ClosingOperation.due(call.processingTime + delay, number))
    call.emit("\(e.key) \(e.id) \(call.processingTime) \(shown)")
  }
  override func onTimer(_ timer: KeyedTimer, _ call: ProcessorCall<Int, String>) {
    call.emit("\(call.key) timer \(timer.number) \(timer.due) \(shown)")
    if timer.number == 1 { classes.clear() }
  }
  private var shown: String {
    "\(total.value ?? -1) \(values.elements) \(classes.keys.sorted().map { [$0, classes[$0]!] })"
  }
}
