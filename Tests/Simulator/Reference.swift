import StreamCore

/// An element and where it stands.
struct Placed {
  var event: Event
  /// The watermark of its source right after it.
  var watermark: Int64
  var source: Int
  var number: Int
  var time: Int64
  /// Which of several branches of the stream it is in.
  var branch = 0
}

/// What a plan's rows come to, computed from scratch: no batches, no state tables, no timers' queue, nothing of the engine.
///
/// Goes as far as the first operator with state. By event time the elements stand in the order of (watermark of the
/// source, source, number), whatever was read when; without it there is one source, and its order.
struct Reference {
  let plan: Plan
  /// What the first operator with state gives and what it finds late, in any order.
  struct Results {
    var outputs: [String] = []
    var late: [String] = []
  }

  /// The rows as they stand.
  var placed: [Placed] {
    var all: [Placed] = []
    for (s, rows) in plan.rows.enumerated() {
      var watermark = Int64.min
      for (i, row) in rows.enumerated() {
        watermark = max(watermark, row.time - plan.delayMilliseconds)
        let event = Event(key: row.key, value: row.value, id: row.id)
        all.append(
          Placed(
            event: event, watermark: watermark, source: s, number: i, time: row.time,
            branch: plan.separateStreams ? s : 0))
      }
    }
    return all.sorted { ($0.watermark, $0.source, $0.number) < ($1.watermark, $1.source, $1.number) }
  }

  /// What comes to the first operator with state; nil when its order is not told by positions alone.
  func arriving(at end: Int) -> [Placed]? {
    var elements = placed
    var branchCount = plan.separateStreams ? plan.rows.count : 1
    var hasTies = false
    for operation in plan.operations[..<end] {
      switch operation {
      case .map(let n): elements = elements.map { $0.with(mixed($0.event.value, n)) }
      case .filter(let n): elements = elements.filter { $0.event.value % n != 0 }
      case .flatMap:
        hasTies = true
        elements = elements.flatMap { e in
          (0..<e.event.value % 3).map { n in
            var made = e.with(mixed(e.event.value, n))
            made.event.key = (e.event.key + n) % 11
            return made
          }
        }
      case .union:
        hasTies = true
        let changed = elements.map { e in
          var changed = e.with(mixed(e.event.value, 77))
          changed.branch += branchCount
          return changed
        }
        elements = elements.filter { $0.event.value % 2 == 0 } + changed
        branchCount *= 2
      case .repartition, .single:
        // what stands in one place is dealt out to partitions
        if hasTies, operation.name == .repartition { return nil }
        elements = ordered(elements)
        for i in elements.indices { elements[i].branch = 0 }
        branchCount = 1
      default: return nil
      }
    }
    return ordered(elements)
  }
  /// By position, then branch, then as they were.
  private func ordered(_ elements: [Placed]) -> [Placed] {
    elements.enumerated().sorted {
      let (a, b) = ($0.element, $1.element)
      return (a.watermark, a.source, a.number, a.branch, $0.offset)
        < (b.watermark, b.source, b.number, b.branch, $1.offset)
    }.map(\.element)
  }

  /// Of a program by event time.
  func firstStateful() -> Results? {
    guard plan.kind == .eventTime, let at = plan.firstStateful, let elements = arriving(at: at) else { return nil }
    switch plan.operations[at] {
    case .mapWithState: return Results(outputs: Self.mapWithState(elements.map(\.event)).map(\.description))
    case .dropDuplicates(let modulus):
      var seen: Set<Int> = []
      let first = elements.filter { seen.insert($0.event.value % modulus).inserted }
      return Results(outputs: first.map(\.event.description))
    case .windows(.session(let gap), let lateness): return sessions(elements, gap, lateness)
    case .windows(let windows, let lateness): return timeWindows(elements, windows, lateness)
    case .dropDuplicatesWithin(let modulus, let horizon): return dropDuplicates(elements, modulus, horizon)
    case .process(let delay, let forgets): return TimerReference(elements).process(delay, forgets)
    case .transform(let delay, let ttl): return TimerReference(elements).transform(delay, ttl)
    case .join(let type, let before, let after): return join(elements, type, before, after)
    default: return nil
    }
  }

  /// All of a program by key.
  func byKey() -> [String] {
    var events = plan.rows[0].map { Event(key: $0.key, value: $0.value, id: $0.id) }
    for operation in plan.operations {
      switch operation {
      case .map(let n): events = events.map { Event(key: $0.key, value: mixed($0.value, n), id: $0.id) }
      case .filter(let n): events = events.filter { $0.value % n != 0 }
      case .mapWithState: events = Self.mapWithState(events)
      default: break
      }
    }
    return events.map(\.description)
  }

  private static func mapWithState(_ events: [Event]) -> [Event] {
    var states: [Int: Int] = [:]
    return events.map { e in
      let folded = mixed(states[e.key] ?? 0, e.value)
      states[e.key] = folded % 13 == 0 ? nil : folded
      return Event(key: e.key, value: folded, id: e.id)
    }
  }

  // MARK: operators by event time

