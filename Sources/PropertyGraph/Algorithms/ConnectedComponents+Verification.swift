/// A check of components in linear time (after the GAP benchmark suite).
extension ConnectedComponents {
  /// Whether every label is the least index of exactly one component: a walk from each label's vertex, both ways along
  /// edges, meets only vertices of that label, none below it, and all walks together meet every vertex.
  public static func isValid(_ labels: [VertexIndex], _ topology: Topology) -> Bool {
    guard labels.count == topology.vertexCount else { return false }
    let (outgoing, incoming) = (topology.outgoing, topology.incoming)
    var isSeen = [Bool](repeating: false, count: labels.count)
    var seenCount = 0
    var stack: [VertexIndex] = []
    for root in labels.indices where Int(labels[root]) == root {
      if isSeen[root] { return false }
      isSeen[root] = true
      stack.append(VertexIndex(root))
      while let vertex = stack.popLast() {
        seenCount += 1
        if Int(labels[Int(vertex)]) != root || Int(vertex) < root { return false }
        for adjacency in [outgoing, incoming] {
          for neighbour in adjacency.neighbours(of: vertex) where !isSeen[Int(neighbour)] {
            isSeen[Int(neighbour)] = true
            stack.append(neighbour)
          }
        }
      }
    }
    return seenCount == labels.count
  }
}
