import FlatMemory

/// Which timer: of the entry in slot `owner` of the operator's ``KeyedTable``, and one of several that it may have.
struct TimerName: StreamKey, BitwiseCopyable {
  var owner: UInt32
  var number: Int64
  func hash(into hasher: inout StableHasher) {
    hasher.combine(UInt64(owner))
    hasher.combine(UInt64(bitPattern: number))
  }
}

/// A timer that fired: it is no longer set.
public struct FiredTimer: BitwiseCopyable, Sendable, Equatable {
  public let owner: UInt32
  public let number: Int64
  public let due: Int64
}

/// Timers of keyed state, in event or processing time: any number per key, told apart by a number of the operator's
/// choice (an enumeration's raw value, a window's end).
///
/// Guarantees: ``popDue(at:)`` gives timers in the order of (due time, then when they were last set), so results do not
/// depend on how time advanced; a restored queue goes on alike. Cancelled and replaced timers leave nothing behind.
/// Cost: setting a timer anew to a later time, the usual case, is a look-up (the heap learns of it when the former time
/// comes up); all else O(log n), 0.1 to 1 µs. About 90 bytes a timer, in flat memory. Checkpoints as ``KeyedTable``'s:
/// the heap is not written, it is rebuilt.
/// Owners are slots, so the timers of an entry are to be cancelled (``cancelAll(owner:)``) when it is removed.
@safe public struct TimerQueue: ~Copyable {
  struct Timer: Codable, Sendable, BitwiseCopyable {
    var due: Int64
    var sequence: Int64
    /// Neighbours in the owner's list: slot + 1, or 0.
    var next: UInt32
    var previous: UInt32
  }
  /// As the heap knows it: never later than the timer itself.
  private struct Node: BitwiseCopyable {
    var due: Int64
    var sequence: Int64
    var slot: UInt32
    @inline(__always) static func < (a: Node, b: Node) -> Bool {
      a.due != b.due ? a.due < b.due : a.sequence < b.sequence
    }
  }
  private var timers = KeyedTable<TimerName, Timer>()
  /// 4-ary heap: half as deep as a binary one, and four children lie in two cache lines.
  private var heap = FlatArray<Node>(capacity: 4)
  /// By timer slot: where its node is in the heap.
  private var positions = FlatArray<UInt32>(capacity: 4)
  /// By owner: first timer of its list, slot + 1, or 0.
  private var heads = FlatArray<UInt32>(capacity: 4)
  private var nextSequence: Int64 = 0

  public init() {}
  deinit {
    heap.deallocate()
    positions.deallocate()
    heads.deallocate()
  }

  public var count: Int { timers.count }
  public var isEmpty: Bool { timers.isEmpty }
  public var byteCount: Int {
    timers.byteCount + heap.capacity * MemoryLayout<Node>.stride + (positions.capacity + heads.capacity) * 4
  }

  // MARK: setting

  /// Sets a timer, or sets it anew.
  public mutating func set(owner: UInt32, number: Int64 = 0, due: Int64) {
    let sequence = nextSequence
    nextSequence += 1
    let name = TimerName(owner: owner, number: number)
    let (slot, isNew) = timers.findOrInsert(name, Timer(due: due, sequence: sequence, next: 0, previous: 0))
    if isNew {
      link(slot, owner)
      push(Node(due: due, sequence: sequence, slot: slot))
      return
    }
    timers[slot].due = due
    timers[slot].sequence = sequence
    let position = Int(positions[Int(slot)])
    // later than the heap believes: it finds out when the node comes up
    if due < heap[position].due { siftUp(Node(due: due, sequence: sequence, slot: slot), position) }
  }
  /// When a timer is due; nil if it is not set.
  public func due(owner: UInt32, number: Int64 = 0) -> Int64? {
    timers.find(TimerName(owner: owner, number: number)).map { timers[$0].due }
  }
  /// Cancels a timer; false if it was not set.
  @discardableResult
  public mutating func cancel(owner: UInt32, number: Int64 = 0) -> Bool {
    guard let slot = timers.find(TimerName(owner: owner, number: number)) else { return false }
    remove(slot, owner)
    return true
  }
  /// Cancels all timers of an owner.
  public mutating func cancelAll(owner: UInt32) {
    while Int(owner) < heads.count, heads[Int(owner)] != 0 { remove(heads[Int(owner)] - 1, owner) }
  }
  /// The timers of an owner, the newest name first.
  public func timers(of owner: UInt32) -> [FiredTimer] {
    var list: [FiredTimer] = []
    var next = Int(owner) < heads.count ? heads[Int(owner)] : 0
    while next != 0 {
      list.append(FiredTimer(owner: owner, number: timers.key(at: next - 1).number, due: timers[next - 1].due))
      next = timers[next - 1].next
    }
    return list
  }

  // MARK: firing

