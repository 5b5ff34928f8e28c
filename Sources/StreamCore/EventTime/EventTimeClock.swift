/// The watermark of one partition of an operator by event time, and the timers that it sets off.
///
/// Guarantees: timers fire in the order of their due times, each before the first element whose watermark reaches it,
/// whether or not their key ever comes again, and at the end of each batch up to the batch's watermark: so what fires
/// when depends on the elements alone. A timer set for a time that has passed fires right after the element that set it,
/// at that element's position.
/// Cost: a comparison an element; a timer as ``TimerQueue`` says.
public final class EventTimeClock {
  @exclusivity(unchecked) public var timers = TimerQueue()
  @exclusivity(unchecked) @usableFromInline var current = Int64.min
  @exclusivity(unchecked) @usableFromInline var nextDue = Int64.max
  /// The watermark of what the operator has seen; `.min` before anything.
  @inlinable public var watermark: Int64 { @inline(__always) get { unsafe current } }

  public init() {}

  /// Fires what is due before an element at a position.
  @inlinable @inline(__always)
  public func advance(to position: Position, _ fire: (FiredTimer, Position) -> Void) {
    if unsafe position.watermark > current {
      if unsafe nextDue <= position.watermark { fireDue(position.watermark, nil, fire) }
      unsafe current = position.watermark
    }
  }
  /// Fires what the element at a position set for a time that has passed.
  @inlinable @inline(__always)
  public func settle(at position: Position, _ fire: (FiredTimer, Position) -> Void) {
    if unsafe nextDue <= current { unsafe fireDue(current, position, fire) }
  }
  /// Fires what is due at the end of a batch.
  @inlinable
  public func endBatch(_ watermark: Int64, _ fire: (FiredTimer, Position) -> Void) {
    guard unsafe watermark > current else { return }
    if unsafe nextDue <= watermark { fireDue(watermark, nil, fire) }
    unsafe current = watermark
  }
  @inlinable
  func fireDue(_ watermark: Int64, _ position: Position?, _ fire: (FiredTimer, Position) -> Void) {
    // what a timer sets for a time that has passed fires in its turn, and positions never fall
    var reached = unsafe current == .min ? .min : current &+ 1
    while let t = unsafe timers.popDue(at: watermark) {
      if let position {
        fire(t, position)
      } else {
        // what is asked for the watermark meanwhile must not see where batches were cut
        reached = max(reached, t.due)
        unsafe current = reached
        fire(t, Position(due: reached))
      }
    }
    unsafe nextDue = unsafe timers.nextDue() ?? .max
  }

  /// Sets a timer, in place of that of the same owner and number.
  @inlinable
  public func set(owner: UInt32, number: Int64 = 0, due: Int64) {
    unsafe timers.set(owner: owner, number: number, due: due)
    if unsafe due < nextDue { unsafe nextDue = due }
  }

  /// An operator driven by this clock: `put` gets each element at its position, `fire` each timer in its turn, `finish`
  /// the end of each batch, after its timers.
  ///
  /// - Parameter message: what to say to a stream without event time.
  @inlinable
  func drive<Input, Output>(
    _ instance: StageInstance, orElse message: String,
    fire: @escaping (FiredTimer, Position, PartitionBuffer<Output>) -> Void,
    finish: ((Batch, PartitionBuffer<Output>) -> Void)? = nil,
    put: @escaping (Input, Position, PartitionBuffer<Output>) -> Void
  ) -> PartitionOperator<Input, Output> {
    PartitionOperator { [self] batch, output in
      endBatch(instance.watermark(after: batch)) { fire($0, $1, output) }
      finish?(batch, output)
    } process: { [self] run, _, output in
      precondition(run.isTimed, message)
      for i in 0..<run.count {
        let position = run.position(i)
        advance(to: position) { fire($0, $1, output) }
        put(unsafe run.elements[i], position, output)
        settle(at: position) { fire($0, $1, output) }
      }
    }
  }

  public func snapshot(into snapshot: StateSnapshot) {
    unsafe timers.snapshot("timers", into: snapshot)
    unsafe snapshot.addCount("watermark", Int(current))
  }
  public func restore(from state: RestoredState) throws {
    unsafe try timers.restore("timers", from: state)
    unsafe current = Int64(try state.count("watermark"))
    unsafe nextDue = unsafe timers.nextDue() ?? .max
  }
}
