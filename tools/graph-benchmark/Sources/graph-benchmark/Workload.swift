import PropertyGraph

/// A graph of the first `count` edges of a file.
func loadGraph(_ file: EdgeFile, count: Int) -> DynamicAdjacency {
  let graph = DynamicAdjacency(
    options: DynamicAdjacencyOptions(
      vertexCountMax: file.vertexCount, expectedVertexCount: file.vertexCount, expectedEdgeCount: file.count))
  file.sources.withUnsafeBufferPointer { sources in
    file.targets.withUnsafeBufferPointer { targets in
      graph.insertEdges(
        sources: UnsafeBufferPointer(rebasing: sources[0..<count]),
        targets: UnsafeBufferPointer(rebasing: targets[0..<count]))
    }
  }
  return graph
}

/// Half removals of edges that are in the graph, half insertions of edges that are not; the file's first `present`
/// edges are those in the graph, before and after.
func nextBatch(
  of size: Int, _ file: inout EdgeFile, _ present: inout Int, _ chance: inout SeededChance
) -> [EdgeUpdate] {
  (0..<size).map { i in
    let isInsertion = i & 1 == 1
    let j =
      isInsertion ? Int.random(in: present..<file.count, using: &chance) : .random(in: 0..<present, using: &chance)
    if !isInsertion { present -= 1 }
    let update = EdgeUpdate(isInsertion ? .insert : .remove, from: file.sources[j], to: file.targets[j])
    file.swapAt(j, present)
    if isInsertion { present += 1 }
    return update
  }
}
