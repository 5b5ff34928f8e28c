/// Algorithms as operators that put their results on the vertices. Vertices left out of the graph take no part.
extension Graph {
  /// Every vertex with the number of the vertex that has the lowest name in its component, whichever way edges point.
  ///
  /// Cost: a scan of the edges and a comparison of names per vertex (see ``ConnectedComponents``). There are no rounds
  /// to limit.
  public func connectedComponents() -> Graph<VertexIndex, EdgeAttribute> {
    let packed = PackedTopology(edgeTopology, members)
    return withLowestNames(ConnectedComponents.labels(packed.topology), packed)
  }

  /// Every vertex with the number of the vertex that has the lowest name among those it reaches and is reached from.
  /// See ``StronglyConnectedComponents``.
  public func stronglyConnectedComponents() -> Graph<VertexIndex, EdgeAttribute> {
    let packed = PackedTopology(edgeTopology, members)
    return withLowestNames(StronglyConnectedComponents.labels(packed.topology), packed)
  }

  /// Labels made the numbers, in this graph, of the vertices with the lowest names among those labelled alike.
  private func withLowestNames(
    _ labels: [VertexIndex], _ packed: PackedTopology
  ) -> Graph<VertexIndex, EdgeAttribute> {
    var lowest = labels.map { packed.original($0) }
    let dictionary = names.dictionary
    if !dictionary.isIdentity {
      for (vertex, label) in labels.enumerated() {
        let candidate = packed.original(VertexIndex(vertex))
        if dictionary.precedes(candidate, lowest[Int(label)]) { lowest[Int(label)] = candidate }
      }
    }
    return with(vertexColumn: packed.column(labels.map { lowest[Int($0)] }))
  }

  /// Every vertex with the number of triangles it is in; loops, repeated edges and directions are ignored. See
  /// ``TriangleCount``.
  public func triangleCount() -> Graph<Int, EdgeAttribute> {
    let packed = PackedTopology(edgeTopology, members)
    return with(vertexColumn: packed.column(TriangleCount.counts(packed.topology).map { Int($0) }))
  }

  /// Every vertex with a label, the number of a vertex: in each round it takes the one that most of its neighbours had,
  /// of several the one with the lowest name. See ``LabelPropagation``.
  ///
  /// - Parameter iterations: the most rounds; ends earlier when nothing changes.
  public func labelPropagation(iterations: Int) -> Graph<VertexIndex, EdgeAttribute> {
    let packed = PackedTopology(edgeTopology, members)
    let order = names.dictionary.sortedOrder()
    var places = [UInt64](repeating: 0, count: order.count)
    for (place, vertex) in order.enumerated() { places[Int(vertex)] = UInt64(place) }
    let initial = (0..<VertexIndex(packed.topology.vertexCount)).map { places[Int(packed.original($0))] }
    let labels = LabelPropagation.labels(packed.topology, iterations: iterations, initial: initial)
    return with(vertexColumn: packed.column(labels.map { order[Int($0)] }))
  }

  /// Every vertex with the numbers of edges on the shortest paths from it to those landmarks it can reach. Landmarks
  /// that are not in the graph are ignored.
  ///
  /// ```swift
  /// graph.shortestPaths(landmarks: ["cy"]).vertices["ann"]  // ["cy": 2]
  /// ```
  public func shortestPaths(landmarks: [VertexID]) -> Graph<[VertexID: Int], EdgeAttribute> {
    let packed = PackedTopology(edgeTopology, members)
    let found = Set(landmarks).sorted().compactMap { id in
      vertex(id).flatMap { packed.packed($0) }.map { (id: id, vertex: $0) }
    }
    let distances = ShortestPaths.toLandmarks(packed.topology, landmarks: found.map(\.vertex))
    let attributes = (0..<packed.topology.vertexCount).map { vertex in
      var reached: [VertexID: Int] = [:]
      for (landmark, hops) in zip(found, distances.hops) where hops[vertex] != BreadthFirstSearch.unreachable {
        reached[landmark.id] = Int(hops[vertex])
      }
      return reached
    }
    return with(vertexColumn: packed.column(attributes))
  }
}
