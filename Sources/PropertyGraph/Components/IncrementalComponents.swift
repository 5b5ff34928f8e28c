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
  struct Component: BitwiseCopyable {
    /// Vertices; 0 while the number is free.
    var size: UInt32
    /// One of them; for a free number the next free one.
    var member: UInt32
  }

  private var components = FlatArray<Component>()
  private var firstFreeComponent = UInt32.max
  private var incidence = EdgeIncidence()
  private var search = ReplacementSearch()
  private var labelState = ComponentLabels()
  private let tracksLabels: Bool
  private let order: VertexOrder

  public private(set) var vertexCount = 0
  public private(set) var componentCount = 0
  /// Edges that are in the graph, self-loops among them.
  public private(set) var edgeCount = 0

  /// An empty graph. `order` decides on labels; without `tracksLabels` there are no deltas, and less to do.
  public init(order: VertexOrder = .index, tracksLabels: Bool = true) {
    self.order = order
    self.tracksLabels = tracksLabels
  }

  deinit {
    components.deallocate()
    incidence.deallocate()
    search.deallocate()
    labelState.deallocate()
  }

  // MARK: Vertices

  public func contains(_ vertex: VertexIndex) -> Bool {
    Int(vertex) < incidence.vertices.count && incidence.component(vertex) != noVertex
  }

  @discardableResult
  public func insertVertex(_ vertex: VertexIndex) -> Bool {
    if contains(vertex) { return false }
    precondition(vertex < VertexIndex(Int32.max), "components hold vertices below \(Int32.max) only")
    let bound = Int(vertex) + 1
    if bound > incidence.vertices.count {
      incidence.extendVertices(to: bound)
      if tracksLabels { labelState.extend(to: bound) }
    }
    incidence.setComponent(vertex, makeComponent(size: 1, member: vertex))
    vertexCount += 1
    touch(vertex)
    return true
  }

  /// Deletes a vertex and all its edges, whose numbers are free afterwards.
  /// - Returns: how many edges went; nil when there was no such vertex.
  @discardableResult
  public func deleteVertex(_ vertex: VertexIndex) -> Int? {
    guard contains(vertex) else { return nil }
    var deleted = 0
    // Loose edges first, so that none of them is chosen as a replacement.
    while incidence.vertices[Int(vertex)].loose != EdgeIncidence.none {
      deleteEdge(incidence.vertices[Int(vertex)].loose >> 1)
      deleted += 1
    }
    while incidence.vertices[Int(vertex)].forest != EdgeIncidence.none {
      deleteEdge(incidence.vertices[Int(vertex)].forest >> 1)
      deleted += 1
    }
    freeComponent(incidence.component(vertex))
    incidence.setComponent(vertex, noVertex)
    vertexCount -= 1
    touch(vertex)
    return deleted
  }

  // MARK: Edges

  /// Whether the edge is in the graph.
  public func contains(edge: EdgeIndex) -> Bool { incidence.contains(edge: edge) }

  /// Adds the edge of that number, which must not be there, between two vertices, which are inserted if they are not.
  public func insertEdge(_ edge: EdgeIndex, _ u: VertexIndex, _ v: VertexIndex) {
    if !contains(u) { insertVertex(u) }
    if !contains(v) { insertVertex(v) }
    precondition(edge < EdgeIndex(Int32.max), "components hold edges below \(Int32.max) only")
    precondition(!incidence.contains(edge: edge), "edge \(edge) is in the graph already")
    if Int(edge) * 2 >= incidence.halves.count { incidence.extendEdges(to: Int(edge) + 1) }
    edgeCount += 1
    let (a, b) = (incidence.component(u), incidence.component(v))
    if a == b { return incidence.insert(edge, u, v, inForest: false) }
    if components[Int(a)].size < components[Int(b)].size {
      join(smaller: a, from: u, to: b)
    } else {
      join(smaller: b, from: v, to: a)
    }
    incidence.insert(edge, u, v, inForest: true)
    touch(u)
    touch(v)
  }

  /// Removes an edge; its number may be used again.
  /// - Returns: false when there was no such edge.
  @discardableResult
  public func deleteEdge(_ edge: EdgeIndex) -> Bool {
    guard incidence.contains(edge: edge) else { return false }
    let (u, v) = incidence.ends(edge)
    let wasInForest = incidence.isInForest(edge)
    incidence.remove(edge)
    edgeCount -= 1
    if !wasInForest { return true }
    touch(u)
    touch(v)
    switch search.run(from: u, and: v, in: incidence) {
    case .replacement(let half):
      incidence.moveIntoForest(half >> 1)
      touch(incidence.target(half))
      touch(incidence.target(half ^ 1))
    case .separated(let side, let rest):
      split(off: side, from: rest)
    }
    return true
  }

  /// The tree of `from` takes the number of another component.
  private func join(smaller: UInt32, from start: VertexIndex, to larger: UInt32) {
    search.list.removeAll()
    search.list.append(start)
    incidence.setComponent(start, larger)
    var head = 0
    while head < search.list.count {
      var half = incidence.vertices[Int(search.list[head])].forest
      while half != EdgeIncidence.none {
        let vertex = incidence.target(half)
        if incidence.component(vertex) == smaller {
          incidence.setComponent(vertex, larger)
          search.list.append(vertex)
        }
        half = incidence.next(half)
      }
      head += 1
    }
    components.base[Int(larger)].size += components[Int(smaller)].size
    freeComponent(smaller)
  }

  /// The vertices of a side become a component of their own; `rest` is a vertex of the other side.
  private func split(off side: FlatArray<VertexIndex>, from rest: VertexIndex) {
    let old = incidence.component(rest)
    let new = makeComponent(size: UInt32(side.count), member: side[0])
    for i in 0..<side.count { incidence.setComponent(side[i], new) }
    components.base[Int(old)].size -= UInt32(side.count)
    components.base[Int(old)].member = rest
  }

  private func makeComponent(size: UInt32, member: VertexIndex) -> UInt32 {
    componentCount += 1
    let number = firstFreeComponent
    if number == .max {
      components.append(Component(size: size, member: member))
      return UInt32(components.count - 1)
    }
    firstFreeComponent = components[Int(number)].member
    components[Int(number)] = Component(size: size, member: member)
    return number
  }

  private func freeComponent(_ number: UInt32) {
    componentCount -= 1
    components[Int(number)] = Component(size: 0, member: firstFreeComponent)
    firstFreeComponent = number
  }

  @inline(__always)
  private func touch(_ vertex: VertexIndex) { if tracksLabels { labelState.touch(vertex) } }

  // MARK: Queries

  public func find(_ vertex: VertexIndex) -> VertexIndex {
    contains(vertex) ? components[Int(incidence.component(vertex))].member : noVertex
  }

  /// Whether a path leads from one vertex to the other. Two loads.
  public func isConnected(_ a: VertexIndex, _ b: VertexIndex) -> Bool {
    contains(a) && contains(b) && incidence.component(a) == incidence.component(b)
  }

  public func componentSize(of vertex: VertexIndex) -> Int {
    contains(vertex) ? Int(components[Int(incidence.component(vertex))].size) : 0
  }

  public func labels() -> [VertexIndex] {
    var lowest = [VertexIndex](repeating: noVertex, count: components.count)
    let bound = VertexIndex(incidence.vertices.count)
    for v in 0..<bound where contains(v) {
      let number = Int(incidence.component(v))
      if lowest[number] == noVertex || order.isLower(v, lowest[number]) { lowest[number] = v }
    }
    return (0..<bound).map { contains($0) ? lowest[Int(incidence.component($0))] : noVertex }
  }

  public func takeDeltas() -> ComponentDeltas {
    guard tracksLabels else { return ComponentDeltas() }
    let forest = Forest(components: components, incidence: incidence)
    return labelState.takeDeltas(forest, order: order)
  }

  private struct Forest: LabelledForest {
    let components: FlatArray<Component>
    let incidence: EdgeIncidence

    func root(_ vertex: VertexIndex) -> UInt32? {
      let number = incidence.component(vertex)
      return number == noVertex ? nil : number
    }
    func size(ofRoot root: UInt32) -> Int { Int(components[Int(root)].size) }
    func appendNeighbours(of vertex: VertexIndex, to list: inout FlatArray<VertexIndex>) {
      var half = incidence.vertices[Int(vertex)].forest
      while half != EdgeIncidence.none {
        list.append(incidence.target(half))
        half = incidence.next(half)
      }
    }
  }

  // MARK: State

  private static let version: UInt64 = 0x1000_0001

  public func writeSections(_ write: (_ name: String, _ bytes: UnsafeRawBufferPointer) throws -> Void) rethrows {
    let header: [UInt64] = [
      IncrementalComponents.version, tracksLabels ? 1 : 0, UInt64(incidence.vertices.count),
      UInt64(vertexCount), UInt64(componentCount), UInt64(edgeCount), UInt64(firstFreeComponent),
      UInt64(search.lastMark),
    ]
    try header.withUnsafeBytes { try write("header", $0) }
    try write("components", components.rawBytes)
    try incidence.writeSections(write)
    try labelState.writeSections(write)
  }

  /// Restores what ``writeSections(_:)`` wrote; all that follows is as it would have been without the interruption.
  public init(
    sections lookUp: (String) -> UnsafeRawBufferPointer?, order: VertexOrder = .index
  ) throws(ComponentStateError) {
    self.order = order
    self.tracksLabels = try ComponentSections.withSections(lookUp) { (sections) throws(ComponentStateError) in
      try sections.header(version: IncrementalComponents.version, count: 8)[1] == 1
    }
    try ComponentSections.withSections(lookUp) { (sections) throws(ComponentStateError) in
      try restore(from: sections)
    }
  }

  private func restore(from sections: ComponentSections) throws(ComponentStateError) {
    let header = try sections.header(version: IncrementalComponents.version, count: 8)
    guard header[1] <= 1, header.dropFirst(2).allSatisfy({ $0 <= UInt64(UInt32.max) }) else {
      throw .damagedSection("header")
    }
    let bound = Int(header[2])
    vertexCount = Int(header[3])
    componentCount = Int(header[4])
    edgeCount = Int(header[5])
    firstFreeComponent = UInt32(header[6])
    try sections.read("components", into: &components)
    try incidence.restore(from: sections, bound: bound)
    search = ReplacementSearch(lastMark: UInt32(header[7]))
    for v in 0..<VertexIndex(bound) where contains(v) && Int(incidence.component(v)) >= components.count {
      throw .damagedSection("vertices")
    }
    for i in 0..<components.count {
      let next = Int(components[i].member)
      if components[i].size > 0 ? next >= bound : (next >= components.count && next != UInt32.max) {
        throw .damagedSection("components")
      }
    }
    guard firstFreeComponent == .max || Int(firstFreeComponent) < components.count else {
      throw .damagedSection("header")
    }
    try labelState.restore(from: sections, bound: tracksLabels ? bound : 0)
  }

  public func checkInvariants() {
    var sizes = [UInt32](repeating: 0, count: components.count)
    for v in 0..<VertexIndex(incidence.vertices.count) where contains(v) { sizes[Int(incidence.component(v))] += 1 }
    for i in 0..<components.count {
      precondition(sizes[i] == components[i].size, "component \(i) has \(sizes[i]) vertices, not \(components[i].size)")
      precondition(sizes[i] == 0 || Int(incidence.component(components[i].member)) == i, "component \(i): foreign member")
    }
    precondition(sizes.count { $0 > 0 } == componentCount, "the number of components is wrong")
    precondition(sizes.reduce(0) { $0 + Int($1) } == vertexCount, "the number of vertices is wrong")
    let forestEdges = incidence.checkInvariants()
    precondition(forestEdges == vertexCount - componentCount, "the forest does not span the components")
    var edges = 0
    for edge in 0..<EdgeIndex(incidence.halves.count / 2) where incidence.contains(edge: edge) {
      let (u, v) = incidence.ends(edge)
      precondition(incidence.component(u) == incidence.component(v), "edge \(edge) joins two components")
      edges += 1
    }
    precondition(edges == edgeCount, "the number of edges is wrong")
  }
}
