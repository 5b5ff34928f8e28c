/// User code that receives elements from elsewhere: Spark's custom receiver.
///
/// Subclass it, override ``onStart()`` and, where there is something to close, ``onStop()``; hand it to a
/// ``ReceiverSource``. `onStart` runs on a thread of its own and may stay there: it connects and calls ``store(_:)`` until
/// ``isStopped``. It may also start something that calls `store` from other threads, and return.
///
/// Errors: what `onStart` throws is reported and the receiver is started again after a delay; `store` throws
/// ``ReceiverStopped`` when nothing more is wanted, so that a loop ends by itself.
open class Receiver<Element>: @unchecked Sendable {
  /// Set before the first start.
  weak var supervisor: ReceiverSupervisor<Element>?

  public init() {}

  /// Whether the other side can be told where to go on (see ``storedCount``), so that no write-ahead log is needed.
  open var isResumable: Bool { false }
  /// Connects and receives. Called again after each restart.
  open func onStart() throws {}
  /// Makes ``onStart()`` return and releases what it opened. Called once a start, by the thread that asks for the stop or
  /// restart, possibly while `onStart` still runs.
  open func onStop() {}
  /// A checkpoint has passed the elements before this number: the other side need not keep them any more.
  open func wasCommitted(_ offset: UInt64) {}

  /// Hands over one element. Waits while the queue is full, unless elements are dropped then. Behind a write-ahead log it
  /// returns when the element is on the medium: the time to acknowledge it.
  public final func store(_ element: Element) throws { try store(contentsOf: [element]) }
  /// Hands over elements, in order; behind a write-ahead log as one group.
  public final func store(contentsOf elements: [Element]) throws {
    guard let supervisor else { throw ReceiverStopped() }
    try supervisor.store(elements)
  }
  /// Stops and starts again after a delay, in milliseconds; the source's delay when none is given.
  public final func restart(_ message: String, _ error: (any Error)? = nil, delayMilliseconds: Int64? = nil) {
    supervisor?.restart(message, error, delayMilliseconds)
  }
  /// Stops for good: the stream ends with what was stored, or, given an error, the run fails with it then.
  public final func stop(_ message: String, _ error: (any Error)? = nil) { supervisor?.stop(message, error) }
  /// Reports what went wrong and goes on.
  public final func report(_ message: String, _ error: (any Error)? = nil) { supervisor?.report(message, error) }
  /// Whether this start is over: a stop or a restart was asked for.
  public final var isStopped: Bool { supervisor?.isStopped ?? true }
  /// Elements stored since the beginning of the stream, over restarts of the receiver and of the job: the number of the
  /// next one.
  public final var storedCount: UInt64 { supervisor?.storedCount ?? 0 }
}

/// Thrown by ``Receiver/store(_:)`` when the receiver is being stopped or started again; let it pass.
public struct ReceiverStopped: Error, Equatable, CustomStringConvertible {
  public init() {}
  public var description: String { "the receiver was stopped" }
}

/// What a receiver's source does when its queue is full.
public enum WhenFull: Sendable {
  /// `store` waits: back-pressure on the sender.
  case wait
  /// New elements are dropped and counted.
  case drop
}

/// What happens to a receiver, for logs.
public enum ReceiverEvent: Sendable {
  /// `onStart` is about to be called.
  case started
  /// It stops and is started again after the delay.
  case restarting(message: String, error: (any Error)?, delayMilliseconds: Int64)
  /// It stopped for good.
  case stopped(message: String, error: (any Error)?)
  /// Something went wrong and it goes on.
  case reported(message: String, error: (any Error)?)
}

/// Counts of a receiver's life.
public struct ReceiverStatistics: Sendable, Equatable {
  /// Elements stored, over restarts.
  public var stored: UInt64 = 0
  /// Elements dropped because the queue was full.
  public var dropped: UInt64 = 0
  /// How often it was started again.
  public var restarts = 0
  /// Stored and not yet read by the job.
  public var waiting = 0
  public init(stored: UInt64 = 0, dropped: UInt64 = 0, restarts: Int = 0, waiting: Int = 0) {
    self.stored = stored
    self.dropped = dropped
    self.restarts = restarts
    self.waiting = waiting
  }
}

/// How a receiver's source treats it.
public struct ReceiverOptions: Sendable {
  /// Elements that may wait for the job, at least one.
  public var waitingMax: Int
  /// What happens to elements when so many wait.
  public var whenFull: WhenFull
  /// How long to wait before it is started again, unless it says otherwise.
  public var restartDelayMilliseconds: Int64

  /// The properties in one expression, each with its default.
  public init(
    waitingMax: Int = 1 << 16, whenFull: WhenFull = .wait, restartDelayMilliseconds: Int64 = 2000
  ) {
    self.waitingMax = waitingMax
    self.whenFull = whenFull
    self.restartDelayMilliseconds = restartDelayMilliseconds
  }
}
