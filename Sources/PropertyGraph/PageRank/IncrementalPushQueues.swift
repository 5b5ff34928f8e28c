import CKernels

/// The vertices that wait for a push, by the binary exponent of |residual| / (out-degree + 4): the most residual per
/// edge first, first in first out inside a queue.
///
/// Guarantees: a vertex stands in a queue of its exponent or a larger one, as its record says; entries whose vertex has
/// since moved up are stale and skipped. Vertices below the floor wait in none, nor do those whose residual has not
/// changed since the queues were last emptied.
/// Cost: 4 bytes an entry, a few ns to append.
@safe struct IncrementalPushQueues {
  @safe struct Queue {
    var base: UnsafeMutablePointer<UInt32>
    var head: Int
    var count: Int
    var capacity: Int
  }
  /// More than there are exponents between the budget and its smallest share. A vertex that waits in no queue has
  /// their present number in its record.
  static let countMax: Int32 = 64

  let queues: UnsafeMutablePointer<Queue>
  var count = 0
  /// Entries waiting, stale ones included.
  var entryCount = 0
  /// The bits of the priority above which everything goes to queue 0.
  var topBits: Int64 = 0
  /// The residuals have changed without the queues being told: they must be rebuilt before use.
  var isStale = true

  init() {
    unsafe queues = .allocate(capacity: Int(Self.countMax))
    for q in 0..<Int(Self.countMax) {
      unsafe (queues + q).initialize(to: Queue(base: .allocate(capacity: 16), head: 0, count: 0, capacity: 16))
    }
  }

  func deallocate() {
    for q in 0..<Int(Self.countMax) { unsafe queues[q].base.deallocate() }
    unsafe queues.deallocate()
  }

  /// The queue of a residual, or `count` for none: the difference of exponents, without a logarithm or a branch.
  @inline(__always)
  static func queue(of residual: Double, priority: Float, topBits: Int64, count: Int) -> Int32 {
    let bits = Int64(bitPattern: (residual.magnitude * Double(priority)).bitPattern)
    return Int32(truncatingIfNeeded: min(max((topBits &- bits) >> 52, 0), Int64(truncatingIfNeeded: count)))
  }

  @inline(__always)
  static func append(_ v: UInt32, to queue: UnsafeMutablePointer<Queue>) {
    if unsafe queue.pointee.count == queue.pointee.capacity { unsafe grow(queue) }
    unsafe queue.pointee.base[queue.pointee.count] = v
    unsafe queue.pointee.count &+= 1
  }

  @inline(never)
  private static func grow(_ queue: UnsafeMutablePointer<Queue>) {
    let live = unsafe queue.pointee.count - queue.pointee.head
    let capacity = max(16, live * 2)
    let base = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
    unsafe base.update(from: queue.pointee.base + queue.pointee.head, count: live)
    unsafe queue.pointee.base.deallocate()
    unsafe queue.pointee = unsafe Queue(base: base, head: 0, count: live, capacity: capacity)
  }

  /// Queues a vertex whose residual has changed, if its exponent now is above that of the queue it waits in.
  @inline(__always)
  mutating func add(_ v: UInt32, _ record: UnsafeMutablePointer<tw_rank_record>) {
    let q = unsafe Self.queue(
      of: record.pointee.residual, priority: record.pointee.priority, topBits: topBits, count: count)
    if unsafe q < record.pointee.bucket {
      unsafe record.pointee.bucket = q
      unsafe Self.append(v, to: queues + Int(q))
      entryCount &+= 1
    }
  }

  /// Empties the queues and sets what they range over: from a quarter of the budget down to `floor`. From then on they
  /// hold the vertices whose residual changes. Every record must say that its vertex waits in none.
  mutating func empty(floor: Double, budget: Double) {
    let top = budget / 4
    topBits = Int64(bitPattern: top.bitPattern)
    count = max(1, min(Int(Self.countMax) - 1, Int((topBits - Int64(bitPattern: floor.bitPattern)) >> 52) + 1))
    for q in 0..<Int(Self.countMax) {
      unsafe queues[q].head = 0
      unsafe queues[q].count = 0
    }
    entryCount = 0
    isStale = false
  }

  /// Empties the queues and queues all vertices above `floor` afresh, in their order.
  mutating func rebuild(
    _ records: UnsafeMutablePointer<tw_rank_record>, vertexCount: Int, floor: Double, budget: Double
  ) {
    empty(floor: floor, budget: budget)
    for v in 0..<UInt32(vertexCount) {
      let record = unsafe records + Int(v)
      unsafe record.pointee.bucket = Int32(count)
      unsafe add(v, record)
    }
  }

  // MARK: snapshots

  /// The counts and the length of each queue; empty when the queues are stale.
  var state: [Int64] {
    if isStale { return [] }
    let lengths = (0..<Int(Self.countMax)).map { unsafe Int64(queues[$0].count - queues[$0].head) }
    return [Int64(count), Int64(entryCount), topBits] + lengths
  }

  /// What waits, queue after queue; empty when the queues are stale.
  var waiting: [UInt32] {
    if isStale { return [] }
    var all: [UInt32] = []
    for q in 0..<Int(Self.countMax) {
      unsafe all.append(
        contentsOf: UnsafeBufferPointer(start: queues[q].base + queues[q].head, count: queues[q].count - queues[q].head)
      )
    }
    return all
  }

  /// Puts back what ``state`` and ``waiting`` gave; false when they contradict each other.
  mutating func restore(_ state: [Int64], waiting: [UInt32], vertexCount: Int) -> Bool {
    guard state.count == 3 + Int(Self.countMax), (0..<Int64(Self.countMax)).contains(state[0]),
      state[3...].allSatisfy({ (0...Int64(waiting.count)).contains($0) }),
      state[3...].reduce(0, +) == Int64(waiting.count), waiting.allSatisfy({ $0 < vertexCount })
    else { return false }
    (count, entryCount, topBits) = (Int(state[0]), Int(state[1]), state[2])
    var rest = waiting[...]
    for q in 0..<Int(Self.countMax) {
      unsafe (queues[q].head, queues[q].count) = (0, 0)
      for v in rest.prefix(Int(state[3 + q])) { unsafe Self.append(v, to: queues + q) }
      rest = rest.dropFirst(Int(state[3 + q]))
    }
    isStale = false
    return true
  }
}
