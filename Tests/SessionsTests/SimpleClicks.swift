import Sessions
import StreamCore

/// One event of the tests' streams.
struct Click: BitwiseCopyable, Hashable {
  var time: Int64
  var key: UInt32
  var hash: UInt64
  var value: Int32 = 0
  /// The event's own gap in milliseconds; nil: the session's.
  var gap: Int64?
  var campaign: Int32 = 0
  /// Place in the order of arrival.
  var position: Int32 = 0

  /// `hash`: by default one that is spread well and different for every key.
  init(
    time: Int64, key: UInt32, hash: UInt64? = nil, value: Int32 = 0, gap: Int64? = nil, campaign: Int32 = 0,
    position: Int32 = 0
  ) {
    self.time = time
    self.key = key
    self.hash = hash ?? Click.spread(key)
    self.value = value
    self.gap = gap
    self.campaign = campaign
    self.position = position
  }
  static func spread(_ key: UInt32) -> UInt64 { (UInt64(key) &+ 1) &* 0x9e37_79b9_7f4a_7c15 }
  /// Hashes that agree in the 32 bits that sessions are indexed by (bits 8...39).
  static func colliding(_ key: UInt32) -> UInt64 { UInt64(key) << 40 | 0x12_3456_7800 }
}

/// What the tests compare of a session.
struct SessionFacts: Hashable, CustomStringConvertible {
  var key: UInt32
  var start: Int64
  var last: Int64
  var count = 0
  var sum: Int64 = 0
  /// Distinct values, as a set of `value & 63`.
  var distinct: UInt64 = 0
  var firstValue: Int32 = 0
  var lastValue: Int32 = 0

  var sumOfDistinct: Int { (0..<64).reduce(0) { $0 + (distinct >> UInt64($1) & 1 == 1 ? $1 : 0) } }
  var description: String {
    "key \(key) [\(start), \(last)] n=\(count) sum=\(sum) distinct=\(sumOfDistinct) first=\(firstValue) last=\(lastValue)"
  }
}

/// One call of ``SessionProgram/emit(_:)``.
struct Emission: Hashable, CustomStringConvertible {
  var kind: EmittedSession<SimpleClicks<AnyOrder>>.Kind
  var facts: SessionFacts
  var closedAt: Int64
  var ordinal: UInt32
  var reason: SessionEndReason
  var description: String { "\(kind) \(facts) closedAt=\(closedAt) ordinal=\(ordinal) \(reason)" }
}

/// Whether a ``SimpleClicks`` splits sessions in the order of event time.
protocol ClickOrder {
  static var splitsInOrder: Bool { get }
}
enum AnyOrder: ClickOrder { static let splitsInOrder = false }
enum EventTimeOrder: ClickOrder { static let splitsInOrder = true }

/// A session program that counts, sums and remembers what it was told, and checks what it is told: every call must fit
/// the calls before it.
struct SimpleClicks<Order: ClickOrder>: SessionProgram {
  typealias Event = Click
  struct Key: BitwiseCopyable {
    var key: UInt32
    var hash: UInt64
  }
  struct Aggregate: BitwiseCopyable {
    var facts: SessionFacts
    var campaign: Int32
  }

  // limits of in-order splits
  var eventsMax = Int.max
  var durationMaxMilliseconds = Int64.max
  var splitsOnCampaign = false

  var emissions: [Emission] = []
  var lateEvents: [Click] = []
  var lateMaxima: [Int64] = []
  /// Keys and aggregates made and not yet given back.
  var liveKeys = 0
  var liveAggregates = 0
  /// The first call that did not fit.
  var complaint: String?

  var splitsInOrder: Bool { Order.splitsInOrder }
  static func time(_ e: UnsafePointer<Click>) -> Int64 { unsafe e.pointee.time }
  static func hash(_ e: UnsafePointer<Click>) -> UInt64 { unsafe e.pointee.hash }
  func hash(of key: UnsafePointer<Key>) -> UInt64 { unsafe key.pointee.hash }
  func matches(_ key: UnsafePointer<Key>, _ e: UnsafePointer<Click>) -> Bool { unsafe key.pointee.key == e.pointee.key }
  mutating func makeKey(_ e: UnsafePointer<Click>) -> Key {
    liveKeys += 1
    return unsafe Key(key: e.pointee.key, hash: e.pointee.hash)
  }
  mutating func dropKey(_ key: UnsafePointer<Key>) { liveKeys -= 1 }
  var hasDynamicGaps: Bool { true }
  func gapMilliseconds(_ e: UnsafePointer<Click>, standard: Int64) -> Int64 { unsafe e.pointee.gap ?? standard }

