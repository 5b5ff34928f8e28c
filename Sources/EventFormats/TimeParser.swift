import FlatMemory

/// Event times to milliseconds since 1970 UTC, rounded down.
///
/// Guarantees: only real dates and times of the years 0 to 9999 are accepted; anything else is ``unreadable``.
/// A leap second (`:60`) counts as the first second of the next minute; a missing zone is UTC.
/// Cost: 1 ns for a minute that is the previous one's (it is cached, the rest is read as one word), 3 ns for a date
/// that is, 20 ns otherwise. Reads up to 31 bytes past the start of the text, whatever its length.
struct TimeParser {
  static let unreadable = Int64.min
  /// 9999-12-31T23:59:59.999Z and 0001-01-01T00:00:00.000Z.
  static let latest: Int64 = 253_402_300_799_999
  static let earliest: Int64 = -62_135_596_800_000

  let format: TimeFormat
  /// The text of the last day read, as overlapping words, and the time it began.
  private var dayLow = UInt64.max
  private var dayHigh = UInt64.max
  private var dayStart: Int64 = 0
  /// The same of the last minute read, of times as `2026-01-01T00:00:00.000Z`.
  private var minuteLow = UInt64.max
  private var minuteHigh = UInt64.max
  private(set) var minuteStart: Int64 = 0
  /// The text of the last zone read; of an access log it is part of what ``dayStart`` was computed from.
  private var zone: UInt64 = 0
  private var zoneOffset: Int64 = 0

  init(_ format: TimeFormat) { self.format = format }

  @inline(__always)
  mutating func parse(_ p: UnsafePointer<UInt8>, _ n: Int) -> Int64 {
    switch format {
    case .iso8601: unsafe iso8601(p, n)
    case .clf: unsafe clf(p, n)
    default: unsafe unix(p, n)
    }
  }

  /// Reads a text of any length; for plans and tests.
  static func read(_ text: String, _ format: TimeFormat) -> Int64? {
    var bytes = Array(text.utf8)
    let n = bytes.count
    bytes.append(contentsOf: [UInt8](repeating: 0, count: bytePadding))
    var parser = TimeParser(format)
    let time = unsafe bytes.withUnsafeBufferPointer { unsafe parser.parse($0.baseAddress!, n) }
    return time == unreadable ? nil : time
  }

  // MARK: ISO 8601

  /// Milliseconds since ``minuteStart`` when the text is of the same minute as the one before, else negative. Only of ISO
  /// times is a minute kept.
  @inline(__always)
  func millisecondsInSameMinute(_ p: UnsafePointer<UInt8>, _ n: Int) -> Int64 {
    guard n == 24, unsafe load8(p) == minuteLow, unsafe load8(p + 8) == minuteHigh else { return -1 }
    return unsafe TimeParser.millisecondsOfMinute(load8(p + 16))
  }

  /// ":SS.mmmZ" as milliseconds, or -1. One word: the digits must be 0...9 (the first of the seconds 0...5), the rest
  /// exact.
  @inline(__always)
  private static func millisecondsOfMinute(_ word: UInt64) -> Int64 {
    let m = word &- 0x5a30_3030_2e30_303a
    if ((m &+ 0x7f76_7676_7f76_7a7f) | m) & 0x8080_8080_8080_8080 != 0 { return -1 }
    let pairs = m &* 10 &+ (m &>> 8)
    let seconds = (pairs &>> 8) & 0xff
    return Int64(truncatingIfNeeded: seconds &* 1000 &+ ((pairs &>> 32) & 0xff) &* 10 &+ m &>> 48)
  }

  @inline(__always)
  private mutating func iso8601(_ p: UnsafePointer<UInt8>, _ n: Int) -> Int64 {
    let milliseconds = unsafe millisecondsInSameMinute(p, n)
    if milliseconds >= 0 { return minuteStart &+ milliseconds }
    if n >= 19, unsafe load8(p) == dayLow, unsafe load8(p + 3) == dayHigh {  // the same "2026-01-01T" as last time
      let clock = unsafe TimeParser.clockMilliseconds(load8(p + 11))
      if clock >= 0 {
        if n == 24 {
          let milliseconds = unsafe TimeParser.millisecondsOfMinute(load8(p + 16))
          if milliseconds >= 0 {
            (minuteLow, minuteHigh) = unsafe (load8(p), load8(p + 8))
            minuteStart = dayStart &+ clock &- clock % 60_000
            return minuteStart &+ milliseconds
          }
        } else if n == 20, unsafe p[19] == 90 {
          return dayStart &+ clock
        } else if n == 19 {
          return dayStart &+ clock
        }
        return unsafe isoTail(p, n, dayStart &+ clock)
      }
    }
    return unsafe isoInFull(p, n)
  }

