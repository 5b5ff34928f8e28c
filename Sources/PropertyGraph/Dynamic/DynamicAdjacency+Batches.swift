import CKernels

/// Whole batches of changes: what the next changes will touch is fetched while the current one is made.
extension DynamicAdjacency {
  /// Makes the changes in order, telling `observe` of each that took effect; returns how many did. Vertices must exist.
  /// Cost: 0.1 to 0.3 µs a change.
  @discardableResult
  public func apply(_ updates: UnsafeBufferPointer<EdgeUpdate>, observe: (EdgeChange) -> Void = { _ in }) -> Int {
    unsafe apply(updates, prefetch: { _ in }, observe: observe)
  }

  @discardableResult
  public func apply(_ updates: [EdgeUpdate], observe: (EdgeChange) -> Void = { _ in }) -> Int {
    unsafe updates.withUnsafeBufferPointer { unsafe apply($0, observe: observe) }
  }

  @inline(__always)
  func apply(
    _ updates: UnsafeBufferPointer<EdgeUpdate>, prefetch: (EdgeUpdate) -> Void, observe: (EdgeChange) -> Void
  ) -> Int {
    var made = 0
    // where the removals two to four changes ahead find their edges
    var (find2, find3, find4) = (Self.notFound, Self.notFound, Self.notFound)
    for i in 0..<updates.count {
      // how many changes ahead the vertices' records are fetched, then the slots they point to, then what moves
      if i + 12 < updates.count {
        let next = unsafe updates[i + 12]
        if contains(next.source) && contains(next.target) {
          prefetchRecords(next.source, next.target)
          prefetch(next)
        }
      }
      if i + 8 < updates.count {
        let next = unsafe updates[i + 8]
        if contains(next.source) && contains(next.target) {
          prefetchSlots(next.source, next.target, isSearched: next.kind != .insert)
        }
      }
      if find2 != Self.notFound {
        let next = unsafe updates[i + 2]
        prefetchMate(next.source, next.target, find2)
      }
      (find2, find3, find4) = (find3, find4, Self.notFound)
      if i + 5 < updates.count, unsafe updates[i + 5].kind == .remove {
        let next = unsafe updates[i + 5]
        if contains(next.source) && contains(next.target) { find4 = prefetchFound(next.source, next.target) }
      }
      let update = unsafe updates[i]
      let change: EdgeChange?
      switch update.kind {
      case .insert:
        change = insertEdge(
          from: update.source, to: update.target, weight: update.weight, timeMilliseconds: update.timeMilliseconds)
      case .remove: change = removeEdge(from: update.source, to: update.target)
      case .reweight: change = reweightEdge(from: update.source, to: update.target, weight: update.weight)
      }
      if let change {
        observe(change)
        made += 1
      }
    }
    return made
  }

  @inline(__always)
  private func prefetchRecords(_ source: VertexIndex, _ target: VertexIndex) {
    unsafe tw_prefetch(out.slabs.base + Int(source))
    unsafe tw_prefetch(into.slabs.base + Int(target))
    unsafe tw_prefetch(out.tiers.base + Int(source))
    unsafe tw_prefetch(into.tiers.base + Int(target))
    if let outWeights { unsafe tw_prefetch(outWeights.base + Int(source)) }
  }

  @inline(__always)
  private func prefetchSlots(_ source: VertexIndex, _ target: VertexIndex, isSearched: Bool) {
    let o = out.slabs[source]
    let i = into.slabs[target]
    let outSlots = unsafe out.neighbours.base + Int(o.offset)
    let inSlots = unsafe into.neighbours.base + Int(i.offset)
    unsafe tw_prefetch(outSlots + Int(o.degree))
    unsafe tw_prefetch(inSlots + Int(i.degree))
    unsafe tw_prefetch(out.mates.base + Int(o.offset + o.degree))
    unsafe tw_prefetch(into.mates.base + Int(i.offset + i.degree))
    if isSearched {
      let shorter = unsafe o.degree <= i.degree ? outSlots : inSlots
      unsafe tw_prefetch(shorter)
      unsafe tw_prefetch(shorter + 16)
    }
  }

  private static let notFound = UInt64.max

