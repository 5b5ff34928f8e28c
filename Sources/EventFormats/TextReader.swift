/// A cursor over a short text that remembers whether everything asked of it was there.
///
/// Guarantees: never reads past the end. Cost: a compare a byte; for the paths taken seldom.
@safe struct TextReader {
  let p: UnsafePointer<UInt8>
  let end: Int
  var i = 0
  var good = true

  init(_ p: UnsafePointer<UInt8>, _ n: Int) { unsafe (self.p, end) = unsafe (p, n) }

  var atEnd: Bool { i >= end }

  mutating func accept(_ byte: UInt8) -> Bool {
    guard i < end, unsafe p[i] == byte else { return false }
    i += 1
    return true
  }
  mutating func expect(_ byte: UInt8) { if !accept(byte) { good = false } }

  mutating func digit() -> Int64? {
    guard i < end, unsafe p[i] >= 48, unsafe p[i] <= 57 else { return nil }
    i += 1
    return unsafe Int64(p[i - 1] - 48)
  }

  /// Exactly `count` digits.
  mutating func digits(_ count: Int) -> Int64 {
    var v: Int64 = 0
    for _ in 0..<count {
      guard let d = digit() else {
        good = false
        return 0
      }
      v = v * 10 + d
    }
    return v
  }

  /// One to nine digits after a point, as milliseconds, rounded down.
  mutating func fraction() -> Int64 {
    let from = i
    let ms = thousandths().value
    if i == from || i - from > 9 { good = false }
    return ms
  }

  /// Any number of digits after a point, as thousandths, and whether anything but zeros was cut off.
  mutating func thousandths() -> (value: Int64, inexact: Bool) {
    var v: Int64 = 0
    var count = 0
    var inexact = false
    while let d = digit() {
      if count < 3 { v = v * 10 + d } else if d != 0 { inexact = true }
      count += 1
    }
    while count < 3 {
      v *= 10
      count += 1
    }
    return (v, inexact)
  }

  /// `Z`, `±hh`, `±hhmm`, `±hh:mm` or nothing, as milliseconds east of UTC.
  mutating func zoneOffset() -> Int64 {
    if atEnd || accept(90) || accept(122) { return 0 }
    let negative = accept(45)
    if !negative { expect(43) }
    let hours = digits(2)
    var minutes: Int64 = 0
    if accept(58) { minutes = digits(2) } else if !atEnd { minutes = digits(2) }
    if hours > 18 || minutes > 59 { good = false }
    let offset = (hours * 60 + minutes) * 60_000
    return negative ? -offset : offset
  }

  /// An English month, three letters, any case.
  mutating func month() -> Int64 {
    guard i + 3 <= end else {
      good = false
      return 0
    }
    let packed = unsafe UInt32(p[i] | 0x20) << 16 | UInt32(p[i + 1] | 0x20) << 8 | UInt32(p[i + 2] | 0x20)
    i += 3
    switch packed {
    case 0x6a616e: return 1
    case 0x666562: return 2
    case 0x6d6172: return 3
    case 0x617072: return 4
    case 0x6d6179: return 5
    case 0x6a756e: return 6
    case 0x6a756c: return 7
    case 0x617567: return 8
    case 0x736570: return 9
    case 0x6f6374: return 10
    case 0x6e6f76: return 11
    case 0x646563: return 12
    default:
      good = false
      return 0
    }
  }
}
