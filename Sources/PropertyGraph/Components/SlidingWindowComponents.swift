import FlatMemory

/// Connected components of a multigraph whose edges expire in the order of their times.
///
/// Of all edges only a spanning forest that is maximum by time is kept: an edge that closes a cycle makes the oldest
/// edge of the cycle useless, because everything on the cycle outlives it. So an expired edge never needs a
/// replacement: nothing younger connects the two sides.
///
/// The forest is not stored as it is but as a tree of the same *path minima*: for any two vertices the oldest time on
/// the path between them is that of the forest. Each vertex has a random but fixed priority and points to the vertex of
/// highest priority in the component that its own component joins when edges are added from the youngest to the
/// oldest. A new edge is put in where its time belongs on the ways up from its ends, and what it displaces goes on
/// upwards; pointers that lag behind this rule are straightened when something passes them (`SlidingWindowTree`).
///
/// The depth of a vertex is the number of record priorities among the growing components around it: at most
/// H(n) ≈ ln n + 0.58 expected (13 for 262,144 vertices) *for any graph whatever*, paths and grids included; measured
/// 3.4 in an R-MAT graph, 6.5 in a grid, 2 in a broken path, where walking up a spanning tree takes 2, 170 and more.
/// The method is the disjoint-set forest with times and random priorities ("Maintaining MST with online edge
/// insertions, no LCT needed", Codeforces); the anti-monopoly tree (Ding, Gu and Sun, "New algorithms for incremental
/// minimum spanning trees and temporal graph applications", 2025) is its deterministic relative, which decides by
/// subtree sizes; both are several times faster than link-cut trees.
///
/// Guarantees: those of ``ComponentKeeper``; times may come out of order. Edges can not be deleted other than by
/// expiry, since the edges that could replace them are not kept: where edges are deleted one by one, use
/// ``IncrementalComponents``, or ``DynamicComponents``, which changes over by itself.
/// Cost: O(log n) expected to insert an edge and to find; O(1) amortised to expire one, O(log n) for late ones.
/// Memory is O(vertices) however many edges the window holds: 24 bytes a vertex, 20 to 48 an edge of the forest while
/// it waits for its expiry, 24 a vertex with labels.
public final class SlidingWindowComponents: ComponentKeeper {
  private var tree = SlidingWindowTree()
  private var children = ChildLists()
  private(set) var labelState = ComponentLabels()
  private let tracksLabels: Bool
  private let order: VertexOrder

  /// Edges older than this have expired.
  public private(set) var expiredBefore = Int64.min
  /// Edges that had expired already when they came, and changed nothing.
  public private(set) var lateEdgeCount = 0

  public var vertexCount: Int { tree.vertexCount }
  public var componentCount: Int { tree.componentCount }

  /// An empty graph. `order` decides on labels; without `tracksLabels` there are no deltas, and less to do.
  public init(order: VertexOrder = .index, tracksLabels: Bool = true) {
    self.order = order
    self.tracksLabels = tracksLabels
  }

  deinit {
    tree.deallocate()
    children.deallocate()
    labelState.deallocate()
  }

  // MARK: Vertices

  public func contains(_ vertex: VertexIndex) -> Bool { tree.contains(vertex) }

  @discardableResult
  public func insertVertex(_ vertex: VertexIndex) -> Bool {
    if tree.contains(vertex) { return false }
    precondition(vertex != noVertex, "\(noVertex) stands for no vertex")
    tree.insertVertex(vertex)
    if tracksLabels {
      labelState.extend(to: tree.nodes.count)
      children.extend(to: tree.nodes.count)
      labelState.touch(vertex)
    }
    return true
  }

  /// Above every vertex that was ever inserted.
  var vertexBound: VertexIndex { VertexIndex(tree.nodes.count) }

  /// Removes a vertex that is a component of its own: all its edges have expired, save loops, which go with it.
  /// - Returns: false when the vertex is not there or is connected to another one.
  @discardableResult
  public func removeVertex(_ vertex: VertexIndex) -> Bool {
    guard tree.removeVertex(vertex) else { return false }
    if tracksLabels { labelState.touch(vertex) }
    return true
  }

  // MARK: Edges

  /// Adds an edge of a time; vertices that are not there are inserted.
  /// - Returns: false when its time has passed already (see ``expiredBefore``): the edge is only counted then.
  @discardableResult
  public func insertEdge(_ u: VertexIndex, _ v: VertexIndex, time: Int64) -> Bool {
    if time < expiredBefore {
      lateEdgeCount += 1
      return false
    }
    if !tree.contains(u) { insertVertex(u) }
    if !tree.contains(v) { insertVertex(v) }
    if u == v { return true }
    if tracksLabels {
      tree.insertEdge(u, v, time: time, touching: &labelState)
    } else {
      var ignored = NoTouches()
      tree.insertEdge(u, v, time: time, touching: &ignored)
    }
    return true
  }