  /// When the first timer is due; nil if none is set.
  public mutating func nextDue() -> Int64? {
    settleFirst()
    return heap.count == 0 ? nil : heap[0].due
  }
  /// Takes the first timer that is due at `time` or before; nil if there is none. Timers set between two calls take
  /// part.
  public mutating func popDue(at time: Int64) -> FiredTimer? {
    while heap.count > 0, heap[0].due <= time {
      let node = heap[0]
      let timer = timers[node.slot]
      if timer.sequence != node.sequence {
        settleFirst()
        continue
      }
      let name = timers.key(at: node.slot)
      remove(node.slot, name.owner)
      return FiredTimer(owner: name.owner, number: name.number, due: node.due)
    }
    return nil
  }

  /// Brings the heap's first node up to date, and so its first timer to the top.
  private mutating func settleFirst() {
    while heap.count > 0 {
      let slot = heap[0].slot
      let timer = timers[slot]
      if timer.sequence == heap[0].sequence { return }
      siftDown(Node(due: timer.due, sequence: timer.sequence, slot: slot), 0)
    }
  }

  // MARK: lists of owners

  private mutating func link(_ slot: UInt32, _ owner: UInt32) {
    while heads.count <= Int(owner) { heads.append(0) }
    let former = heads[Int(owner)]
    timers[slot].next = former
    if former != 0 { timers[former - 1].previous = slot + 1 }
    heads[Int(owner)] = slot + 1
  }
  private mutating func remove(_ slot: UInt32, _ owner: UInt32) {
    let timer = timers[slot]
    if timer.previous == 0 { heads[Int(owner)] = timer.next } else { timers[timer.previous - 1].next = timer.next }
    if timer.next != 0 { timers[timer.next - 1].previous = timer.previous }
    timers.remove(at: slot)
    let position = Int(positions[Int(slot)])
    heap.count -= 1
    if position < heap.count {
      let last = unsafe heap.base[heap.count]
      if position > 0, last < heap[(position - 1) / 4] { siftUp(last, position) } else { siftDown(last, position) }
    }
  }

  // MARK: heap

  private mutating func push(_ node: Node) {
    let capacity = heap.capacity
    while positions.count <= Int(node.slot) { positions.append(0) }
    heap.append(node)
    // a large heap is read at random
    if heap.capacity != capacity, heap.capacity >= 1 << 17 {
      heap.preferHugePages()
      positions.preferHugePages()
    }
    siftUp(node, heap.count - 1)
  }
  @inline(__always)
  private func put(_ node: Node, _ position: Int) {
    heap[position] = node
    positions[Int(node.slot)] = UInt32(truncatingIfNeeded: position)
  }
  private func siftUp(_ node: Node, _ start: Int) {
    var i = start
    while i > 0 {
      let parent = (i - 1) / 4
      if !(node < heap[parent]) { break }
      put(heap[parent], i)
      i = parent
    }
    put(node, i)
  }
  private func siftDown(_ node: Node, _ start: Int) {
    var i = start
    while true {
      let first = 4 * i + 1
      if first >= heap.count { break }
      var least = first
      for k in first + 1..<max(min(first + 4, heap.count), first + 1) where heap[k] < heap[least] { least = k }
      if !(heap[least] < node) { break }
      put(heap[least], i)
      i = least
    }
    put(node, i)
  }

  // MARK: checkpoints

  private static var keys: StateCodec<TimerName> { .automatic() }
  private static var values: StateSchema<Timer> { StateSchema() }

  /// Adds the queue to a checkpoint, as sections `name/…`.
  public mutating func snapshot(_ name: String, into snapshot: StateSnapshot) {
    unsafe withUnsafeBytes(of: nextSequence) { unsafe snapshot.add(name + "/sequence", $0) }
    timers.snapshot(name, into: snapshot, keys: TimerQueue.keys, values: TimerQueue.values)
  }
  /// Puts back what ``snapshot(_:into:)`` wrote, in place of what the queue holds. Throws ``StateError``.
  public mutating func restore(_ name: String, from state: RestoredState) throws {
    guard let sequence = try state.values(name + "/sequence", of: Int64.self).first else {
      throw StateError.size("\(state.prefix)/\(name)/sequence", 0)
    }
    var fresh = TimerQueue()
    try fresh.timers.restore(name, from: state, keys: TimerQueue.keys, values: TimerQueue.values)
    fresh.nextSequence = sequence
    try fresh.rebuild("\(state.prefix)/\(name)")
    self = fresh
  }
  private mutating func rebuild(_ path: String) throws {
    var next = timers.slot(from: 0)
    while let slot = next {
      let (timer, owner) = (timers[slot], timers.key(at: slot).owner)
      for link in [timer.next, timer.previous] where link != 0 && !timers.contains(slot: link - 1) {
        throw StateError.undecodable(path, "timer \(slot) is linked to one that does not exist")
      }
      while heads.count <= Int(owner) { heads.append(0) }
      if timer.previous == 0 { heads[Int(owner)] = slot + 1 }
      while positions.count <= Int(slot) { positions.append(0) }
      heap.append(Node(due: timer.due, sequence: timer.sequence, slot: slot))
      positions[Int(slot)] = UInt32(heap.count - 1)
      next = timers.slot(from: slot + 1)
    }
    for i in stride(from: (heap.count - 2) / 4, through: 0, by: -1) where heap.count > 1 { siftDown(heap[i], i) }
  }
}
