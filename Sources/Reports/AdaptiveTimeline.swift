import Foundation

/// Sessions, views and users per time bucket, whatever the span: buckets start at one minute and widen
/// (5 min, 15 min, 1 h, 6 h, 1 d, 1 week, then doubling) so that there are never more than 400.
///
/// Guarantees: sums are exact; the final width depends on the earliest and latest time only, not on their order.
/// Users of a bucket come from HyperLogLog registers (Flajolet et al. 2007; 1,024 a bucket): standard error 3.3%,
/// far less below 2,000 users.
/// Cost: three stores and a division an addition; 420 KB at most.
@safe struct AdaptiveTimeline: ~Copyable {
  static let bucketsMax = 400
  static let registerCount = 1024
  static let relativeError = 0.033

  private static let minute: Int64 = 60_000
  private static let day: Int64 = 86_400_000
  private static let widths: [Int64] = [
    minute, 5 * minute, 15 * minute, 60 * minute, 360 * minute, day, 7 * day,
  ]
  /// Weeks begin on Monday; 1970-01-01 was a Thursday.
  private static let weekOffset = 3 * day

  private let sessions: UnsafeMutablePointer<Int64>
  private let views: UnsafeMutablePointer<Int64>
  private let registers: UnsafeMutablePointer<UInt8>
  private var level = 0
  private(set) var width: Int64 = 60_000
  private var offset: Int64 = 0
  /// Number of the first bucket (counted from 1970), and how many there are; 0: nothing added yet.
  private var base: Int64 = 0
  private(set) var count = 0
  /// When the first bucket begins.
  private var origin: Int64 = 0

  init(in memory: inout ReportMemory) {
    unsafe sessions = unsafe memory.take(Int64.self, count: Self.bucketsMax)
    unsafe views = unsafe memory.take(Int64.self, count: Self.bucketsMax)
    unsafe registers = unsafe memory.take(UInt8.self, count: Self.bucketsMax * Self.registerCount)
  }

  private static func width(ofLevel level: Int) -> Int64 {
    level < widths.count ? widths[level] : widths[widths.count - 1] << Int64(level - widths.count + 1)
  }
  private static func offset(ofLevel level: Int) -> Int64 { level < widths.count - 1 ? 0 : weekOffset }

