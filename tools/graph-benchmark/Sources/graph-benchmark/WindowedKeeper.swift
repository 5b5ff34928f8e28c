import PropertyGraph

/// A keeper under measurement: edge number `i` of the endless repetition of the edges comes, or goes as the oldest.
protocol WindowedKeeper {
  var name: String { get }
  var componentCount: Int { get }
  func insert(_ i: Int, _ u: VertexIndex, _ v: VertexIndex)
  func deleteOldest(_ i: Int)
  func takeDeltas() -> ComponentDeltas
  /// Steps from a vertex to its root, mean and greatest; zero where there are no roots.
  func depth() -> (mean: Double, max: Int)
}

struct WindowKeeper: WindowedKeeper {
  let name = "window"
  private let keeper: SlidingWindowComponents

  init(vertexCount: Int, tracksLabels: Bool) {
    keeper = SlidingWindowComponents(tracksLabels: tracksLabels)
    for v in 0..<vertexCount { keeper.insertVertex(VertexIndex(v)) }
  }

  var componentCount: Int { keeper.componentCount }
  func insert(_ i: Int, _ u: VertexIndex, _ v: VertexIndex) { keeper.insertEdge(u, v, time: Int64(i)) }
  func deleteOldest(_ i: Int) { keeper.expire(before: Int64(i + 1)) }
  func takeDeltas() -> ComponentDeltas { keeper.takeDeltas() }
  func depth() -> (mean: Double, max: Int) { keeper.depth() }
}

struct DynamicKeeper: WindowedKeeper {
  let name = "dynamic"
  private let keeper: IncrementalComponents
  private let edgeCount: Int

  init(vertexCount: Int, edgeCount: Int, tracksLabels: Bool) {
    self.edgeCount = edgeCount
    keeper = IncrementalComponents(tracksLabels: tracksLabels)
    for v in 0..<vertexCount { keeper.insertVertex(VertexIndex(v)) }
  }

  var componentCount: Int { keeper.componentCount }
  func insert(_ i: Int, _ u: VertexIndex, _ v: VertexIndex) { keeper.insertEdge(EdgeIndex(i % edgeCount), u, v) }
  func deleteOldest(_ i: Int) { keeper.deleteEdge(EdgeIndex(i % edgeCount)) }
  func takeDeltas() -> ComponentDeltas { keeper.takeDeltas() }
  func depth() -> (mean: Double, max: Int) { (0, 0) }
}
