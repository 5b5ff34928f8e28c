public import FlatMemory

/// What a function that processes a key's elements may ask and do: the key, times, timers, output.
///
/// One object a partition, valid during the call it is handed to. Timers are told apart by a number of the program's
/// choice (the raw value of an enumeration); setting one again replaces it.
/// Cost: a field access, or a ``TimerQueue`` operation.
public final class KeyedContext<Key: StreamKey, Output> {
  @inlinable public var key: Key { unsafe call.key }
  /// Event time of the element, or when the timer was due; `.min` without event time.
  @inlinable public var eventTime: Int64 { unsafe call.eventTime }
  /// The watermark of the stream at the element, or when the timer was due: no element before it is still expected.
  @inlinable public var watermark: Int64 { unsafe call.watermark }
  /// Milliseconds of the job's clock when the interval was opened, in functions of elements, or closed, in those of
  /// timers; only with ``TimeMode/processingTime``.
  public var processingTime: Int64 {
    timeMode.requireProcessingTime("processingTime")
    return unsafe call.processingTime
  }
  /// The input is over and all timers in event time fire, those that timers set too: one that sets itself for ever is to
  /// stop here.
  @inlinable public var isInputOver: Bool { unsafe call.isInputOver }
  @exclusivity(unchecked) @usableFromInline var call: KeyedCall<Key>
  @exclusivity(unchecked) @usableFromInline var isRemoved = false
  @exclusivity(unchecked) @usableFromInline unowned(unsafe) var output: PartitionBuffer<Output>
  @usableFromInline let clock: EventTimeClock
  @usableFromInline let processingTimers: ProcessingTimeClock
  @usableFromInline let timeMode: TimeMode
  private let placeholder = PartitionBuffer<Output>()

  @usableFromInline
  init(
    _ call: KeyedCall<Key>, clock: EventTimeClock, processingTimers: ProcessingTimeClock, _ timeMode: TimeMode
  ) {
    unsafe self.call = call
    self.timeMode = timeMode
    self.clock = clock
    self.processingTimers = processingTimers
    unsafe output = placeholder
  }
  @inlinable @inline(__always)
  func enter(_ call: KeyedCall<Key>, _ output: PartitionBuffer<Output>) {
    unsafe self.call = call
    unsafe isRemoved = false
    unsafe self.output = output
  }

  /// Gives out an element, at the position of what is being processed.
  @inlinable @inline(__always)
  public func emit(_ element: Output) {
    unsafe output.append(element)
    if let p = unsafe call.position {
      unsafe output.runningMaxima.append(p.watermark)
      unsafe output.stamps.append(EventStamp(sequence: p.sequence, eventTime: p.eventTime))
    } else if unsafe call.ordinal >= 0 {
      unsafe output.ordinals.append(UInt32(truncatingIfNeeded: call.ordinal))
    }
  }
  /// Sets a timer of the key in event time: it fires when the watermark reaches `due`, whether or not the key comes again.
  @inlinable
  public func setTimer(_ number: Int = 0, due: Int64) {
    unsafe clock.set(owner: call.slot, number: Int64(number), due: due)
  }
  /// Cancels a timer in event time; false if there was none.
  @inlinable @discardableResult
  public func cancelTimer(_ number: Int = 0) -> Bool {
    unsafe clock.timers.cancel(owner: call.slot, number: Int64(number))
  }
  /// When a timer in event time is due, or nil.
  @inlinable
  public func timer(_ number: Int = 0) -> Int64? { unsafe clock.timers.due(owner: call.slot, number: Int64(number)) }
  /// Sets a timer of the key in processing time: it fires at the end of the first interval that is closed at or after
  /// `due`, after that interval's elements. Only with ``TimeMode/processingTime``.
  @inlinable
  public func setProcessingTimer(_ number: Int = 0, due: Int64) {
    timeMode.requireProcessingTime("a timer in processing time")
    unsafe processingTimers.timers.set(owner: call.slot, number: Int64(number), due: due)
  }
  /// Cancels a timer in processing time; false if there was none.
  @inlinable @discardableResult
  public func cancelProcessingTimer(_ number: Int = 0) -> Bool {
    unsafe processingTimers.timers.cancel(owner: call.slot, number: Int64(number))
  }
  /// Forgets the key's state and timers when the function returns.
  @inlinable
  public func removeState() { unsafe isRemoved = true }
}

/// What a ``KeyedContext`` tells of during one call.
@usableFromInline
struct KeyedCall<Key: StreamKey> {
  @usableFromInline let key: Key
  @usableFromInline let slot: UInt32
  @usableFromInline let eventTime: Int64
  @usableFromInline let watermark: Int64
  @usableFromInline let position: Position?
  /// Number of the element in its block; -1: none.
  @usableFromInline let ordinal: Int64
  @usableFromInline let processingTime: Int64
  @usableFromInline let isInputOver: Bool

  @inlinable @inline(__always)
  init(
    _ key: Key, _ slot: UInt32, _ eventTime: Int64, _ watermark: Int64, _ position: Position?, _ ordinal: Int64,
    _ batch: Batch
  ) {
    self.key = key
    self.slot = slot
    self.eventTime = eventTime
    self.watermark = watermark
    self.position = position
    self.ordinal = ordinal
    processingTime = batch.processingTime
    isInputOver = batch.isEnd
  }
}

/// Timers in processing time of one partition; looked at when an interval is closed.
@usableFromInline
final class ProcessingTimeClock {
  @exclusivity(unchecked) @usableFromInline var timers = TimerQueue()
  @usableFromInline init() {}
}

/// A timer that goes off.
public struct KeyedTimer: Sendable, Equatable {
  /// Which time a timer counts in.
  public enum Domain: Sendable { case eventTime, processingTime }
  /// What the program called it by.
  public let number: Int
  /// When it was due, which may be before it fires.
  public let due: Int64
  /// Which time it counts in.
  public let domain: Domain
  @inlinable
  init(number: Int, due: Int64, domain: Domain) { (self.number, self.due, self.domain) = (number, due, domain) }
}