  mutating func begin(_ a: UnsafeMutablePointer<Aggregate>, _ e: UnsafePointer<Click>) {
    liveAggregates += 1
    let c = unsafe e.pointee
    unsafe a.initialize(
      to: Aggregate(
        facts: SessionFacts(
          key: c.key, start: c.time, last: c.time, count: 1, sum: Int64(c.value), distinct: 1 << UInt64(c.value & 63),
          firstValue: c.value, lastValue: c.value), campaign: c.campaign))
  }
  mutating func add(
    _ a: UnsafeMutablePointer<Aggregate>, _ e: UnsafePointer<Click>, isFirst: Bool, isLast: Bool, start: Int64,
    formerStart: Int64
  ) {
    let c = unsafe e.pointee
    var f = unsafe a.pointee.facts
    require(c.key == f.key, "event of key \(c.key) added to a session of key \(f.key)")
    require(formerStart == f.start, "former start \(formerStart) given for \(f)")
    require(isFirst == (c.time < f.start), "isFirst=\(isFirst) for \(c.time) and \(f)")
    require(isLast == (c.time >= f.last), "isLast=\(isLast) for \(c.time) and \(f)")
    f.start = min(f.start, c.time)
    f.last = max(f.last, c.time)
    require(start == f.start, "start \(start) given for \(f)")
    f.count += 1
    f.sum += Int64(c.value)
    f.distinct |= 1 << UInt64(c.value & 63)
    if isFirst { f.firstValue = c.value }
    if isLast { f.lastValue = c.value }
    unsafe a.pointee.facts = f
  }
  mutating func merge(
    _ earlier: UnsafeMutablePointer<Aggregate>, _ earlierStart: Int64, _ later: UnsafeMutablePointer<Aggregate>,
    _ laterStart: Int64
  ) {
    liveAggregates -= 1
    let b = unsafe later.pointee.facts
    var f = unsafe earlier.pointee.facts
    require(
      f.start == earlierStart && b.start == laterStart, "starts \(earlierStart), \(laterStart) given for \(f), \(b)")
    require(f.key == b.key && f.last < b.start, "\(f) merged with \(b)")
    f.last = b.last
    f.count += b.count
    f.sum += b.sum
    f.distinct |= b.distinct
    f.lastValue = b.lastValue
    unsafe earlier.pointee.facts = f
  }
  func splitReason(_ a: UnsafePointer<Aggregate>, _ e: UnsafePointer<Click>, start: Int64) -> SessionEndReason? {
    if splitsOnCampaign, unsafe e.pointee.campaign != a.pointee.campaign { return .campaign }
    if unsafe a.pointee.facts.count >= eventsMax { return .maxEvents }
    if unsafe e.pointee.time - start > durationMaxMilliseconds { return .maxDuration }
    return nil
  }

  mutating func emit(_ s: EmittedSession<SimpleClicks>) {
    let f = unsafe s.aggregate.pointee.facts
    unsafe require(
      f.start == s.start && f.last == s.last && f.key == s.key.pointee.key, "\(f) emitted as [\(s.start), \(s.last)]")
    emissions.append(
      Emission(
        kind: .init(rawValue: s.kind.rawValue)!, facts: f, closedAt: s.closedAt, ordinal: s.ordinal, reason: s.reason))
  }
  mutating func drop(_ a: UnsafeMutablePointer<Aggregate>) { liveAggregates -= 1 }
  mutating func late(_ e: UnsafePointer<Click>, maximum: Int64) {
    unsafe lateEvents.append(e.pointee)
    lateMaxima.append(maximum)
  }

  func snapshot(into snapshot: StateSnapshot) {
    unsafe [Int64(liveKeys), Int64(liveAggregates)].withUnsafeBufferPointer {
      unsafe snapshot.add("program", values: $0)
    }
  }
  mutating func restore(from snapshot: RestoredState) throws {
    let v = try snapshot.values("program", of: Int64.self)
    (liveKeys, liveAggregates) = (Int(v[0]), Int(v[1]))
  }

  private mutating func require(_ condition: Bool, _ text: @autoclosure () -> String) {
    if !condition, complaint == nil { complaint = text() }
  }

  var closed: [Emission] { emissions.filter { $0.kind == .closed } }
}
