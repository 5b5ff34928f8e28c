package import FlatMemory

/// Writes instants as `2026-01-01T00:00:00.013Z`.
///
/// The date part of the last day is kept: 6 ns a time within a day. Civil-from-days after Howard Hinnant, "chrono-
/// Compatible Low-Level Date Algorithms".
package struct TimestampText {
  /// The day's first millisecond, and how many follow it: none of no day.
  private var dayStart: Int64 = 0
  private var dayLength: UInt64 = 0
  /// The day's `YYYY-MM-` and `DDT`.
  private var text: (UInt64, UInt64) = (0, 0)
  private let digits = TimeDigits.shared
  package init() {}
  package static let byteCountMax = 32

  /// Reserve ``byteCountMax`` first.
  @inline(__always)
  package mutating func append(_ milliseconds: Int64, to b: inout OutputBuffer) {
    if UInt64(bitPattern: milliseconds &- dayStart) >= dayLength {
      // by value: the caller's buffer may stay in registers
      if !beginDay(of: milliseconds) { return b = appendRare(milliseconds, to: b) }
    }
    let ms = UInt32(truncatingIfNeeded: milliseconds &- dayStart)
    let minute = ms / 60_000
    let rest = ms &- minute &* 60_000
    let second = rest / 1000
    let (seconds, thousandths) = unsafe (digits.three[Int(second)], digits.three[Int(rest &- second &* 1000)])
    let p = unsafe UnsafeMutableRawPointer(b.base + b.count)
    unsafe p.storeBytes(of: text.0, as: UInt64.self)
    unsafe p.storeBytes(of: text.1 | digits.minutes[Int(minute)], toByteOffset: 8, as: UInt64.self)
    // both have three digits: the first one of seconds is 0, and gives way to the colon
    let end = UInt64(seconds & 0xffff00) | UInt64(thousandths) &<< 32 | 0x5a00_0000_2e00_003a
    unsafe p.storeBytes(of: end, toByteOffset: 16, as: UInt64.self)
    b.count &+= 24
  }

  /// Days since 1970 and milliseconds of the day.
  private static func day(of milliseconds: Int64) -> (Int64, Int64) {
    let d = milliseconds / 86_400_000
    let rest = milliseconds - d * 86_400_000
    return rest < 0 ? (d - 1, rest + 86_400_000) : (d, rest)
  }
  /// Makes the day of a time the one kept; false where its date is longer than ten bytes.
  @inline(never)
  private mutating func beginDay(of milliseconds: Int64) -> Bool {
    var scratch = OutputBuffer(capacity: 32)
    defer { scratch.deallocate() }
    let (d, rest) = TimestampText.day(of: milliseconds)
    TimestampText.appendDate(d, &scratch)
    guard scratch.count == 11 else { return false }
    (dayStart, dayLength) = (milliseconds - rest, 86_400_000)
    text = unsafe (load8(scratch.base), load8(scratch.base + 8) & byteMask(3))
    return true
  }
  @inline(never)
  private func appendRare(_ milliseconds: Int64, to buffer: OutputBuffer) -> OutputBuffer {
    var b = buffer
    let (d, rest) = TimestampText.day(of: milliseconds)
    TimestampText.appendDate(d, &b)
    for (i, unit) in [(Int64(3_600_000), Int64(24)), (60_000, 60), (1000, 60)].enumerated() {
      if i > 0 { b.byte(58) }
      b.padded(rest / unit.0 % unit.1, digits: 2)
    }
    b.byte(46)
    b.padded(rest % 1000, digits: 3)
    b.byte(90)
    return b
  }

  /// `YYYY-MM-DDT`, or with a sign and six digits of the year (ISO 8601's expanded form).
  private static func appendDate(_ d: Int64, _ b: inout OutputBuffer) {
    let z = d + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let doe = z - era * 146_097
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100)
    let mp = (5 * doy + 2) / 153
    let month = mp < 10 ? mp + 3 : mp - 9
    let year = yoe + era * 400 + (month <= 2 ? 1 : 0)
    if year < 0 || year > 9999 {
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
  }
}
