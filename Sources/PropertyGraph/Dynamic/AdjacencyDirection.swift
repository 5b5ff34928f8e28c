import CKernels
import FlatMemory

/// One direction of a dynamic adjacency: for every vertex a slab of neighbours inside one arena.
///
/// Guarantees: the neighbours of a vertex are the first `degree` slots of its slab; the rest of its last group of four
/// (and of the slab) holds the sentinel, so scans run in whole groups; parallel arenas hold, slot by slot, the edge's
/// position in its other end's slab (`mates`), and where asked its weight and id. A position is relative to the slab,
/// so moving a slab changes no mate.
/// Cost: append O(1) amortised, removal by position O(1); freed slabs are chained by tier through their first slot.
struct AdjacencyDirection {
  struct Slab: BitwiseCopyable {
    var offset: UInt32
    var degree: UInt32
  }
  static let endOfList = UInt32.max

  let sentinel: UInt32
  private(set) var slabs: ReservedArray<Slab>
  private(set) var tiers: ReservedArray<UInt8>
  private(set) var neighbours: ReservedArray<UInt32>
  private(set) var mates: ReservedArray<UInt32>
  private(set) var weights: ReservedArray<Float>?
  private(set) var ids: ReservedArray<UInt32>?
  /// Heads of the lists of free slabs, one per tier.
  let freeHeads: ReservedArray<UInt32>
  /// Slots handed out so far, free ones included.
  var slotCount = 0
  /// Slots in the lists of free slabs.
  var freeSlotCount = 0

  init(options: DynamicAdjacencyOptions, withIDs: Bool) {
    sentinel = UInt32(options.vertexCountMax)
    let vertices = options.vertexCountMax + 1
    slabs = ReservedArray(capacity: vertices, expectedCount: options.expectedVertexCount)
    tiers = ReservedArray(capacity: vertices, expectedCount: options.expectedVertexCount)
    let slots = options.slotCountMax
    neighbours = ReservedArray(capacity: slots, expectedCount: options.expectedEdgeCount)
    mates = ReservedArray(capacity: slots, expectedCount: options.expectedEdgeCount)
    if options.weighted { weights = ReservedArray(capacity: slots, expectedCount: options.expectedEdgeCount) }
    if withIDs { ids = ReservedArray(capacity: slots, expectedCount: options.expectedEdgeCount) }
    freeHeads = ReservedArray(capacity: SlabTier.count, expectedCount: 0)
    for tier in 0..<SlabTier.count { freeHeads[tier] = Self.endOfList }
  }

  func release() {
    slabs.release()
    tiers.release()
    freeHeads.release()
    releaseArenas()
  }

  private func releaseArenas() {
    neighbours.release()
    mates.release()
    weights?.release()
    ids?.release()
  }

  @inline(__always) func degree(_ v: UInt32) -> Int { Int(slabs[v].degree) }

  /// The neighbours of a vertex, in no particular order; valid until the next change.
  @inline(__always)
  func list(_ v: UInt32) -> UnsafeBufferPointer<UInt32> {
    let slab = slabs[v]
    return unsafe UnsafeBufferPointer(start: neighbours.base + Int(slab.offset), count: Int(slab.degree))
  }

  // MARK: slabs

  /// A slab of a tier, filled with sentinels.
  mutating func takeSlab(_ tier: UInt8) -> UInt32 {
    let capacity = SlabTier.capacity(tier)
    let offset: UInt32
    let head = freeHeads[Int(tier)]
    if head != Self.endOfList {
      offset = head
      freeHeads[Int(tier)] = neighbours[head]
      freeSlotCount -= capacity
    } else {
      precondition(
        slotCount + capacity <= neighbours.capacity,
        "the graph is full: \(neighbours.capacity) slots a direction; build it with a larger slotCountMax")
      offset = UInt32(slotCount)
      slotCount += capacity
    }
    unsafe (neighbours.base + Int(offset)).update(repeating: sentinel, count: capacity)
    return offset
  }

  mutating func freeSlab(_ offset: UInt32, _ tier: UInt8) {
    neighbours[offset] = freeHeads[Int(tier)]
    freeHeads[Int(tier)] = offset
    freeSlotCount += SlabTier.capacity(tier)
  }

  /// Moves the slab of `v` to another tier, which has room for its degree; tier 0 frees it.
  @inline(never)
  mutating func moveSlab(_ v: UInt32, to tier: UInt8) {
    let old = slabs[v]
    let oldTier = tiers[v]
    let degree = Int(old.degree)
    let offset = tier == 0 ? 0 : takeSlab(tier)
    let from = Int(old.offset)
    let to = Int(offset)
    unsafe (neighbours.base + to).update(from: neighbours.base + from, count: degree)
    unsafe (mates.base + to).update(from: mates.base + from, count: degree)
    if let weights { unsafe (weights.base + to).update(from: weights.base + from, count: degree) }
    if let ids { unsafe (ids.base + to).update(from: ids.base + from, count: degree) }
    if oldTier > 0 { freeSlab(old.offset, oldTier) }
    slabs[v] = Slab(offset: offset, degree: old.degree)
    tiers[v] = tier
  }

