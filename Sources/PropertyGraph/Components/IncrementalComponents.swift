import FlatMemory

/// The number of an edge, chosen by the caller: small, and free for reuse once the edge was deleted.
public typealias EdgeIndex = UInt32

/// Connected components of a multigraph in which edges and vertices come and go in any order.
///
/// A spanning forest without roots, and the component of every vertex written at the vertex. An edge between two
/// components renames the smaller one. A deleted edge of the forest is searched a replacement for from both its ends
/// in turns, until one side is exhausted or the searches meet (see ``ReplacementSearch``).
///
/// Published structures (D-Tree, Chen et al., VLDB 2022; ID-Tree, Xu et al., SIGMOD 2024) keep rooted trees with
/// parent pointers and subtree sizes and walk up at every change, which costs the depth of the tree: the diameter of
/// the graph at least, hundreds of steps in a grid whatever is done to keep trees shallow. Here no operation walks up
/// anything, so the depth does not matter: a search costs at most twice the smaller side (the idea of searching both
/// in turns is Even and Shiloach's, JACM 1981), and where the graph is locally dense it ends after a few steps since
/// the two searches meet around the deleted edge.
///
/// Guarantees: those of ``ComponentKeeper``. At most 2³¹ − 2 vertices and edges.
/// Cost: `find`, `isConnected`, `componentSize`: O(1), one or two cache lines. Inserting or deleting an edge within a
/// component: O(1). Joining two: O(vertices of the smaller). Deleting an edge of the forest: O(the side with fewer
/// forest edges, and its loose edges up to the first that leads out). 24 bytes an edge, 24 a vertex,
/// 32 with labels.
public final class IncrementalComponents: ComponentKeeper {
  private var forest: IncrementalForest
  private let order: VertexOrder

  public var vertexCount: Int { forest.vertexCount }
  public var componentCount: Int { forest.componentCount }
  /// Edges that are in the graph, self-loops among them.
  public var edgeCount: Int { forest.edgeCount }

  /// An empty graph. `order` decides on labels; without `tracksLabels` there are no deltas, and less to do.
  public init(order: VertexOrder = .index, tracksLabels: Bool = true) {
    self.order = order
    forest = IncrementalForest(tracksLabels: tracksLabels)
  }

  deinit { forest.deallocate() }

  // MARK: Vertices

  public func contains(_ vertex: VertexIndex) -> Bool { forest.contains(vertex) }

  @discardableResult
  public func insertVertex(_ vertex: VertexIndex) -> Bool { forest.insertVertex(vertex) }

  /// Deletes a vertex and all its edges, whose numbers are free afterwards.
  /// - Returns: how many edges went; nil when there was no such vertex.
  @discardableResult
  public func deleteVertex(_ vertex: VertexIndex) -> Int? { forest.deleteVertex(vertex) }

  // MARK: Edges

  /// Whether the edge is in the graph.
  public func contains(edge: EdgeIndex) -> Bool { forest.contains(edge: edge) }

  /// Adds the edge of that number, which must not be there, between two vertices, which are inserted if they are not.
  public func insertEdge(_ edge: EdgeIndex, _ u: VertexIndex, _ v: VertexIndex) { forest.insertEdge(edge, u, v) }

  /// Removes an edge; its number may be used again.
  /// - Returns: false when there was no such edge.
  @discardableResult
  public func deleteEdge(_ edge: EdgeIndex) -> Bool { forest.deleteEdge(edge) }

  /// Takes over the labels of another keeper of the same vertices, so that deltas go on where its deltas ended.
  func adoptLabels(_ labels: ComponentLabels, bound: VertexIndex) { forest.adoptLabels(labels, bound: Int(bound)) }

  // MARK: Queries

  public func find(_ vertex: VertexIndex) -> VertexIndex {
    forest.root(ifPresent: vertex).map { forest.components[Int($0)].member } ?? noVertex
  }

  /// Whether a path leads from one vertex to the other. Two loads.
  public func isConnected(_ a: VertexIndex, _ b: VertexIndex) -> Bool {
    guard let root = forest.root(ifPresent: a) else { return false }
    return root == forest.root(ifPresent: b)
  }

  public func componentSize(of vertex: VertexIndex) -> Int {
    forest.root(ifPresent: vertex).map { forest.size(ofRoot: $0) } ?? 0
  }

  public func labels() -> [VertexIndex] {
    let forest = forest
    var lowest = [VertexIndex](repeating: noVertex, count: forest.components.count)
    let bound = VertexIndex(forest.incidence.vertices.count)
    for v in 0..<bound {
      guard let root = forest.root(v) else { continue }
      if lowest[Int(root)] == noVertex || order.isLower(v, lowest[Int(root)]) { lowest[Int(root)] = v }
    }
    return (0..<bound).map { v in forest.root(v).map { lowest[Int($0)] } ?? noVertex }
  }

  public func takeDeltas() -> ComponentDeltas {
    forest.tracksLabels ? forest.takeDeltas(order: order) : ComponentDeltas()
  }

  // MARK: State

  public func writeSections(_ write: (_ name: String, _ bytes: UnsafeRawBufferPointer) throws -> Void) rethrows {
    try unsafe forest.writeSections(write)
  }

  /// Restores what ``writeSections(_:)`` wrote; all that follows is as it would have been without the interruption.
  public init(
    sections lookUp: (String) -> UnsafeRawBufferPointer?, order: VertexOrder = .index
  ) throws(ComponentStateError) {
    self.order = order
    let tracksLabels = try unsafe ComponentSections.withSections(lookUp) { (sections) throws(ComponentStateError) in
      try IncrementalForest.header(of: sections)[1] == 1
    }
    forest = IncrementalForest(tracksLabels: tracksLabels)
    try unsafe ComponentSections.withSections(lookUp) { (sections) throws(ComponentStateError) in
      try forest.restore(from: sections)
    }
  }

  public func checkInvariants() {
    forest.checkInvariants()
  }
}
