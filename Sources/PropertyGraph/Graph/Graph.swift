/// A directed multigraph with an attribute on every vertex and every edge, and GraphX's operators on it.
///
/// ```swift
/// let graph = Graph(
///   vertices: [("ann", 31), ("bob", 17), ("cy", 64)],
///   edges: [("ann", "bob", "follows"), ("bob", "cy", "likes"), ("cy", "ann", "follows")],
///   defaultVertexAttribute: 0)
///
/// // the oldest follower of each
/// let oldest = graph.aggregateMessages(of: Int.self, fields: [.source, .edge]) { edge in
///   if edge.attribute == "follows" { edge.sendToTarget(edge.sourceAttribute) }
/// } merge: { max($0, $1) }
/// oldest["bob"]  // 31
/// ```
///
/// Vertices have names outside and dense numbers inside. Arguments and results that stand for themselves are names
/// (``VertexID``); functions handed to operators get numbers (``VertexIndex``), which ``id(of:)`` turns into names.
/// Such functions are called on several threads and must be free of side effects.
///
/// Guarantees: a value type. Operators leave their graph alone and share with it what they do not change: mapping
/// vertices copies no edge, reversing copies nothing, leaving vertices out marks the others in a bitmap. Results do not
/// depend on the number of threads.
/// Cost: 8 bytes an edge with both directions (4 more where edge attributes are read along incoming edges), and the
/// attributes.
public struct Graph<VertexAttribute: Sendable, EdgeAttribute: Sendable>: Sendable {
  @usableFromInline let names: VertexNames
  /// The edges; their attributes are in the order of their numbers.
  @usableFromInline let edgeTopology: Topology
  /// The vertices that belong to the graph, of those that have a name; edges join these only.
  @usableFromInline let members: VertexBitmap
  @usableFromInline let vertexColumn: AttributeColumn<VertexAttribute>
  @usableFromInline let edgeColumn: AttributeColumn<EdgeAttribute>
  let partitioning: EdgePartitioning?

  @usableFromInline
  init(
    names: VertexNames, topology: Topology, members: VertexBitmap, vertexColumn: AttributeColumn<VertexAttribute>,
    edgeColumn: AttributeColumn<EdgeAttribute>
  ) {
    self.init(
      names: names, topology: topology, members: members, vertexColumn: vertexColumn, edgeColumn: edgeColumn,
      partitioning: nil)
  }

  init(
    names: VertexNames, topology: Topology, members: VertexBitmap, vertexColumn: AttributeColumn<VertexAttribute>,
    edgeColumn: AttributeColumn<EdgeAttribute>, partitioning: EdgePartitioning?
  ) {
    self.names = names
    edgeTopology = topology
    self.members = members
    self.vertexColumn = vertexColumn
    self.edgeColumn = edgeColumn
    self.partitioning = partitioning
  }

  /// The vertices with their attributes. Copies nothing.
  public var vertices: VertexSet<VertexAttribute> {
    VertexSet(names: names, members: members, column: vertexColumn)
  }

  /// The edges with their attributes. Copies nothing.
  public var edges: EdgeSet<EdgeAttribute> {
    EdgeSet(names: names, topology: edgeTopology, column: edgeColumn, partitioning: partitioning)
  }

  /// The edges with their attributes and those of their ends, made one by one when asked for.
  @inlinable
  public var triplets: TripletSequence<VertexAttribute, EdgeAttribute> { TripletSequence(self) }

  public var numVertices: Int { members.memberCount }
  public var numEdges: Int { edgeTopology.edgeCount }

  /// The edges without attributes, between all vertices that have a name; those left out of the graph have none.
  public var topology: Topology { edgeTopology }

  /// The names of the vertices, also of those left out of the graph.
  public var dictionary: VertexDictionary { names.dictionary }

  /// The name of a vertex given by its number.
  public func id(of vertex: VertexIndex) -> VertexID { names.dictionary.id(of: vertex) }

  /// The number of the vertex with this name, if it belongs to the graph.
  public func vertex(_ id: VertexID) -> VertexIndex? {
    names.dictionary.find(id).flatMap { members.contains(Int($0)) ? $0 : nil }
  }

  // MARK: The same graph in part

  @usableFromInline
  func with<Other>(vertexColumn: AttributeColumn<Other>) -> Graph<Other, EdgeAttribute> {
    Graph<Other, EdgeAttribute>(
      names: names, topology: edgeTopology, members: members, vertexColumn: vertexColumn, edgeColumn: edgeColumn,
      partitioning: partitioning)
  }

  @usableFromInline
  func with<Other>(edgeColumn: AttributeColumn<Other>) -> Graph<VertexAttribute, Other> {
    Graph<VertexAttribute, Other>(
      names: names, topology: edgeTopology, members: members, vertexColumn: vertexColumn, edgeColumn: edgeColumn,
      partitioning: partitioning)
  }

  @usableFromInline
  func with<Other>(edges: EdgeSet<Other>) -> Graph<VertexAttribute, Other> {
    Graph<VertexAttribute, Other>(
      names: names, topology: edges.topology, members: members, vertexColumn: vertexColumn, edgeColumn: edges.column,
      partitioning: edges.partitioning)
  }

  @usableFromInline
  func with(members: VertexBitmap, edges: EdgeSet<EdgeAttribute>) -> Graph {
    Graph(
      names: names, topology: edges.topology, members: members, vertexColumn: vertexColumn, edgeColumn: edges.column,
      partitioning: edges.partitioning)
  }

  /// The pointers to both columns, valid as long as the graph.
  @inlinable
  func pointers(_ fields: TripletFields) -> AttributePointers<VertexAttribute, EdgeAttribute> {
    unsafe AttributePointers(vertices: vertexColumn.base, edges: edgeColumn.base, fields: fields)
  }
}
