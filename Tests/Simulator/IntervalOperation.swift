import StreamCore
import TestSupport

/// ``IntervalWindow`` as data.
struct IntervalWindowPlan: Codable, Sendable {
  var intervals: Int
  var slide: Int
  var window: IntervalWindow { .intervals(intervals, slide: slide) }
}

/// An operator of a random pipeline that works by interval.
enum IntervalOperation: Codable, Sendable {
  case none
  case count
  case reduce
  case countByValue
  case reduceByKey
  case groupByKey
  case updateStateByKey
  case stateSnapshots
  case window(IntervalWindowPlan)
  case reduceByWindow(IntervalWindowPlan, isIncremental: Bool)
  case reduceByKeyAndWindow(IntervalWindowPlan, isIncremental: Bool)
  case groupByKeyAndWindow(IntervalWindowPlan)
  case countByWindow(IntervalWindowPlan)
  case countByValueAndWindow(IntervalWindowPlan)
  case join(JoinPlan)
  enum Name: String, CaseIterable {
    case none, count, reduce, countByValue, reduceByKey, groupByKey, updateStateByKey, stateSnapshots, window
    case reduceByWindow, reduceByKeyAndWindow, groupByKeyAndWindow, countByWindow, countByValueAndWindow, join
  }
  var name: Name { Name(rawValue: caseName(self))! }

  static func random(_ random: inout SeededRandom) -> IntervalOperation {
    let window = IntervalWindowPlan(intervals: 1 + random.below(4), slide: 1 + random.below(3))
    let choices: [IntervalOperation] = [
      .none, .count, .reduce, .countByValue, .reduceByKey, .groupByKey, .updateStateByKey, .stateSnapshots,
      .window(window), .reduceByWindow(window, isIncremental: random.one(in: 2)),
      .reduceByKeyAndWindow(window, isIncremental: random.one(in: 2)), .groupByKeyAndWindow(window),
      .countByWindow(window), .countByValueAndWindow(window),
      .join(random.pick([.inner, .leftOuter, .rightOuter, .fullOuter])),
    ]
    return random.pick(choices)
  }

  var isJoin: Bool { if case .join = self { true } else { false } }

  func apply(to stream: DStream<Event>, name: String) -> DStream<String> {
    let values = stream.map { $0.value }
    let pairs = stream.map { ($0.key, $0.value) }
    switch self {
    case .none: return stream.map(\.description)
    case .count: return stream.count(name: name).map { "\($0)" }
    case .reduce: return values.reduce(name: name) { $0 &+ $1 }.map { "\($0)" }
    case .countByValue: return stream.map { $0.value % 5 }.countByValue(name: name).map { "\($0.0) \($0.1)" }
    case .reduceByKey: return pairs.reduceByKey(name: name) { $0 &+ $1 }.map { "\($0.0) \($0.1)" }
    case .groupByKey: return pairs.groupByKey(name: name).map { "\($0.0) \($0.1.sorted())" }
    case .updateStateByKey:
      return pairs.updateStateByKey(name: name) { (_: Int, values: [Int], state: Int?) -> Int? in
        let sum = values.reduce(state ?? 0, &+)
        return values.isEmpty && sum % 4 == 0 ? nil : sum &+ 1
      }.map { "\($0.0) \($0.1)" }
    case .stateSnapshots:
      let states = pairs.mapWithState(name: name) { (_: Int, value: Int?, state: inout KeyState<Int>) -> Int? in
        state.value = (state.value ?? 0) &+ (value ?? 0)
        return nil
      }
      return states.stateSnapshots.map { "\($0.0) \($0.1)" }
    case .window(let w): return stream.window(w.window, name: name).map(\.description)
    case .reduceByWindow(let w, let isIncremental):
      return values.reduceByWindow(
        w.window, name: name, { $0 &+ $1 }, inverse: isIncremental ? { @Sendable in $0 &- $1 } : nil
      )
      .map { "\($0)" }
    case .reduceByKeyAndWindow(let w, let isIncremental):
      return pairs.reduceByKeyAndWindow(
        w.window, name: name, { $0 &+ $1 }, inverse: isIncremental ? { @Sendable in $0 &- $1 } : nil
      )
      .map { "\($0.0) \($0.1)" }
    case .groupByKeyAndWindow(let w):
      return pairs.groupByKeyAndWindow(w.window, name: name).map { "\($0.0) \($0.1.sorted())" }
    case .countByWindow(let w): return stream.countByWindow(w.window, name: name).map { "\($0)" }
    case .countByValueAndWindow(let w):
      return stream.map { $0.value % 5 }.countByValueAndWindow(w.window, name: name).map { "\($0.0) \($0.1)" }
    case .join(let type):
      let left = stream.filter { $0.value % 3 != 0 }.map { ($0.key, $0.value) }
      let right = stream.filter { $0.value % 3 != 1 }.map { ($0.key, $0.id) }
      @Sendable func text(_ key: Int, _ l: Int?, _ r: Int?) -> String {
        "\(key) \(l.map { "\($0)" } ?? "-") \(r.map { "\($0)" } ?? "-")"
      }
      switch type {
      case .inner: return left.join(right, name: name).map { text($0.0, $0.1.0, $0.1.1) }
      case .leftOuter: return left.leftOuterJoin(right, name: name).map { text($0.0, $0.1.0, $0.1.1) }
      case .rightOuter: return left.rightOuterJoin(right, name: name).map { text($0.0, $0.1.0, $0.1.1) }
      default: return left.fullOuterJoin(right, name: name).map { text($0.0, $0.1.0, $0.1.1) }
      }
    }
  }
}
