/// A check of path lengths in linear time (after the GAP benchmark suite).
extension ShortestPaths {
  /// Whether the distances are those from `source`: it has 0, no edge is a shorter way, and every other finite distance
  /// is that of a neighbour plus an edge, on a chain that leads back to the source.
  public static func isValid(_ distances: [Double], _ topology: Topology, from source: VertexIndex) -> Bool {
    guard distances.count == topology.vertexCount, distances[Int(source)] == 0 else { return false }
    let outgoing = topology.outgoing
    // what is reached from the source over edges that are exactly as long as the distances say
    var isReached = [Bool](repeating: false, count: distances.count)
    var stack = [source]
    isReached[Int(source)] = true
    while let vertex = stack.popLast() {
      for slot in outgoing.slots(of: vertex) {
        let neighbour = Int(outgoing.neighbours[slot])
        let length = distances[Int(vertex)] + (outgoing.weights?[slot] ?? 1)
        if length < distances[neighbour] { return false }
        if length == distances[neighbour], length < .infinity, !isReached[neighbour] {
          isReached[neighbour] = true
          stack.append(VertexIndex(neighbour))
        }
      }
    }
    return distances.indices.allSatisfy { isReached[$0] == (distances[$0] < .infinity) }
  }
}
