/// The oracle of programs whose results depend on when intervals are closed: from the rows of each interval, the time
/// it was closed at and, where timers count from it, the processing time that its outputs show.
///
/// It takes the intervals as they were, since the program logs them (the ledger sees to it that each comes again as it
/// was). A program that does not log them has no such oracle.
struct ClosingReference {
  struct Element {
    var event: Event
    var time: Int64
    var watermark: Int64
  }
  struct Interval {
    var id: Int
    var time: Int64
    /// When it was opened, if its outputs tell.
    var opened: Int64?
    var elements: [Element]
    /// The watermark at its end; at the end of the input nothing more is waited for.
    var watermark: Int64
    var isEnd: Bool
  }
  let plan: Plan
  private(set) var intervals: [Interval] = []

  /// - Parameters:
  ///   - inputs: what the intervals brought, with their times.
  ///   - outputs: what the program gave.
  init(_ plan: Plan, inputs: [Ledger.Entry], outputs: [Ledger.Entry]) {
    self.plan = plan
    let rows = Dictionary(uniqueKeysWithValues: plan.rows[0].map { ("\($0.id)", $0) })
    let given = Dictionary(uniqueKeysWithValues: outputs.map { ($0.id, $0) })
    var watermark = Int64.min
    for input in inputs {
      var elements: [Element] = []
      for row in input.rows.map({ rows[$0]! }) {
        watermark = max(watermark, row.time - plan.delayMilliseconds)
        guard let value = value(of: row) else { continue }
        let event = Event(key: row.key, value: value, id: row.id)
        elements.append(Element(event: event, time: row.time, watermark: watermark))
      }
      intervals.append(
        Interval(
          id: input.id, time: input.timeMilliseconds, opened: Self.opened(given[input.id]), elements: elements,
          watermark: watermark, isEnd: false))
    }
    // what the end of the input closes comes as one more, if there is anything
    let last = inputs.last?.id ?? -1
    if let end = outputs.last, end.id > last {
      intervals.append(
        Interval(id: end.id, time: end.timeMilliseconds, elements: [], watermark: .max, isEnd: true))
    } else {
      intervals.append(Interval(id: last + 1, time: .min, elements: [], watermark: .max, isEnd: true))
    }
  }
  private func value(of row: Row) -> Int? {
    var value = row.value
    for operation in plan.operations {
      if case .map(let n) = operation { value = mixed(value, n) }
      if case .filter(let n) = operation, value % n == 0 { return nil }
    }
    return value
  }
  private static func opened(_ entry: Ledger.Entry?) -> Int64? {
    let words = entry?.rows.lazy.map { $0.split(separator: " ") }
    return words?.first { $0.count > 2 && $0[1] != "timer" }.flatMap { Int64($0[2]) }
  }

  /// What each interval gives, in any order, and what came too late.
  func expected() -> (outputs: [[String]], late: [String]) {
    switch plan.closingOperation {
    case .none: (intervals.map { $0.elements.map(\.event.description) }, [])
    case .mapWithStateTimeout(let timeout): (timeouts(timeout), [])
    case .processingTimers(let delay, let forgets): (timers(delay, forgets), [])
    case .timeToLive(let ttl, let delay): (fading(ttl, delay), [])
    case .windows(.session(let gap), let mode, let lateness): sessions(gap, mode, lateness)
    case .windows(let windows, let mode, let lateness): timeWindows(windows, mode, lateness)
    }
  }

  // MARK: processing time

  private func timeouts(_ timeout: Int64) -> [[String]] {
    var states: [Int: (value: Int, due: Int64)] = [:]
    return intervals.map { interval in
      var rows: [String] = []
      for e in interval.elements.map(\.event) {
        let folded = mixed(states[e.key]?.value ?? 0, e.value)
        states[e.key] = folded % 13 == 0 ? nil : (folded, interval.time + timeout)
        rows.append("\(e.key) \(e.id) \(folded)")
      }
      if interval.isEnd { return rows }
      for (key, state) in states where state.due <= interval.time {
        rows.append("\(key) timed out \(state.value)")
        states[key] = nil
      }
      return rows
    }
  }

  private func timers(_ delay: Int64, _ forgets: Bool) -> [[String]] {
    var states: [Int: Int] = [:]
    var dues: [Int: [Int: Int64]] = [:]
    return intervals.map { interval in
      var rows: [String] = []
      for e in interval.elements.map(\.event) {
        let opened = interval.opened ?? .min
        states[e.key] = mixed(states[e.key] ?? 0, e.value)
        dues[e.key, default: [:]][e.value % 2] = ClosingOperation.due(opened + delay, e.value % 2)
        if e.value % 5 == 0 { dues[e.key]![1] = nil }
        rows.append("\(e.key) \(e.id) \(opened) \(states[e.key]!)")
      }
      for key in dues.keys {
        while let next = dues[key]!.filter({ $0.value <= interval.time }).min(by: { $0.value < $1.value }) {
          dues[key]![next.key] = nil
          rows.append("\(key) timer \(next.key) \(next.value) \(states[key] ?? 0)")
          if next.key == 0 { dues[key]![2] = ClosingOperation.due(next.value + delay, 2) }
          if forgets, next.key == 1 { (states[key], dues[key]) = (nil, [:]) }
        }
      }
      return rows
    }
  }

