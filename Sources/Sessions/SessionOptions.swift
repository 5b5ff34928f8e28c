public import StreamCore

/// Whether events exactly one gap apart belong together.
public enum GapBoundary: String, Codable, Sendable, CaseIterable {
  /// They do: the rule of Spark, Flink and Kafka Streams.
  case merge
  /// They do not: the rule of web analytics tools.
  case split
}

/// When sessions are given out.
public enum SessionEmission: String, Codable, Sendable, CaseIterable {
  /// Once, when no event can change them any more.
  case append
  /// At every change, the former version retracted first.
  case update
}

/// How a ``Sessionizer`` groups events.
///
/// Times are whole milliseconds, so a gap that splits is a gap one millisecond shorter that merges: the operator knows
/// closed intervals `[time, reach]` only, and a session is a maximal union of overlapping ones.
public struct SessionOptions: Sendable {
  /// Longest distance inside a session.
  public var gapMilliseconds: Int64
  public var boundary: GapBoundary
  /// How long after its end a session still takes late events.
  public var allowedLatenessMilliseconds: Int64
  /// How far the watermark trails the highest event time; only sizes the timers.
  public var watermarkDelayMilliseconds: Int64
  public var emission: SessionEmission
  /// Sessions never cross a local midnight of this calendar; nil: they may.
  public var days: (any DayBoundaries)?
  /// Refuses to open more sessions than this (per partition); events that would are reported as late.
  public var openSessionsMax: Int

  public init(
    gapMilliseconds: Int64 = 1_800_000, boundary: GapBoundary = .merge, allowedLatenessMilliseconds: Int64 = 0,
    watermarkDelayMilliseconds: Int64 = 0, emission: SessionEmission = .append, days: (any DayBoundaries)? = nil,
    openSessionsMax: Int = 1 << 24
  ) {
    precondition(gapMilliseconds > 0, "a session gap must be positive")
    precondition(gapMilliseconds < 1 << 32, "a session gap must be below 49 days")
    precondition(allowedLatenessMilliseconds >= 0, "an allowed lateness cannot be negative")
    precondition(watermarkDelayMilliseconds >= 0, "a watermark delay cannot be negative")
    precondition(openSessionsMax > 0 && openSessionsMax <= 1 << 30, "open sessions are limited to 2^30 a partition")
    self.gapMilliseconds = gapMilliseconds
    self.boundary = boundary
    self.allowedLatenessMilliseconds = allowedLatenessMilliseconds
    self.watermarkDelayMilliseconds = watermarkDelayMilliseconds
    self.emission = emission
    self.days = days
    self.openSessionsMax = openSessionsMax
  }

  /// The gap as the operator uses it: events at most this far apart merge.
  @inlinable
  public var mergeGapMilliseconds: Int64 { boundary == .merge ? gapMilliseconds : gapMilliseconds - 1 }
  /// The same for the gap that an event brings: nothing below zero (only events of the same millisecond merge), nothing
  /// above the longest gap allowed.
  @inlinable
  public func mergeGap(ofGap own: Int64) -> Int64 {
    let bounded = min(max(own, 0), 1 << 32 - 1)
    return boundary == .merge ? bounded : max(bounded - 1, 0)
  }

  /// How far ahead of the watermark timers usually lie.
  private var timerSpanMilliseconds: Int64 {
    gapMilliseconds + allowedLatenessMilliseconds + watermarkDelayMilliseconds
  }
  func makeWheel() -> TimerWheel { TimerWheel(spanMilliseconds: timerSpanMilliseconds) }
  /// Once an operator has been advanced to a watermark, every session that became final before this is out.
  public func completeBefore(watermark: Int64) -> Int64 {
    TimerWheel.complete(at: watermark, tickMilliseconds: TimerWheel.tickMilliseconds(ofSpan: timerSpanMilliseconds))
  }

  /// The watermark once a batch has been applied.
  ///
  /// While the input's end is being worked off, in steps, it runs on from the last event until every session is over:
  /// so the sessions that are open at the end leave in their order and never all at once. The last step closes what an
  /// event's own gap holds open longer.
  public func watermark(of batch: Batch) -> Int64 {
    if batch.alignedMaximum == .min { return .min }
    let last = batch.alignedMaximum &- watermarkDelayMilliseconds
    if batch.closingStep == 0 { return last }
    let beyond = batch.alignedMaximum &+ gapMilliseconds &+ allowedLatenessMilliseconds &+ 2
    return last &+ (beyond &- last) / Int64(batch.closingStepCount) &* Int64(batch.closingStep)
  }
}

/// Where days begin and end in some time zone.
public protocol DayBoundaries: Sendable {
  /// First millisecond of the day that contains `time`, and of the next one.
  func day(containing time: Int64) -> (start: Int64, end: Int64)
}

/// Why a session was given out. Raw values are part of snapshots.
public enum SessionEndReason: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  /// No event came within the gap.
  case gap = 0
  case maxDuration = 1
  case maxEvents = 2
  case midnight = 3
  case campaign = 4
  case endOfInput = 5
}
