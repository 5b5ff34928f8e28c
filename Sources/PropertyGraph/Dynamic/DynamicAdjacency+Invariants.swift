/// The check of everything the other files promise; O(edges), for tests and assertions.
extension DynamicAdjacency {
  /// The first broken invariant in words, or nil.
  public func checkInvariants() -> String? {
    if let broken = check(out, mirroredIn: into, "out") ?? check(into, mirroredIn: out, "in") { return broken }
    var removed = Set(removedVertices)
    if removed.count != removedVertices.count { return "a vertex is listed as removed twice" }
    for v in 0..<UInt32(vertexIndexCount) {
      if (present[v] == 0) != (removed.remove(v) != nil) { return "vertex \(v): presence and list disagree" }
      if present[v] == 0, out.degree(v) + into.degree(v) > 0 { return "removed vertex \(v) has edges" }
    }
    return checkWeights() ?? checkWindow()
  }

  private func check(_ side: AdjacencyDirection, mirroredIn other: AdjacencyDirection, _ name: String) -> String? {
    var edges = 0
    var slots = 0
    var covered = [Bool](repeating: false, count: side.slotCount)
    func cover(_ offset: UInt32, _ capacity: Int) -> Bool {
      for slot in Int(offset)..<Int(offset) + capacity {
        if slot >= covered.count || covered[slot] { return false }
        covered[slot] = true
      }
      return true
    }
    for v in 0..<UInt32(vertexIndexCount) {
      let slab = side.slabs[v]
      let capacity = SlabTier.capacity(side.tiers[v])
      if slab.degree > capacity { return "\(name) \(v): degree \(slab.degree) above capacity \(capacity)" }
      if !cover(slab.offset, capacity) { return "\(name) \(v): slab overlaps another or leaves the arena" }
      edges += Int(slab.degree)
      slots += capacity
      for position in 0..<UInt32(capacity) {
        let w = side.neighbours[slab.offset + position]
        if position >= slab.degree {
          if w != side.sentinel { return "\(name) \(v): unused slot \(position) holds \(w)" }
          continue
        }
        if w >= vertexIndexCount || present[w] == 0 { return "\(name) \(v): neighbour \(w) does not exist" }
        let mate = side.mates[slab.offset + position]
        let mirror = other.slabs[w]
        if mate >= mirror.degree || other.neighbours[mirror.offset + mate] != v
          || other.mates[mirror.offset + mate] != position
        {
          return "\(name) \(v): edge at \(position) to \(w) is not mirrored"
        }
        if let weights = side.weights, let mirrored = other.weights,
          weights[slab.offset + position] != mirrored[mirror.offset + mate]
        {
          return "\(name) \(v): weights of the two copies differ at \(position)"
        }
      }
    }
    if edges != edgeCount { return "\(name): \(edges) edges in slabs, \(edgeCount) counted" }
    var free = 0
    for tier in 1..<SlabTier.count {
      var offset = side.freeHeads[tier]
      while offset != AdjacencyDirection.endOfList {
        if !cover(offset, SlabTier.capacity(UInt8(tier))) { return "\(name): a free slab overlaps another" }
        free += SlabTier.capacity(UInt8(tier))
        offset = side.neighbours[offset]
      }
    }
    if free != side.freeSlotCount || free + slots != side.slotCount {
      return "\(name): \(slots) used and \(free) free slots of \(side.slotCount), \(side.freeSlotCount) counted free"
    }
    return nil
  }

  private func checkWeights() -> String? {
    guard outWeights != nil else { return nil }
    for v in 0..<UInt32(vertexIndexCount) where present[v] != 0 {
      let sum = unsafe withTargets(of: v) { targets, weights in
        targets.indices.reduce(0.0) { unsafe $0 + Double(weights![$1]) }
      }
      let tolerance = 1e-14 * Double(out.degree(v) + 16) * max(sum, weightSum(v))
      if abs(sum - weightSum(v)) > tolerance { return "vertex \(v): weight sum \(weightSum(v)), edges sum to \(sum)" }
    }
    return nil
  }

  private func checkWindow() -> String? {
    guard let window, let ids = out.ids else { return nil }
    for v in 0..<UInt32(vertexIndexCount) {
      let slab = out.slabs[v]
      for position in 0..<slab.degree {
        let place = window.place(ids[slab.offset + position])
        if place.source != v || place.position != position { return "vertex \(v): the window lost edge \(position)" }
      }
    }
    let alive = (window.queue[window.head...] + window.late).filter { window.place($0.id).source != EdgeWindow.gone }
    return alive.count == edgeCount ? nil : "\(alive.count) edges wait for their time, \(edgeCount) exist"
  }
}
