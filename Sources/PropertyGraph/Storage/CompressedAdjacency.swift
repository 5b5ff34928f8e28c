/// The edges of one direction, grouped by vertex: an offset per vertex into one array of neighbours (compressed sparse
/// rows).
///
/// Guarantees: the neighbours of a vertex ascend; repeated edges stand side by side in the order they were given.
/// Immutable, shared by all copies.
/// Cost: 4 bytes a vertex and 4 an edge, 8 more an edge with weights. The slots of a vertex are contiguous.
public struct CompressedAdjacency: Sendable {
  /// Where each vertex's slots begin, and after the last vertex the number of slots.
  public let offsets: SharedBuffer<UInt32>
  /// The other end of each slot's edge.
  public let neighbours: SharedBuffer<VertexIndex>
  /// A weight per slot, or nil when all edges count 1.
  public let weights: SharedBuffer<Double>?

  init(offsets: SharedBuffer<UInt32>, neighbours: SharedBuffer<VertexIndex>, weights: SharedBuffer<Double>? = nil) {
    (self.offsets, self.neighbours, self.weights) = (offsets, neighbours, weights)
  }

  public var vertexCount: Int { offsets.count - 1 }
  /// How many edges there are in this direction: the length of ``neighbours``.
  public var slotCount: Int { neighbours.count }

  public func degree(of vertex: VertexIndex) -> Int { slots(of: vertex).count }

  /// The positions of a vertex's edges in ``neighbours`` and ``weights``.
  public func slots(of vertex: VertexIndex) -> Range<Int> {
    Int(offsets[Int(vertex)])..<Int(offsets[Int(vertex) + 1])
  }

  public func neighbours(of vertex: VertexIndex) -> Slice<SharedBuffer<VertexIndex>> {
    neighbours[slots(of: vertex)]
  }

  /// The pointers for a hot loop; they are valid until `body` returns.
  @inline(__always)
  func withPointers<Result, Failure: Error>(
    _ body: (AdjacencyPointers) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try unsafe body(
      AdjacencyPointers(
        vertexCount: vertexCount, offsets: offsets.base, neighbours: neighbours.base, weights: weights?.base))
  }
}

/// What a scan of an adjacency reads, free of reference counts: trivial, to be copied into closures of parallel loops.
/// Valid inside ``CompressedAdjacency/withPointers(_:)`` only. `SharedBuffer.readablePadding` bytes after each array
/// may be read.
@safe struct AdjacencyPointers: @unchecked Sendable {
  let vertexCount: Int
  let offsets: UnsafePointer<UInt32>
  let neighbours: UnsafePointer<VertexIndex>
  let weights: UnsafePointer<Double>?

  @inline(__always)
  var slotCount: Int { unsafe Int(offsets[vertexCount]) }

  /// The positions of a vertex's edges.
  @inline(__always)
  func slots(of vertex: Int) -> Range<Int> {
    unsafe Range(uncheckedBounds: (Int(offsets[vertex]), Int(offsets[vertex &+ 1])))
  }

  @inline(__always)
  func degree(of vertex: Int) -> Int { unsafe Int(offsets[vertex &+ 1] &- offsets[vertex]) }

  /// The vertex that owns a slot: by bisection.
  func owner(ofSlot slot: Int) -> Int {
    var low = 0
    var high = vertexCount
    // invariant: offsets[low] <= slot < offsets[high]
    while high - low > 1 {
      let middle = (low + high) / 2
      if unsafe Int(offsets[middle]) <= slot { low = middle } else { high = middle }
    }
    return low
  }
}
