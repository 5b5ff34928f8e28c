package import FlatMemory

/// Writes instants as `2026-01-01T00:00:00.013Z`.
///
/// The date part of the last day is kept: 6 ns a time within a day. Civil-from-days after Howard Hinnant, "chrono-
/// Compatible Low-Level Date Algorithms".
package struct TimestampText {
  private var day = Int64.min
  private var date: (UInt64, UInt64) = (0, 0)  // "YYYY-MM-DDT" in 11 bytes
  package init() {}
  package static let byteCountMax = 32

  /// Reserve ``byteCountMax`` first.
  @inline(__always)
  package mutating func append(_ milliseconds: Int64, to b: inout OutputBuffer) {
    var d = milliseconds / 86_400_000
    var rest = milliseconds &- d &* 86_400_000
    if rest < 0 {
      d &-= 1
      rest &+= 86_400_000
    }
    if d == day {
      let p = unsafe UnsafeMutableRawPointer(b.base + b.count)
      unsafe p.storeBytes(of: date.0, as: UInt64.self)
      unsafe (p + 8).storeBytes(of: date.1, as: UInt64.self)
      b.count &+= 11
    } else {
      newDay(d, &b)
    }
    let p = unsafe b.base + b.count
    let ms = UInt32(truncatingIfNeeded: rest)
    let seconds = ms / 1000
    let (h, m, s, f) = (seconds / 3600, seconds / 60 % 60, seconds % 60, ms % 1000)
    @inline(__always) func two(_ at: Int, _ v: UInt32) {
      unsafe p[at] = 48 &+ UInt8(truncatingIfNeeded: v / 10)
      unsafe p[at + 1] = 48 &+ UInt8(truncatingIfNeeded: v % 10)
    }
    two(0, h)
    unsafe p[2] = 58
    two(3, m)
    unsafe p[5] = 58
    two(6, s)
    unsafe p[8] = 46
    unsafe p[9] = 48 &+ UInt8(truncatingIfNeeded: f / 100)
    two(10, f % 100)
    unsafe p[12] = 90
    b.count &+= 13
  }

  private mutating func newDay(_ d: Int64, _ b: inout OutputBuffer) {
    let z = d + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let doe = z - era * 146_097
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100)
    let mp = (5 * doy + 2) / 153
    let month = mp < 10 ? mp + 3 : mp - 9
    let year = yoe + era * 400 + (month <= 2 ? 1 : 0)
    let from = b.count
    if year < 0 || year > 9999 {
      // ISO 8601 expanded years
      b.byte(year < 0 ? 45 : 43)
      b.padded(abs(year), digits: 6)
    } else {
      b.padded(year, digits: 4)
    }
    b.byte(45)
    b.padded(month, digits: 2)
    b.byte(45)
    b.padded(doy - (153 * mp + 2) / 5 + 1, digits: 2)
    b.byte(84)
    if b.count - from == 11 {
      day = d
      date = unsafe (load8(b.base + from), load8(b.base + from + 8))
    } else {
      day = .min
    }
  }
}