  /// Lets all edges with times before `time` expire. Time never goes back: an earlier `time` than before does nothing.
  public func expire(before time: Int64) {
    if time <= expiredBefore { return }
    expiredBefore = time
    if tracksLabels {
      tree.expire(before: time, touching: &labelState)
    } else {
      var ignored = NoTouches()
      tree.expire(before: time, touching: &ignored)
    }
  }

  // MARK: Queries

  public func find(_ vertex: VertexIndex) -> VertexIndex { tree.contains(vertex) ? tree.root(vertex) : noVertex }

  public func componentSize(of vertex: VertexIndex) -> Int {
    tree.contains(vertex) ? Int(tree.nodes[Int(tree.root(vertex))].size) : 0
  }

  public func labels() -> [VertexIndex] {
    let bound = tree.nodes.count
    var lowest = [VertexIndex](repeating: noVertex, count: bound)
    var roots = [VertexIndex](repeating: noVertex, count: bound)
    for v in 0..<VertexIndex(bound) where tree.contains(v) {
      let root = tree.root(v)
      roots[Int(v)] = root
      if lowest[Int(root)] == noVertex || order.isLower(v, lowest[Int(root)]) { lowest[Int(root)] = v }
    }
    return roots.map { $0 == noVertex ? noVertex : lowest[Int($0)] }
  }

  public func takeDeltas() -> ComponentDeltas {
    guard tracksLabels else { return ComponentDeltas() }
    children.follow(tree, labelState.touchedVertices)
    return labelState.takeDeltas(Forest(tree: tree, children: children), order: order)
  }

  private struct Forest: LabelledForest {
    let tree: SlidingWindowTree
    let children: ChildLists

    func root(_ vertex: VertexIndex) -> UInt32? { tree.contains(vertex) ? tree.root(vertex) : nil }
    func size(ofRoot root: UInt32) -> Int { Int(tree.nodes[Int(root)].size) }
    func appendNeighbours(of vertex: VertexIndex, to list: inout FlatArray<VertexIndex>) {
      let parent = tree.nodes[Int(vertex)].parent
      if parent != noVertex { list.append(parent) }
      children.append(of: vertex, to: &list)
    }
  }

  /// The mean and the greatest number of steps that `find` takes, over all vertices; for measurements.
  public func depth() -> (mean: Double, max: Int) { tree.depth() }

  // MARK: State

  static let version: UInt64 = 0x2000_0001

  public func writeSections(_ write: (_ name: String, _ bytes: UnsafeRawBufferPointer) throws -> Void) rethrows {
    let header: [UInt64] = [
      SlidingWindowComponents.version, tracksLabels ? 1 : 0, UInt64(bitPattern: expiredBefore), UInt64(lateEdgeCount),
      UInt64(tree.nodes.count), UInt64(vertexCount), UInt64(componentCount), UInt64(tree.queue.droppedCount),
    ]
    try unsafe header.withUnsafeBytes { try unsafe write("header", $0) }
    try unsafe tree.writeSections(write)
    try unsafe labelState.writeSections(write)
    try unsafe children.writeSections(write)
  }

  /// Restores what ``writeSections(_:)`` wrote; all that follows is as it would have been without the interruption.
  public init(
    sections lookUp: (String) -> UnsafeRawBufferPointer?, order: VertexOrder = .index
  ) throws(ComponentStateError) {
    let header = try unsafe ComponentSections.withSections(lookUp) { (sections) throws(ComponentStateError) in
      try sections.header(version: SlidingWindowComponents.version, count: 8)
    }
    self.order = order
    self.tracksLabels = header[1] == 1
    guard header[1] <= 1, header.dropFirst(3).allSatisfy({ $0 <= UInt64(Int64.max) }) else {
      throw .damagedSection("header")
    }
    expiredBefore = Int64(bitPattern: header[2])
    lateEdgeCount = Int(header[3])
    try unsafe ComponentSections.withSections(lookUp) { (sections) throws(ComponentStateError) in
      let bound = Int(header[4])
      try tree.restore(from: sections, bound: bound, droppedCount: Int(header[7]))
      guard tree.vertexCount == Int(header[5]), tree.componentCount == Int(header[6]) else {
        throw .damagedSection("nodes")
      }
      try labelState.restore(from: sections, bound: tracksLabels ? bound : 0)
      try children.restore(from: sections, bound: tracksLabels ? bound : 0)
    }
  }

  public func checkInvariants() {
    tree.checkInvariants(expiredBefore: expiredBefore)
    if !tracksLabels { return }
    children.checkInvariants()
    labelState.checkInvariants()
  }
}
