/// Attributes from elsewhere.
extension Graph {
  /// The same graph with the attributes of the vertices in `other` changed; the other vertices keep theirs.
  ///
  /// ```swift
  /// let renamed = graph.joinVertices([("ann", "Anne")]) { _, _, new in new }
  /// ```
  @inlinable
  public func joinVertices<Other>(
    _ other: VertexSet<Other>, _ join: @Sendable (VertexIndex, VertexAttribute, Other) -> VertexAttribute
  ) -> Graph {
    outerJoinVertices(other) { vertex, attribute, other in other.map { join(vertex, attribute, $0) } ?? attribute }
  }

  /// The same, with attributes given by name. Of several with the same name the first one counts; names outside the
  /// graph are ignored.
  @inlinable
  public func joinVertices<Other: Sendable>(
    _ other: some Sequence<(VertexID, Other)>,
    _ join: @Sendable (VertexIndex, VertexAttribute, Other) -> VertexAttribute
  ) -> Graph {
    joinVertices(vertices.aggregateUsingIndex(other) { first, _ in first }, join)
  }

  /// The same graph with attributes made from those here and in `other`, where it has one.
  ///
  /// ```swift
  /// let withDegrees = graph.outerJoinVertices(graph.outDegrees) { _, name, degree in (name, degree ?? 0) }
  /// ```
  @inlinable
  public func outerJoinVertices<Other, Joined: Sendable>(
    _ other: VertexSet<Other>, _ join: @Sendable (VertexIndex, VertexAttribute, Other?) -> Joined
  ) -> Graph<Joined, EdgeAttribute> {
    with(vertexColumn: vertices.leftJoin(other, join).column)
  }

  /// The same, with attributes given by name. Of several with the same name the first one counts; names outside the
  /// graph are ignored.
  @inlinable
  public func outerJoinVertices<Other: Sendable, Joined: Sendable>(
    _ other: some Sequence<(VertexID, Other)>, _ join: @Sendable (VertexIndex, VertexAttribute, Other?) -> Joined
  ) -> Graph<Joined, EdgeAttribute> {
    outerJoinVertices(vertices.aggregateUsingIndex(other) { first, _ in first }, join)
  }
}
