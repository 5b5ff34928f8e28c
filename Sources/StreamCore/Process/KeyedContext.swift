public import FlatMemory

/// What a function that processes a key's elements may ask and do: the key, times, timers, output.
///
/// One object a partition, valid during the call it is handed to. Timers are told apart by a number of the program's
/// choice (the raw value of an enumeration); setting one again replaces it.
/// Cost: a field access, or a ``TimerQueue`` operation.
public final class KeyedContext<Key: StreamKey, Output> {
  @exclusivity(unchecked) public internal(set) var key: Key
  /// Event time of the element, or when the timer was due; `.min` without event time.
  @exclusivity(unchecked) public internal(set) var eventTime = Int64.min
  /// The watermark of the stream at the element, or when the timer was due: no element before it is still expected.
  @exclusivity(unchecked) public internal(set) var watermark = Int64.min
  /// Milliseconds of the job's clock when the interval was opened, in functions of elements, or closed, in those of
  /// timers; only with ``TimeMode/processingTime``.
  public var processingTime: Int64 {
    timeMode.requireProcessingTime("processingTime")
    return unsafe _processingTime
  }
  /// The input is over and all timers in event time fire, those that timers set too: one that sets itself for ever is to
  /// stop here.
  @exclusivity(unchecked) public internal(set) var isInputOver = false
  @exclusivity(unchecked) @usableFromInline var slot = UInt32(0)
  @exclusivity(unchecked) @usableFromInline var position: Position?
  /// Number of the element in its block; -1: none.
  @exclusivity(unchecked) @usableFromInline var ordinal = Int64(-1)
  @exclusivity(unchecked) @usableFromInline var isRemoved = false
  @exclusivity(unchecked) @usableFromInline unowned(unsafe) var output: PartitionBuffer<Output>
  @usableFromInline let clock: EventTimeClock
  @usableFromInline let processingTimers: ProcessingTimeClock
  @exclusivity(unchecked) @usableFromInline var _processingTime = Int64(0)
  @usableFromInline let timeMode: TimeMode
  private let placeholder = PartitionBuffer<Output>()

  @usableFromInline
  init(key: Key, clock: EventTimeClock, processingTimers: ProcessingTimeClock, _ timeMode: TimeMode) {
    unsafe self.key = key
    self.timeMode = timeMode
    self.clock = clock
    self.processingTimers = processingTimers
    unsafe output = placeholder
  }
  @inlinable @inline(__always)
  func enter(
    _ key: Key, _ slot: UInt32, _ eventTime: Int64, _ watermark: Int64, _ position: Position?, _ ordinal: Int64,
    _ batch: Batch, _ output: PartitionBuffer<Output>
  ) {
    self._key = key
    self._eventTime = eventTime
    self._watermark = watermark
    unsafe self._processingTime = batch.processingTime
    self._isInputOver = batch.isEnd
    unsafe self.slot = slot
    unsafe self.position = position
    unsafe self.ordinal = ordinal
    unsafe isRemoved = false
    unsafe self.output = output
  }
  @usableFromInline var _key: Key {
    get { unsafe key }
    set { unsafe key = newValue }
  }
  @usableFromInline var _eventTime: Int64 {
    get { unsafe eventTime }
    set { unsafe eventTime = newValue }
  }
  @usableFromInline var _watermark: Int64 {
    get { unsafe watermark }
    set { unsafe watermark = newValue }
  }
  @usableFromInline var _isInputOver: Bool {
    get { unsafe isInputOver }
    set { unsafe isInputOver = newValue }
  }

  /// Gives out an element, at the position of what is being processed.
  @inlinable @inline(__always)
  public func emit(_ element: Output) {
    unsafe output.append(element)
    if let p = unsafe position {
      unsafe output.runningMaxima.append(p.watermark)
      unsafe output.stamps.append(EventStamp(sequence: p.sequence, eventTime: p.eventTime))
    } else if unsafe ordinal >= 0 {
      unsafe output.ordinals.append(UInt32(truncatingIfNeeded: ordinal))
    }
  }
  /// Sets a timer of the key in event time: it fires when the watermark reaches `due`, whether or not the key comes again.
  @inlinable
  public func setTimer(_ number: Int = 0, due: Int64) {
    unsafe clock.set(owner: slot, number: Int64(number), due: due)
  }
  /// Cancels a timer in event time; false if there was none.
  @inlinable @discardableResult
  public func cancelTimer(_ number: Int = 0) -> Bool {
    unsafe clock.timers.cancel(owner: slot, number: Int64(number))
  }
  /// When a timer in event time is due, or nil.
  @inlinable
  public func timer(_ number: Int = 0) -> Int64? { unsafe clock.timers.due(owner: slot, number: Int64(number)) }
  /// Sets a timer of the key in processing time: it fires at the end of the first interval that is closed at or after
  /// `due`, after that interval's elements. Only with ``TimeMode/processingTime``.
  @inlinable
  public func setProcessingTimer(_ number: Int = 0, due: Int64) {
    timeMode.requireProcessingTime("a timer in processing time")
    unsafe processingTimers.timers.set(owner: slot, number: Int64(number), due: due)
  }
  /// Cancels a timer in processing time; false if there was none.
  @inlinable @discardableResult
  public func cancelProcessingTimer(_ number: Int = 0) -> Bool {
    unsafe processingTimers.timers.cancel(owner: slot, number: Int64(number))
  }
  /// Forgets the key's state and timers when the function returns.
  @inlinable
  public func removeState() { unsafe isRemoved = true }
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
