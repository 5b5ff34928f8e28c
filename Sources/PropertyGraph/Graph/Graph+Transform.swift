/// New attributes, and edges turned round.
extension Graph {
  /// The same graph with other vertex attributes. Copies no edge.
  ///
  /// ```swift
  /// let shouted = graph.mapVertices { _, name in name.uppercased() }
  /// ```
  @inlinable
  public func mapVertices<Other: Sendable>(
    _ transform: @Sendable (VertexIndex, VertexAttribute) -> Other
  ) -> Graph<Other, EdgeAttribute> {
    with(vertexColumn: vertices.mapValues(transform).column)
  }

  /// The same graph with other edge attributes. Copies no vertex and no edge.
  @inlinable
  public func mapEdges<Other: Sendable>(
    _ transform: @Sendable (Edge<EdgeAttribute>) -> Other
  ) -> Graph<VertexAttribute, Other> {
    with(edgeColumn: edges.mapValues(transform).column)
  }

  /// The same graph with edge attributes made from those of the edge and its ends.
  ///
  /// ```swift
  /// // each edge gets the difference in age
  /// let gaps = graph.mapTriplets { $0.targetAttribute - $0.sourceAttribute }
  /// ```
  @inlinable
  public func mapTriplets<Other: Sendable>(
    _ transform: @Sendable (EdgeTriplet<VertexAttribute, EdgeAttribute>) -> Other
  ) -> Graph<VertexAttribute, Other> {
    nonisolated(unsafe) let base = unsafe vertexColumn.base
    defer { withExtendedLifetime(self) {} }
    return mapEdges { edge in
      unsafe transform(
        EdgeTriplet(
          source: edge.source, target: edge.target, sourceAttribute: base[Int(edge.source)],
          targetAttribute: base[Int(edge.target)], attribute: edge.attribute))
    }
  }

  /// The same graph with all edges turned round. Copies nothing.
  public func reverse() -> Graph {
    with(members: members, edges: edges.reverse())
  }

  /// The same graph with a partition for every edge.
  ///
  /// Partitions are units of work here, for ``EdgeSet/mapPartitions(_:)``; they decide nothing else, for repeated edges
  /// are in one partition with all of GraphX's strategies.
  ///
  /// - Parameter partitionCount: how many there are, from 1 to 2³¹ − 1; as many as before if it is not given, 16 at
  ///   first.
  public func partitionBy(_ strategy: PartitionStrategy, partitionCount: Int? = nil) -> Graph {
    Graph(
      names: names, topology: edgeTopology, members: members, vertexColumn: vertexColumn, edgeColumn: edgeColumn,
      partitioning: EdgePartitioning(
        strategy, partitionCount: partitionCount ?? partitioning?.partitionCount ?? 16, topology: edgeTopology,
        names: names))
  }
}
