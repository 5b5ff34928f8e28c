/// The local clustering coefficient (Watts, Strogatz 1998) as LDBC Graphalytics defines it: of all the directed edges
/// that could join a vertex's neighbours, the part that does.
///
/// The neighbours are those along edges in and out, d of them, the vertex itself not counted; d(d-1) directed edges are
/// possible. Repeated edges and loops count once and not at all.
/// Guarantees: exact counts, one division; 0 for vertices with fewer than two neighbours.
/// Cost, method: those of ``Triangles``, with each edge counting 1 or 2 directions.
public enum ClusteringCoefficient {
  public static func local(_ topology: Topology) -> [Double] {
    let graph = topology.undirected()
    let adjacency = graph.outgoing
    let counts: [UInt64]
    if topology.isSymmetric {
      counts = Triangles(adjacency) { _, _, _ in 2 }.counts()
    } else {
      let outgoing = topology.outgoing
      counts = outgoing.withPointers { out in
        Triangles(adjacency) { vertex, neighbour, _ in
          (out.contains(Int(vertex), neighbour) ? 1 : 0) + (out.contains(Int(neighbour), vertex) ? 1 : 0)
        }.counts()
      }
    }
    return counts.enumerated().map { v, edges in
      let degree = adjacency.degree(of: VertexIndex(v))
      return degree < 2 ? 0 : Double(edges) / (Double(degree) * Double(degree - 1))
    }
  }
}

extension AdjacencyPointers {
  /// Whether a vertex has an edge to `neighbour`: by bisection.
  @inline(__always)
  func contains(_ vertex: Int, _ neighbour: VertexIndex) -> Bool {
    var low = unsafe Int(offsets[vertex])
    var high = unsafe Int(offsets[vertex &+ 1])
    let end = high
    while low < high {
      let middle = (low &+ high) >> 1
      if unsafe neighbours[middle] < neighbour { low = middle &+ 1 } else { high = middle }
    }
    return unsafe low < end && neighbours[low] == neighbour
  }
}
