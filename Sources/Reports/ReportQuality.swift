/// What a run knows about its own input and limits, for the report's quality panel.
///
/// Holds nothing that depends on the run itself (no wall-clock time, no machine, no number of threads, no restarts):
/// the report of a run that crashed and resumed is byte for byte that of one that did not.
public struct ReportQuality: Codable, Sendable, Equatable {
  /// Names of the inputs in the order they were read.
  public var inputs: [String] = []
  /// Bytes and lines read, compression undone.
  public var inputBytes: Int = 0
  public var lines: Int = 0
  public var eventsDecoded: Int = 0
  /// Malformed lines by reason.
  public var malformed: [String: Int] = [:]
  /// Events that came too late for their session and were set aside.
  public var lateEvents: Int = 0
  /// Events behind the watermark that the allowed lateness still let in.
  public var lateEventsAccepted: Int = 0
  /// Sessions that an event in between joined into one.
  public var sessionsMerged: Int = 0
  /// Sessions still open when the input ended, closed then.
  public var openAtEnd: Int = 0
  /// The watermark at the end, milliseconds since 1970 UTC; nil: no event was read.
  public var watermark: Int64?
  public var gapMilliseconds: Int64 = 1_800_000
  /// "merge" or "split": what a distance of exactly the gap does.
  public var boundary = "merge"
  public var watermarkDelayMilliseconds: Int64 = 0
  public var allowedLatenessMilliseconds: Int64 = 0
  /// Remarks for the reader, one sentence each.
  public var notes: [String] = []

  public init() {}

  public var malformedLines: Int { malformed.values.reduce(0, +) }
}
