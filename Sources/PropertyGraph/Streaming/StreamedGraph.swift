import Dispatch
import FlatMemory

/// A graph that follows a stream of edges in batches, with ranks and components kept up to date.
///
/// Guarantees: after a batch the graph holds the edges that came and were not removed, and that are no older than the
/// window against the highest event time; its vertices are those with an edge. Components are exact, ranks within the
/// certified bound. Everything told is a function of the sequence of edges and the options alone: not of blocks,
/// threads, or snapshots taken and restored on the way.
/// Cost: the dictionary's look-up and some 0.3 µs a change, what the ranks' tolerance asks for a batch, and one pass
/// over the ranks (1 ns a vertex) for the highest of them.
/// Layout: a vertex keeps one index for ever, given by the dictionary at its first appearance; ranks, components and
/// adjacency are arrays by it. A vertex whose last edge goes is withdrawn from ranks and components and comes back
/// under the same index.
final class StreamedGraph {
  let options: StreamedGraphOptions
  /// The names; shared with the order that labels components.
  final class Names: @unchecked Sendable {
    var dictionary = VertexDictionary()
  }
  let names: Names
  let adjacency: DynamicAdjacency
  let ranks: IncrementalPageRank
  var components: DynamicComponents
  /// Set once an edge was removed before its time.
  let pairs: PairsBox
  final class PairsBox {
    var value: EdgePairs?
  }
  /// Changes of the batch that is not full yet. A removal of an unknown vertex stands there with ``noVertex``.
  var pending: [EdgeUpdate] = []
  /// By vertex: 1 while it has an edge.
  var isActive: [UInt8] = []
  var sizes = ComponentSizes()
  /// By vertex: the rank that was told last.
  var toldRanks: [Double] = []
  var batchNumber = 0
  var edgeCount = 0
  /// Highest event time of the edges taken, those that are pending included.
  var maximumTime = Int64.min
  /// Vertices that lost an edge in the batch.
  private var candidates: [VertexIndex] = []

  init(options: StreamedGraphOptions) {
    self.options = options
    names = Names()
    pairs = PairsBox()
    adjacency = DynamicAdjacency(options: StreamedGraph.adjacencyOptions(options))
    ranks = IncrementalPageRank(adjacency, options: StreamedGraph.rankOptions(options))
    components = DynamicComponents(
      order: StreamedGraph.order(names), liveEdges: StreamedGraph.liveEdges(pairs))
  }

  init(
    options: StreamedGraphOptions, names: Names, pairs: PairsBox, adjacency: DynamicAdjacency,
    ranks: IncrementalPageRank, components: DynamicComponents
  ) {
    (self.options, self.names, self.pairs) = (options, names, pairs)
    (self.adjacency, self.ranks, self.components) = (adjacency, ranks, components)
  }

  static func adjacencyOptions(_ options: StreamedGraphOptions) -> DynamicAdjacencyOptions {
    DynamicAdjacencyOptions(weighted: options.isWeighted, expiring: options.windowMilliseconds != nil)
  }
  static func rankOptions(_ options: StreamedGraphOptions) -> IncrementalPageRankOptions {
    IncrementalPageRankOptions(damping: options.damping, tolerance: options.tolerance, workers: options.workers)
  }
  static func order(_ names: Names) -> VertexOrder { .by { names.dictionary.precedes($0, $1) } }
  static func liveEdges(_ pairs: PairsBox) -> DynamicComponents.LiveEdges {
    { visit in pairs.value?.forEach(visit) }
  }

  // MARK: taking edges

  /// Takes an edge; calls `emit` for each batch that it completes. `bytes` are those beside the element.
  func add(_ edge: TimedEdge, _ bytes: UnsafePointer<UInt8>, emit: (GraphDelta) -> Void) {
    let maximum = max(maximumTime, edge.time)
    if let width = options.batchMilliseconds, !pending.isEmpty,
      StreamedGraph.floorDivide(maximum, width) != StreamedGraph.floorDivide(maximumTime, width)
    {
      emit(applyPending())
    }
    maximumTime = maximum
    if edge.isRemoval {
      let source = unsafe find(edge.source, edge.sourceByteCount, bytes)
      let target = unsafe find(edge.target, edge.targetByteCount, bytes)
      let isKnown = source != noVertex && target != noVertex
      pending.append(EdgeUpdate(.remove, from: isKnown ? source : noVertex, to: isKnown ? target : noVertex))
    } else {
      let source = unsafe insert(edge.source, edge.sourceByteCount, bytes)
      let target = unsafe insert(edge.target, edge.targetByteCount, bytes)
      pending.append(
        EdgeUpdate(.insert, from: source, to: target, weight: edge.weight, timeMilliseconds: edge.time))
    }
    if pending.count == options.batchChangeCount { emit(applyPending()) }
  }

  /// The input is over.
  func finish(emit: (GraphDelta) -> Void) {
    if !pending.isEmpty { emit(applyPending()) }
  }

