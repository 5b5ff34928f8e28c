/// The triangles of the undirected simple graph behind a topology, each found once.
///
/// Guarantees: exact; the same on any number of threads.
/// Cost: O(m^1.5), some 1 ns for each pair of neighbours looked at; 5 bytes an edge and 25 a vertex and thread.
/// Method: edges point from lower to higher degree (Chiba, Nishizeki 1985; Schank, Wagner 2005), so that no vertex has
/// more than √2m of them; vertices are renumbered by degree, so that the marks looked at most lie together.
struct Triangles {
  /// Vertices by descending degree; the place of a vertex is its rank.
  private let order: FreshBuffer<VertexIndex>
  /// For each rank the neighbours of a lower rank (and higher degree), as ranks.
  private let offsets: FreshBuffer<UInt32>
  private let neighbours: FreshBuffer<VertexIndex>
  /// How much each of those edges counts.
  private let factors: FreshBuffer<UInt8>
  private let vertexCount: Int

  /// `factor` tells how much the edge in a slot of `graph`, which must be symmetric and simple, counts; below 256 and
  /// above 0.
  init(_ graph: CompressedAdjacency, factor: (_ vertex: VertexIndex, _ neighbour: VertexIndex, _ slot: Int) -> UInt8) {
    let vertexCount = graph.vertexCount
    self.vertexCount = vertexCount
    let order = FreshBuffer<VertexIndex>(count: vertexCount)
    let ranks = FreshBuffer<UInt32>(count: vertexCount)
    let offsets = FreshBuffer<UInt32>(count: vertexCount + 1)
    let neighbours = FreshBuffer<VertexIndex>(count: graph.slotCount / 2)
    let factors = FreshBuffer<UInt8>(count: graph.slotCount / 2)
    graph.withPointers { graph in
      Self.sortByDegree(graph, order, ranks)
      var slotCount = 0
      for rank in 0..<vertexCount {
        for slot in unsafe graph.slots(of: Int(order.base[rank]))
        where unsafe ranks.base[Int(graph.neighbours[slot])] < rank {
          slotCount += 1
        }
        unsafe offsets.base[rank + 1] = UInt32(slotCount)
      }
      withoutActuallyEscaping(factor) { factor in
        nonisolated(unsafe) let factor = factor
        ParallelRanges.run(count: vertexCount) { _, range in
          for rank in range {
            var place = unsafe Int(offsets.base[rank])
            let vertex = unsafe order.base[rank]
            for slot in graph.slots(of: Int(vertex)) {
              let neighbour = unsafe graph.neighbours[slot]
              guard unsafe ranks.base[Int(neighbour)] < rank else { continue }
              unsafe neighbours.base[place] = unsafe ranks.base[Int(neighbour)]
              unsafe factors.base[place] = unsafe factor(vertex, neighbour, slot)
              place += 1
            }
          }
        }
      }
    }
    (self.order, self.offsets, self.neighbours, self.factors) = (order, offsets, neighbours, factors)
  }

  /// Vertices by descending degree, equal ones by index: a counting sort.
  private static func sortByDegree(
    _ graph: AdjacencyPointers, _ order: FreshBuffer<VertexIndex>, _ ranks: FreshBuffer<UInt32>
  ) {
    let degreeMax = (0..<graph.vertexCount).reduce(0) { max($0, graph.degree(of: $1)) }
    var places = [Int](repeating: 0, count: degreeMax + 2)
    for v in 0..<graph.vertexCount { places[degreeMax - graph.degree(of: v) + 1] += 1 }
    for i in 1..<places.count { places[i] += places[i - 1] }
    for v in 0..<graph.vertexCount {
      let place = places[degreeMax - graph.degree(of: v)]
      places[degreeMax - graph.degree(of: v)] += 1
      unsafe order.base[place] = VertexIndex(v)
      unsafe ranks.base[v] = UInt32(place)
    }
  }

  /// For each vertex the sum, over the triangles it is in, of what the opposite edge counts.
  func counts() -> [UInt64] {
    let (offsets, neighbours, factors, vertexCount) = unsafe (offsets.base, neighbours.base, factors.base, vertexCount)
    let adjacency = unsafe AdjacencyPointers(
      vertexCount: vertexCount, offsets: UnsafePointer(offsets), neighbours: UnsafePointer(neighbours), weights: nil)
    let scratches = ParallelCounting.run(VertexRanges(adjacency, rangeCount: 512)) {
      (sums: FreshBuffer<UInt64>(count: vertexCount), marks: FreshBuffer<UInt8>(count: vertexCount))
    } _: { scratch, range in
      let (sums, marks) = unsafe (scratch.sums.base, scratch.marks.base)
      for u in range {
        let slots = adjacency.slots(of: u)
        if slots.count < 2 { continue }
        for slot in slots { unsafe marks[Int(neighbours[slot])] = unsafe factors[slot] }
        var sumU: UInt64 = 0
        for slot in slots {
          let v = unsafe Int(neighbours[slot])
          let factorUV = unsafe UInt64(factors[slot])
          var sumV: UInt64 = 0
          for other in adjacency.slots(of: v) {
            let w = unsafe Int(neighbours[other])
            let factorUW = unsafe marks[w]
            if factorUW != 0 {
              unsafe sumU &+= UInt64(factors[other])
              sumV &+= UInt64(factorUW)
              unsafe sums[w] &+= factorUV
            }
          }
          unsafe sums[v] &+= sumV
        }
        unsafe sums[u] &+= sumU
        for slot in slots { unsafe marks[Int(neighbours[slot])] = 0 }
      }
    }
    return withExtendedLifetime(self) {
      var counts = [UInt64](repeating: 0, count: vertexCount)
      for scratch in scratches {
        for rank in 0..<vertexCount { unsafe counts[Int(order.base[rank])] += scratch.sums.base[rank] }
      }
      return counts
    }
  }
}