  private func text(_ key: Int, _ start: Int64, _ end: Int64, _ values: [Int]) -> String {
    let ends = mixed(Int(start & 0xffff), Int(end & 0xffff))
    return Event(key: key, value: values.reduce(ends) { mixed($0, $1) }, id: values.count).description
  }
  /// Every element is in each of its windows that the watermark has not reached.
  private func timeWindows(_ elements: [Placed], _ windows: WindowsPlan, _ lateness: Int64) -> Results {
    var results = Results()
    var open: [[Int64]: [Int]] = [:]
    for e in elements {
      let taken = Self.windows(windows, of: e.time).filter { $0.end + lateness > e.watermark }
      if taken.isEmpty { results.late.append(e.event.description) }
      for w in taken { open[[Int64(e.event.key), w.start, w.end], default: []].append(e.event.value) }
    }
    results.outputs = open.map { text(Int($0[0]), $0[1], $0[2], $1) }
    return results
  }
  /// The windows a time is in, found by trying.
  static func windows(_ windows: WindowsPlan, of time: Int64) -> [(start: Int64, end: Int64)] {
    let (length, slide, offset): (Int64, Int64, Int64) =
      switch windows {
      case .tumbling(let length, let offset): (length, length, offset)
      case .sliding(let length, let slide): (length, slide, 0)
      case .session(let gap): (gap, gap, 0)
      }
    return ((time - length + 1)...time).filter { ($0 - offset) % slide == 0 }.map { ($0, $0 + length) }
  }
  /// Sessions by hand: a list a key, first those closed that the watermark has passed.
  private func sessions(_ elements: [Placed], _ gap: Int64, _ lateness: Int64) -> Results {
    var book = SessionBook<Int>(gap: gap, lateness: lateness)
    var results = Results()
    for e in elements {
      results.outputs += book.close(e.watermark).map { text($0.key, $0.start, $0.last + gap, $0.values) }
      if !book.add(e.event.key, e.event.value, e.time, e.watermark) { results.late.append(e.event.description) }
    }
    results.outputs += book.close(.max).map { text($0.key, $0.start, $0.last + gap, $0.values) }
    return results
  }
  private func dropDuplicates(_ elements: [Placed], _ modulus: Int, _ horizon: Int64) -> Results {
    var results = Results()
    var until: [Int: Int64] = [:]
    for e in elements {
      let key = e.event.value % modulus
      let isKnown = until[key].map { $0 >= e.watermark } ?? false
      if isKnown { continue }
      if e.time < e.watermark {
        results.late.append(e.event.description)
      } else {
        until[key] = e.time + horizon
        results.outputs.append(e.event.description)
      }
    }
    return results
  }
  /// Every pair of elements that were not late, and those that are in none.
  private func join(_ elements: [Placed], _ type: JoinPlan, _ before: Int64, _ after: Int64) -> Results {
    var results = Results()
    let (lefts, rights) = JoinedRows.sides(elements)
    for e in lefts + rights where e.time < e.watermark {
      results.late.append(Event(key: e.event.key, value: -1, id: 0).description)
    }
    let (l, r) = (lefts.filter { $0.time >= $0.watermark }, rights.filter { $0.time >= $0.watermark })
    func isPair(_ a: Placed, _ b: Placed) -> Bool {
      a.event.key == b.event.key && b.time >= a.time - before && b.time <= a.time + after
    }
    func give(_ a: Placed?, _ b: Placed?) {
      let value = mixed(a?.event.value ?? 1, b?.event.value ?? 2)
      let key = a?.event.key ?? b?.event.key ?? -1
      results.outputs.append(Event(key: key, value: value, id: a?.event.id ?? b?.event.id ?? -1).description)
    }
    for a in l {
      let partners = r.filter { isPair(a, $0) }
      if type == .leftSemi {
        if !partners.isEmpty { give(a, nil) }
        continue
      }
      for b in partners { give(a, b) }
      if partners.isEmpty, type == .leftOuter || type == .fullOuter { give(a, nil) }
    }
    if type == .rightOuter || type == .fullOuter {
      for b in r where !l.contains(where: { isPair($0, b) }) { give(nil, b) }
    }
    return results
  }
}

extension Placed {
  fileprivate func with(_ value: Int) -> Placed {
    var changed = self
    changed.event.value = value
    return changed
  }
}

/// The rows that a join has to hold, for programs that hold nothing else.
struct JoinedRows {
  private let lefts: [Placed]
  private let rights: [Placed]
  private let before: Int64
  private let after: Int64

  init?(_ plan: Plan) {
    guard plan.kind == .eventTime, !plan.habits.givesAgain, plan.runs.allSatisfy({ !$0.hasWitness }),
      plan.operations.count(where: \.isStateful) == 1, let at = plan.firstStateful,
      case .join(_, let before, let after) = plan.operations[at],
      let elements = Reference(plan: plan).arriving(at: at)
    else { return nil }
    (lefts, rights) = Self.sides(elements.filter { $0.time >= $0.watermark })
    (self.before, self.after) = (before, after)
  }
  /// What simulated joins take as left and as right elements.
  static func sides(_ elements: [Placed]) -> (left: [Placed], right: [Placed]) {
    (elements.filter { $0.event.value % 3 != 0 }, elements.filter { $0.event.value % 3 != 1 })
  }
  /// Keys of which there may still be a partner for some row, at most.
  func keysWaiting(at watermark: Int64) -> Int {
    let left = lefts.filter { $0.watermark <= watermark && $0.time + after >= watermark }
    let right = rights.filter { $0.watermark <= watermark && $0.time + before >= watermark }
    return Set((left + right).map(\.event.key)).count
  }
}
extension RunPlan {
  fileprivate var hasWitness: Bool { Plan.Edition(number: edition).hasWitness }
}
