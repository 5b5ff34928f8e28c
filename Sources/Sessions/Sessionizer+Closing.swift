public import CKernels
public import StreamCore

/// How sessions end: over when their key is met, over when their timer fires, or with the input.
///
/// Guarantees: whichever comes first, a session is given out once, as it was at its end. Cost: a look at a slot when its
/// bucket fires; deadlines that moved on are armed again then.
extension Sessionizer {
  /// Closes the sessions of a chain that are over; gives the newest that is left, 0 for none.
  @inlinable
  mutating func closeOver(_ newest: UInt32) -> UInt32 {
    var head = newest
    var p = newest
    while p != 0 {
      let older = unsafe slots[Int(p)].older
      if unsafe isOver(Sessionizer.reach(slots + Int(p))) {
        if p == head { head = older }
        close(p, free: false)
      }
      p = older
    }
    return head
  }

  /// Why a session that ends now does.
  @inlinable
  func endReason(_ s: UnsafeMutablePointer<Slot>) -> SessionEndReason {
    let reach = unsafe Sessionizer.reach(s)
    if reach &+ lateness >= inputEnd { return .endOfInput }
    if hasDays, let days = options.days, unsafe reach == days.day(containing: s.pointee.last).end &- 1 {
      return .midnight
    }
    return .gap
  }

  /// Ends a session: gives it out and forgets it. Its slot stays in the timer's list until that bucket fires, unless
  /// `free` says that it is in none.
  @inlinable
  mutating func close(_ id: UInt32, free: Bool) {
    let s = unsafe slots + Int(id)
    unsafe emit(s, .closed, endReason(s))
    if remembersEnded { noteEnd(id) }
    unlink(id)
    unsafe program.drop(Sessionizer.aggregate(s))
    unsafe program.dropKey(Sessionizer.key(s))
    unsafe s.pointee.ordinal = 0
    _openCount &-= 1
    if free {
      unsafe s.pointee.next = freeSlot
      freeSlot = id
    }
  }

  /// Remembers a session that was given out: no other of its key may overlap it.
  @inlinable
  mutating func noteEnd(_ id: UInt32) {
    let s = unsafe slots + Int(id)
    let last = unsafe s.pointee.last
    unsafe ended.note(program.hash(of: Sessionizer.key(s)), last: last)
    // no open session of the key may stretch back over this one
    var p = currentHead(of: id, id)
    while p != 0 {
      let open = unsafe slots + Int(p)
      if unsafe open.pointee.start > last {
        let distance = unsafe Sessionizer.distance(from: last, to: open.pointee.start)
        unsafe open.pointee.floorBelow = unsafe min(open.pointee.floorBelow, distance)
      }
      p = unsafe slots[Int(p)].older
    }
  }

  @inlinable
  mutating func emit(
    _ s: UnsafeMutablePointer<Slot>, _ kind: EmittedSession<Program>.Kind, _ reason: SessionEndReason,
    closedAt: Int64? = nil
  ) {
    unsafe program.emit(
      EmittedSession(
        kind: kind, key: Sessionizer.key(s), aggregate: Sessionizer.aggregate(s), start: s.pointee.start,
        last: s.pointee.last, closedAt: closedAt ?? (Sessionizer.reach(s) &+ lateness &+ 1),
        ordinal: s.pointee.ordinal & 0x7fff_ffff, reason: reason))
  }

  @inlinable @inline(__always)
  mutating func arm(_ id: UInt32) {
    let s = unsafe slots + Int(id)
    let b = unsafe wheel.bucket(deadline: Sessionizer.reach(s) &+ lateness &+ 1)
    unsafe s.pointee.next = unsafe wheel.heads[b]
    unsafe wheel.heads[b] = id
  }

  /// Runs the timers that are due at the watermark.
  @inline(never) @inlinable
  mutating func fire() {
    prefetchDue()
    while let head = wheel.takeDue(at: watermark) {
      var id = head
      while id != 0 {
        let s = unsafe slots + Int(id)
        let next = unsafe s.pointee.next
        // the next slot is on its way from memory while this one is given out
        unsafe tw_prefetch(slots + Int(next))
        unsafe tw_prefetch(UnsafeRawPointer(slots + Int(next)) + 64)
        if unsafe s.pointee.ordinal == 0 {
          // closed or absorbed before its timer
          unsafe s.pointee.next = freeSlot
          freeSlot = id
        } else if unsafe isOver(Sessionizer.reach(s)) {
          close(id, free: true)
        } else {
          arm(id)
        }
        id = next
      }
    }
    if remembersEnded { ended.expire(before: watermark &- 2 &* gap &- lateness &- 2) }
  }

  /// Touches what the buckets that are due hold: first the slot at the head of each, then the one behind it, and what the
  /// first one's aggregate points to.
  @inlinable @inline(__always)
  func prefetchDue() {
    let due = wheel.dueCount(at: watermark)
    for k in 0..<due { unsafe Sessionizer.prefetch(firstDue(in: k)) }
    for k in 0..<due {
      let first = unsafe firstDue(in: k)
      unsafe program.prefetch(closing: Sessionizer.aggregate(first))
      unsafe Sessionizer.prefetch(slots + Int(first.pointee.next))
    }
  }
  /// The first slot in the bucket that fires after so many others; slot 0, which is no session's, when there is none.
  @inlinable @inline(__always)
  func firstDue(in ticks: Int) -> UnsafeMutablePointer<Slot> {
    unsafe slots + Int(wheel.heads[wheel.bucket(in: ticks)])
  }
  @inlinable @inline(__always)
  static func prefetch(_ s: UnsafePointer<Slot>) {
    unsafe tw_prefetch(s)
    unsafe tw_prefetch(UnsafeRawPointer(s) + 64)
  }

  /// Moves the watermark (no further event is expected before it) and closes what is over. Never goes back.
  @inlinable
  public mutating func advance(to w: Int64) {
    guard w > watermark else { return }
    _watermark = w
    if w >= wheel.nextFire { fire() }
  }

  /// The input is over and its last event was at `time`: sessions that ended before that ended by their gap, all others
  /// by the end of the input, as the watermark is moved on beyond it.
  public mutating func endInput(at time: Int64) {
    if inputEnd == .max { inputEnd = max(time, watermark) }
  }

  /// Ends all sessions: the input is over.
  public mutating func finish() {
    endInput(at: watermark)
    for b in 0..<TimerWheel.bucketCount { unsafe wheel.heads[b] = 0 }
    for id in 1..<max(top, 1) where unsafe slots[Int(id)].ordinal != 0 { close(id, free: false) }
    top = 1
    freeSlot = 0
  }
}
