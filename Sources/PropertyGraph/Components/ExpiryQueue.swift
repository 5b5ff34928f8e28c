import FlatMemory

/// The edges of a spanning forest in the order of their times, each knowing which vertex holds it now.
///
/// An edge has a slot for as long as its entry waits; the slot says which vertex holds the edge, or that the edge was
/// dropped. Entries that come in the order of time wait in a plain queue, the others in a heap beside it. Entries of
/// dropped edges are swept out when they outnumber the others.
///
/// Invariants: the queue is sorted by time; every slot is held, dropped and awaiting its entry, or free.
/// Cost: O(1) in order of time, O(log late) for late entries, amortised; at most 2 × (forest edges + 1,024) entries of
/// 16 bytes and slots of 4.
struct ExpiryQueue {
  struct Entry: BitwiseCopyable {
    var time: Int64
    var slot: UInt32
    var reserved: UInt32 = 0

    @inline(__always)
    func precedes(_ other: Entry) -> Bool { time != other.time ? time < other.time : slot < other.slot }
  }

  private var queue = FlatArray<Entry>()
  /// How many entries at the beginning of `queue` are used up.
  private var head = 0
  private var late = FlatArray<Entry>()
  private var holders = FlatArray<VertexIndex>()
  private var freeSlots = FlatArray<UInt32>()
  /// Entries whose edge was dropped.
  private(set) var droppedCount = 0

  func deallocate() {
    queue.deallocate()
    late.deallocate()
    holders.deallocate()
    freeSlots.deallocate()
  }

  /// Entries that wait, those of dropped edges included.
  var count: Int { queue.count - head + late.count }

  /// A slot for a new edge of that time; ``hold(_:by:)`` must follow, or ``drop(_:)``.
  @inline(__always)
  mutating func add(time: Int64) -> UInt32 {
    if droppedCount > 1024, droppedCount &* 2 > count { sweep() }
    let slot: UInt32
    if freeSlots.count > 0 {
      slot = freeSlots.removeLast()
    } else {
      slot = UInt32(truncatingIfNeeded: holders.count)
      holders.append(noVertex)
    }
    let entry = Entry(time: time, slot: slot)
    if unsafe queue.count == head || queue.base[queue.count &- 1].time <= time {
      queue.append(entry)
    } else {
      late.append(entry)
      siftUp(late.count - 1)
    }
    return slot
  }

  /// Notes which vertex holds the edge of a slot.
  @inline(__always)
  func hold(_ slot: UInt32, by vertex: VertexIndex) { unsafe holders.base[Int(slot)] = vertex }

  /// The vertex that holds the edge of a slot.
  func holder(_ slot: UInt32) -> VertexIndex { Int(slot) < holders.count ? holders[Int(slot)] : noVertex }

  /// The edge is in the forest no more; its entry will be skipped.
  @inline(__always)
  mutating func drop(_ slot: UInt32) {
    unsafe holders.base[Int(slot)] = noVertex
    droppedCount &+= 1
  }

  /// Takes out the oldest edge that is older than `time`: the vertex that holds it; nil when there is none.
  @inline(__always)
  mutating func popExpired(before time: Int64) -> VertexIndex? {
    while true {
      let fromQueue: Bool
      if head < queue.count, unsafe late.count == 0 || queue.base[head].precedes(late.base[0]) {
        if unsafe queue.base[head].time >= time { return nil }
        fromQueue = true
      } else {
        if unsafe late.count == 0 || late.base[0].time >= time { return nil }
        fromQueue = false
      }
      let slot = fromQueue ? popQueue() : popLate()
      let holder = unsafe holders.base[Int(slot)]
      freeSlots.append(slot)
      if holder != noVertex {
        unsafe holders.base[Int(slot)] = noVertex
        return holder
      }
      droppedCount &-= 1
    }
  }

  @inline(__always)
  private mutating func popQueue() -> UInt32 {
    let slot = unsafe queue.base[head].slot
    head &+= 1
    if head &* 2 > queue.count, head > 1024 { closeUp() }
    return slot
  }

  /// Moves the waiting entries to the beginning of the queue's memory.
  @inline(never)
  private mutating func closeUp() {
    unsafe queue.base.update(from: queue.base + head, count: queue.count - head)
    queue.count -= head
    head = 0
  }

