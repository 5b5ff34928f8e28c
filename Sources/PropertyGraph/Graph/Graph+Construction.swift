extension Graph {
  /// A graph from vertices and edges given by name.
  ///
  /// - Parameters:
  ///   - vertices: names with attributes; of several with the same name the first one counts.
  ///   - edges: source, target and attribute. Repeated edges all stay.
  ///   - defaultVertexAttribute: for vertices that only edges name.
  ///
  /// Cost: a look-up per name, two passes of sorting over the edges.
  @inlinable
  public init(
    vertices: some Sequence<(VertexID, VertexAttribute)>, edges: some Sequence<(VertexID, VertexID, EdgeAttribute)>,
    defaultVertexAttribute: VertexAttribute
  ) {
    var dictionary = VertexDictionary()
    var vertexAttributes: [VertexAttribute] = []
    for (id, attribute) in vertices where Int(dictionary.insert(id)) == vertexAttributes.count {
      vertexAttributes.append(attribute)
    }
    var list = EdgeList()
    var edgeAttributes: [EdgeAttribute] = []
    for (source, target, attribute) in edges {
      let source = dictionary.insert(source)
      list.append(source, dictionary.insert(target))
      edgeAttributes.append(attribute)
    }
    let missing = dictionary.count - vertexAttributes.count
    vertexAttributes.append(contentsOf: repeatElement(defaultVertexAttribute, count: missing))
    self.init(dictionary, list, vertexAttributes: vertexAttributes, edgeAttributes: edgeAttributes)
  }

  /// A graph from numbered vertices and edges, as loaders and generators make them.
  ///
  /// - Parameters:
  ///   - dictionary: the names of the vertices.
  ///   - edges: their ends; weights and times play no part.
  ///   - vertexAttributes: one for every name, in the order of the numbers.
  ///   - edgeAttributes: one for every edge, in the order of the list.
  ///
  /// Cost: two passes of sorting over the edges, none when they are in order.
  @inlinable
  public init(
    _ dictionary: VertexDictionary, _ edges: EdgeList, vertexAttributes: some Collection<VertexAttribute>,
    edgeAttributes: some Collection<EdgeAttribute>
  ) {
    precondition(
      vertexAttributes.count == dictionary.count, "\(vertexAttributes.count) attributes, \(dictionary.count) vertices")
    precondition(edgeAttributes.count == edges.count, "\(edgeAttributes.count) attributes, \(edges.count) edges")
    let plain = EdgeList(sources: edges.sources, targets: edges.targets)
    let (topology, positions) = Topology.sorted(plain, vertexCount: dictionary.count)
    self.init(
      names: VertexNames(dictionary), topology: topology, members: VertexBitmap(full: dictionary.count),
      vertexColumn: ColumnBuilder.column(vertexAttributes),
      edgeColumn: ColumnBuilder.gather(ColumnBuilder.column(edgeAttributes), at: positions))
  }

  /// A graph over a topology that exists already, of which it shares the edges but not the weights.
  ///
  /// - Parameters:
  ///   - vertexAttributes: one for every vertex.
  ///   - edgeAttributes: one for every edge, in canonical order.
  @inlinable
  public init(
    _ dictionary: VertexDictionary, _ topology: Topology, vertexAttributes: some Collection<VertexAttribute>,
    edgeAttributes: some Collection<EdgeAttribute>
  ) {
    precondition(
      topology.vertexCount == dictionary.count && vertexAttributes.count == dictionary.count,
      "\(topology.vertexCount) vertices have \(vertexAttributes.count) attributes and \(dictionary.count) names")
    precondition(
      edgeAttributes.count == topology.edgeCount, "\(edgeAttributes.count) attributes, \(topology.edgeCount) edges")
    let plain = topology.weighted(by: nil)
    self.init(
      names: VertexNames(dictionary),
      topology: plain.withDistinctEdges,
      members: VertexBitmap(full: dictionary.count), vertexColumn: ColumnBuilder.column(vertexAttributes),
      edgeColumn: ColumnBuilder.column(edgeAttributes))
  }

  /// A graph from edges alone, whose ends all get the same attribute.
  ///
  /// ```swift
  /// let graph = Graph.fromEdges([("a", "b", 0.5), ("b", "a", 0.25)], defaultVertexAttribute: true)
  /// graph.vertices["a"]  // true
  /// ```
  @inlinable
  public static func fromEdges(
    _ edges: some Sequence<(VertexID, VertexID, EdgeAttribute)>, defaultVertexAttribute: VertexAttribute
  ) -> Graph {
    Graph(
      vertices: EmptyCollection<(VertexID, VertexAttribute)>(), edges: edges,
      defaultVertexAttribute: defaultVertexAttribute)
  }
}

extension Graph where EdgeAttribute == Int {
  /// A graph from pairs of names, whose edges have the attribute 1.
  ///
  /// - Parameter uniqueEdges: if given, edges are partitioned by it and repeated ones become one, whose attribute is
  ///   their number.
  ///
  /// ```swift
  /// let graph = Graph.fromEdgeTuples(
  ///   [(1, 2), (1, 2), (2, 3)], defaultVertexAttribute: "", uniqueEdges: .randomVertexCut)
  /// graph.edges.map(\.attribute)  // [2, 1]
  /// ```
  @inlinable
  public static func fromEdgeTuples(
    _ edges: some Sequence<(VertexID, VertexID)>, defaultVertexAttribute: VertexAttribute,
    uniqueEdges: PartitionStrategy? = nil
  ) -> Graph {
    let graph = Graph.fromEdges(
      edges.lazy.map { ($0.0, $0.1, 1) }, defaultVertexAttribute: defaultVertexAttribute)
    return uniqueEdges.map { graph.partitionBy($0).groupEdges { $0 + $1 } } ?? graph
  }
}

extension Graph where EdgeAttribute == Double {
  /// A graph whose edges have their weights as attributes, 1 where the list has none.
  @inlinable
  public static func fromEdgeList(
    _ edges: EdgeList, _ dictionary: VertexDictionary, defaultVertexAttribute: VertexAttribute
  ) -> Graph {
    let attributes = repeatElement(defaultVertexAttribute, count: dictionary.count)
    guard let weights = edges.weights else {
      return Graph(
        dictionary, edges, vertexAttributes: attributes, edgeAttributes: repeatElement(1, count: edges.count))
    }
    return Graph(dictionary, edges, vertexAttributes: attributes, edgeAttributes: weights)
  }
}
