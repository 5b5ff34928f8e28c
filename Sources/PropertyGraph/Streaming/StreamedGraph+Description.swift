/// What is told about the graph after a batch.
extension StreamedGraph {
  func describe(_ delta: inout GraphDelta, _ report: PageRankUpdateReport, _ deltas: ComponentDeltas) {
    delta.edgeCount = edgeCount
    delta.vertexCount = components.vertexCount
    delta.componentCount = components.componentCount
    delta.largestComponentVertexCount = sizes.largest
    delta.errorBound = report.errorBound
    delta.method = report.sweeps > 0 ? .dense : .sparse
    delta.touchedEdgeCount = report.pushedEdges + report.sweeps * adjacency.edgeCount
    delta.top = highestRanks(options.topCount)
    if let least = options.rankChangeMin { delta.rankChanges = takeRankChanges(from: least) }
    if options.reportsComponentChanges {
      delta.componentChanges = deltas.vertices.map {
        GraphDelta.ComponentChange(
          id: names.dictionary.id(of: $0.vertex),
          component: $0.label == noVertex ? nil : names.dictionary.id(of: $0.label))
      }
    }
    if options.verifies { delta.verification = verification() }
  }

  private var rankScale: Double { ranks.sum > 0 ? 1 / ranks.sum : 0 }

  /// The vertices of the highest ranks, equal ones by id. Cost: a pass over the ranks.
  func highestRanks(_ count: Int) -> [GraphDelta.RankedVertex] {
    let scale = rankScale
    return highestVertices(count).map {
      GraphDelta.RankedVertex(id: names.dictionary.id(of: $0), rank: ranks.rank(of: $0) * scale)
    }
  }

  func highestVertices(_ count: Int) -> [VertexIndex] {
    guard count > 0 else { return [] }
    // highest first; whoever is not above the last one of a full list is passed over with one comparison
    var best: [(rank: Double, vertex: VertexIndex)] = []
    best.reserveCapacity(count + 1)
    var least = -1.0
    let values = unsafe ranks.ranks.base
    for v in 0..<VertexIndex(isActive.count) {
      let rank = unsafe values[Int(v)]
      if rank < least || isActive[Int(v)] == 0 { continue }
      let place = best.firstIndex {
        rank != $0.rank ? rank > $0.rank : names.dictionary.precedes(v, $0.vertex)
      }
      if place == nil, best.count == count { continue }
      best.insert((rank, v), at: place ?? best.count)
      if best.count > count { best.removeLast() }
      if best.count == count { least = best[count - 1].rank }
    }
    return best.map(\.vertex)
  }

  /// The ranks that differ by at least so much from what was told last.
  private func takeRankChanges(from least: Double) -> [GraphDelta.RankChange] {
    let scale = rankScale
    var changes: [GraphDelta.RankChange] = []
    toldRanks.append(contentsOf: repeatElement(0, count: isActive.count - toldRanks.count))
    for v in 0..<isActive.count {
      let rank = unsafe isActive[v] == 0 ? 0 : max(0, ranks.ranks.base[v]) * scale
      if abs(rank - toldRanks[v]) < least || rank == toldRanks[v] { continue }
      changes.append(
        GraphDelta.RankChange(id: names.dictionary.id(of: VertexIndex(v)), before: toldRanks[v], rank: rank))
      toldRanks[v] = rank
    }
    return changes
  }

  /// The vertices of the highest ranks and the edges between them, parallel ones as one with their number.
  func strongest(_ count: Int) -> GraphNeighbourhood {
    let vertices = highestVertices(count)
    let scale = rankScale
    var places: [VertexIndex: Int] = [:]
    for (place, v) in vertices.enumerated() { places[v] = place }
    var result = GraphNeighbourhood()
    for (place, v) in vertices.enumerated() {
      result.vertices.append(
        GraphNeighbourhood.Vertex(
          id: names.dictionary.id(of: v), rank: ranks.rank(of: v) * scale, outDegree: adjacency.outDegree(v),
          inDegree: adjacency.inDegree(v)))
      var counts: [Int: Int] = [:]
      unsafe adjacency.withTargets(of: v) { targets, _ in
        for i in targets.indices {
          let target = unsafe targets[i]
          if let to = places[target], to != place { counts[to, default: 0] += 1 }
        }
      }
      for (to, count) in counts.sorted(by: { $0.key < $1.key }) {
        result.edges.append(GraphNeighbourhood.Edge(source: place, target: to, count: count))
      }
    }
    return result
  }
}

/// The strongest vertices of a graph and the edges between them.
public struct GraphNeighbourhood: Sendable, Equatable {
  public struct Vertex: Sendable, Equatable {
    public var id: VertexID
    public var rank: Double
    public var outDegree: Int
    public var inDegree: Int
  }
  public struct Edge: Sendable, Equatable {
    /// Places in ``GraphNeighbourhood/vertices``.
    public var source: Int
    public var target: Int
    public var count: Int
  }
  /// Highest rank first.
  public var vertices: [Vertex] = []
  public var edges: [Edge] = []

  public init() {}
}