  /// States of a key that expire one by one.
  private struct Faded {
    var total: (value: Int, until: Int64)?
    var values: [(value: Int, until: Int64)] = []
    var classes: [Int: (count: Int, until: Int64)] = [:]
    var dues: [Int: Int64] = [:]
    mutating func forget(_ now: Int64) {
      if let t = total, t.until <= now { total = nil }
      values.removeAll { $0.until <= now }
      classes = classes.filter { $0.value.until > now }
    }
    var shown: String {
      "\(total?.value ?? -1) \(values.map(\.value)) \(classes.keys.sorted().map { [$0, classes[$0]!.count] })"
    }
  }
  private func fading(_ ttl: Int64, _ delay: Int64) -> [[String]] {
    var states: [Int: Faded] = [:]
    // the clock may be set back between runs: for states it stands still then
    var now = Int64.min
    return intervals.map { interval in
      var rows: [String] = []
      for e in interval.elements.map(\.event) {
        let opened = interval.opened ?? .min
        now = max(now, opened)
        var s = states[e.key] ?? Faded()
        s.forget(now)
        s.total = ((s.total?.value ?? 0) + 1, now + ttl)
        s.values.append((e.value, now + ttl))
        s.classes[e.value % 4] = ((s.classes[e.value % 4]?.count ?? 0) + 1, now + ttl)
        s.dues[e.value % 2] = ClosingOperation.due(opened + delay, e.value % 2)
        rows.append("\(e.key) \(e.id) \(opened) \(s.shown)")
        states[e.key] = s
      }
      now = max(now, interval.time)
      for key in states.keys {
        states[key]!.forget(now)
        while let next = states[key]!.dues.filter({ $0.value <= interval.time }).min(by: { $0.value < $1.value }) {
          states[key]!.dues[next.key] = nil
          rows.append("\(key) timer \(next.key) \(next.value) \(states[key]!.shown)")
          if next.key == 1 { states[key]!.classes = [:] }
        }
      }
      return rows
    }
  }

  // MARK: windows

  private struct Place: Hashable {
    var key: Int
    var start: Int64
    var end: Int64
  }
  private func text(_ key: Int, _ start: Int64, _ end: Int64, _ ids: [Int]) -> String {
    "\(key) \(start) \(end) \(ids.sorted())"
  }

  /// With updates each window that an interval changed comes once, closed or not.
  private func timeWindows(
    _ windows: WindowsPlan, _ mode: ModePlan, _ lateness: Int64
  ) -> (outputs: [[String]], late: [String]) {
    var open: [Place: [Int]] = [:]
    var late: [String] = []
    let outputs = intervals.map { interval -> [String] in
      var changed: Set<Place> = []
      for e in interval.elements {
        let taken = Reference.windows(windows, of: e.time).filter {
          mode == .complete || $0.end + lateness > e.watermark
        }
        if taken.isEmpty { late.append(e.event.description) }
        for w in taken {
          let place = Place(key: e.event.key, start: w.start, end: w.end)
          open[place, default: []].append(e.event.id)
          changed.insert(place)
        }
      }
      let closed = open.keys.filter { interval.isEnd || $0.end + lateness <= interval.watermark }
      let given: any Sequence<Place> =
        switch mode {
        case .append: closed
        case .update: changed
        case .complete: interval.isEnd ? [] : Array(open.keys)
        }
      let rows = given.map { text($0.key, $0.start, $0.end, open[$0]!) }
      if mode != .complete { for place in closed { open[place] = nil } }
      return rows
    }
    return (outputs, late)
  }

  private func sessions(_ gap: Int64, _ mode: ModePlan, _ lateness: Int64) -> (outputs: [[String]], late: [String]) {
    var book = SessionBook<Int>(gap: gap, lateness: lateness, keepsAll: mode == .complete)
    var late: [String] = []
    let outputs = intervals.map { interval -> [String] in
      var given: [SessionBook<Int>.Session] = []
      for e in interval.elements {
        given += book.close(e.watermark)
        if !book.add(e.event.key, e.event.id, e.time, e.watermark, interval: interval.id) {
          late.append(e.event.description)
        }
      }
      given += book.close(interval.watermark)
      switch mode {
      case .append: break
      case .update: given = (given + book.sessions).filter { $0.changed == interval.id }
      case .complete: given = interval.isEnd ? [] : book.sessions
      }
      return given.map { text($0.key, $0.start, $0.last + gap, $0.values) }
    }
    return (outputs, late)
  }
}
