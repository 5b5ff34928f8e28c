import StreamCore
import TestSupport

/// What flows between the operators of simulated pipelines.
struct Event: Codable, Sendable, Equatable, CustomStringConvertible {
  var key: Int
  var value: Int
  var id: Int
  var description: String { "\(key) \(value) \(id)" }
}

/// A number that shows each of the two and their order.
func mixed(_ a: Int, _ b: Int) -> Int { (a &* 1_000_003 &+ b &* 8191 &+ 12_345) & 0xfff_ffff }

/// An operator of a random pipeline whose results do not depend on intervals.
enum EventTimeOperation: Codable, Sendable {
  case map(Int)
  case filter(Int)
  case flatMap
  case union
  case repartition
  case single
  case mapWithState
  case dropDuplicates(modulus: Int)
  // of streams with event time only
  case windows(WindowsPlan, lateness: Int64)
  case dropDuplicatesWithin(modulus: Int, horizon: Int64)
  case process(delay: Int64, forgets: Bool)
  case transform(delay: Int64, ttl: Int64)
  case join(JoinPlan, before: Int64, after: Int64)
  enum Name: String, CaseIterable {
    case map, filter, flatMap, union, repartition, single, mapWithState, dropDuplicates, windows, dropDuplicatesWithin
    case process, transform, join
  }
  var name: Name { Name(rawValue: caseName(self))! }

  static func random(isTimed: Bool, _ random: inout SeededRandom) -> EventTimeOperation {
    switch random.below(isTimed ? 16 : 8) {
    case 0: return .map(random.below(100))
    case 1: return .filter(2 + random.below(5))
    case 2: return .flatMap
    case 3: return .union
    case 4: return .repartition
    case 5: return .single
    case 6: return .mapWithState
    case 7: return .dropDuplicates(modulus: random.pick([3, 50, 1000]))
    case 8, 9, 10:
      let lateness = random.one(in: 2) ? 0 : span(&random)
      return .windows(.random(&random), lateness: lateness)
    case 11: return .dropDuplicatesWithin(modulus: random.pick([3, 50]), horizon: span(&random))
    case 12: return .process(delay: span(&random), forgets: random.one(in: 2))
    case 13: return .transform(delay: span(&random), ttl: span(&random))
    default:
      let before = span(&random)
      return .join(
        random.pick(JoinPlan.allCases), before: before, after: random.one(in: 4) ? -before : span(&random))
    }
  }
  /// Whether elements stay with their key, so that they stay in order without event time.
  var keepsKeys: Bool {
    switch self {
    case .map, .filter, .mapWithState, .single: true
    default: false
    }
  }

  var isStateful: Bool {
    switch self {
    case .map, .filter, .flatMap, .union, .repartition, .single: false
    default: true
    }
  }
  var isJoin: Bool { if case .join = self { true } else { false } }
  var isByKey: Bool {
    switch self {
    case .mapWithState, .dropDuplicates: true
    default: false
    }
  }
  var isElementwise: Bool {
    switch self {
    case .map, .filter: true
    default: false
    }
  }

  /// Adds the operator to a stream, and what it finds late to `late`.
  func apply(to stream: DStream<Event>, name: String, late: inout [DStream<Event>]) -> DStream<Event> {
    switch self {
    case .map(let n): return stream.map { Event(key: $0.key, value: mixed($0.value, n), id: $0.id) }
    case .filter(let n): return stream.filter { $0.value % n != 0 }
    case .flatMap:
      return stream.flatMap { e in
        (0..<e.value % 3).map { Event(key: (e.key + $0) % 11, value: mixed(e.value, $0), id: e.id) }
      }
    case .union:
      let changed = stream.map { Event(key: $0.key, value: mixed($0.value, 77), id: $0.id) }
      return stream.filter { $0.value % 2 == 0 }.union(changed)
    case .repartition: return stream.repartition(name: name)
    case .single: return stream.singlePartition(name: name)
    case .mapWithState:
      return stream.map { ($0.key, $0) }.mapWithState(name: name) {
        (_: Int, e: Event?, state: inout KeyState<Int>) -> Event? in
        guard let e else { return nil }
        let folded = mixed(state.value ?? 0, e.value)
        state.value = folded % 13 == 0 ? nil : folded
        return Event(key: e.key, value: folded, id: e.id)
      }.mapped
    case .dropDuplicates(let modulus): return stream.dropDuplicates(name: name) { $0.value % modulus }
    case .windows(let windows, let lateness): return windowed(stream, windows.windows, lateness, name, &late)
    case .dropDuplicatesWithin(let modulus, let horizon):
      let unique = stream.dropDuplicatesWithinWatermark(name: name, horizonMilliseconds: horizon) { $0.value % modulus }
      late.append(unique.late)
      return unique.unique
    case .process(let delay, let forgets): return processed(stream, delay, forgets, name)
    case .transform(let delay, let ttl):
      return stream.map { ($0.key, $0) }.transformWithState(name: name) { Recent(delay: delay, ttl: ttl) }
    case .join(let type, let before, let after):
      let bounds = TimeBounds(beforeMilliseconds: before, afterMilliseconds: after)
      let left = stream.filter { $0.value % 3 != 0 }.map { ($0.key, $0) }
      let right = stream.filter { $0.value % 3 != 1 }.map { ($0.key, $0) }
      let joined = left.joined(right, name: name, within: bounds, type.type) { ($0, $1) }
      late.append(joined.late.map { Event(key: $0.0, value: -1, id: 0) })
      return joined.results.map { key, pair in
        Event(key: key, value: mixed(pair.0?.value ?? 1, pair.1?.value ?? 2), id: pair.0?.id ?? pair.1?.id ?? -1)
      }
    }
  }

