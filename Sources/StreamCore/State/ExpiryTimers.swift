/// When the entries of a table expire: a timer an entry, owned by its slot.
///
/// Guarantees: an entry without a timer (written before any time was known, or before the state had a TTL) gets one as
/// soon as the time is known. Nothing at all is kept without a TTL.
@safe @usableFromInline struct ExpiryTimers: ~Copyable {
  @usableFromInline let ttl: StateTTL?
  private var timers = TimerQueue()
  /// Whether some entry may have no timer.
  private var hasUntimed = false

  init(_ ttl: StateTTL?) { self.ttl = ttl }

  var byteCount: Int { timers.byteCount }

  /// Notes that the entry was written at `expiry` less the TTL; nil: at an unknown time.
  @usableFromInline
  mutating func wasWritten(_ slot: UInt32, expiry: Int64?) {
    if let expiry { timers.set(owner: slot, due: expiry) } else { hasUntimed = true }
  }
  @usableFromInline
  mutating func wasRemoved(_ slot: UInt32) { timers.cancel(owner: slot) }

  /// The next entry that has expired at `time`; its timer is gone.
  mutating func next(at time: Int64) -> UInt32? { timers.popDue(at: time)?.owner }

  /// Whether entries without a timer are to be given one now.
  func needsTimers(at time: Int64) -> Bool { hasUntimed && ttl != nil && time != .min }
  /// Gives an entry a timer if it has none.
  mutating func setIfUntimed(_ slot: UInt32, at time: Int64) {
    guard let ttl, timers.due(owner: slot) == nil else { return }
    let (sum, overflows) = time.addingReportingOverflow(ttl.milliseconds)
    timers.set(owner: slot, due: overflows ? .max : sum)
  }
  mutating func allAreTimed() { hasUntimed = false }

  mutating func snapshot(_ name: String, into snapshot: StateSnapshot) {
    if ttl != nil { timers.snapshot(name + "/expiry", into: snapshot) }
  }
  mutating func restore(_ name: String, from state: RestoredState) throws {
    guard ttl != nil else { return }
    if state.contains(name + "/expiry/header") {
      try timers.restore(name + "/expiry", from: state)
    } else {
      timers = TimerQueue()
    }
    hasUntimed = true
  }
}
