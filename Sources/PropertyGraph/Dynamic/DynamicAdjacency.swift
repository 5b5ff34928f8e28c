import CKernels
import FlatMemory

/// A directed multigraph whose edges and vertices come, go, change weight and expire, in flat memory.
///
/// Guarantees: parallel edges and self-loops are kept; an edge stands in the slab of its source and in that of its
/// target, and each copy knows the other's position; the state is a function of the sequence of changes alone.
/// A removed vertex's index is handed out again, the latest first. Neighbours are in no particular order.
/// Cost: 20 to 26 bytes an edge with both directions, 8 more with weights; inserting is O(1) amortised, removing an edge
/// by position or by expiry is O(1), by its two ends a search of the shorter slab.
/// Method: slabs of tiered size in one arena per direction, padded to groups of four with a sentinel.
@safe public final class DynamicAdjacency {
  public let options: DynamicAdjacencyOptions
  /// Vertex indices ever handed out are 0 ..< this; some of them may be removed at the moment.
  public internal(set) var vertexIndexCount: Int {
    get { unsafe counts.pointee.vertexIndices }
    set { unsafe counts.pointee.vertexIndices = newValue }
  }
  public internal(set) var edgeCount: Int {
    get { unsafe counts.pointee.edges }
    set { unsafe counts.pointee.edges = newValue }
  }
  private struct Counts {
    var vertexIndices = 0
    var edges = 0
  }
  private let counts: UnsafeMutablePointer<Counts>

  /// The two directions, behind pointers: a class's own fields would be checked for exclusive access at each use.
  private let outSide: UnsafeMutablePointer<AdjacencyDirection>
  private let intoSide: UnsafeMutablePointer<AdjacencyDirection>
  var out: AdjacencyDirection {
    @inline(__always) _read { yield unsafe outSide.pointee }
    @inline(__always) _modify { yield unsafe &outSide.pointee }
  }
  var into: AdjacencyDirection {
    @inline(__always) _read { yield unsafe intoSide.pointee }
    @inline(__always) _modify { yield unsafe &intoSide.pointee }
  }
  /// 1 for a vertex that exists.
  let present: ReservedArray<UInt8>
  var removedVertices: [VertexIndex] = []
  /// The sum of the weights of a vertex's edges, of weighted graphs.
  let outWeights: ReservedArray<Double>?
  /// Changes of that sum since it was last summed afresh.
  let outWeightAge: ReservedArray<UInt32>?
  var window: EdgeWindow?

  public init(options: DynamicAdjacencyOptions = DynamicAdjacencyOptions()) {
    self.options = options
    unsafe counts = .allocate(capacity: 1)
    unsafe counts.initialize(to: Counts())
    unsafe outSide = .allocate(capacity: 1)
    unsafe outSide.initialize(to: AdjacencyDirection(options: options, withIDs: options.expiring))
    unsafe intoSide = .allocate(capacity: 1)
    unsafe intoSide.initialize(to: AdjacencyDirection(options: options, withIDs: false))
    let capacity = options.vertexCountMax
    let expected = options.expectedVertexCount
    present = ReservedArray(capacity: capacity, expectedCount: expected)
    outWeights = options.weighted ? ReservedArray(capacity: capacity, expectedCount: expected) : nil
    outWeightAge = options.weighted ? ReservedArray(capacity: capacity, expectedCount: expected) : nil
    if options.expiring { window = EdgeWindow() }
  }

  deinit {
    out.release()
    into.release()
    unsafe counts.deallocate()
    unsafe outSide.deallocate()
    unsafe intoSide.deallocate()
    present.release()
    outWeights?.release()
    outWeightAge?.release()
  }

  // MARK: reading

  /// Vertices that exist.
  public var vertexCount: Int { vertexIndexCount - removedVertices.count }

  @inline(__always)
  public func contains(_ v: VertexIndex) -> Bool { Int(v) < vertexIndexCount && present[v] != 0 }

