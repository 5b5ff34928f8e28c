/// Parts of a graph.
extension Graph {
  /// The vertices for which a predicate holds, and the edges between them for which another one does.
  ///
  /// ```swift
  /// let adults = graph.subgraph(vertexPredicate: { _, age in age >= 18 })
  /// let likes = graph.subgraph(edgePredicate: { $0.attribute == "likes" })  // all vertices stay
  /// ```
  ///
  /// - Parameters:
  ///   - edgePredicate: asked only for edges with both ends kept; none means all.
  ///   - vertexPredicate: none means all.
  ///
  /// Cost: the vertices that stay are marked in a bitmap; two passes over the edges if any are left out.
  @inlinable
  public func subgraph(
    edgePredicate: (@Sendable (EdgeTriplet<VertexAttribute, EdgeAttribute>) -> Bool)? = nil,
    vertexPredicate: (@Sendable (VertexIndex, VertexAttribute) -> Bool)? = nil
  ) -> Graph {
    let members = vertexPredicate.map { vertices.filter($0).members } ?? members
    let kept = BitmapBuilder(count: numEdges)
    let scan = edgeTopology.scanInOrder()
    let (bits, vertexBase, edgeBase) = unsafe (members.pointer, vertexColumn.base, edgeColumn.base)
    FixedRanges(count: numEdges).run { _, range in
      scan.forEachEdge(in: range) { source, target, number in
        guard unsafe VertexBitmap.isSet(bits, Int(source)), unsafe VertexBitmap.isSet(bits, Int(target)) else { return }
        let isKept =
          edgePredicate.map { predicate in
            unsafe predicate(
              EdgeTriplet(
                source: source, target: target, sourceAttribute: vertexBase[Int(source)],
                targetAttribute: vertexBase[Int(target)], attribute: edgeBase[number]))
          } ?? true
        if isKept { kept.set(number) }
      }
    }
    withExtendedLifetime((self, members)) {}
    return with(members: members, edges: edges.selecting(kept.finish()))
  }

  /// The vertices and edges that another graph has too, with the attributes they have in this one.
  ///
  /// Vertices are the same if their names are, edges if those of both ends are. Typical use: compute something on a
  /// part of the graph, or on another one, and cut this graph down to what was found.
  @inlinable
  public func mask<OtherVertex, OtherEdge>(_ other: Graph<OtherVertex, OtherEdge>) -> Graph {
    let kept = members.intersection(other.vertices.aligned(to: names).members)
    let matches = EdgeSelection.matches(of: edgeTopology, names, in: other.edgeTopology, other.names)
    return with(members: kept, edges: edges.selecting(EdgeSelection.matched(matches)))
  }

  /// The vertices and edges that pass predicates in a graph made from this one, with the attributes they have here.
  ///
  /// ```swift
  /// // without the vertices nothing leaves
  /// let sources = graph.filter(
  ///   preprocess: { graph in graph.outerJoinVertices(graph.outDegrees) { _, _, degree in degree ?? 0 } },
  ///   vertexPredicate: { _, degree in degree > 0 })
  /// ```
  @inlinable
  public func filter<OtherVertex, OtherEdge>(
    preprocess: (Graph) -> Graph<OtherVertex, OtherEdge>,
    edgePredicate: (@Sendable (EdgeTriplet<OtherVertex, OtherEdge>) -> Bool)? = nil,
    vertexPredicate: (@Sendable (VertexIndex, OtherVertex) -> Bool)? = nil
  ) -> Graph {
    mask(preprocess(self).subgraph(edgePredicate: edgePredicate, vertexPredicate: vertexPredicate))
  }

  /// One edge instead of several from one vertex to another.
  ///
  /// Edges need not be partitioned before.
  ///
  /// - Parameter merge: makes one attribute of two; called in the order in which the edges were given.
  @inlinable
  public func groupEdges(merge: @Sendable (EdgeAttribute, EdgeAttribute) -> EdgeAttribute) -> Graph {
    let first = EdgeSelection.firstOfRepeated(edgeTopology)
    if first.isFull { return self }
    let selection = EdgeSelection(edgeTopology, keeping: first)
    let builder = ColumnBuilder<EdgeAttribute>(count: selection.positions.count)
    let (base, out, edgeCount) = unsafe (edgeColumn.base, builder.base, numEdges)
    FixedRanges(count: builder.count).run { _, range in
      for number in range {
        let begin = Int(selection.positions[number])
        let end = number + 1 < builder.count ? Int(selection.positions[number + 1]) : edgeCount
        var merged = unsafe base[begin]
        for repeated in begin + 1..<end { merged = unsafe merge(merged, base[repeated]) }
        unsafe (out + number).initialize(to: merged)
      }
    }
    withExtendedLifetime(self) {}
    return with(edges: edges.with(builder.finish(), selection))
  }

  /// The graph without edges from a vertex to itself.
  @inlinable
  public func removeSelfEdges() -> Graph {
    with(members: members, edges: edges.filter { $0.source != $0.target })
  }

  /// The graph with every edge from the lower to the higher name, and one edge instead of several.
  ///
  /// Integers are lower than texts, and those are ordered by their bytes. Edges are no longer partitioned.
  ///
  /// - Parameter merge: makes one attribute of two; without it the first one stays.
  ///
  /// Cost: a comparison of names and a sort.
  @inlinable
  public func convertToCanonicalEdges(
    merge: @Sendable (EdgeAttribute, EdgeAttribute) -> EdgeAttribute = { first, _ in first }
  ) -> Graph {
    let (topology, positions) = names.ascending(edgeTopology)
    let column = ColumnBuilder.gather(edgeColumn, at: positions)
    return with(edges: EdgeSet(names: names, topology: topology, column: column)).groupEdges(merge: merge)
  }

  /// The name of a vertex drawn with equal chances, nil if there is none.
  ///
  /// - Parameter generator: where chance comes from; the same state draws the same vertex.
  public func pickRandomVertex(using generator: inout some RandomNumberGenerator) -> VertexID? {
    if numVertices == 0 { return nil }
    var rest = Int.random(in: 0..<numVertices, using: &generator)
    if members.isFull { return id(of: VertexIndex(rest)) }
    for number in 0..<members.wordCount {
      var word = members.word(number)
      if rest >= word.nonzeroBitCount {
        rest -= word.nonzeroBitCount
        continue
      }
      for _ in 0..<rest { word &= word - 1 }
      return id(of: VertexIndex(number * 64 + word.trailingZeroBitCount))
    }
    return nil
  }
}
