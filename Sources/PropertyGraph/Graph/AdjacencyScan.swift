/// What a loop over the edges of one direction reads: pointers, free of reference counts. Valid as long as the topology
/// they were taken from.
@usableFromInline
@safe struct AdjacencyScan {
  @usableFromInline let vertexCount: Int
  @usableFromInline let offsets: UnsafePointer<UInt32>
  @usableFromInline let neighbours: UnsafePointer<VertexIndex>
  /// The number of the edge in each slot; nil when that is the slot, or nobody asked.
  @usableFromInline let edgeNumbers: UnsafePointer<UInt32>?
  /// Whether the vertex that owns a slot is the target of its edge, the neighbour the source.
  @usableFromInline let isByTarget: Bool

  init(_ adjacency: CompressedAdjacency, edgeNumbers: SharedBuffer<UInt32>?, isByTarget: Bool) {
    vertexCount = adjacency.vertexCount
    unsafe offsets = unsafe adjacency.offsets.base
    unsafe neighbours = unsafe adjacency.neighbours.base
    unsafe self.edgeNumbers = unsafe edgeNumbers?.base
    self.isByTarget = isByTarget
  }

  @usableFromInline var edgeCount: Int { unsafe Int(offsets[vertexCount]) }

  /// Ranges of vertices with about the same number of edges each.
  @usableFromInline var ranges: FixedRanges { unsafe FixedRanges(vertexCount: vertexCount, offsets: offsets) }

  @inlinable @inline(__always)
  func slots(of vertex: Int) -> Range<Int> {
    unsafe Range(uncheckedBounds: (Int(offsets[vertex]), Int(offsets[vertex &+ 1])))
  }

  @inlinable @inline(__always)
  func edgeNumber(_ slot: Int) -> Int { unsafe edgeNumbers.map { unsafe Int($0[slot]) } ?? slot }

  /// The vertex that owns a slot: by bisection.
  @usableFromInline
  func owner(ofSlot slot: Int) -> Int {
    unsafe AdjacencyPointers(vertexCount: vertexCount, offsets: offsets, neighbours: neighbours, weights: nil)
      .owner(ofSlot: slot)
  }

  /// Calls `body` with the ends of the edges in a range of slots, in order.
  @inlinable @inline(__always)
  func forEachEdge(in range: Range<Int>, _ body: (_ source: VertexIndex, _ target: VertexIndex, _ slot: Int) -> Void) {
    if range.isEmpty { return }
    var vertex = owner(ofSlot: range.lowerBound)
    var slot = range.lowerBound
    while slot < range.upperBound {
      let end = unsafe min(Int(offsets[vertex &+ 1]), range.upperBound)
      let own = VertexIndex(truncatingIfNeeded: vertex)
      while slot < end {
        if isByTarget { unsafe body(neighbours[slot], own, slot) } else { unsafe body(own, neighbours[slot], slot) }
        slot &+= 1
      }
      vertex &+= 1
    }
  }
}

extension Topology {
  /// The edges by source, with their numbers if asked for.
  @usableFromInline
  func scanOutgoing(edgeNumbers: Bool) -> AdjacencyScan {
    AdjacencyScan(outgoing, edgeNumbers: edgeNumbers ? outgoingEdgeNumbers : nil, isByTarget: false)
  }

  /// The edges by target, with their numbers if asked for; built on first use.
  @usableFromInline
  func scanIncoming(edgeNumbers: Bool) -> AdjacencyScan {
    AdjacencyScan(incoming, edgeNumbers: edgeNumbers ? incomingEdgeNumbers : nil, isByTarget: true)
  }

  /// The edges by number, which is their slot. Never builds anything.
  @usableFromInline
  func scanInOrder() -> AdjacencyScan {
    AdjacencyScan(isReversed ? incoming : outgoing, edgeNumbers: nil, isByTarget: isReversed)
  }

  /// The same edges, each of them directed: of a symmetric topology both directions of an edge get a number of their
  /// own in the incoming slots too.
  @usableFromInline
  var withDistinctEdges: Topology { isSymmetric ? Topology(outgoing: outgoing) : self }
}
