import Sessions
import Testing
import TestSupport

typealias Clicks = SimpleClicks<AnyOrder>
typealias OrderedClicks = SimpleClicks<EventTimeOrder>

/// Feeds a stream to the operators of a few partitions, in batches cut at random, as the stream engine does.
final class OperatorRun<Order: ClickOrder> {
  private(set) var operators: [Sessionizer<SimpleClicks<Order>>]
  let stream: RandomStream
  private let maxima: [Int64]
  private(set) var position = 0

  init(_ stream: RandomStream, partitions: Int = 1, program: SimpleClicks<Order> = SimpleClicks<Order>()) {
    self.stream = stream
    maxima = stream.runningMaxima
    operators = (0..<partitions).map { _ in Sessionizer(options: stream.options, program: program) }
  }
  deinit { for o in operators { o.deallocate() } }

  /// The watermark after the events taken so far.
  var watermark: Int64 { position == 0 ? .min : maxima[position - 1] - stream.delayMilliseconds }

  /// One batch: the next `count` events, then, if asked, the watermark that they brought to every partition.
  func take(_ count: Int, advance: Bool) {
    let range = position..<min(position + count, stream.clicks.count)
    let before = position == 0 ? Int64.min : maxima[position - 1]
    for p in operators.indices {
      var events: [Click] = []
      var local: [Int64] = []
      var highest = Int64.min
      for i in range {
        highest = max(highest, stream.clicks[i].time)
        if Int(stream.clicks[i].key) % operators.count == p {
          events.append(stream.clicks[i])
          local.append(highest)
        }
      }
      unsafe events.withUnsafeBufferPointer { e in
        guard let first = e.baseAddress else { return }
        unsafe operators[p].process(
          first, count: e.count, maximumBefore: before, runningMaxima: local,
          delayMilliseconds: stream.delayMilliseconds)
      }
    }
    position = range.upperBound
    if advance, position > 0 { for p in operators.indices { operators[p].advance(to: watermark) } }
  }

  /// Everything that is left, in batches of random sizes.
  func takeRest(_ random: inout SeededRandom) {
    let largest = random.pick([1, 3, 10, 1000])
    while position < stream.clicks.count { take(1 + random.below(largest), advance: random.below(3) > 0) }
  }
  /// The end of the input, at the watermark it has reached.
  func finish() {
    for p in operators.indices {
      operators[p].advance(to: watermark)
      operators[p].finish()
    }
  }
  func restore(_ p: Int, _ restored: Sessionizer<SimpleClicks<Order>>) {
    operators[p].deallocate()
    operators[p] = restored
  }

  var emissions: [Emission] { operators.flatMap { $0.program.emissions } }
  var closed: [Emission] { operators.flatMap { $0.program.closed } }
  var late: [Click] { operators.flatMap { $0.program.lateEvents } }

  /// What must hold after ``finish()`` whatever the stream was; nil or what is wrong.
  func wrongAfterFinish() -> String? {
    for o in operators {
      if let complaint = o.program.complaint { return complaint }
      if o.openCount != 0 { return "\(o.openCount) sessions open after the end" }
      if o.program.liveKeys != 0 { return "\(o.program.liveKeys) keys not given back" }
      if o.program.liveAggregates != 0 { return "\(o.program.liveAggregates) aggregates not given back" }
      if o.lateCount != o.program.lateEvents.count { return "\(o.lateCount) late events counted" }
      if o.openPeak > o.options.openSessionsMax { return "\(o.openPeak) sessions were open" }
    }
    let counted = closed.reduce(0) { $0 + $1.facts.count } + late.count
    if counted != stream.clicks.count { return "\(counted) events in sessions or late, of \(stream.clicks.count)" }
    return overlap(closed.map(\.facts), touching: Order.splitsInOrder)
  }
}

/// Two sessions of one key that overlap. `touching`: one may begin in the millisecond the other ends.
func overlap(_ facts: [SessionFacts], touching: Bool = false) -> String? {
  for (_, group) in Dictionary(grouping: facts, by: \.key) {
    let sorted = group.sorted { ($0.start, $0.last) < ($1.start, $1.last) }
    for (a, b) in zip(sorted, sorted.dropFirst()) where touching ? b.start < a.last : b.start <= a.last {
      return "overlapping sessions: \(a) and \(b)"
    }
  }
  return nil
}

/// What two multisets do not share; nil when they are equal.
func difference<T: Hashable>(_ found: [T], expected: [T]) -> String? {
  var counts: [T: Int] = [:]
  for x in found { counts[x, default: 0] += 1 }
  for x in expected { counts[x, default: 0] -= 1 }
  let wrong = counts.filter { $0.value != 0 }
  if wrong.isEmpty { return nil }
  let unexpected = wrong.filter { $0.value > 0 }.map { "unexpected \($0.key)" }.sorted().prefix(3)
  let missing = wrong.filter { $0.value < 0 }.map { "missing \($0.key)" }.sorted().prefix(3)
  return (unexpected + missing).joined(separator: "; ")
}
