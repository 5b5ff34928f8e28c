/// A check of hop counts in linear time (after the GAP benchmark suite).
extension BreadthFirstSearch {
  /// Whether the distances are those from `source`: it alone has 0; no edge skips a level; and every other vertex that
  /// has a distance has a neighbour one level before it.
  public static func isValid(_ distances: [UInt32], _ topology: Topology, from source: VertexIndex) -> Bool {
    guard distances.count == topology.vertexCount else { return false }
    let (outgoing, incoming) = (topology.outgoing, topology.incoming)
    for v in distances.indices {
      let distance = distances[v]
      if (distance == 0) != (v == Int(source)) { return false }
      if distance == unreachable { continue }
      for neighbour in outgoing.neighbours(of: VertexIndex(v)) where distances[Int(neighbour)] > distance + 1 {
        return false
      }
      if distance > 0, !incoming.neighbours(of: VertexIndex(v)).contains(where: { distances[Int($0)] == distance - 1 })
      {
        return false
      }
    }
    return true
  }
}
