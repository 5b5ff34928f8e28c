public import FlatMemory

/// A key's open sessions: what an event does when it does not simply follow the only one.
///
/// Invariants: the sessions of a chain overlap nowhere; the newest is first and the one the index points to. A chain is
/// longer than one only while the watermark lags behind several sessions, so walking it costs next to nothing.
extension Sessionizer {
  /// Puts a session in its place in the key's chain (newest first); the index points to the newest.
  @inlinable
  mutating func link(_ id: UInt32, chain: UInt32) {
    let s = unsafe slots + Int(id)
    if chain == 0 {
      unsafe s.pointee.older = 0
      unsafe index.insert(hash: s.pointee.hash, slot: id)
    } else if unsafe slots[Int(chain)].start < s.pointee.start {
      unsafe s.pointee.older = chain
      unsafe index.replace(hash: s.pointee.hash, slot: chain, with: id)
    } else {
      var p = chain
      while unsafe slots[Int(p)].older != 0, unsafe slots[Int(slots[Int(p)].older)].start > s.pointee.start {
        p = unsafe slots[Int(p)].older
      }
      unsafe s.pointee.older = unsafe slots[Int(p)].older
      unsafe slots[Int(p)].older = id
    }
  }
  /// Takes a session out of its key's chain.
  @inlinable
  mutating func unlink(_ id: UInt32) {
    let s = unsafe slots + Int(id)
    if unsafe s.pointee.older == 0, unsafe index.removeIfPresent(hash: s.pointee.hash, slot: id) { return }
    // the head of the chain is what the index has
    var i = unsafe Int(s.pointee.hash) & index.mask
    while true {
      let x = unsafe index.words[i]
      assert(x != 0, "an open session is not in the index")
      if unsafe HashIndex.hash(of: x) == s.pointee.hash {
        let head = HashIndex.slot(of: x)
        if head == id {
          if unsafe s.pointee.older != 0 {
            unsafe index.replace(hash: s.pointee.hash, slot: id, with: s.pointee.older)
          } else {
            unsafe index.remove(hash: s.pointee.hash, slot: id)
          }
          return
        }
        var p = head
        while p != 0 {
          if unsafe slots[Int(p)].older == id {
            unsafe slots[Int(p)].older = unsafe s.pointee.older
            return
          }
          p = unsafe slots[Int(p)].older
        }
      }
      i = (i &+ 1) & index.mask
    }
  }

  /// An event whose key has open sessions: closes those that are over, then extends, merges, splits or opens.
  @inline(never) @inlinable
  mutating func takeIntoChain(
    _ newest: UInt32, _ e: UnsafePointer<Program.Event>, _ t: Int64, _ reach: Int64, _ maximum: Int64
  ) {
    let hash = unsafe slots[Int(newest)].hash
    var head = closeOver(newest)
    // the sessions whose intervals overlap [t, reach] stand next to each other in the chain
    var target: UInt32 = 0
    var p = head
    while p != 0 {
      let s = unsafe slots + Int(p)
      if unsafe s.pointee.start <= reach, unsafe t <= Sessionizer.reach(s) {
        target = p  // the oldest that overlaps wins: it keeps its start
      } else if target != 0 {
        break
      }
      p = unsafe s.pointee.older
    }
    if target == 0 {
      unsafe open(e, t, reach, hash, chain: head, maximum)
      return
    }
    let s = unsafe slots + Int(target)
    if unsafe t < s.pointee.start, unsafe s.pointee.start &- t >= Int64(s.pointee.floorBelow),
      unsafe s.pointee.floorBelow != .max
    {
      _lateCount &+= 1
      unsafe program.late(e, maximum: maximum)
      return
    }
    if program.splitsInOrder {
      // the newest session that the event falls in or follows; split off it when told so
      var newestTaking = target
      p = head
      while p != 0 {
        if unsafe slots[Int(p)].start <= t, unsafe t <= Sessionizer.reach(slots + Int(p)) {
          newestTaking = p
          break
        }
        p = unsafe slots[Int(p)].older
      }
      let n = unsafe slots + Int(newestTaking)
      if unsafe t >= n.pointee.last,
        let reason = unsafe program.splitReason(Sessionizer.aggregate(n), e, start: n.pointee.start)
      {
        unsafe split(newestTaking, e, t, reach, reason)
        return
      }
      if updates { unsafe emit(n, .retracted, .gap) }
      unsafe extend(newestTaking, e, t, reach)
      if updates { unsafe emit(n, .current, .gap) }
      return
    }
    if updates { retractOverlapping(head, t, reach) }
    unsafe extend(target, e, t, reach)
    // take in the newer ones it now overlaps
    while true {
      head = newerNeighbour(of: target, from: currentHead(of: target, head))
      guard head != 0, unsafe slots[Int(head)].start <= Sessionizer.reach(slots + Int(target)) else { break }
      absorb(head, into: target)
    }
    if updates { unsafe emit(slots + Int(target), .current, .gap) }
  }

