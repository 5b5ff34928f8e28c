import StreamCore

/// An element at its place in the merged order, as the oracles see it.
struct Placed {
  var watermark: Int64
  /// Source, then number in it; `.max` for what a timer gives.
  var sequence: Int64
  var time: Int64
  var key: Int
  var text: String
  var stream = 0
  var isLate = false

  func lagging(_ milliseconds: Int64) -> Placed {
    var p = self
    p.watermark -= milliseconds
    return p
  }
  var line: String { "\(isLate ? "late " : "")\(key): \(text)" }
}

/// The partition of a key, from what ``StreamKey`` promises: the top bits of its hash.
func partition(_ key: Int, groups: Int) -> Int {
  groups == 1 ? 0 : Int(key.stableHash >> UInt64(64 - groups.trailingZeroBitCount))
}

/// Elements taken one by one in the merged order, and timers that fire before the first whose watermark reaches them: in
/// the order of due time, partition, and when they were set.
struct OracleTimers<Tag> {
  struct Timer {
    var due: Int64
    var partition: Int
    var set: Int
    var tag: Tag
  }
  var timers: [Timer] = []
  var setCount = 0

  mutating func set(_ due: Int64, partition: Int, _ tag: Tag) {
    setCount += 1
    timers.append(Timer(due: due, partition: partition, set: setCount, tag: tag))
  }
  /// Takes the first timer due at a watermark.
  mutating func pop(at watermark: Int64) -> Timer? {
    let first = timers.indices.filter { timers[$0].due <= watermark }.min {
      (timers[$0].due, timers[$0].partition, timers[$0].set) < (timers[$1].due, timers[$1].partition, timers[$1].set)
    }
    return first.map { timers.remove(at: $0) }
  }
}

/// What operators must give, computed from their definitions in the plainest way.
enum Oracle {
  /// Tumbling and sliding windows; results list their elements.
  static func windows(
    _ items: [Placed], length: Int64, slide: Int64, offset: Int64 = 0, lateness: Int64, groups: Int, name: String = "w"
  ) -> [Placed] {
    var open: [String: [String]] = [:]
    var timers = OracleTimers<(key: Int, start: Int64)>()
    var out: [Placed] = []
    func close(_ watermark: Int64) {
      while let t = timers.pop(at: watermark) {
        let values = open.removeValue(forKey: "\(t.tag.key) \(t.tag.start)")!
        let end = t.tag.start + length
        out.append(
          Placed(
            watermark: t.due - 1 - lateness, sequence: .max, time: end - 1, key: t.tag.key,
            text: "\(name)\(t.tag.start)..<\(end)(\(values.joined(separator: ",")))"))
      }
    }
    for item in items {
      close(item.watermark)
      // every window that holds the time, the last first
      let starts = (-200...2000).map { Int64($0) * slide + offset }.filter {
        $0 <= item.time && item.time < $0 + length
      }
      var isIn = false
      for start in starts.reversed() where start + length + lateness > item.watermark {
        let name = "\(item.key) \(start)"
        if open[name] == nil {
          timers.set(
            start + length + lateness, partition: partition(item.key, groups: groups), (item.key, start))
        }
        open[name, default: []].append(item.text)
        isIn = true
      }
      if !isIn {
        var late = item.lagging(lateness)
        late.isLate = true
        out.append(late)
      }
    }
    close(.max)
    return out
  }

