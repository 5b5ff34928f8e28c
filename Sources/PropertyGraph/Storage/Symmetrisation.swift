/// Makes every edge go both ways: merges the outgoing and incoming neighbours of each vertex, which are both in order.
///
/// Guarantees: the result is symmetric, with equal weights both ways (sums are added in one order for both ends).
/// Cost: two merges over all edges, in parallel over the vertices; no sorting.
struct Symmetrisation {
  let duplicates: Topology.DuplicateEdges
  let loops: Topology.SelfLoops

  func apply(to topology: Topology) -> Topology {
    let outgoing = topology.outgoing
    // of a symmetric topology one side is all there is
    let incoming = topology.isSymmetric ? nil : topology.incoming
    let vertexCount = topology.vertexCount
    let offsets = FreshBuffer<UInt32>(count: vertexCount + 1)
    var slotCount = 0
    var neighbours: FreshBuffer<VertexIndex>?
    var weights: FreshBuffer<Double>?
    outgoing.withPointers { out in
      let back = incoming.map { $0.withPointers { $0 } }
      ParallelRanges.run(count: vertexCount) { _, range in
        for vertex in range {
          var count: UInt32 = 0
          merge(vertex, out, back) { _, _, isNew in if isNew { count &+= 1 } }
          unsafe offsets.base[vertex + 1] = count
        }
      }
      for vertex in 0..<vertexCount {
        unsafe slotCount += Int(offsets.base[vertex + 1])
        precondition(slotCount <= EdgeList.edgesMax, "more than \(EdgeList.edgesMax) edges once they go both ways")
        unsafe offsets.base[vertex + 1] = UInt32(slotCount)
      }
      let places = FreshBuffer<VertexIndex>(count: slotCount)
      let sums = unsafe out.weights == nil ? nil : FreshBuffer<Double>(count: slotCount)
      ParallelRanges.run(count: vertexCount) { _, range in
        for vertex in range {
          var slot = unsafe Int(offsets.base[vertex]) - 1
          merge(vertex, out, back) { neighbour, weight, isNew in
            if isNew { slot &+= 1 }
            unsafe places.base[slot] = neighbour
            if let sums { unsafe sums.base[slot] = unsafe isNew ? weight : sums.base[slot] + weight }
          }
        }
      }
      (neighbours, weights) = (places, sums)
    }
    withExtendedLifetime(incoming) {}
    return Topology(
      outgoing: CompressedAdjacency(
        offsets: offsets.frozen(), neighbours: neighbours?.frozen() ?? SharedBuffer([]), weights: weights?.frozen()),
      isSymmetric: true)
  }

  /// Tells the neighbours of a vertex on both sides in order, with weights, and whether each begins a slot of its own.
  ///
  /// Equal neighbours are told with the direction from the lower to the higher vertex first, so that both ends add the
  /// same weights in the same order.
  @inline(__always)
  private func merge(
    _ vertex: Int, _ outgoing: AdjacencyPointers, _ incoming: AdjacencyPointers?,
    _ tell: (VertexIndex, Double, Bool) -> Void
  ) {
    var (a, aEnd) = unsafe (Int(outgoing.offsets[vertex]), Int(outgoing.offsets[vertex + 1]))
    var (b, bEnd) = incoming.map { unsafe (Int($0.offsets[vertex]), Int($0.offsets[vertex + 1])) } ?? (0, 0)
    var previous = -1
    while a < aEnd || b < bEnd {
      let left = unsafe a < aEnd ? Int(outgoing.neighbours[a]) : Int.max
      let right = unsafe b < bEnd ? Int(incoming.unsafelyUnwrapped.neighbours[b]) : Int.max
      let takesLeft = left < right || (left == right && left > vertex)
      let neighbour = takesLeft ? left : right
      let weight =
        unsafe takesLeft
        ? outgoing.weights.map { unsafe $0[a] } ?? 1
        : unsafe incoming.unsafelyUnwrapped.weights.map { unsafe $0[b] } ?? 1
      if takesLeft { a &+= 1 } else { b &+= 1 }
      if neighbour == vertex {
        // a loop is an edge out and an edge in: the incoming copy is the one listed, if any
        if loops == .drop || (takesLeft && incoming != nil) { continue }
      }
      tell(VertexIndex(truncatingIfNeeded: neighbour), weight, duplicates == .keep || neighbour != previous)
      previous = neighbour
    }
  }
}
