/// PageRank as operators: see ``PageRank`` for the method.
///
/// The vertices of the result have their ranks as attributes, the edges the share of the source's rank that follows
/// them: 1 over the number of edges that leave, or its part of their weights.
extension Graph {
  /// Tells how much rank follows an edge, in proportion to the other edges of its source; not negative.
  public typealias EdgeWeight = @Sendable (Edge<EdgeAttribute>) -> Double

  /// Ranks that sum to the number of vertices, as GraphX's do.
  ///
  /// ```swift
  /// let ranks = graph.pageRank(tolerance: 1e-6).vertices
  /// ```
  ///
  /// - Parameters:
  ///   - tolerance: the most by which ranks differ from the exact ones on average, as certified. GraphX stops when no
  ///     rank changes by more, which bounds nothing.
  ///   - resetProbability: how often a walk starts anew at any vertex.
  ///   - initial: ranks to begin with, such as those of an earlier state of the graph; vertices without one begin with
  ///     1. They change the cost, not the result.
  ///   - weight: none lets the same rank follow all edges of a vertex.
  @inlinable
  public func pageRank(
    tolerance: Double, resetProbability: Double = 0.15, initial: VertexSet<Double>? = nil, weight: EdgeWeight? = nil
  ) -> Graph<Double, Double> {
    ranked(.tolerance(tolerance), resetProbability, seeds: nil, initial, weights(weight))
  }

  /// Ranks after a number of rounds that start with the same rank everywhere; they sum to the number of vertices.
  ///
  /// In each round the rank of vertices that no edge leaves goes to all vertices alike (as LDBC Graphalytics defines
  /// it); GraphX drops it and scales the ranks at the end. Without such vertices both are the same.
  @inlinable
  public func staticPageRank(
    iterations: Int, resetProbability: Double = 0.15, weight: EdgeWeight? = nil
  ) -> Graph<Double, Double> {
    ranked(.iterations(iterations), resetProbability, seeds: nil, nil, weights(weight))
  }

  /// Ranks of walks that start, and start anew, at one vertex; they sum to 1, as GraphX's do. Nil if the graph does not
  /// have the vertex.
  ///
  /// - Parameter tolerance: the most by which ranks differ from the exact ones in sum, as certified.
  @inlinable
  public func personalizedPageRank(
    source: VertexID, tolerance: Double, resetProbability: Double = 0.15, weight: EdgeWeight? = nil
  ) -> Graph<Double, Double>? {
    vertex(source).map { ranked(.tolerance(tolerance), resetProbability, seeds: $0, nil, weights(weight)) }
  }

  /// Ranks of walks that start, and start anew, at one vertex, after a number of rounds. Nil if the graph does not have
  /// the vertex.
  @inlinable
  public func staticPersonalizedPageRank(
    source: VertexID, iterations: Int, resetProbability: Double = 0.15, weight: EdgeWeight? = nil
  ) -> Graph<Double, Double>? {
    vertex(source).map { ranked(.iterations(iterations), resetProbability, seeds: $0, nil, weights(weight)) }
  }

  /// Personalised ranks for several vertices at once: an attribute holds the ranks of walks from each of them. Nil if
  /// the graph lacks one of the vertices.
  ///
  /// Cost: half of that of single computations.
  @inlinable
  public func staticParallelPersonalizedPageRank(
    sources: [VertexID], iterations: Int, resetProbability: Double = 0.15, weight: EdgeWeight? = nil
  ) -> Graph<[Double], Double>? {
    let seeds = sources.compactMap { vertex($0) }
    return seeds.count == sources.count ? ranked(iterations, resetProbability, seeds, weights(weight)) : nil
  }

  /// The weights of the edges by number.
  @inlinable
  func weights(_ weight: EdgeWeight?) -> AttributeColumn<Double>? { weight.map { mapEdges($0).edgeColumn } }

  @usableFromInline
  func ranked(
    _ termination: PageRankOptions.Termination, _ resetProbability: Double, seeds: VertexIndex?,
    _ initial: VertexSet<Double>?, _ weights: AttributeColumn<Double>?
  ) -> Graph<Double, Double> {
    let packed = PackedTopology(edgeTopology, members, weights: weights)
    let count = packed.topology.vertexCount
    var options = PageRankOptions(damping: 1 - resetProbability, termination: termination, weighted: weights != nil)
    options.personalization = seeds.flatMap { packed.packed($0) }.map { [$0: 1] }
    if let aligned = initial?.aligned(to: names) {
      options.initial = (0..<VertexIndex(count)).map { aligned[vertex: packed.original($0)] ?? 1 }
    }
    let scale = seeds == nil ? Double(count) : 1
    let ranks = PageRank.ranks(packed.topology, options: options).ranks.map { $0 * scale }
    return with(vertexColumn: packed.column(ranks))
      .with(edgeColumn: RankShares.column(edgeTopology, weights: weights))
  }

  @usableFromInline
  func ranked(
    _ iterations: Int, _ resetProbability: Double, _ seeds: [VertexIndex], _ weights: AttributeColumn<Double>?
  ) -> Graph<[Double], Double> {
    let packed = PackedTopology(edgeTopology, members, weights: weights)
    let options = PageRankOptions(
      damping: 1 - resetProbability, termination: .iterations(iterations), weighted: weights != nil)
    let ranks = PageRank.personalized(
      packed.topology, seeds: seeds.compactMap { packed.packed($0).map { [$0] } }, options: options)
    let rows = (0..<packed.topology.vertexCount).map { vertex in ranks.map { $0[vertex] } }
    return with(vertexColumn: packed.column(rows))
      .with(edgeColumn: RankShares.column(edgeTopology, weights: weights))
  }
}

/// What part of its source's rank follows each edge.
enum RankShares {
  /// - Parameter weights: one for each edge, by number; none makes all count 1.
  static func column(_ topology: Topology, weights: AttributeColumn<Double>?) -> AttributeColumn<Double> {
    let scan = topology.scanInOrder()
    let sums = FreshBuffer<Double>(count: scan.vertexCount)
    let weightBase = unsafe weights?.base
    scan.forEachEdge(in: 0..<scan.edgeCount) { source, _, number in
      unsafe sums.base[Int(source)] += weightBase.map { unsafe $0[number] } ?? 1
    }
    let shares = ColumnBuilder<Double>(count: scan.edgeCount)
    FixedRanges(count: scan.edgeCount).run { _, range in
      scan.forEachEdge(in: range) { source, _, number in
        let sum = unsafe sums.base[Int(source)]
        unsafe (shares.base + number).initialize(to: sum > 0 ? (weightBase.map { unsafe $0[number] } ?? 1) / sum : 0)
      }
    }
    withExtendedLifetime((topology, weights, sums)) {}
    return shares.finish()
  }
}