  /// Gives an empty vertex a slab for an expected degree, so that filling it moves nothing.
  mutating func reserve(_ v: UInt32, degree: Int) {
    let tier = SlabTier.tier(forDegree: degree)
    if tier > tiers[v] { moveSlab(v, to: tier) }
  }

  // MARK: edges

  /// Appends a neighbour and returns its position in the slab.
  @inline(__always)
  mutating func append(_ neighbour: UInt32, to v: UInt32) -> UInt32 {
    if Int(slabs[v].degree) == SlabTier.capacity(tiers[v]) {
      moveSlab(v, to: SlabTier.tier(forDegree: Int(slabs[v].degree) + 1))
    }
    let slab = slabs[v]
    neighbours[slab.offset + slab.degree] = neighbour
    unsafe slabs.base[Int(v)].degree = slab.degree + 1
    return slab.degree
  }

  /// Where `neighbour` first stands in the slab of `v`: sixteen compares a step.
  @inline(__always)
  func position(of neighbour: UInt32, in v: UInt32) -> UInt32? {
    let slab = slabs[v]
    // groups of four are padded with sentinels, which equal no neighbour
    let position = unsafe tw_find(neighbours.base + Int(slab.offset), slab.degree, neighbour)
    return position < slab.degree ? position : nil
  }

  /// What moved into a freed position: the last edge of the slab.
  struct MovedEdge {
    var neighbour: UInt32
    var mate: UInt32
    var id: UInt32
  }

  /// Removes the edge at a position by moving the last one there; the caller repoints the moved edge's other copy.
  @inline(__always)
  mutating func remove(_ position: UInt32, of v: UInt32) -> MovedEdge? {
    let slab = slabs[v]
    assert(position < slab.degree)
    let last = slab.degree - 1
    let from = Int(slab.offset + last)
    unsafe slabs.base[Int(v)].degree = last
    var moved: MovedEdge?
    if position != last {
      let to = Int(slab.offset + position)
      let neighbour = neighbours[from]
      let mate = mates[from]
      neighbours[to] = neighbour
      mates[to] = mate
      if let weights { weights[to] = weights[from] }
      var id: UInt32 = 0
      if let ids {
        id = ids[from]
        ids[to] = id
      }
      moved = MovedEdge(neighbour: neighbour, mate: mate, id: id)
    }
    neighbours[from] = sentinel
    if let weights { weights[from] = 0 }
    return moved
  }

  /// Moves a slab that is at most a quarter full to half its size or less. Positions do not change.
  @inline(__always)
  mutating func shrinkIfSparse(_ v: UInt32) {
    let degree = Int(slabs[v].degree)
    let tier = tiers[v]
    if degree == 0 {
      if tier > 0 { moveSlab(v, to: 0) }
    } else if tier > 2, degree * 4 <= SlabTier.capacity(tier) {
      moveSlab(v, to: SlabTier.tier(forDegree: degree * 2))
    }
  }

  // MARK: compaction

  /// More than a third of the arena is free slabs (and the arena is large enough to care).
  var wantsCompaction: Bool { slotCount > 1 << 14 && freeSlotCount * 3 > slotCount }

  /// Copies all slabs into a fresh arena in the order of the vertices: no free slabs are left, scans run straight.
  mutating func compact(vertexCount: Int) {
    var fresh = self
    let expected = slotCount - freeSlotCount
    fresh.neighbours = ReservedArray(capacity: neighbours.capacity, expectedCount: expected)
    fresh.mates = ReservedArray(capacity: mates.capacity, expectedCount: expected)
    if weights != nil { fresh.weights = ReservedArray(capacity: neighbours.capacity, expectedCount: expected) }
    if ids != nil { fresh.ids = ReservedArray(capacity: neighbours.capacity, expectedCount: expected) }
    fresh.slotCount = 0
    fresh.freeSlotCount = 0
    for tier in 0..<SlabTier.count { freeHeads[tier] = Self.endOfList }
    for v in 0..<vertexCount where tiers[v] > 0 {
      let old = slabs[v]
      let degree = Int(old.degree)
      let to = Int(fresh.takeSlab(tiers[v]))
      let from = Int(old.offset)
      unsafe (fresh.neighbours.base + to).update(from: neighbours.base + from, count: degree)
      unsafe (fresh.mates.base + to).update(from: mates.base + from, count: degree)
      if let weights, let copy = fresh.weights {
        unsafe (copy.base + to).update(from: weights.base + from, count: degree)
      }
      if let ids, let copy = fresh.ids { unsafe (copy.base + to).update(from: ids.base + from, count: degree) }
      slabs[v] = Slab(offset: UInt32(to), degree: old.degree)
    }
    releaseArenas()
    self = fresh
  }
}
