import FlatMemory

/// Connected components of a window of edges that are now and then deleted before they expire: begins with the keeper
/// for windows and changes over to the one for any changes when the first edge is deleted.
///
/// The keeper for windows does not keep the edges that could replace a deleted one. They are asked for once, from
/// whoever holds all edges of the graph (`liveEdges`), and from then on every edge is kept here too.
///
/// Guarantees: those of ``ComponentKeeper``; labels and deltas go on over the change as if there had been one keeper.
/// Cost: that of ``SlidingWindowComponents`` up to the first deletion, once that of inserting all live edges, and
/// that of ``IncrementalComponents`` afterwards.
public final class DynamicComponents: ComponentKeeper {
  /// Calls its argument with every edge that is in the graph: its number and its ends.
  public typealias LiveEdges = (_ visit: (EdgeIndex, VertexIndex, VertexIndex) -> Void) -> Void

  private enum Keeper {
    case window(SlidingWindowComponents)
    case incremental(IncrementalComponents)
  }

  private var keeper: Keeper
  private let order: VertexOrder
  private let tracksLabels: Bool
  private let liveEdges: LiveEdges

  /// Edges older than this have expired.
  public private(set) var expiredBefore = Int64.min

  /// An empty graph. `liveEdges` is called when the first edge or vertex is deleted, before anything is changed, and
  /// must then give all edges that were inserted and have neither expired nor been deleted.
  public init(order: VertexOrder = .index, tracksLabels: Bool = true, liveEdges: @escaping LiveEdges) {
    self.order = order
    self.tracksLabels = tracksLabels
    self.liveEdges = liveEdges
    keeper = .window(SlidingWindowComponents(order: order, tracksLabels: tracksLabels))
  }

  /// Whether only expiry has removed edges so far.
  public var isWindow: Bool { if case .window = keeper { true } else { false } }

  /// The keeper in charge, for what both can do.
  private var current: any ComponentKeeper {
    switch keeper {
    case .window(let window): window
    case .incremental(let incremental): incremental
    }
  }

  // MARK: Changes

  @discardableResult
  public func insertVertex(_ vertex: VertexIndex) -> Bool {
    switch keeper {
    case .window(let window): window.insertVertex(vertex)
    case .incremental(let incremental): incremental.insertVertex(vertex)
    }
  }

  /// Adds an edge under a number that is not in use, with its time; vertices that are not there are inserted.
  /// - Returns: false when its time has passed already (see ``expiredBefore``); nothing is changed then.
  @discardableResult
  public func insertEdge(_ edge: EdgeIndex, _ u: VertexIndex, _ v: VertexIndex, time: Int64) -> Bool {
    if time < expiredBefore { return false }
    switch keeper {
    case .window(let window): window.insertEdge(u, v, time: time)
    case .incremental(let incremental): incremental.insertEdge(edge, u, v)
    }
    return true
  }

  /// Lets edges expire: `edges` are the numbers of all that are in the graph and have times before `time`.
  public func expire(before time: Int64, edges: some Sequence<EdgeIndex>) {
    expiredBefore = max(expiredBefore, time)
    switch keeper {
    case .window(let window): window.expire(before: time)
    case .incremental(let incremental): for edge in edges { incremental.deleteEdge(edge) }
    }
  }

  /// Deletes an edge that has not expired.
  public func deleteEdge(_ edge: EdgeIndex) { changedOver().deleteEdge(edge) }

  /// Deletes a vertex and its edges. One without edges to others is removed without changing over.
  public func deleteVertex(_ vertex: VertexIndex) {
    if case .window(let window) = keeper, !window.contains(vertex) || window.removeVertex(vertex) { return }
    changedOver().deleteVertex(vertex)
  }

  /// The keeper for any changes, made from the live edges if it is not in charge yet.
  private func changedOver() -> IncrementalComponents {
    switch keeper {
    case .incremental(let incremental): return incremental
    case .window(let window):
      let incremental = IncrementalComponents(order: order, tracksLabels: tracksLabels)
      for v in 0..<window.vertexBound where window.contains(v) { incremental.insertVertex(v) }
      liveEdges { edge, u, v in incremental.insertEdge(edge, u, v) }
      if tracksLabels { incremental.adoptLabels(window.labelState, bound: window.vertexBound) }
      keeper = .incremental(incremental)
      return incremental
    }
  }

  // MARK: Queries

  public var vertexCount: Int { current.vertexCount }
  public var componentCount: Int { current.componentCount }
  public func contains(_ vertex: VertexIndex) -> Bool { current.contains(vertex) }
  public func find(_ vertex: VertexIndex) -> VertexIndex { current.find(vertex) }
  public func componentSize(of vertex: VertexIndex) -> Int { current.componentSize(of: vertex) }
  public func labels() -> [VertexIndex] { current.labels() }
  public func takeDeltas() -> ComponentDeltas { current.takeDeltas() }
  public func checkInvariants() { current.checkInvariants() }

  // MARK: State

  public func writeSections(_ write: (_ name: String, _ bytes: UnsafeRawBufferPointer) throws -> Void) rethrows {
    try unsafe withUnsafeBytes(of: expiredBefore) { try unsafe write("window-start", $0) }
    try unsafe current.writeSections(write)
  }

  /// Restores what ``writeSections(_:)`` wrote, with the keeper that was in charge.
  public init(
    sections lookUp: (String) -> UnsafeRawBufferPointer?, order: VertexOrder = .index, liveEdges: @escaping LiveEdges
  ) throws(ComponentStateError) {
    self.order = order
    self.liveEdges = liveEdges
    var start = FlatArray<Int64>()
    defer { start.deallocate() }
    try unsafe ComponentSections.withSections(lookUp) { (sections) throws(ComponentStateError) in
      try sections.read("window-start", into: &start, count: 1)
    }
    expiredBefore = start[0]
    let header = try unsafe ComponentSections.withSections(lookUp) { (sections) throws(ComponentStateError) in
      try sections.header()
    }
    tracksLabels = header.count > 1 && header[1] == 1
    if header.first == SlidingWindowComponents.version {
      keeper = unsafe .window(try SlidingWindowComponents(sections: lookUp, order: order))
    } else {
      keeper = unsafe .incremental(try IncrementalComponents(sections: lookUp, order: order))
    }
  }
}
