/// Event-time timers for slots of a table: a wheel of buckets, each the head of a list linked through the slots.
///
/// Lazy: a slot is linked once and looked at again when its bucket fires; a deadline that moved on is armed again then,
/// so moving a deadline costs nothing. A deadline further away than the wheel reaches is put in its last bucket and
/// looked at again there.
///
/// Guarantees: after `advance` to time w, every slot whose deadline is before ``complete(at:tickMilliseconds:)`` has fired.
/// Cost: O(1) to arm, O(1) per look; memory 1 KiB. After Varghese & Lauck, "Hashed and Hierarchical Timing Wheels".
@safe public struct TimerWheel: @unchecked Sendable {
  public static let bucketCount = 128
  /// Head of each bucket's list; 0 is none.
  public let heads: UnsafeMutablePointer<UInt32>
  /// Width of a bucket in milliseconds, a power of two: telling a time's tick is then a shift, not a division.
  public let tickMilliseconds: Int64
  /// Number of the next tick to fire; `.min` before the first time is known.
  public var position = Int64.min
  /// When that tick begins: the time to compare with on the hot path.
  public var nextFire = Int64.min

  /// `spanMilliseconds`: how far ahead of time deadlines usually lie; the wheel reaches as far, and up to twice.
  public init(spanMilliseconds: Int64) {
    tickMilliseconds = TimerWheel.tickMilliseconds(ofSpan: spanMilliseconds)
    unsafe heads = .allocate(capacity: TimerWheel.bucketCount)
    unsafe heads.initialize(repeating: 0, count: TimerWheel.bucketCount)
  }
  public func deallocate() { unsafe heads.deallocate() }

  /// The width of a bucket, for deadlines that usually lie `span` ahead.
  public static func tickMilliseconds(ofSpan span: Int64) -> Int64 {
    1 << Int64(63 - max(1, span / 64).leadingZeroBitCount)
  }
  /// The number of the tick that contains a time.
  @inlinable @inline(__always)
  public func tick(of time: Int64) -> Int64 { TimerWheel.tick(of: time, tickMilliseconds) }
  @inlinable @inline(__always)
  static func tick(of time: Int64, _ tickMilliseconds: Int64) -> Int64 {
    time &>> Int64(truncatingIfNeeded: tickMilliseconds.trailingZeroBitCount)
  }
  /// Everything due before this has fired once a wheel of such ticks was advanced to `time`.
  public static func complete(at time: Int64, tickMilliseconds: Int64) -> Int64 {
    time == .min ? .min : tick(of: time, tickMilliseconds) &* tickMilliseconds
  }

  /// The bucket for a deadline.
  @inlinable @inline(__always)
  public func bucket(deadline: Int64) -> Int {
    if position == .min { return Int(truncatingIfNeeded: tick(of: deadline) &+ 1) & (TimerWheel.bucketCount - 1) }
    let d = min(max(tick(of: deadline) &+ 1, position), position &+ Int64(TimerWheel.bucketCount - 1))
    return Int(truncatingIfNeeded: d) & (TimerWheel.bucketCount - 1)
  }
  /// How many buckets ``takeDue(at:)`` will give at a time, one after the other; 0 while no time was known.
  @inlinable @inline(__always)
  public func dueCount(at time: Int64) -> Int {
    if position == .min { return 0 }
    return Int(truncatingIfNeeded: min(max(tick(of: time) &- position &+ 1, 0), Int64(TimerWheel.bucketCount)))
  }
  /// The bucket that is taken after so many others.
  @inlinable @inline(__always)
  public func bucket(in ticks: Int) -> Int {
    (Int(truncatingIfNeeded: position) &+ ticks) & (TimerWheel.bucketCount &- 1)
  }
  /// Takes the list of the next bucket that is due at `time`, or nil when none is.
  /// The caller looks at each slot of the list and fires it or arms it again.
  @inlinable
  public mutating func takeDue(at time: Int64) -> UInt32? {
    let now = tick(of: time)
    if position == .min {
      // nothing was known about time: look at every bucket once
      position = now &- Int64(TimerWheel.bucketCount) &+ 1
    }
    if now &- position >= Int64(TimerWheel.bucketCount) { position = now &- Int64(TimerWheel.bucketCount) &+ 1 }
    guard position <= now else {
      nextFire = position &* tickMilliseconds
      return nil
    }
    let b = Int(truncatingIfNeeded: position) & (TimerWheel.bucketCount - 1)
    position &+= 1
    nextFire = position &* tickMilliseconds
    let head = unsafe heads[b]
    unsafe heads[b] = 0
    return head
  }
}
