/// A check of ranks that shares no code with their computation.
///
/// Cost: one scan of all edges on one core.
extension PageRank {
  /// An upper bound of the L1 distance from ranks that sum to 1 to the exact ones: one step of the walk moves the exact
  /// ranks nowhere, and brings others nearer by the factor d, so the error is at most the step over 1 - d.
  public static func verifiedError(
    of ranks: [Double], _ topology: Topology, options: PageRankOptions = PageRankOptions()
  ) -> Double {
    precondition(ranks.count == topology.vertexCount, "\(ranks.count) ranks for \(topology.vertexCount) vertices")
    if ranks.isEmpty { return 0 }
    let outgoing = topology.outgoing
    let weights = options.isWeighted ? outgoing.weights : nil
    var start = [Double](repeating: 1 / Double(ranks.count), count: ranks.count)
    if let seeds = options.personalization {
      let sum = seeds.values.reduce(0, +)
      start = [Double](repeating: 0, count: ranks.count)
      for (vertex, weight) in seeds { start[Int(vertex)] = weight / sum }
    }
    var next = [Double](repeating: 0, count: ranks.count)
    var dangling = 0.0
    for vertex in 0..<VertexIndex(ranks.count) {
      let slots = outgoing.slots(of: vertex)
      let sum = weights.map { weights in slots.reduce(0) { $0 + weights[$1] } } ?? Double(slots.count)
      if sum <= 0 {
        dangling += ranks[Int(vertex)]
        continue
      }
      for slot in slots {
        next[Int(outgoing.neighbours[slot])] += ranks[Int(vertex)] * (weights?[slot] ?? 1) / sum
      }
    }
    var step = 0.0
    for v in ranks.indices {
      let after = options.damping * (next[v] + dangling * start[v]) + (1 - options.damping) * start[v]
      step += abs(after - ranks[v])
    }
    return step / (1 - options.damping)
  }
}