  private func windowed(
    _ stream: DStream<Event>, _ windows: TimeWindows, _ lateness: Int64, _ name: String, _ late: inout [DStream<Event>]
  ) -> DStream<Event> {
    let results = stream.map { ($0.key, $0) }
      .windowed(by: windows, name: name, allowedLatenessMilliseconds: lateness).groups()
    late.append(results.late.map { $0.1 })
    return results.results.map { key, w in
      let ends = mixed(Int(w.window.start & 0xffff), Int(w.window.end & 0xffff))
      return Event(key: key, value: w.value.reduce(ends) { mixed($0, $1.value) }, id: w.value.count)
    }
  }

  private func processed(_ stream: DStream<Event>, _ delay: Int64, _ forgets: Bool, _ name: String) -> DStream<Event> {
    stream.map { ($0.key, $0) }.processKeyed(name: name, startingWith: [Int]()) {
      (call: KeyedContext<Int, Event>, e: Event, state: inout [Int]) in
      state.append(e.value)
      if state.count > 5 { state.removeFirst() }
      call.setTimer(e.value % 2, due: call.eventTime + delay)
      if e.value % 5 == 0 { call.cancelTimer(1) }
      if e.value % 4 == 0 { call.emit(Event(key: e.key, value: state.count, id: e.id)) }
    } onTimer: {
      (call: KeyedContext<Int, Event>, timer, state: inout [Int]) in
      call.emit(Event(key: call.key, value: state.reduce(timer.number) { mixed($0, $1) }, id: -2))
      if forgets, timer.number == 0 { call.removeState() }
    }
  }
}

/// The latest elements of a key by their classes, given out by a timer.
private final class Recent: StatefulProcessor<Int, Event, Event> {
  private let delay: Int64
  private let ttl: Int64
  private var values: ListState<Int, Int>!
  private var classes: MapState<Int, Int, Int>!
  private var total: ValueState<Int, Int>!
  init(delay: Int64, ttl: Int64) {
    self.delay = delay
    self.ttl = ttl
  }
  override func declare(_ states: KeyedStates<Int>) {
    let ttl = StateTTL(milliseconds: ttl, domain: .eventTime)
    values = states.list("values", ttl: ttl)
    classes = states.map("classes", ttl: ttl)
    total = states.value("total")
  }
  override func process(_ e: Event, _ call: ProcessorCall<Int, Event>) {
    values.append(e.value)
    classes[e.value % 4] = (classes[e.value % 4] ?? 0) + 1
    total.value = (total.value ?? 0) &+ 1
    call.eventTimers.set(Int64(e.value % 2), due: call.eventTime + delay)
    if e.value % 6 == 0 { call.emit(Event(key: e.key, value: values.count, id: e.id)) }
  }
  override func onTimer(_ timer: KeyedTimer, _ call: ProcessorCall<Int, Event>) {
    let folded = values.elements.reduce(total.value ?? 0) { mixed($0, $1) }
    let counts = classes.keys.sorted().reduce(folded) { mixed($0, mixed($1, classes[$1] ?? 0)) }
    call.emit(Event(key: call.key, value: counts, id: -3))
    if timer.number == 1 { values.clear() }
  }
}