  @inline(__always)
  private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
    let q = a / b
    return a < 0 && q &* b != a ? q &- 1 : q
  }

  /// Counts a session that started at `time` (milliseconds since 1970) by the user with this (well mixed) key.
  @inline(__always)
  mutating func add(time: Int64, views viewCount: Int64, userKey: UInt64) {
    // one division: whether it is the bucket of the session before cannot be foretold
    let number = UInt64(bitPattern: time &- origin) / UInt64(bitPattern: width)
    let b = number < UInt64(truncatingIfNeeded: count) ? Int(truncatingIfNeeded: number) : makeRoom(for: time)
    unsafe sessions[b] &+= 1
    unsafe views[b] &+= viewCount
    let register = unsafe registers + (b &* Self.registerCount &+ Int(truncatingIfNeeded: userKey & 1023))
    let rank = UInt8(truncatingIfNeeded: ((userKey &>> 10) | 1 &<< 40).trailingZeroBitCount &+ 1)
    unsafe register.pointee = unsafe max(register.pointee, rank)
  }

  /// Extends or coarsens the buckets until `time` has one; its position.
  @inline(never)
  private mutating func makeRoom(for time: Int64) -> Int {
    defer { origin = base &* width &- offset }
    if count == 0 {
      base = Self.floorDivide(time + offset, width)
      count = 1
      clear(0..<1)
      return 0
    }
    while true {
      let number = Self.floorDivide(time + offset, width)
      let first = min(number, base)
      let last = max(number, base + Int64(count) - 1)
      if last - first < Int64(Self.bucketsMax) {
        let lead = Int(base - first)
        if lead > 0 { shift(by: lead) }
        let needed = Int(last - first) + 1
        if needed > count { clear(count..<needed) }
        (base, count) = (first, needed)
        return Int(number - first)
      }
      coarsen()
    }
  }

  private func clear(_ range: Range<Int>) {
    unsafe (sessions + range.lowerBound).update(repeating: 0, count: range.count)
    unsafe (views + range.lowerBound).update(repeating: 0, count: range.count)
    unsafe (registers + range.lowerBound * Self.registerCount).update(
      repeating: 0, count: range.count * Self.registerCount)
  }

  private mutating func shift(by n: Int) {
    unsafe (sessions + n).update(from: sessions, count: count)
    unsafe (views + n).update(from: views, count: count)
    unsafe (registers + n * Self.registerCount).update(from: registers, count: count * Self.registerCount)
    count += n
    base -= Int64(n)
    clear(0..<n)
  }

  /// Goes to the next wider buckets. In place: a bucket never moves to a later position.
  private mutating func coarsen() {
    let (oldWidth, oldOffset, oldBase, oldCount) = (width, offset, base, count)
    level += 1
    width = Self.width(ofLevel: level)
    offset = Self.offset(ofLevel: level)
    base = Self.floorDivide(oldBase * oldWidth - oldOffset + offset, width)
    count = 0
    for i in 0..<oldCount {
      let start = (oldBase + Int64(i)) * oldWidth - oldOffset
      let target = Int(Self.floorDivide(start + offset, width) - base)
      let (from, to) = unsafe (registers + i * Self.registerCount, registers + target * Self.registerCount)
      if target >= count {
        if target != i {
          unsafe sessions[target] = unsafe sessions[i]
          unsafe views[target] = unsafe views[i]
          unsafe to.update(from: from, count: Self.registerCount)
        }
        count = target + 1
      } else {
        unsafe sessions[target] += sessions[i]
        unsafe views[target] += views[i]
        for k in 0..<Self.registerCount { unsafe to[k] = unsafe max(to[k], from[k]) }
      }
    }
  }

  /// One bucket: its start, milliseconds since 1970, and its figures.
  func bucket(_ i: Int) -> (start: Int64, sessions: Int64, views: Int64, users: Int64) {
    let start = (base + Int64(i)) * width - offset
    return unsafe (start, sessions[i], views[i], min(estimatedUsers(registers + i * Self.registerCount), sessions[i]))
  }

  private func estimatedUsers(_ r: UnsafePointer<UInt8>) -> Int64 {
    var perRank = [Int](repeating: 0, count: 64)
    for i in 0..<Self.registerCount { unsafe perRank[Int(min(r[i], 63))] += 1 }
    let m = Double(Self.registerCount)
    var sum = 0.0
    for (rank, n) in perRank.enumerated() { sum += Double(n) / Double(UInt64(1) << UInt64(rank)) }
    let raw = 0.7213 / (1 + 1.079 / m) * m * m / sum
    let zeros = Double(perRank[0])
    return Int64((raw <= 2.5 * m && zeros > 0 ? m * log(m / zeros) : raw).rounded())
  }

  func write(into w: inout StateWriter) {
    w.count(level)
    w.signed(base)
    w.count(count)
    unsafe w.sparse(sessions, count)
    unsafe w.sparse(views, count)
    for i in 0..<count { unsafe w.sparseBytes(registers + i * Self.registerCount, Self.registerCount) }
  }
  mutating func read(from r: inout StateReader) throws {
    level = try r.count(atMost: 24, "widenings of the timeline")
    width = Self.width(ofLevel: level)
    offset = Self.offset(ofLevel: level)
    base = try r.signed()
    guard base.magnitude <= UInt64(SessionReportAccumulator.timeMax / width + 2) else {
      throw r.failure("a timeline that begins at bucket \(base)")
    }
    origin = base * width - offset
    count = try r.count(atMost: Self.bucketsMax, "time buckets")
    try unsafe r.sparse(into: sessions, count)
    try unsafe r.sparse(into: views, count)
    unsafe registers.update(repeating: 0, count: count * Self.registerCount)
    for i in 0..<count { try unsafe r.sparseBytes(into: registers + i * Self.registerCount, Self.registerCount) }
  }
}
