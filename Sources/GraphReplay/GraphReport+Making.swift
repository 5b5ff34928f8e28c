import PropertyGraph
import Reports

extension GraphReport {
  /// The report of a replay.
  init(
    _ configuration: GraphReplayConfiguration, _ sources: [EdgeFileSource], _ history: GraphHistory,
    _ neighbourhood: GraphNeighbourhood, _ outcome: GraphReplayOutcome
  ) {
    self.init()
    inputs = sources.map(\.name)
    points = history.points.map { p in
      Point(
        batch: p.number, timeMilliseconds: p.timeMilliseconds, edges: p.edges, vertices: p.vertices,
        components: p.components, largestComponent: p.largest, inserted: p.inserted, removed: p.removed,
        expired: p.expired, bound: p.bound,
        updateMilliseconds: configuration.includesTimings ? Double(p.updateNanoseconds / 1000) / 1000 : nil,
        top: p.top.map { Rank(id: $0.id, rank: $0.rank) })
    }
    batchesPerPoint = history.stride
    batches = history.batches
    inserted = history.inserted
    removed = history.removed
    unmatched = history.unmatched
    expired = history.expired
    denseBatches = history.denseBatches
    boundMax = history.boundMax
    trueErrorMax = history.trueErrorMax
    malformed = outcome.malformed
    updateSeconds = configuration.includesTimings ? outcome.updateSeconds : nil
    windowMilliseconds = configuration.graph.windowMilliseconds
    batchChangeCount = configuration.graph.batchChangeCount
    batchMilliseconds = configuration.graph.batchMilliseconds
    tolerance = configuration.graph.tolerance
    damping = configuration.graph.damping
    isUndirected = configuration.graph.isUndirected
    isWeighted = configuration.graph.isWeighted
    vertices = neighbourhood.vertices.map {
      Vertex(id: $0.id.description, rank: $0.rank, edgesOut: $0.outDegree, edgesIn: $0.inDegree)
    }
    links = neighbourhood.edges.map { Link(source: $0.source, target: $0.target, count: $0.count) }
  }
}
