/// The oracle of programs with timers in event time: key by key, from the elements that stand in order.
struct TimerReference {
  private let elements: [Placed]
  init(_ elements: [Placed]) { self.elements = elements }

  private struct Timer {
    var number: Int
    var due: Int64
    /// When it was set, to tell apart two that are due together.
    var order: Int
  }
  private struct Timers {
    var all: [Timer] = []
    private var count = 0
    mutating func set(_ number: Int, _ due: Int64) {
      all.removeAll { $0.number == number }
      all.append(Timer(number: number, due: due, order: count))
      count += 1
    }
    mutating func next(_ watermark: Int64) -> Timer? {
      let next = all.filter { $0.due <= watermark }.min { ($0.due, $0.order) < ($1.due, $1.order) }
      if let next { all.removeAll { $0.number == next.number } }
      return next
    }
  }
  private func byKey(_ body: (Int, [Placed]) -> [Event]) -> Reference.Results {
    let groups = Dictionary(grouping: elements) { $0.event.key }
    return Reference.Results(outputs: groups.flatMap { body($0, $1) }.map(\.description))
  }

  func process(_ delay: Int64, _ forgets: Bool) -> Reference.Results {
    byKey { key, elements in
      var (outputs, values, timers) = ([Event](), [Int](), Timers())
      func fire(_ watermark: Int64) {
        while let t = timers.next(watermark) {
          outputs.append(Event(key: key, value: values.reduce(t.number) { mixed($0, $1) }, id: -2))
          if forgets, t.number == 0 { (values, timers) = ([], Timers()) }
        }
      }
      for e in elements {
        fire(e.watermark)
        values.append(e.event.value)
        if values.count > 5 { values.removeFirst() }
        timers.set(e.event.value % 2, e.time + delay)
        if e.event.value % 5 == 0 { timers.all.removeAll { $0.number == 1 } }
        if e.event.value % 4 == 0 { outputs.append(Event(key: key, value: values.count, id: e.event.id)) }
        fire(e.watermark)
      }
      fire(.max)
      return outputs
    }
  }

  func transform(_ delay: Int64, _ ttl: Int64) -> Reference.Results {
    byKey { key, elements in
      var (outputs, timers, total) = ([Event](), Timers(), 0)
      var values: [(value: Int, until: Int64)] = []
      var classes: [Int: (count: Int, until: Int64)] = [:]
      func forget(_ now: Int64) {
        values.removeAll { $0.until <= now }
        classes = classes.filter { $0.value.until > now }
      }
      /// Timers that time reaches, each at its moment; those set for a time that has passed, at the watermark.
      func fire(_ watermark: Int64, at now: Int64?) {
        while let t = timers.next(watermark) {
          forget(now ?? t.due)
          let folded = values.reduce(total) { mixed($0, $1.value) }
          let counts = classes.keys.sorted().reduce(folded) { mixed($0, mixed($1, classes[$1]!.count)) }
          outputs.append(Event(key: key, value: counts, id: -3))
          if t.number == 1 { values = [] }
        }
      }
      for e in elements {
        fire(e.watermark, at: nil)
        forget(e.watermark)
        let until = max(e.time, e.watermark) + ttl
        values.append((e.event.value, until))
        classes[e.event.value % 4] = ((classes[e.event.value % 4]?.count ?? 0) + 1, until)
        total += 1
        timers.set(e.event.value % 2, e.time + delay)
        if e.event.value % 6 == 0 { outputs.append(Event(key: key, value: values.count, id: e.event.id)) }
        fire(e.watermark, at: e.watermark)
      }
      fire(.max, at: nil)
      return outputs
    }
  }
}
