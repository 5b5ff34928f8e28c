import FlatMemory
import Testing

@testable import EventFormats

@Suite struct TimeParserTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0), ("2026-01-01T00:00:00.013Z", 1_767_225_600_013),
    ("2026-01-01T00:00:00.013", 1_767_225_600_013), ("2026-01-01 00:00:00", 1_767_225_600_000),
    ("2026-01-01", 1_767_225_600_000), ("2026-01-01T05:30:00+05:30", 1_767_225_600_000),
    ("2026-01-01T05:30:00.5+0530", 1_767_225_600_500), ("2025-12-31T19:00:00-05", 1_767_225_600_000),
    ("2026-01-01T00:00:00,9Z", 1_767_225_600_900), ("2026-01-01T00:00:00.123456789Z", 1_767_225_600_123),
    ("2026-01-01T00:00Z", 1_767_225_600_000), ("2026-01-01t00:00:00z", 1_767_225_600_000),
    ("2025-12-31T23:59:60Z", 1_767_225_600_000), ("2000-02-29T00:00:00Z", 951_782_400_000),
    ("1969-12-31T23:59:59.999Z", -1), ("0000-01-01T00:00:00Z", -62_167_219_200_000),
    ("9999-12-31T23:59:59.999Z", 253_402_300_799_999), ("2026-01-01 00:00:00 +00:00", 1_767_225_600_000),
  ])
  func iso8601(text: String, time: Int64) {
    #expect(TimeParser.read(text, .iso8601) == time)
  }

  @Test(arguments: [
    "", "2026", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-04-31T00:00:00Z", "1900-02-29T00:00:00Z",
    "2026-02-29T00:00:00Z", "2026-01-32", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
    "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00+", "2026-01-01T00:00:00+5",
    "2026-01-01T00:00:00+05:3", "2026-01-01T00:00:00+19:00", "2026-01-01T00:00:00+05:60", "2026-01-01T00:00:00Zx",
    "2026-01-01X00:00:00Z", "2026-1-01T00:00:00Z", "2026-01-01T0a:00:00Z", "2026-01-01T00:00:00.01aZ",
    "2026-01-01T00-00:00.013Z", "2026-01-01T00:00:00.013X", "yesterday",
  ])
  func notISO8601(text: String) {
    // by itself, and after a time of the same day, whose day is then known
    #expect(TimeParser.read(text, .iso8601) == nil)
    var parser = TimeParser(.iso8601)
    #expect(parse("2026-01-01T12:00:00.000Z", &parser) == 1_767_268_800_000)
    #expect(parse(text, &parser) == TimeParser.unreadable)
  }

  @Test(arguments: [
    ("17/May/2015:10:05:03 +0000", 1_431_857_103_000), ("07/Mar/2004:16:05:49 -0800", 1_078_704_349_000),
    ("01/Jan/1970:00:00:00 +0000", 0), ("29/feb/2000:00:00:00 +0000", 951_782_400_000),
    ("17/May/2015:10:05:03", 1_431_857_103_000), ("17/May/2015:10:05:03.250 +0000", 1_431_857_103_250),
  ])
  func accessLog(text: String, time: Int64) {
    #expect(TimeParser.read(text, .clf) == time)
    var parser = TimeParser(.clf)
    #expect(parse(text, &parser) == time)
    #expect(parse(text, &parser) == time)
  }

  @Test(arguments: [
    "17/Mai/2015:10:05:03 +0000", "30/Feb/2015:10:05:03 +0000", "17/May/2015:24:05:03 +0000", "17/May/2015:10:05:03 ",
    "17/May/2015:10:05:03 +00", "17/May/2015 10:05:03 +0000", "-",
  ])
  func notAccessLog(text: String) {
    if text.hasSuffix("+00") { return #expect(TimeParser.read(text, .clf) == 1_431_857_103_000) }
    #expect(TimeParser.read(text, .clf) == (text.hasSuffix(" ") ? 1_431_857_103_000 : nil))
  }

  /// The cached day of a log must not outlive a change of zone.
  @Test func zonesOfAccessLogs() {
    var parser = TimeParser(.clf)
    #expect(parse("17/May/2015:10:05:03 +0000", &parser) == 1_431_857_103_000)
    #expect(parse("17/May/2015:10:05:03 +0200", &parser) == 1_431_849_903_000)
    #expect(parse("17/May/2015:10:05:03 +0000", &parser) == 1_431_857_103_000)
    #expect(parse("17/May/2016:10:05:03 +0000", &parser) == 1_463_479_503_000)
    #expect(parse("18/May/2016:10:05:03 +0000", &parser) == 1_463_565_903_000)
  }

  @Test(arguments: [
    ("1389052815", TimeFormat.unixSeconds, 1_389_052_815_000 as Int64?),
    ("1389052815.25", .unixSeconds, 1_389_052_815_250),
    ("1396437466.94", .unixSeconds, 1_396_437_466_940), ("1.389052815e9", .unixSeconds, 1_389_052_815_000),
    ("-1.5", .unixSeconds, -1500), ("-0.0004", .unixSeconds, -1), ("0", .unixSeconds, 0), ("1", .unixSeconds, 1000),
    ("1389052815123", .unixMilliseconds, 1_389_052_815_123), ("1389052815123.9", .unixMilliseconds, 1_389_052_815_123),
    ("-1", .unixMilliseconds, -1), ("-1.5", .unixMilliseconds, -2),
    ("1389052815123456", .unixMicroseconds, 1_389_052_815_123),
    ("-1", .unixMicroseconds, -1), ("-1000", .unixMicroseconds, -1),
    ("1389052815123456789", .unixNanoseconds, 1_389_052_815_123),
    ("12345678", .unixSeconds, 12_345_678_000), ("123456789", .unixSeconds, 123_456_789_000),
    ("253402300799", .unixSeconds, 253_402_300_799_000), ("253402300800", .unixSeconds, nil),
    ("1389052815123", .unixSeconds, nil), ("13890528151234567890", .unixNanoseconds, nil), ("", .unixSeconds, nil),
    ("-", .unixSeconds, nil), ("12a4567890", .unixSeconds, nil), ("138905281x", .unixSeconds, nil),
    ("1389052815.2x", .unixSeconds, nil), ("nan", .unixSeconds, nil), ("1e300", .unixSeconds, nil),
  ])
  func unix(text: String, format: TimeFormat, time: Int64?) {
    #expect(TimeParser.read(text, format) == time)
  }

  @Test(arguments: [
    ("1389052815", TimeFormat.unixSeconds), ("1389052815.25", .unixSeconds), ("1389052815123", .unixMilliseconds),
    ("1389052815123456", .unixMicroseconds), ("1389052815123456789", .unixNanoseconds),
    ("2026-01-01T00:00:00Z", .iso8601), ("2026-01-01", .iso8601), ("17/May/2015:10:05:03 +0000", .clf),
  ])
  func formatOfASample(text: String, format: TimeFormat) {
    #expect(TimeFormat(sample: text) == format)
  }
  @Test(arguments: ["", "12", "20150517", "u1", "2026-01", "nan", "inf"])
  func noTime(text: String) {
    #expect(TimeFormat(sample: text) == nil)
  }

  /// A minute that is known, from the times before, changes neither what is read nor what is refused.
  @Test func timesOfAKnownMinute() {
    var g = SeededGenerator(seed: newSeed("timesOfAKnownMinute"))
    let bytes: [UInt8] = [0, 32, 44, 46, 47, 48, 53, 54, 57, 58, 90, 122, 176, 255]
    var refused = 0
    for _ in 0..<5000 {
      var text = Array("2026-01-01T12:34:\(10 + g.below(50)).\(100 + g.below(900))Z".utf8)
      if g.chance(50) { text[16 + g.below(8)] = bytes[g.below(bytes.count)] }
      var cold = TimeParser(.iso8601)
      var warm = TimeParser(.iso8601)
      for milliseconds in 0..<3 { _ = parse("2026-01-01T12:34:56.00\(milliseconds)Z", &warm) }
      text += [UInt8](repeating: 0, count: bytePadding)
      let (want, got) = unsafe text.withUnsafeBufferPointer {
        unsafe (cold.parse($0.baseAddress!, 24), warm.parse($0.baseAddress!, 24))
      }
      #expect(got == want, "\(text.prefix(24))")
      if want == TimeParser.unreadable { refused += 1 }
    }
    #expect((1000...2400).contains(refused))
  }

  /// Written and read again, through a parser that keeps its cached day from one to the next.
  @Test func roundTrips() {
    var g = SeededGenerator(seed: newSeed("roundTrips"))
    var iso = TimeParser(.iso8601)
    var clf = TimeParser(.clf)
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    var day: Int64 = 20_454
    for _ in 0..<20_000 {
      if g.chance(20) { day = Int64.random(in: -719_528...2_932_896, using: &g) }
      let clock = Int64.random(in: 0..<86_400_000, using: &g)
      let (year, month, date) = civil(day)
      let (h, m, s, ms) = (clock / 3_600_000, clock / 60_000 % 60, clock / 1000 % 60, clock % 1000)
      let zone = Int64.random(in: -18 * 60...18 * 60, using: &g)
      let zoneText = "\(zone < 0 ? "-" : "+")\(pad(abs(zone) / 60)):\(pad(abs(zone) % 60))"
      let dateText = "\(pad(year, 4))-\(pad(month))-\(pad(date))"
      let clockText = "\(pad(h)):\(pad(m)):\(pad(s))"
      let time = day * 86_400_000 + clock
      #expect(parse("\(dateText)T\(clockText).\(pad(ms, 3))Z", &iso) == time)
      #expect(parse("\(dateText) \(clockText)", &iso) == time - ms)
      #expect(parse("\(dateText)T\(clockText).\(pad(ms, 3))000\(zoneText)", &iso) == time - zone * 60_000)
      let logText =
        "\(pad(date))/\(months[Int(month) - 1])/\(pad(year, 4)):\(clockText) \(zoneText.replacing(":", with: ""))"
      #expect(parse(logText, &clf) == time - ms - zone * 60_000)
    }
  }

  private func parse(_ text: String, _ parser: inout TimeParser) -> Int64 {
    let bytes = Array(text.utf8) + [UInt8](repeating: 0x39, count: 64)
    return unsafe bytes.withUnsafeBufferPointer { unsafe parser.parse($0.baseAddress!, text.utf8.count) }
  }
  private func pad(_ v: Int64, _ digits: Int = 2) -> String {
    String(repeating: "0", count: max(0, digits - String(v).count)) + String(v)
  }
  /// Counts years and months one by one: slow, and independent of the formula under test.
  private func civil(_ days: Int64) -> (Int64, Int64, Int64) {
    func isLeap(_ y: Int64) -> Bool { y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) }
    var left = days + 719_528  // days since 0000-01-01
    var year: Int64 = 0
    while left >= (isLeap(year) ? 366 : 365) {
      left -= isLeap(year) ? 366 : 365
      year += 1
    }
    var month = 0
    let lengths: [Int64] = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    while left >= lengths[month] {
      left -= lengths[month]
      month += 1
    }
    return (year, Int64(month + 1), left + 1)
  }
}
