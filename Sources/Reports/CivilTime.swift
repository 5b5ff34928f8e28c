/// UTC times as ISO 8601 text. Method: Howard Hinnant's civil-from-days.
enum CivilTime {
  static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let z = day + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let m = (5 * dayOfYear + 2) / 153
    let month = m < 10 ? m + 3 : m - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * m + 2) / 5 + 1)
  }

  /// "2026-01-31".
  static func date(_ milliseconds: Int64) -> String {
    let (y, m, d) = date(ofDay: SessionReportAccumulator.day(of: milliseconds))
    return "\(padded(y, 4))-\(padded(m, 2))-\(padded(d, 2))"
  }

  /// "2026-01-31T09:30:00Z", with milliseconds where there are any.
  static func timestamp(_ milliseconds: Int64) -> String {
    let day = SessionReportAccumulator.day(of: milliseconds)
    let t = milliseconds - day * SessionReportAccumulator.dayMilliseconds
    let time = "\(padded(t / 3_600_000, 2)):\(padded(t / 60_000 % 60, 2)):\(padded(t / 1000 % 60, 2))"
    let fraction = t % 1000 == 0 ? "" : ".\(padded(t % 1000, 3))"
    return "\(date(milliseconds))T\(time)\(fraction)Z"
  }

  private static func padded(_ v: Int64, _ digits: Int) -> String {
    let s = String(v)
    return String(repeating: "0", count: max(0, digits - s.count)) + s
  }
}
