/// What a source had when it was asked for more.
public enum SourceStatus: Sendable, Equatable {
  /// It may have more right now.
  case more
  /// Nothing more now; ask again later.
  case idle
  /// Nothing more in this interval; ask again in the next one.
  case untilNextInterval
  /// Nothing will ever follow.
  case ended
}

/// Where a source goes on: how much it has given out, and what else it needs to find that place again.
public struct SourcePosition: Sendable, Equatable, Codable {
  /// Elements (or bytes) given out since the beginning of the stream, over restarts; never falls.
  public var offset: UInt64
  /// Whatever the source needs beside that, in its own words.
  public var detail: String

  public init(offset: UInt64 = 0, detail: String = "") {
    self.offset = offset
    self.detail = detail
  }
}

/// A source of elements: one source partition.
///
/// The engine asks from one thread at a time. A source that can go back to a position it gave out earlier makes the whole
/// job exactly-once; one that cannot is put behind a write-ahead log.
/// Errors: what `read` throws ends the run.
public protocol ElementSource<Element>: AnyObject, Sendable {
  associatedtype Element
  /// Shown in messages and kept in checkpoints to recognise the source.
  var name: String { get }
  /// What the source will be recognised by on resume; nil when it cannot be read again.
  var identity: String? { get }
  /// Appends at most `countMax` elements (at least one, unless there is none now) and does not wait for any.
  func read(into output: PartitionBuffer<Element>, countMax: Int) throws -> SourceStatus
  /// Where the next read goes on.
  var position: SourcePosition { get }
  /// Goes to a position before the first read.
  func seek(to position: SourcePosition) throws
  /// A checkpoint from which nothing before this position will be asked for again is on the disk.
  func wasCommitted(_ position: SourcePosition)
  /// Called before the first read of a run. With a trigger that takes only what is there (``Trigger/isBounded``), what comes
  /// later is not to be given in this run: the source is idle when it has given the rest (Spark's
  /// `prepareForTriggerAvailableNow`). By default nothing is done, and such a run ends when all sources are idle at once.
  func prepare(for trigger: Trigger)
}

extension ElementSource {
  public func wasCommitted(_ position: SourcePosition) {}
  public func prepare(for trigger: Trigger) {}
}