  /// The newest session of the key of `id`, given one that was the newest before.
  @inlinable
  func currentHead(of id: UInt32, _ former: UInt32) -> UInt32 {
    let hash = unsafe slots[Int(id)].hash
    var i = Int(hash) & index.mask
    while true {
      let x = unsafe index.words[i]
      if HashIndex.hash(of: x) == hash {
        var p = HashIndex.slot(of: x)
        let head = p
        while p != 0 {
          if p == id { return head }
          p = unsafe slots[Int(p)].older
        }
      }
      i = (i &+ 1) & index.mask
    }
  }
  @inlinable
  func newerNeighbour(of id: UInt32, from head: UInt32) -> UInt32 {
    if head == id { return 0 }
    var p = head
    while unsafe slots[Int(p)].older != id { p = unsafe slots[Int(p)].older }
    return p
  }

  @inlinable
  mutating func extend(_ id: UInt32, _ e: UnsafePointer<Program.Event>, _ t: Int64, _ reach: Int64) {
    let s = unsafe slots + Int(id)
    let formerStart = unsafe s.pointee.start
    let end = unsafe max(Sessionizer.reach(s), reach)
    let isFirst = t < formerStart
    let isLast = unsafe t >= s.pointee.last
    if isFirst {
      unsafe s.pointee.start = t
      // the floor stays where it is
      if unsafe s.pointee.floorBelow != .max {
        unsafe s.pointee.floorBelow &-= UInt32(truncatingIfNeeded: formerStart &- t)
      }
    }
    if isLast { unsafe s.pointee.last = t }
    unsafe s.pointee.tail = unsafe UInt32(truncatingIfNeeded: end &- s.pointee.last)
    if t < watermark { noteOutOfOrder() }
    unsafe program.add(
      Sessionizer.aggregate(s), e, isFirst: isFirst, isLast: isLast, start: s.pointee.start, formerStart: formerStart)
  }

  /// Joins a newer session of the same key to an older one.
  @inlinable
  mutating func absorb(_ newer: UInt32, into older: UInt32) {
    let a = unsafe slots + Int(older)
    let b = unsafe slots + Int(newer)
    let end = unsafe max(Sessionizer.reach(a), Sessionizer.reach(b))
    unsafe program.merge(Sessionizer.aggregate(a), a.pointee.start, Sessionizer.aggregate(b), b.pointee.start)
    unsafe a.pointee.last = unsafe max(a.pointee.last, b.pointee.last)
    unsafe a.pointee.tail = unsafe UInt32(truncatingIfNeeded: end &- a.pointee.last)
    _mergedCount &+= 1
    unsafe program.dropKey(Sessionizer.key(b))
    unlink(newer)
    // its timer finds it dead; the slot is free from then on
    unsafe b.pointee.ordinal = 0
    _openCount &-= 1
  }

  /// Gives out the session as it is and goes on with a new one that begins with the event.
  @inlinable
  mutating func split(
    _ id: UInt32, _ e: UnsafePointer<Program.Event>, _ t: Int64, _ reach: Int64, _ reason: SessionEndReason
  ) {
    let s = unsafe slots + Int(id)
    unsafe emit(s, .closed, reason, closedAt: max(watermark, t))
    if remembersEnded { unsafe ended.note(program.hash(of: Sessionizer.key(s)), last: s.pointee.last) }
    unsafe program.drop(Sessionizer.aggregate(s))
    unsafe s.pointee.floorBelow = unsafe Sessionizer.distance(from: s.pointee.last, to: t)
    unsafe s.pointee.start = t
    unsafe s.pointee.last = t
    unsafe s.pointee.tail = UInt32(truncatingIfNeeded: reach &- t)
    unsafe s.pointee.ordinal &+= 1
    unsafe program.begin(Sessionizer.aggregate(s), e)
    if updates { unsafe emit(s, .current, .gap) }
  }

  @inlinable
  mutating func retractOverlapping(_ head: UInt32, _ t: Int64, _ reach: Int64) {
    var p = head
    while p != 0 {
      let s = unsafe slots + Int(p)
      if unsafe s.pointee.start <= reach, unsafe t <= Sessionizer.reach(s) { unsafe emit(s, .retracted, .gap) }
      p = unsafe s.pointee.older
    }
  }
}
