/// How event times are written; decided once per input.
public enum TimeFormat: String, Codable, Sendable, CaseIterable {
  /// Seconds since 1970 UTC, with or without a fraction.
  case unixSeconds = "seconds"
  case unixMilliseconds = "milliseconds"
  case unixMicroseconds = "microseconds"
  case unixNanoseconds = "nanoseconds"
  /// ISO 8601 and RFC 3339 dates and times; no zone means UTC.
  case iso8601
  /// The access logs' own: `17/May/2015:10:05:03 +0000`.
  case clf

  /// The format a sample value is written in, or nil when it is no time. Unix times are told apart by magnitude:
  /// each unit covers the years 1973 to 5138 of its own.
  init?(sample: String) {
    if TimeParser.read(sample, .iso8601) != nil {
      self = .iso8601
    } else if TimeParser.read(sample, .clf) != nil {
      self = .clf
    } else if let number = Double(sample), number.isFinite, abs(number) >= 1e8 {
      switch abs(number) {
      case ..<1e11: self = .unixSeconds
      case ..<1e14: self = .unixMilliseconds
      case ..<1e17: self = .unixMicroseconds
      case ..<1e20: self = .unixNanoseconds
      default: return nil
      }
    } else {
      return nil
    }
  }
}
