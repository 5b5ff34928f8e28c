public import StreamCore

/// What a user supplies to get a session operator: how to read a key and a time from an event, and what to keep of a
/// session. Plain values, no references; all state that texts need lives in the program itself.
public protocol SessionProgram {
  /// One event; trivial.
  associatedtype Event: BitwiseCopyable
  /// A key as kept in the table; trivial.
  associatedtype Key: BitwiseCopyable
  /// What is kept of a session besides its times: O(1) bytes; trivial.
  associatedtype Aggregate: BitwiseCopyable

  /// Whether ``splitReason(_:_:start:)`` has to be asked. Programs that split by order (maximum duration or events,
  /// campaigns) need their events sorted by event time (``EventTimeSorter``).
  var splitsInOrder: Bool { get }

  /// Event time in milliseconds since 1970 UTC (or processing time, for sessions by processing time).
  static func time(_ e: UnsafePointer<Event>) -> Int64
  /// A 64-bit hash of the key.
  static func hash(_ e: UnsafePointer<Event>) -> UInt64
  /// The hash of a stored key; equal to that of its events.
  func hash(of key: UnsafePointer<Key>) -> UInt64
  func matches(_ key: UnsafePointer<Key>, _ e: UnsafePointer<Event>) -> Bool
  mutating func makeKey(_ e: UnsafePointer<Event>) -> Key
  mutating func dropKey(_ key: UnsafePointer<Key>)

  /// Whether events bring gaps of their own; ``gapMilliseconds(_:standard:)`` is asked only if so.
  var hasDynamicGaps: Bool { get }
  /// The gap after this event, as a user would say it (the boundary rule applies to it); by default `standard`, the
  /// session's. One that is not positive merges events of the same millisecond only. A late event is
  /// not taken in further than two standard gaps and the lateness before the watermark, however long its own gap.
  func gapMilliseconds(_ e: UnsafePointer<Event>, standard: Int64) -> Int64

  /// The first event of a session.
  mutating func begin(_ a: UnsafeMutablePointer<Aggregate>, _ e: UnsafePointer<Event>)
  /// A further event. `isFirst`: before all others; `isLast`: at or after all others. `start`: when the session now starts.
  mutating func add(
    _ a: UnsafeMutablePointer<Aggregate>, _ e: UnsafePointer<Event>, isFirst: Bool, isLast: Bool, start: Int64,
    formerStart: Int64)
  /// Takes a later session of the same key into an earlier one; the later one's memory is released.
  mutating func merge(
    _ earlier: UnsafeMutablePointer<Aggregate>, _ earlierStart: Int64, _ later: UnsafeMutablePointer<Aggregate>,
    _ laterStart: Int64)
  /// Whether this event, which follows the session in time, begins a new one, and why.
  func splitReason(_ a: UnsafePointer<Aggregate>, _ e: UnsafePointer<Event>, start: Int64) -> SessionEndReason?
  /// Touches the memory that ``add(_:_:isFirst:isLast:start:formerStart:)`` will need.
  func prefetch(_ a: UnsafePointer<Aggregate>)
  /// Touches the memory that ``emit(_:)`` will read for an aggregate. It may be one that has ended, or one of zeros.
  func prefetch(closing a: UnsafePointer<Aggregate>)
  /// Touches what an event points to (its key's text), some events before it is taken. Such memory was written by
  /// another operator, often on another core, and is met in no regular order.
  func prefetch(event e: UnsafePointer<Event>)

  /// A session as it now is, or is no more.
  mutating func emit(_ session: EmittedSession<Self>)
  /// Releases what an aggregate holds.
  mutating func drop(_ a: UnsafeMutablePointer<Aggregate>)
  /// An event that came too late. `maximum`: the running maximum of its source when it came.
  mutating func late(_ e: UnsafePointer<Event>, maximum: Int64)

  /// Copies what the program holds besides the aggregates.
  func snapshot(into snapshot: StateSnapshot)
  mutating func restore(from snapshot: RestoredState) throws
}

extension SessionProgram {
  @inlinable public var splitsInOrder: Bool { false }
  @inlinable public var hasDynamicGaps: Bool { false }
  @inlinable public func gapMilliseconds(_ e: UnsafePointer<Event>, standard: Int64) -> Int64 { standard }
  @inlinable public func splitReason(
    _ a: UnsafePointer<Aggregate>, _ e: UnsafePointer<Event>, start: Int64
  ) -> SessionEndReason? { nil }
  @inlinable public func prefetch(_ a: UnsafePointer<Aggregate>) {}
  @inlinable public func prefetch(closing a: UnsafePointer<Aggregate>) {}
  @inlinable public func prefetch(event e: UnsafePointer<Event>) {}
  @inlinable public func snapshot(into snapshot: StateSnapshot) {}
  @inlinable public func restore(from snapshot: RestoredState) throws {}
}

/// One emission of a session.
@safe public struct EmittedSession<Program: SessionProgram> {
  /// What the emission means to whoever keeps the current sessions.
  public enum Kind: UInt8, Sendable {
    /// The session is final and will not be spoken of again.
    case closed
    /// The session is now as given (update mode).
    case current
    /// The session, as given before, is no more (update mode): extended, merged or split.
    case retracted
  }
  public let kind: Kind
  public let key: UnsafePointer<Program.Key>
  public let aggregate: UnsafeMutablePointer<Program.Aggregate>
  /// First and last event.
  public let start: Int64
  public let last: Int64
  /// The watermark from which on the session is final.
  public let closedAt: Int64
  /// Counts the sessions that were split off one after the other.
  public let ordinal: UInt32
  public let reason: SessionEndReason

  @inlinable
  public init(
    kind: Kind, key: UnsafePointer<Program.Key>, aggregate: UnsafeMutablePointer<Program.Aggregate>, start: Int64,
    last: Int64, closedAt: Int64, ordinal: UInt32, reason: SessionEndReason
  ) {
    self.kind = kind
    unsafe self.key = unsafe key
    unsafe self.aggregate = unsafe aggregate
    self.start = start
    self.last = last
    self.closedAt = closedAt
    self.ordinal = ordinal
    self.reason = reason
  }
}
