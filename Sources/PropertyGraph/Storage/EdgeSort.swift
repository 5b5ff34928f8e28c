/// Brings a list of edges into canonical order: by source, then target, repeated edges as they were given.
///
/// Guarantees: stable; a list that is in order already is not sorted again.
/// Cost: two groupings, by target and by source; one pass over a list that is in order.
enum EdgeSort {
  struct Sorted {
    var adjacency: CompressedAdjacency
    /// The position in the list of each edge, if asked for; nil also when the list was in order.
    var positions: SharedBuffer<UInt32>?
  }

  static func sort(_ edges: EdgeList, vertexCount: Int, keepPositions: Bool) -> Sorted {
    precondition(
      edges.count <= EdgeList.edgesMax, "\(edges.count) edges: a topology holds \(EdgeList.edgesMax) at most")
    precondition(vertexCount <= Int(VertexIndex.max), "\(vertexCount) vertices: a topology holds \(VertexIndex.max)")
    return unsafe edges.sources.withUnsafeBufferPointer { sources in
      unsafe edges.targets.withUnsafeBufferPointer { targets in
        guard let sourceBase = sources.baseAddress, let targetBase = targets.baseAddress, !sources.isEmpty else {
          let offsets = FreshBuffer<UInt32>(count: vertexCount + 1).frozen()
          return Sorted(
            adjacency: CompressedAdjacency(
              offsets: offsets, neighbours: SharedBuffer([]), weights: edges.weights.map { SharedBuffer($0) }))
        }
        let ends = unsafe ListedEdges(keys: targetBase, values: sourceBase)
        if survey(ends, count: edges.count, vertexCount: vertexCount) {
          let offsets = unsafe offsets(ofSorted: sourceBase, count: edges.count, vertexCount: vertexCount)
          return unsafe Sorted(
            adjacency: CompressedAdjacency(
              offsets: offsets, neighbours: SharedBuffer(targets), weights: edges.weights.map { SharedBuffer($0) }))
        }
        return sortUnordered(ends, edges, vertexCount, keepPositions)
      }
    }
  }

  private static func sortUnordered(
    _ ends: ListedEdges, _ edges: EdgeList, _ vertexCount: Int, _ keepPositions: Bool
  ) -> Sorted {
    let byTarget = EdgeGrouping.group(
      ends, count: edges.count, vertexCount: vertexCount, keepPositions: keepPositions)
    let targets = CompressedAdjacency(offsets: byTarget.offsets, neighbours: byTarget.values)
    let bySource = targets.withPointers { pointers in
      let scan = unsafe GroupedEdges(adjacency: pointers, positions: byTarget.positions?.base)
      return EdgeGrouping.group(scan, count: edges.count, vertexCount: vertexCount, keepPositions: keepPositions)
    }
    withExtendedLifetime(byTarget) {}
    var weights: SharedBuffer<Double>?
    if let positions = bySource.positions, let listed = edges.weights {
      weights = unsafe listed.withUnsafeBufferPointer { unsafe gather($0, at: positions) }
    }
    return Sorted(
      adjacency: CompressedAdjacency(offsets: bySource.offsets, neighbours: bySource.values, weights: weights),
      positions: bySource.positions)
  }

  /// Checks that all ends are vertices, and tells whether the edges are in canonical order.
  private static func survey(_ edges: ListedEdges, count: Int, vertexCount: Int) -> Bool {
    let ranges = ParallelRanges.number(count: count, rangeCount: 16)
    let found = FreshBuffer<UInt64>(count: ranges)
    ParallelRanges.run(count: count, rangeCount: 16) { number, range in
      var highest: UInt32 = 0
      for i in range { highest = unsafe max(highest, edges.keys[i], edges.values[i]) }
      var previous: UInt64 = 0
      var inOrder = true
      var i = max(range.lowerBound - 1, 0)
      while i < range.upperBound, inOrder {
        let edge = unsafe UInt64(edges.values[i]) &<< 32 | UInt64(edges.keys[i])
        inOrder = edge >= previous
        previous = edge
        i &+= 1
      }
      unsafe found.base[number] = UInt64(highest) << 1 | (inOrder ? 1 : 0)
    }
    let all = found.frozen()
    let highest = all.reduce(0) { max($0, $1 >> 1) }
    precondition(highest < vertexCount, "an edge ends at vertex \(highest), but there are \(vertexCount) vertices")
    return all.allSatisfy { $0 & 1 == 1 }
  }

  /// The offsets of edges that are in order: each boundary between two sources is written by the range it lies in.
  private static func offsets(
    ofSorted sources: UnsafePointer<VertexIndex>, count: Int, vertexCount: Int
  ) -> SharedBuffer<UInt32> {
    let offsets = FreshBuffer<UInt32>(count: vertexCount + 1)
    nonisolated(unsafe) let sources = unsafe sources
    ParallelRanges.run(count: count, rangeCount: 16) { _, range in
      for i in range {
        var vertex = unsafe i == 0 ? 0 : Int(sources[i - 1]) + 1
        while unsafe vertex <= Int(sources[i]) {
          unsafe offsets.base[vertex] = UInt32(truncatingIfNeeded: i)
          vertex &+= 1
        }
      }
    }
    for vertex in unsafe Int(sources[count - 1]) + 1...vertexCount { unsafe offsets.base[vertex] = UInt32(count) }
    return offsets.frozen()
  }

  /// `values[positions[i]]` for every `i`.
  static func gather(
    _ values: some RandomAccessCollection<Double>, at positions: SharedBuffer<UInt32>
  ) -> SharedBuffer<Double> {
    let out = FreshBuffer<Double>(count: positions.count)
    values.withContiguousStorageIfAvailable { values in
      nonisolated(unsafe) let values = unsafe values
      unsafe positions.withUnsafeBufferPointer { positions in
        nonisolated(unsafe) let positions = unsafe positions
        unsafe ParallelRanges.run(count: positions.count) { _, range in
          for i in range { unsafe out.base[i] = unsafe values[Int(positions[i])] }
        }
      }
    }
    return out.frozen()
  }

  /// 0, 1, 2 …
  static func identity(_ count: Int) -> SharedBuffer<UInt32> {
    let out = FreshBuffer<UInt32>(count: count)
    for i in 0..<count { unsafe out.base[i] = UInt32(truncatingIfNeeded: i) }
    return out.frozen()
  }
}