  /// Any fraction and zone behind a known day and clock; a zone that is the previous one's is not read again.
  @inline(never)
  private mutating func isoTail(_ p: UnsafePointer<UInt8>, _ n: Int, _ seconds: Int64) -> Int64 {
    var i = 19
    var milliseconds: Int64 = 0
    if unsafe p[19] == 46 || p[19] == 44 {
      i = 20
      var scale: Int64 = 100
      while i < n, i < 29, unsafe p[i] &- 48 <= 9 {
        unsafe milliseconds &+= Int64(p[i] &- 48) &* scale
        scale /= 10
        i &+= 1
      }
      if i == 20 { return TimeParser.unreadable }
    }
    if i == n { return seconds &+ milliseconds }
    if i == n &- 1, unsafe p[i] | 0x20 == 122 { return seconds &+ milliseconds }
    if n &- i != 6 { return unsafe isoInFull(p, n) }
    let word = unsafe load8(p + i) & 0xffff_ffff_ffff  // "+05:30"
    if word != zone || zone == 0 {
      var r = unsafe TextReader(p + i, 6)
      let offset = r.zoneOffset()
      guard r.good, r.atEnd else { return unsafe isoInFull(p, n) }
      (zone, zoneOffset) = (word, offset)
    }
    return seconds &+ milliseconds &- zoneOffset
  }

  /// "HH:MM:SS" as milliseconds, or -1. One word: the separators must be exact, the digits 0...9.
  @inline(__always)
  private static func clockMilliseconds(_ word: UInt64) -> Int64 {
    let c = word &- 0x3030_3a30_303a_3030
    if ((c &+ 0x7676_7f76_767f_7676) | c) & 0x8080_8080_8080_8080 != 0 { return -1 }
    let t = c &* 10 &+ (c &>> 8)
    let h = t & 0xff
    let m = (t &>> 24) & 0xff
    let s = (t &>> 48) & 0xff
    if h > 23 || m > 59 || s > 59 { return -1 }
    return Int64(truncatingIfNeeded: h &* 3_600_000 &+ m &* 60_000 &+ s &* 1000)
  }

  /// `YYYY-MM-DD[T ]HH:MM[:SS[.fraction]][Z|±hh[[:]mm]]`, or the date alone.
  @inline(never)
  private mutating func isoInFull(_ p: UnsafePointer<UInt8>, _ n: Int) -> Int64 {
    var r = unsafe TextReader(p, n)
    let year = r.digits(4)
    r.expect(45)
    let month = r.digits(2)
    r.expect(45)
    let day = r.digits(2)
    guard r.good, TimeParser.isDate(year, month, day) else { return TimeParser.unreadable }
    let start = TimeParser.daysSince1970(year, month, day) &* 86_400_000
    if r.atEnd { return start }
    guard r.accept(84) || r.accept(32) || r.accept(116) else { return TimeParser.unreadable }
    let hour = r.digits(2)
    r.expect(58)
    let minute = r.digits(2)
    var second: Int64 = 0
    var milliseconds: Int64 = 0
    if r.accept(58) {
      second = r.digits(2)
      if r.accept(46) || r.accept(44) { milliseconds = r.fraction() }
    }
    if r.accept(32) {}  // "10:05:03 +02:00"
    let offset = r.zoneOffset()
    guard r.good, r.atEnd, hour < 24, minute < 60, second < 61 else { return TimeParser.unreadable }
    if n >= 19 { (dayLow, dayHigh, dayStart) = unsafe (load8(p), load8(p + 3), start) }
    return start &+ hour &* 3_600_000 &+ minute &* 60_000 &+ second &* 1000 &+ milliseconds &- offset
  }

  // MARK: Access logs

  /// `17/May/2015:10:05:03 +0000`.
  @inline(__always)
  private mutating func clf(_ p: UnsafePointer<UInt8>, _ n: Int) -> Int64 {
    if n == 26, unsafe load8(p) == dayLow, unsafe load8(p + 4) == dayHigh, unsafe load8(p + 18) &>> 16 == zone {
      let clock = unsafe TimeParser.clockMilliseconds(load8(p + 12))
      if clock >= 0 { return dayStart &+ clock }
    }
    return unsafe clfInFull(p, n)
  }