  /// Searches a removed edge in the shorter slab, as its removal will. Returns the slot, and in bit 32 whether the slab
  /// is the target's.
  @inline(__always)
  private func prefetchFound(_ source: VertexIndex, _ target: VertexIndex) -> UInt64 {
    let o = out.slabs[source]
    let i = into.slabs[target]
    if o.degree > 0 { unsafe tw_prefetch(into.slabs.base + Int(out.neighbours[o.offset + o.degree - 1])) }
    if i.degree > 0 { unsafe tw_prefetch(out.slabs.base + Int(into.neighbours[i.offset + i.degree - 1])) }
    if o.degree <= i.degree {
      guard let position = out.position(of: target, in: source) else { return Self.notFound }
      unsafe tw_prefetch(out.mates.base + Int(o.offset + position))
      return UInt64(o.offset + position)
    }
    guard let position = into.position(of: source, in: target) else { return Self.notFound }
    unsafe tw_prefetch(into.mates.base + Int(i.offset + position))
    return UInt64(i.offset + position) | 1 << 32
  }

  /// The slots of the edge's other copy, and those that learn where the moved edges are.
  @inline(__always)
  private func prefetchMate(_ source: VertexIndex, _ target: VertexIndex, _ found: UInt64) {
    let o = out.slabs[source]
    let i = into.slabs[target]
    let slot = UInt32(truncatingIfNeeded: found)
    if found >> 32 == 0 {
      let other = Int(i.offset &+ out.mates[slot])
      unsafe tw_prefetch(into.neighbours.base + other)
      unsafe tw_prefetch(into.mates.base + other)
    } else {
      let other = Int(o.offset &+ into.mates[slot])
      unsafe tw_prefetch(out.neighbours.base + other)
      unsafe tw_prefetch(out.mates.base + other)
    }
    if o.degree > 0 {
      let last = o.offset + o.degree - 1
      unsafe tw_prefetch(into.mates.base + Int(into.slabs[out.neighbours[last]].offset &+ out.mates[last]))
    }
    if i.degree > 0 {
      let last = i.offset + i.degree - 1
      unsafe tw_prefetch(out.mates.base + Int(out.slabs[into.neighbours[last]].offset &+ into.mates[last]))
    }
  }

  // MARK: whole graphs

  /// Adds many edges at once, each slab made in its final size and in the order of the vertices: less memory and
  /// faster scans than inserting one by one. Vertices up to the largest end are added. For graphs that do not expire.
  public func insertEdges(
    sources: UnsafeBufferPointer<VertexIndex>, targets: UnsafeBufferPointer<VertexIndex>,
    weights: UnsafeBufferPointer<Float>? = nil
  ) {
    unsafe precondition(sources.count == targets.count && (weights?.count ?? sources.count) == sources.count)
    precondition(window == nil, "edges that expire are inserted one by one, with their times")
    let top = unsafe max(sources.max() ?? 0, targets.max() ?? 0)
    if !sources.isEmpty { insertVertices(upTo: Int(top) + 1) }
    var outDegrees = [UInt32](repeating: 0, count: vertexIndexCount)
    var inDegrees = outDegrees
    for i in 0..<sources.count {
      unsafe outDegrees[Int(sources[i])] += 1
      unsafe inDegrees[Int(targets[i])] += 1
    }
    for v in 0..<UInt32(vertexIndexCount) {
      out.reserve(v, degree: out.degree(v) + Int(outDegrees[Int(v)]))
      into.reserve(v, degree: into.degree(v) + Int(inDegrees[Int(v)]))
    }
    for i in 0..<sources.count {
      if i + 16 < sources.count { unsafe prefetchRecords(sources[i + 16], targets[i + 16]) }
      if i + 8 < sources.count { unsafe prefetchSlots(sources[i + 8], targets[i + 8], isSearched: false) }
      unsafe insertEdge(from: sources[i], to: targets[i], weight: weights?[i] ?? 1)
    }
  }

  /// Rewrites both arenas in the order of the vertices, without free slabs. Cost: one copy of the graph.
  public func compact() {
    out.compact(vertexCount: vertexIndexCount)
    into.compact(vertexCount: vertexIndexCount)
  }
}