  /// The number of edges that leave a vertex, parallel ones counted each.
  public func outDegree(_ v: VertexIndex) -> Int {
    require(v)
    return out.degree(v)
  }
  /// The number of edges that reach a vertex, parallel ones counted each.
  public func inDegree(_ v: VertexIndex) -> Int {
    require(v)
    return into.degree(v)
  }
  /// The sum of the weights of the edges that leave a vertex; its out-degree in a graph without weights.
  public func outWeight(_ v: VertexIndex) -> Double {
    require(v)
    return weightSum(v)
  }

  /// Calls `body` with the targets of a vertex's edges, in no particular order, and their weights (nil: each is 1).
  /// Both are valid only inside `body`, which must not change the graph.
  public func withTargets<Result>(
    of v: VertexIndex, _ body: (UnsafeBufferPointer<VertexIndex>, UnsafePointer<Float>?) throws -> Result
  ) rethrows -> Result {
    require(v)
    return try unsafe body(out.list(v), out.weights.map { unsafe UnsafePointer($0.base + Int(out.slabs[v].offset)) })
  }
  /// The same for the sources of the edges that reach a vertex.
  public func withSources<Result>(
    of v: VertexIndex, _ body: (UnsafeBufferPointer<VertexIndex>, UnsafePointer<Float>?) throws -> Result
  ) rethrows -> Result {
    require(v)
    return try unsafe body(into.list(v), into.weights.map { unsafe UnsafePointer($0.base + Int(into.slabs[v].offset)) })
  }

  /// Bytes of memory in use: slots handed out, free ones included, and what every vertex takes.
  public var byteCount: Int {
    let perOutSlot = 8 + (options.weighted ? 4 : 0) + (options.expiring ? 4 : 0)
    let perInSlot = 8 + (options.weighted ? 4 : 0)
    let perVertex = 19 + (options.weighted ? 12 : 0)
    let windowBytes = window.map { 8 * $0.places.count + 16 * ($0.queue.count + $0.late.count) + 4 * $0.freeIDs.count }
    return out.slotCount * perOutSlot + into.slotCount * perInSlot + vertexIndexCount * perVertex + (windowBytes ?? 0)
  }

  @inline(__always)
  func require(_ v: VertexIndex) {
    precondition(contains(v), "the graph has no such vertex: it was never inserted, or was removed")
  }
  @inline(__always)
  func weightSum(_ v: VertexIndex) -> Double { outWeights?[v] ?? Double(out.degree(v)) }

  // MARK: vertices

  /// Adds a vertex without edges; its index is that of the last removed vertex, else the next new one.
  @discardableResult
  public func insertVertex() -> VertexIndex {
    if let v = removedVertices.popLast() {
      present[v] = 1
      return v
    }
    precondition(
      vertexIndexCount < options.vertexCountMax,
      "the graph is full: \(vertexIndexCount) vertices; build it with a larger vertexCountMax")
    let v = VertexIndex(vertexIndexCount)
    vertexIndexCount += 1
    present[v] = 1
    return v
  }

  /// Adds vertices until the indices 0 ..< count have been handed out.
  public func insertVertices(upTo count: Int) {
    while vertexIndexCount < count {
      precondition(
        vertexIndexCount < options.vertexCountMax,
        "the graph is full: \(vertexIndexCount) vertices; build it with a larger vertexCountMax")
      present[vertexIndexCount] = 1
      vertexIndexCount += 1
    }
  }

  /// Removes a vertex and all its edges; `observe` is told of each. Cost: O(degree).
  public func removeVertex(_ v: VertexIndex, observe: (EdgeChange) -> Void = { _ in }) {
    require(v)
    while out.degree(v) > 0 { observe(removeEdge(of: v, at: UInt32(out.degree(v) - 1))) }
    while into.degree(v) > 0 {
      let slab = into.slabs[v]
      let last = slab.offset + slab.degree - 1
      observe(removeEdge(of: into.neighbours[last], at: into.mates[last]))
    }
    present[v] = 0
    removedVertices.append(v)
  }
}
