import FlatMemory

/// A spanning forest without roots over an `EdgeIncidence`, the component of every vertex, and the labels.
///
/// Invariants: the edges of the forest span every component without a cycle; every vertex has the number of its
/// component, and the component has its size and one of its vertices; numbers that are not in use are chained.
/// Cost: see ``IncrementalComponents``, of which this is the state.
struct IncrementalForest {
  struct Component: BitwiseCopyable {
    /// Vertices; 0 while the number is free.
    var size: UInt32
    /// One of them; for a free number the next free one.
    var member: UInt32
  }

  private(set) var components = FlatArray<Component>()
  private(set) var firstFreeComponent = UInt32.max
  private(set) var incidence = EdgeIncidence()
  private var search = ReplacementSearch()
  var labelState = ComponentLabels()
  let tracksLabels: Bool

  private(set) var vertexCount = 0
  private(set) var componentCount = 0
  private(set) var edgeCount = 0

  init(tracksLabels: Bool) { self.tracksLabels = tracksLabels }

  func deallocate() {
    components.deallocate()
    incidence.deallocate()
    search.deallocate()
    labelState.deallocate()
  }

  func contains(_ vertex: VertexIndex) -> Bool {
    Int(vertex) < incidence.vertices.count && incidence.component(vertex) != noVertex
  }

  @discardableResult
  mutating func insertVertex(_ vertex: VertexIndex) -> Bool {
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
  mutating func deleteVertex(_ vertex: VertexIndex) -> Int? {
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
  func contains(edge: EdgeIndex) -> Bool { incidence.contains(edge: edge) }

  /// Adds the edge of that number, which must not be there, between two vertices, which are inserted if they are not.
  mutating func insertEdge(_ edge: EdgeIndex, _ u: VertexIndex, _ v: VertexIndex) {
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
  mutating func deleteEdge(_ edge: EdgeIndex) -> Bool {
    guard incidence.contains(edge: edge) else { return false }
    let (u, v) = incidence.ends(edge)
    let wasInForest = incidence.isInForest(edge)
    incidence.remove(edge)
    edgeCount -= 1
    if !wasInForest { return true }
    switch search.run(from: u, and: v, in: incidence) {
    case .replacement(let half):
      incidence.moveIntoForest(half >> 1)
      touch(incidence.target(half))
      touch(incidence.target(half ^ 1))
    case .separated(let side, let rest):
      split(off: side, from: rest)
      touch(u)
      touch(v)
    }
    return true
  }

  /// The tree of `from` takes the number of another component.
  private mutating func join(smaller: UInt32, from start: VertexIndex, to larger: UInt32) {
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
    unsafe components.base[Int(larger)].size += components[Int(smaller)].size
    freeComponent(smaller)
  }

  /// The vertices of a side become a component of their own; `rest` is a vertex of the other side.
  private mutating func split(off side: FlatArray<VertexIndex>, from rest: VertexIndex) {
    let old = incidence.component(rest)
    let new = makeComponent(size: UInt32(side.count), member: side[0])
    for i in 0..<side.count { incidence.setComponent(side[i], new) }
    unsafe components.base[Int(old)].size -= UInt32(side.count)
    unsafe components.base[Int(old)].member = rest
  }

  private mutating func makeComponent(size: UInt32, member: VertexIndex) -> UInt32 {
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

  private mutating func freeComponent(_ number: UInt32) {
    componentCount -= 1
    components[Int(number)] = Component(size: 0, member: firstFreeComponent)
    firstFreeComponent = number
  }

  @inline(__always)
  private mutating func touch(_ vertex: VertexIndex) { if tracksLabels { labelState.touch(vertex) } }
}

extension IncrementalForest: LabelledForest {
  /// The component's number of any vertex; nil for one that is not there.
  @inline(__always)
  func root(ifPresent vertex: VertexIndex) -> UInt32? {
    Int(vertex) < incidence.vertices.count ? root(vertex) : nil
  }
  @inline(__always)
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

  /// Takes over the labels of another keeper, whose vertices are all below `bound`.
  mutating func adoptLabels(_ labels: ComponentLabels, bound: Int) {
    incidence.extendVertices(to: bound)
    labelState.adopt(labels)
  }

  /// The net changes of labels since the last call.
  mutating func takeDeltas(order: VertexOrder) -> ComponentDeltas {
    // The labels are taken out meanwhile, since the forest is read while they change.
    var labels = labelState
    let deltas = labels.takeDeltas(self, order: order)
    labelState = labels
    return deltas
  }
}

extension IncrementalForest {
  static let version: UInt64 = 0x1000_0001

  func writeSections(_ write: (String, UnsafeRawBufferPointer) throws -> Void) rethrows {
    let header: [UInt64] = [
      IncrementalForest.version, tracksLabels ? 1 : 0, UInt64(incidence.vertices.count), UInt64(vertexCount),
      UInt64(componentCount), UInt64(edgeCount), UInt64(firstFreeComponent), UInt64(search.lastMark),
    ]
    try unsafe header.withUnsafeBytes { try unsafe write("header", $0) }
    try unsafe write("components", components.rawBytes)
    try unsafe incidence.writeSections(write)
    try unsafe labelState.writeSections(write)
  }

  /// The words of the header; the second says whether labels are tracked.
  static func header(of sections: ComponentSections) throws(ComponentStateError) -> [UInt64] {
    let header = try sections.header(version: version, count: 8)
    guard header[1] <= 1, header.dropFirst(2).allSatisfy({ $0 <= UInt64(UInt32.max) }) else {
      throw .damagedSection("header")
    }
    return header
  }

  /// Reads what `writeSections` wrote into an empty forest.
  mutating func restore(from sections: ComponentSections) throws(ComponentStateError) {
    let header = try IncrementalForest.header(of: sections)
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

  /// Stops when an invariant does not hold.
  func checkInvariants() {
    var sizes = [UInt32](repeating: 0, count: components.count)
    for v in 0..<VertexIndex(incidence.vertices.count) where contains(v) { sizes[Int(incidence.component(v))] += 1 }
    for i in 0..<components.count {
      precondition(sizes[i] == components[i].size, "component \(i) has \(sizes[i]) vertices, not \(components[i].size)")
      let member = components[i].member
      precondition(sizes[i] == 0 || Int(incidence.component(member)) == i, "component \(i): foreign member")
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
    labelState.checkInvariants()
  }
}