  /// Session windows by the merged-window rule.
  static func sessions(_ items: [Placed], gap: Int64, lateness: Int64, groups: Int, name: String = "s") -> [Placed] {
    struct Session {
      var start: Int64
      var last: Int64
      var values: [String]
      var touched: Int
    }
    var open: [Int: [Session]] = [:]
    var touches = 0
    var out: [Placed] = []
    func due(_ s: Session) -> Int64 { s.last + gap + 1 + lateness }
    func close(_ watermark: Int64) {
      while true {
        let closed = open.flatMap { key, list in list.map { (key, $0) } }.filter { due($0.1) <= watermark }.min {
          (due($0.1), partition($0.0, groups: groups), $0.1.touched)
            < (due($1.1), partition($1.0, groups: groups), $1.1.touched)
        }
        guard let (key, s) = closed else { return }
        open[key]!.removeAll { $0.touched == s.touched }
        out.append(
          Placed(
            watermark: due(s) - 1 - lateness - 1, sequence: .max, time: s.last + gap - 1, key: key,
            text: "\(name)\(s.start)..<\(s.last + gap)(\(s.values.joined(separator: ",")))"))
      }
    }
    for item in items {
      close(item.watermark)
      touches += 1
      let alone = Session(start: item.time, last: item.time, values: [item.text], touched: touches)
      // the sessions that the element is within the gap of, in the order of time
      let near = open[item.key, default: []].filter { $0.start - gap <= item.time && item.time <= $0.last + gap }
        .sorted { $0.start < $1.start }
      if near.isEmpty && due(alone) <= item.watermark {
        var late = item.lagging(lateness + 1)
        late.isLate = true
        out.append(late)
        continue
      }
      var merged = alone
      if let first = near.first {
        merged.values = first.values + [item.text] + near.dropFirst().flatMap(\.values)
        merged.start = min(item.time, first.start)
        merged.last = max(item.time, near.last!.last)
      }
      open[item.key, default: []].removeAll { s in near.contains { $0.touched == s.touched } }
      open[item.key]!.append(merged)
    }
    close(.max)
    return out
  }

  /// Joins; nothing is ever forgotten, so what the engine frees too early shows.
  static func join(_ items: [Placed], _ bounds: TimeBounds, _ type: JoinType, groups: Int) -> [Placed] {
    struct Arrived {
      var item: Placed
      var isMatched = false
      var isWaiting = true
    }
    var arrived: [Arrived] = []
    var timers = OracleTimers<Int>()
    var out: [Placed] = []
    let lag: Int64 =
      switch type {
      case .inner, .leftSemi: 0
      case .leftOuter: max(bounds.afterMilliseconds, 0)
      case .rightOuter: max(bounds.beforeMilliseconds, 0)
      case .fullOuter: max(bounds.beforeMilliseconds, bounds.afterMilliseconds, 0)
      }
    func give(_ at: Placed, _ key: Int, _ time: Int64, _ text: String, isLate: Bool = false) {
      out.append(
        Placed(
          watermark: at.watermark - lag, sequence: at.sequence, time: time, key: key, text: text, isLate: isLate))
    }
    func expire(_ watermark: Int64, at place: Placed? = nil) {
      while let t = timers.pop(at: watermark) {
        let a = arrived[t.tag]
        if a.isMatched { continue }
        let at = place ?? Placed(watermark: t.due - 1, sequence: .max, time: 0, key: 0, text: "")
        let isLeft = a.item.stream == 0
        if isLeft ? type == .leftOuter || type == .fullOuter : type == .rightOuter || type == .fullOuter {
          give(at, a.item.key, a.item.time, isLeft ? "\(a.item.text)+nil" : "nil+\(a.item.text)")
        }
      }
    }
    for item in items {
      expire(item.watermark)
      let isLeft = item.stream == 0
      if item.time < item.watermark {
        give(item, item.key, item.time, item.text, isLate: true)
        continue
      }
      var new = Arrived(item: item)
      for i in arrived.indices
      where arrived[i].item.key == item.key && (arrived[i].item.stream == 0) != isLeft {
        let (left, right) = isLeft ? (item, arrived[i].item) : (arrived[i].item, item)
        guard right.time >= left.time - bounds.beforeMilliseconds, right.time <= left.time + bounds.afterMilliseconds
        else { continue }
        if type == .leftSemi {
          if isLeft ? new.isMatched : arrived[i].isMatched { continue }
          give(item, item.key, max(left.time, right.time), "\(left.text)+nil")
        } else {
          give(item, item.key, max(left.time, right.time), "\(left.text)+\(right.text)")
        }
        new.isMatched = true
        arrived[i].isMatched = true
      }
      arrived.append(new)
      timers.set(
        item.time + (isLeft ? bounds.afterMilliseconds : bounds.beforeMilliseconds) + 1,
        partition: partition(item.key, groups: groups), arrived.count - 1)
      expire(item.watermark, at: item)
    }
    expire(.max)
    return out
  }

  /// The first of each key within the horizon.
  static func unique(_ items: [Placed], horizon: Int64) -> [Placed] {
    var firsts: [Int: Int64] = [:]
    return items.compactMap { item in
      firsts = firsts.filter { $0.value + horizon >= item.watermark }
      if firsts[item.key] != nil { return nil }
      var found = item
      found.isLate = item.time < item.watermark
      if !found.isLate { firsts[item.key] = item.time }
      return found
    }
  }
}
