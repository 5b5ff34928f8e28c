/// Where an element stands in event time and in its source: what the order of everything is decided by.
///
/// `watermark` is the watermark of the source right after the element was read. `sequence` numbers the elements of all
/// sources: the source in the upper 16 bits, then the element's number in it. What an operator gives out because an
/// element came stands where that element stands. What it gives out because a timer is due at d stands at the last
/// instant before the watermark reaches d: (d − 1, ``lastSequence``). Both depend on the sources' elements alone, so
/// merging by position gives the same order whatever the blocks, threads and crashes.
///
/// `eventTime` is the element's own time; it takes no part in the order.
///
/// Along the elements of one source positions never fall; they are compared by watermark, then sequence.
public struct Position: Sendable, Equatable, BitwiseCopyable {
  public var watermark: Int64
  public var sequence: Int64
  public var eventTime: Int64

  /// Behind every element of the same watermark.
  public static let lastSequence = Int64.max
  static let sourceShift = Int64(46)

  @inlinable @inline(__always)
  /// Of its parts.
  public init(watermark: Int64, sequence: Int64, eventTime: Int64) {
    self.watermark = watermark
    self.sequence = sequence
    self.eventTime = eventTime
  }
  /// Where the outputs of a timer stand; their event time is that instant too.
  @inlinable @inline(__always)
  public init(due: Int64) {
    let instant = due == .min ? .min : due &- 1
    self.init(watermark: instant, sequence: Position.lastSequence, eventTime: instant)
  }

  /// The same place in a stream whose watermark stays behind.
  @inlinable @inline(__always)
  public func lagging(milliseconds: Int64) -> Position {
    Position(
      watermark: StreamCore.lagging(watermark, by: milliseconds), sequence: sequence, eventTime: eventTime)
  }

  @inlinable @inline(__always)
  public static func < (a: Position, b: Position) -> Bool {
    a.watermark != b.watermark ? a.watermark < b.watermark : a.sequence < b.sequence
  }
  /// Whether the element may be consumed when everything before the frontier may.
  @inline(__always)
  func isBefore(_ f: Frontier) -> Bool {
    if watermark != f.maximum { return watermark < f.maximum }
    return sequence == Position.lastSequence || Int(sequence >> Position.sourceShift) < f.source
  }
}

/// Event time and number of an element, as they lie beside the elements of a partition.
public struct EventStamp: Sendable, Equatable, BitwiseCopyable {
  public var sequence: Int64
  public var eventTime: Int64

  @inlinable @inline(__always)
  public init(sequence: Int64, eventTime: Int64) {
    self.sequence = sequence
    self.eventTime = eventTime
  }
}