  private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
    let q = a / b
    return a % b < 0 ? q - 1 : q
  }
  @inline(__always)
  private func insert(_ value: Int64, _ byteCount: UInt32, _ bytes: UnsafePointer<UInt8>) -> VertexIndex {
    unsafe byteCount == 0
      ? names.dictionary.insert(integer: value) : names.dictionary.insert(bytes + Int(value), Int(byteCount))
  }
  private func find(_ value: Int64, _ byteCount: UInt32, _ bytes: UnsafePointer<UInt8>) -> VertexIndex {
    let found =
      unsafe byteCount == 0
      ? names.dictionary.find(integer: value) : names.dictionary.find(bytes + Int(value), Int(byteCount))
    return found ?? noVertex
  }

  // MARK: a batch

  private func applyPending() -> GraphDelta {
    let start = DispatchTime.now().uptimeNanoseconds
    batchNumber += 1
    var delta = GraphDelta()
    delta.number = batchNumber
    delta.timeMilliseconds = maximumTime
    activateVertices()
    let changes = directedChanges()
    if changes.contains(where: { $0.kind == .remove }) {
      for change in changes { make(change) }
    } else {
      ranks.apply(changes)
      for change in changes { joinComponents(change) }
    }
    let unmatched = unmatchedCount
    delta.insertedCount = pending.count { $0.kind == .insert }
    delta.unmatchedCount = unmatched
    delta.removedCount = pending.count - delta.insertedCount - unmatched
    delta.expiredCount = expire()
    edgeCount += delta.insertedCount - delta.removedCount - delta.expiredCount
    (unmatchedCount, pending) = (0, [])
    withdrawVertices()
    let report = ranks.update()
    let deltas = components.takeDeltas()
    sizes.apply(deltas.components)
    delta.updateNanoseconds = Int64(DispatchTime.now().uptimeNanoseconds - start)
    describe(&delta, report, deltas)
    return delta
  }
  /// Removals of the batch that found no edge.
  private var unmatchedCount = 0

  /// Brings the vertices of the batch's new edges into the graph.
  private func activateVertices() {
    let known = isActive.count
    adjacency.insertVertices(upTo: names.dictionary.count)
    isActive.append(contentsOf: repeatElement(1, count: names.dictionary.count - known))
    for v in known..<isActive.count { components.insertVertex(VertexIndex(v)) }
    for change in pending where change.kind == .insert {
      for v in [change.source, change.target] where isActive[Int(v)] == 0 {
        isActive[Int(v)] = 1
        ranks.vertexInserted(v)
        components.insertVertex(v)
      }
    }
  }

  /// The pending changes, those of edges without direction in both.
  private func directedChanges() -> [EdgeUpdate] {
    if !options.isUndirected { return pending }
    var changes: [EdgeUpdate] = []
    changes.reserveCapacity(2 * pending.count)
    for change in pending {
      changes.append(change)
      if change.source != change.target {
        var back = change
        (back.source, back.target) = (change.target, change.source)
        changes.append(back)
      }
    }
    return changes
  }

  private func joinComponents(_ change: EdgeUpdate) {
    let number = pairs.value?.insert(change.source, change.target)
    if components.isWindow {
      components.insertEdge(0, change.source, change.target, time: change.timeMilliseconds)
    } else if let number {
      // a pair stands for all edges between the two, whatever their times: it is never late
      components.insertEdge(number, change.source, change.target, time: .max)
    }
  }

  private func make(_ change: EdgeUpdate) {
    if change.kind == .insert {
      ranks.edgeChanged(
        adjacency.insertEdge(
          from: change.source, to: change.target, weight: change.weight, timeMilliseconds: change.timeMilliseconds))
      joinComponents(change)
      return
    }
    guard change.source != noVertex,
      let made = adjacency.removeEdge(from: change.source, to: change.target)
    else {
      // of the two directions of an edge only one is counted
      if !options.isUndirected || change.source <= change.target { unmatchedCount += 1 }
      return
    }
    ranks.edgeChanged(made)
    candidates += [made.source, made.target]
    if pairs.value == nil { keepPairs(including: made.source, made.target) }
    leaveComponents(made.source, made.target)
  }

  /// From the first removal on, components are kept for any changes. The pair is that of an edge just removed.
  private func keepPairs(including u: VertexIndex, _ v: VertexIndex) {
    var all = EdgePairs()
    for source in 0..<VertexIndex(adjacency.vertexIndexCount) {
      unsafe adjacency.withTargets(of: source) { targets, _ in
        for i in targets.indices {
          let target = unsafe targets[i]
          _ = all.insert(source, target)
        }
      }
    }
    _ = all.insert(u, v)
    pairs.value = all
    // deleting an edge makes the keeper ask for all pairs; this one is put back
    guard let number = all.number(u, v) else { return }
    components.deleteEdge(number)
    components.insertEdge(number, u, v, time: .max)
  }

  private func leaveComponents(_ u: VertexIndex, _ v: VertexIndex) {
    if let number = pairs.value?.remove(u, v) { components.deleteEdge(number) }
  }

  /// Lets edges expire; gives how many did.
  private func expire() -> Int {
    guard let window = options.windowMilliseconds else { return 0 }
    let (cutoff, isBeyond) = maximumTime.subtractingReportingOverflow(window)
    if isBeyond { return 0 }
    if components.isWindow { components.expire(before: cutoff, edges: EmptyCollection()) }
    var count = 0
    adjacency.expireEdges(before: cutoff) { change in
      ranks.edgeChanged(change)
      candidates += [change.source, change.target]
      if !options.isUndirected || change.source <= change.target { count += 1 }
      if pairs.value != nil { leaveComponents(change.source, change.target) }
    }
    return count
  }

  /// Takes vertices that lost their last edge out of ranks and components.
  private func withdrawVertices() {
    for v in candidates where isActive[Int(v)] == 1 && adjacency.outDegree(v) == 0 && adjacency.inDegree(v) == 0 {
      isActive[Int(v)] = 0
      ranks.vertexRemoved(v)
      components.deleteVertex(v)
    }
    candidates.removeAll(keepingCapacity: true)
  }
}
