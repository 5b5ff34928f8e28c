/// The plain counters of a report, in a fixed order: the order they are stored in, so append only.
enum Counter: Int, CaseIterable {
  case sessions, events, views, items, durationMilliseconds, engaged, purchases
  case botSessions, botEvents, botViews, botEngaged
  /// Sum of values in millionths, as the two halves of an Int128; values that are no finite number.
  case valueLow, valueHigh, valuesRejected
  case startMin, endMax, startMax
  case agentAbsent, entryAbsent, exitAbsent, referrerAbsent, referrerOwn
  /// Ordered funnel.
  case reachedCart, reachedCheckout, reachedPurchase
  /// Sessions with the event at all, whatever came before.
  case anyCart, anyCheckout
}

/// Sessions, bounces and purchases of each of a fixed set of classes, and the scalar counters: flat, integers only.
///
/// Cost: 3 additions a class. Memory: 8 KB.
@safe struct SessionCounters: ~Copyable {
  /// Blocks of counters behind the scalars, each with room for classes to come.
  static let classMax = 32
  enum Dimension: Int, CaseIterable { case channel, device, system, browser, bot, ending }
  static let durationBins = 16

  private static let scalarRoom = 64
  private static let dimensionAt = scalarRoom
  private static let durationAt = dimensionAt + Dimension.allCases.count * classMax * 3
  private static let hoursAt = durationAt + durationBins
  /// 7 × 24 sessions, then as many views.
  private static let total = hoursAt + 2 * 168

  let base: UnsafeMutablePointer<Int64>
  /// For durations of w significant bits: how many bin bounds are shorter, then the one bound of as many bits.
  private let durationBounds: UnsafeMutablePointer<Int64>

  init(in memory: inout ReportMemory) {
    unsafe base = unsafe memory.take(Int64.self, count: Self.total)
    unsafe durationBounds = unsafe memory.take(Int64.self, count: 2 * 65)
    func bits(_ v: Int64) -> Int { 64 - v.leadingZeroBitCount }
    let bounds = SessionReportAccumulator.durationBinBounds
    precondition(Set(bounds.map(bits)).count == bounds.count, "two bin bounds lie between two powers of two")
    for w in 0...64 {
      unsafe durationBounds[2 * w] = Int64(bounds.count { bits($0) < w })
      unsafe durationBounds[2 * w + 1] = bounds.first { bits($0) == w } ?? .max
    }
  }

  subscript(_ c: Counter) -> Int64 {
    @inline(__always) get { unsafe base[c.rawValue] }
    @inline(__always) nonmutating set { unsafe base[c.rawValue] = newValue }
  }
  @inline(__always)
  func add(_ c: Counter, _ n: Int64) { unsafe base[c.rawValue] &+= n }

  @inline(__always)
  func add(_ d: Dimension, _ classCode: UInt8, sessions: Int64 = 1, bounces: Int64, purchases: Int64) {
    let p = unsafe base + (Self.dimensionAt &+ (d.rawValue &* Self.classMax &+ Int(classCode & 31)) &* 3)
    unsafe p[0] &+= sessions
    unsafe p[1] &+= bounces
    unsafe p[2] &+= purchases
  }
  func count(_ d: Dimension, _ classCode: UInt8) -> (sessions: Int64, bounces: Int64, purchases: Int64) {
    let p = unsafe base + (Self.dimensionAt + (d.rawValue * Self.classMax + Int(classCode)) * 3)
    return unsafe (p[0], p[1], p[2])
  }
  var durations: UnsafeMutablePointer<Int64> { unsafe base + Self.durationAt }
  var hours: UnsafeMutablePointer<Int64> { unsafe base + Self.hoursAt }

  /// Counts a duration of 0 or more in its bin, without branches: which it is cannot be foretold.
  @inline(__always)
  func addDuration(_ d: Int64) {
    let entry = unsafe durationBounds + 2 &* (64 &- d.leadingZeroBitCount)
    let bin = unsafe Int(truncatingIfNeeded: entry[0]) &+ (d > entry[1] ? 1 : 0)
    unsafe durations[bin] &+= 1
  }

  /// Adds a value as millionths, so that the order of additions does not matter.
  @inline(__always)
  func add(value: Double) {
    if value == 0 { return }
    guard value.magnitude < 9e12 else {
      add(.valuesRejected, 1)
      return
    }
    let micros = Int64((value * 1_000_000).rounded())
    let (low, overflow) = UInt64(bitPattern: self[.valueLow]).addingReportingOverflow(UInt64(bitPattern: micros))
    self[.valueLow] = Int64(bitPattern: low)
    self[.valueHigh] &+= (micros < 0 ? -1 : 0) &+ (overflow ? 1 : 0)
  }
  var valueMicros: Int128 {
    Int128(self[.valueHigh]) << 64 | Int128(UInt64(bitPattern: self[.valueLow]))
  }

  func write(into w: inout StateWriter) {
    w.count(Self.total)
    unsafe w.sparse(base, Self.total)
  }
  func read(from r: inout StateReader) throws {
    let stored = try r.count(atMost: Self.total, "counters")
    guard stored == Self.total else { throw r.failure("\(stored) counters where \(Self.total) belong") }
    try unsafe r.sparse(into: base, Self.total)
  }
}