  @inline(never)
  private mutating func clfInFull(_ p: UnsafePointer<UInt8>, _ n: Int) -> Int64 {
    var r = unsafe TextReader(p, n)
    let day = r.digits(2)
    r.expect(47)
    let month = r.month()
    r.expect(47)
    let year = r.digits(4)
    r.expect(58)
    let hour = r.digits(2)
    r.expect(58)
    let minute = r.digits(2)
    r.expect(58)
    let second = r.digits(2)
    var milliseconds: Int64 = 0
    if r.accept(46) { milliseconds = r.fraction() }
    var offset: Int64 = 0
    if r.accept(32) { offset = r.zoneOffset() }
    guard r.good, r.atEnd, TimeParser.isDate(year, month, day), hour < 24, minute < 60, second < 61 else {
      return TimeParser.unreadable
    }
    let start = TimeParser.daysSince1970(year, month, day) &* 86_400_000 &- offset
    // a fraction instead of a zone may be as long, and is no part of the day
    if n == 26, unsafe p[20] == 32 {
      (dayLow, dayHigh, zone, dayStart) = unsafe (load8(p), load8(p + 4), load8(p + 18) &>> 16, start)
    }
    return start &+ hour &* 3_600_000 &+ minute &* 60_000 &+ second &* 1000 &+ milliseconds
  }

  // MARK: Unix

  @inline(__always)
  private func unix(_ p: UnsafePointer<UInt8>, _ n: Int) -> Int64 {
    // eight digits as one word, the rest one by one
    if n >= 9, n <= 19, unsafe p[0] != 45 {
      let w = unsafe load8(p) &- 0x3030_3030_3030_3030
      if ((w &+ 0x7676_7676_7676_7676) | w) & 0x8080_8080_8080_8080 == 0 {
        let a = w &* 10 &+ (w &>> 8)
        let b = (a & 0x00ff_00ff_00ff_00ff) &* 100 &+ ((a &>> 16) & 0x00ff_00ff_00ff_00ff)
        let c = (b & 0x0000_ffff_0000_ffff) &* 10000 &+ ((b &>> 32) & 0x0000_ffff)
        var v = Int64(truncatingIfNeeded: c & 0xffff_ffff)
        var i = 8
        while i < n {
          let d = unsafe p[i] &- 48
          if d > 9 { return unsafe unixInFull(p, n) }
          v = v &* 10 &+ Int64(d)
          i &+= 1
        }
        if n < 19 { return milliseconds(whole: v, thousandths: 0) }
      }
    }
    return unsafe unixInFull(p, n)
  }

  /// Optional sign, digits, optional fraction; a number with an exponent is read as a double.
  @inline(never)
  private func unixInFull(_ p: UnsafePointer<UInt8>, _ n: Int) -> Int64 {
    var r = unsafe TextReader(p, n)
    let negative = r.accept(45)
    let from = r.i
    var whole: Int64 = 0
    while !r.atEnd, let d = r.digit() {
      let (product, o1) = whole.multipliedReportingOverflow(by: 10)
      let (sum, o2) = product.addingReportingOverflow(d)
      if o1 || o2 { return TimeParser.unreadable }
      whole = sum
    }
    guard r.i > from else { return TimeParser.unreadable }
    var thousandths: Int64 = 0
    var inexact = false
    if r.accept(46) { (thousandths, inexact) = r.thousandths() }
    if !r.atEnd {
      guard n < 40, let v = unsafe Double(String(decoding: UnsafeBufferPointer(start: p, count: n), as: UTF8.self))
      else {
        return TimeParser.unreadable
      }
      let whole = v.rounded(.down)
      guard abs(whole) < 1e18 else { return TimeParser.unreadable }
      return milliseconds(whole: Int64(whole), thousandths: Int64((v - whole) * 1000))
    }
    guard r.good else { return TimeParser.unreadable }
    // floor: -1.0004 s is -1001 ms
    if negative { return milliseconds(whole: -whole, thousandths: -thousandths - (inexact ? 1 : 0)) }
    return milliseconds(whole: whole, thousandths: thousandths)
  }

  @inline(__always)
  private func milliseconds(whole: Int64, thousandths: Int64) -> Int64 {
    var ms: Int64
    switch format {
    case .unixSeconds:
      if whole.magnitude > 1_000_000_000_000 { return TimeParser.unreadable }
      ms = whole &* 1000 &+ thousandths
    case .unixMilliseconds:
      ms = thousandths < 0 ? whole &- 1 : whole
    default:
      let unit: Int64 = format == .unixMicroseconds ? 1000 : 1_000_000
      ms = whole / unit
      if whole % unit < 0 || (whole % unit == 0 && thousandths < 0) { ms &-= 1 }
    }
    return ms >= TimeParser.earliest && ms <= TimeParser.latest ? ms : TimeParser.unreadable
  }

  // MARK: Calendar

  static func isDate(_ year: Int64, _ month: Int64, _ day: Int64) -> Bool {
    guard month >= 1, month <= 12, day >= 1 else { return false }
    if day <= 28 { return true }
    switch month {
    case 2: return day == 29 && (year % 4 == 0 && year % 100 != 0 || year % 400 == 0)
    case 4, 6, 9, 11: return day <= 30
    default: return day <= 31
    }
  }

  /// Days from 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`).
  static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
