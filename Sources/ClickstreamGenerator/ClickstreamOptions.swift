/// What a clickstream looks like and how it is delivered.
///
/// Guarantees: the same options give the same bytes on every platform. The options of delivery (format, disorder,
/// duplicates, malformed lines) do not change the events themselves, only how they arrive.
public struct ClickstreamOptions: Codable, Sendable, Equatable {
  /// Every random choice derives from it.
  public var seed: UInt64 = 1
  public var format: ClickstreamFormat = .ndjson
  /// Time of the stream's beginning, milliseconds since 1970 UTC. Default: 2026-01-01T00:00:00Z.
  public var startMilliseconds: Int64 = 1_767_225_600_000
  /// Exactly this many well-formed, distinct events; duplicates and malformed lines come on top.
  public var eventCount: Int? = 100_000
  /// The time the stream spans. Together with ``eventCount`` it sets the rate (the span is then met within a few
  /// percent); alone it ends the stream.
  public var durationMilliseconds: Int64? = 30 * 86_400_000
  /// The mean rate where only one of ``eventCount`` and ``durationMilliseconds`` is given. Default then: 1,000.
  public var eventsPerHour: Int?
  /// The most distinct human visitors.
  public var visitorCount = 20_000
  /// The share of visits made by somebody who was there before, 0…1. Higher once all visitors have been seen.
  public var returnShare = 0.45
  /// Products in the catalogue.
  public var itemCount = 1_000
  /// The exponent s of the popularity rank^-s of products.
  public var zipfExponent = 1.0
  /// The share of events caused by crawlers and a scraper, 0…0.9.
  public var botShare = 0.05
  /// The share of events that arrive later than younger ones, 0…1.
  public var outOfOrderShare = 0.0
  /// The longest such delay.
  public var outOfOrderMaxMilliseconds: Int64 = 60_000
  /// The chance of an event to be delivered twice, 0…1.
  public var duplicateShare = 0.0
  /// Malformed lines per event, 0…1.
  public var malformedShare = 0.0

  public init() {}

  static let visitorCountMax = 8_000_000
  static let itemCountMax = 10_000_000
  static let year9999Milliseconds: Int64 = 253_402_300_799_999
  static let durationMaxMilliseconds: Int64 = 100 * 366 * 86_400_000

  /// - Throws: ``GeneratorError`` naming the first option that is out of its range.
  public func validate() throws(GeneratorError) {
    if eventCount == nil, durationMilliseconds == nil {
      throw GeneratorError("events", "give the number of events or the duration of the stream")
    }
    if eventCount != nil, durationMilliseconds != nil, eventsPerHour != nil {
      throw GeneratorError("events-per-hour", "follows from events and duration; leave out one of the three")
    }
    if let eventCount { try check("events", eventCount, 0, 1_000_000_000_000) }
    if let durationMilliseconds {
      try check("duration (milliseconds)", durationMilliseconds, 1, ClickstreamOptions.durationMaxMilliseconds)
    }
    if let eventsPerHour { try check("events-per-hour", eventsPerHour, 1, 10_000_000_000) }
    try check("start (milliseconds)", startMilliseconds, 0, ClickstreamOptions.year9999Milliseconds)
    try check("visitors", visitorCount, 1, ClickstreamOptions.visitorCountMax)
    try check("items", itemCount, 1, ClickstreamOptions.itemCountMax)
    try check("return-share", returnShare, 0, 1)
    try check("zipf", zipfExponent, 0, 4)
    try check("bots", botShare, 0, 0.9)
    try check("out-of-order", outOfOrderShare, 0, 1)
    try check("out-of-order-max (milliseconds)", outOfOrderMaxMilliseconds, 1, 30 * 86_400_000)
    try check("duplicates", duplicateShare, 0, 1)
    try check("malformed", malformedShare, 0, 1)
    let end = startMilliseconds.addingReportingOverflow(plannedDurationMilliseconds)
    if end.overflow || end.partialValue > ClickstreamOptions.year9999Milliseconds {
      throw GeneratorError("duration", "the stream would end after the year 9999; use fewer events or an earlier start")
    }
  }

  private func check<Value: Comparable>(
    _ option: String, _ value: Value, _ low: Value, _ high: Value
  ) throws(GeneratorError) {
    // written so that a not-a-number fails
    if value >= low, value <= high { return }
    throw GeneratorError(option, "\(value) is out of range: from \(low) to \(high)")
  }

  /// The span the rate is computed from.
  var plannedDurationMilliseconds: Int64 {
    if let durationMilliseconds { return durationMilliseconds }
    let milliseconds = Double(eventCount ?? 0) * 3_600_000 / Double(eventsPerHour ?? 1_000)
    return max(1, Int64(min(milliseconds, 1e17)))
  }

  /// The events expected in ``plannedDurationMilliseconds``.
  var plannedEventCount: Double {
    if let eventCount { return Double(eventCount) }
    return Double(plannedDurationMilliseconds) / 3_600_000 * Double(eventsPerHour ?? 1_000)
  }
}

/// How events are written, one a line.
public enum ClickstreamFormat: String, Codable, Sendable, Equatable, CaseIterable {
  /// JSON objects: `timestamp`, `user_id`, `event`, `item_id` (if any), `url`, `referrer`, `user_agent`, `value` (of a
  /// purchase).
  case ndjson
  /// RFC 4180 with a header line of the same names and a newline as record end.
  case csv
  /// The Combined log format of web servers. The visitor shows as an address of 10.0.0.0/8.
  case combined
}

/// An option that cannot be met, and why.
public struct GeneratorError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The option's name on the command line, without dashes.
  public let option: String
  public let problem: String

  init(_ option: String, _ problem: String) { (self.option, self.problem) = (option, problem) }

  public var description: String { "\(option): \(problem)" }
}