  private mutating func popLate() -> UInt32 {
    let slot = late[0].slot
    let last = late.removeLast()
    if late.count > 0 {
      late[0] = last
      siftDown(0)
    }
    return slot
  }

  private func siftUp(_ start: Int) {
    var i = start
    while i > 0, late[i].precedes(late[(i - 1) / 2]) {
      swapLate(i, (i - 1) / 2)
      i = (i - 1) / 2
    }
  }

  private func siftDown(_ start: Int) {
    var i = start
    while true {
      var least = i
      for child in 2 * i + 1...2 * i + 2 where child < late.count {
        if late[child].precedes(late[least]) { least = child }
      }
      if least == i { return }
      swapLate(i, least)
      i = least
    }
  }

  private func swapLate(_ i: Int, _ j: Int) {
    let entry = late[i]
    late[i] = late[j]
    late[j] = entry
  }

  /// Removes the entries of dropped edges.
  @inline(never)
  private mutating func sweep() {
    closeUp()
    queue.count = keepHeld(queue)
    late.count = keepHeld(late)
    for i in stride(from: late.count / 2 - 1, through: 0, by: -1) { siftDown(i) }
    droppedCount = 0
  }

  /// Packs the entries whose edges are held, frees the slots of the others; returns how many are left.
  private mutating func keepHeld(_ entries: FlatArray<Entry>) -> Int {
    var kept = 0
    for i in 0..<entries.count {
      let entry = entries[i]
      if holders[Int(entry.slot)] == noVertex {
        freeSlots.append(entry.slot)
      } else {
        entries[kept] = entry
        kept += 1
      }
    }
    return kept
  }
}

extension ExpiryQueue {
  func writeSections(_ write: (String, UnsafeRawBufferPointer) throws -> Void) rethrows {
    let waiting = unsafe UnsafeBufferPointer(start: queue.base + head, count: queue.count - head)
    try unsafe write("queue", UnsafeRawBufferPointer(waiting))
    try unsafe write("late-queue", late.rawBytes)
    try unsafe write("edge-holders", holders.rawBytes)
    try unsafe write("free-slots", freeSlots.rawBytes)
  }

  mutating func restore(
    from sections: ComponentSections, droppedCount: Int, bound: Int
  ) throws(ComponentStateError) {
    try sections.read("queue", into: &queue)
    try sections.read("late-queue", into: &late)
    try sections.read("edge-holders", into: &holders)
    try sections.read("free-slots", into: &freeSlots)
    self.droppedCount = droppedCount
    for i in 0..<queue.count where Int(queue[i].slot) >= holders.count { throw .damagedSection("queue") }
    for i in 0..<late.count where Int(late[i].slot) >= holders.count { throw .damagedSection("late-queue") }
    for i in 0..<freeSlots.count where Int(freeSlots[i]) >= holders.count { throw .damagedSection("free-slots") }
    for i in 0..<holders.count where holders[i] != noVertex && Int(holders[i]) >= bound {
      throw .damagedSection("edge-holders")
    }
  }

  /// Stops when an entry is out of order or a slot is in two places. Calls `check` with each held edge.
  func checkInvariants(_ check: (_ time: Int64, _ slot: UInt32, _ holder: VertexIndex) -> Void) {
    var uses = [Int](repeating: 0, count: holders.count)
    var dropped = 0
    for i in 0..<freeSlots.count {
      uses[Int(freeSlots[i])] += 1
      precondition(holders[Int(freeSlots[i])] == noVertex, "free slot \(freeSlots[i]) is held")
    }
    for (entries, start) in [(queue, head), (late, 0)] {
      for i in start..<entries.count {
        let entry = entries[i]
        uses[Int(entry.slot)] += 1
        let holder = holders[Int(entry.slot)]
        if holder == noVertex { dropped += 1 } else { check(entry.time, entry.slot, holder) }
      }
    }
    precondition(dropped == droppedCount, "\(dropped) entries are dropped, \(droppedCount) counted")
    precondition(uses.allSatisfy { $0 == 1 }, "a slot is in two places or in none")
    for i in max(head, 1)..<max(queue.count, head, 1) where i > head {
      precondition(queue[i - 1].time <= queue[i].time, "the queue is out of order at \(i)")
    }
    for i in 0..<late.count where i > 0 {
      precondition(!late[i].precedes(late[(i - 1) / 2]), "the heap is out of order at \(i)")
    }
  }
}
