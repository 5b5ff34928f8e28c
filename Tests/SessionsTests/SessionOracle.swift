import Sessions

/// Sessions computed from scratch, in the plainest way: what the operator is compared with.
enum SessionOracle {
  /// Last millisecond that an event holds its session open for.
  static func reach(_ c: Click, _ o: SessionOptions) -> Int64 {
    let gap = min(c.gap ?? o.gapMilliseconds, 1 << 32 - 1)
    let reach = c.time + max(o.boundary == .split ? gap - 1 : gap, 0)
    guard let days = o.days else { return reach }
    return min(reach, days.day(containing: c.time).end - 1)
  }

  static func facts(_ clicks: [Click]) -> SessionFacts {
    let sorted = clicks.sorted { ($0.time, $0.position) < ($1.time, $1.position) }
    let first = sorted[0]
    let last = sorted[sorted.count - 1]
    var f = SessionFacts(key: first.key, start: first.time, last: last.time)
    f.count = sorted.count
    f.firstValue = first.value
    f.lastValue = last.value
    for c in sorted {
      f.sum += Int64(c.value)
      f.distinct |= 1 << UInt64(c.value & 63)
    }
    return f
  }

  struct Session: Hashable {
    var facts: SessionFacts
    var reach: Int64
  }

  /// Sort by time, then group: the sessions when no event is late.
  static func sorted(_ clicks: [Click], _ o: SessionOptions) -> [Session] {
    var out: [Session] = []
    for (_, group) in Dictionary(grouping: clicks, by: \.key) {
      var current: [Click] = []
      var end = Int64.min
      for c in group.sorted(by: { ($0.time, $0.position) < ($1.time, $1.position) }) {
        if !current.isEmpty, c.time > end {
          out.append(Session(facts: facts(current), reach: end))
          current = []
        }
        end = current.isEmpty ? reach(c, o) : max(end, reach(c, o))
        current.append(c)
      }
      if !current.isEmpty { out.append(Session(facts: facts(current), reach: end)) }
    }
    return out
  }

  /// One split session and why it ended; `reach` as in ``Session``.
  struct Split: Hashable {
    var facts: SessionFacts
    var reason: SessionEndReason
    var ordinal: UInt32
  }

  /// Sessions of sorted events with limits on events, duration and campaign. Sessions that no event split and that are
  /// not over at the watermark end with the input.
  static func inOrder(
    _ clicks: [Click], _ o: SessionOptions, limits p: SimpleClicks<EventTimeOrder>, watermark: Int64
  ) -> [Split] {
    var out: [Split] = []
    for (_, group) in Dictionary(grouping: clicks, by: \.key) {
      var current: [Click] = []
      var end = Int64.min
      var ordinal: UInt32 = 0
      func close(_ reason: SessionEndReason) {
        out.append(Split(facts: facts(current), reason: reason, ordinal: ordinal))
        current = []
      }
      /// Why a session ended that nothing was split off from.
      func ended() -> SessionEndReason {
        guard end + o.allowedLatenessMilliseconds < watermark else { return .endOfInput }
        guard let days = o.days else { return .gap }
        return end == days.day(containing: current[current.count - 1].time).end - 1 ? .midnight : .gap
      }
      for c in group {
        if !current.isEmpty, c.time > end {
          close(ended())
          ordinal = 0
        }
        if let first = current.first {
          var why: SessionEndReason?
          if p.splitsOnCampaign, c.campaign != first.campaign { why = .campaign }
          if why == nil, current.count >= p.eventsMax { why = .maxEvents }
          if why == nil, c.time - first.time > p.durationMaxMilliseconds { why = .maxDuration }
          if let why {
            close(why)
            ordinal += 1
          }
        }
        end = current.isEmpty ? reach(c, o) : max(end, reach(c, o))
        current.append(c)
      }
      if !current.isEmpty { close(ended()) }
    }
    return out
  }
}

/// The rule for events of any lateness, one event at a time over a plain list of open sessions for each key.
///
/// An event belongs to every open session its interval overlaps, and joins them. It is late when the session it would
/// belong to is over, or when that session would begin at or before the floor: the end of the key's last session given
/// out, or `watermark - 2 gaps - lateness - 2` as it was when the session was opened (what ended before is forgotten).
struct MergedSessionRule {
  struct Open {
    var clicks: [Click]
    var start: Int64
    var reach: Int64
    var floor: Int64
  }
  let options: SessionOptions
  var watermark = Int64.min
  var open: [UInt32: [Open]] = [:]
  var closed: [SessionOracle.Session] = []
  var late: [Click] = []
  private var lastGivenOut: [UInt32: Int64] = [:]

  init(_ options: SessionOptions) { self.options = options }

  func isOver(_ reach: Int64) -> Bool { reach + options.allowedLatenessMilliseconds < watermark }

  mutating func take(_ c: Click, watermark w: Int64) {
    advance(to: w)
    let reach = SessionOracle.reach(c, options)
    let all = open[c.key] ?? []
    var apart = all.filter { $0.start > reach || c.time > $0.reach }
    let joined = all.filter { $0.start <= reach && c.time <= $0.reach }
    guard let oldest = joined.min(by: { $0.start < $1.start }) else {
      let forgotten = watermark - 2 * options.mergeGapMilliseconds - options.allowedLatenessMilliseconds - 2
      let floor = watermark == .min ? Int64.min : max(lastGivenOut[c.key] ?? .min, forgotten)
      if isOver(reach) || c.time <= floor {
        late.append(c)
      } else {
        apart.append(Open(clicks: [c], start: c.time, reach: reach, floor: floor))
        open[c.key] = apart
      }
      return
    }
    if c.time < oldest.start, c.time <= oldest.floor {
      late.append(c)
      return
    }
    apart.append(
      Open(
        clicks: joined.flatMap(\.clicks) + [c], start: min(c.time, oldest.start),
        reach: max(reach, joined.map(\.reach).max()!), floor: oldest.floor))
    open[c.key] = apart
  }

  /// Moves the watermark and closes what is over.
  mutating func advance(to w: Int64) {
    guard w > watermark else { return }
    watermark = w
    let bound = w - options.allowedLatenessMilliseconds
    for key in open.keys { close(key) { $0.reach < bound } }
  }
  mutating func finish() { for key in open.keys { close(key) { _ in true } } }

  private mutating func close(_ key: UInt32, _ isDone: (Open) -> Bool) {
    let all = open[key] ?? []
    for s in all where isDone(s) {
      let f = SessionOracle.facts(s.clicks)
      closed.append(SessionOracle.Session(facts: f, reach: s.reach))
      lastGivenOut[key] = max(lastGivenOut[key] ?? .min, f.last)
    }
    let last = lastGivenOut[key] ?? .min
    open[key] = all.filter { !isDone($0) }.map { s in
      var s = s
      s.floor = max(s.floor, last)
      return s
    }
  }

  /// All sessions there are or were.
  var sessions: [SessionOracle.Session] {
    closed
      + open.values.flatMap { $0.map { SessionOracle.Session(facts: SessionOracle.facts($0.clicks), reach: $0.reach) } }
  }
}
