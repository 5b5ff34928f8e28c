import CKernels

/// What a change of the graph does to ranks and residuals: O(1) each.
extension IncrementalPageRank {
  /// Makes a batch of changes to the graph and follows them; returns how many took effect. ``update()`` comes after.
  @discardableResult
  public func apply(_ updates: UnsafeBufferPointer<EdgeUpdate>) -> Int {
    adoptNewVertices()
    let ranks = ranks
    let records = records
    return unsafe adjacency.apply(
      updates,
      prefetch: { next in
        unsafe tw_prefetch(ranks.base + Int(next.source))
        unsafe tw_prefetch(records.base + Int(next.source))
        unsafe tw_prefetch(records.base + Int(next.target))
      }, observe: { edgeChanged($0) })
  }

  @discardableResult
  public func apply(_ updates: [EdgeUpdate]) -> Int { unsafe updates.withUnsafeBufferPointer { unsafe apply($0) } }

  /// Follows a change that was made to ``adjacency``; must be told of each, in order.
  ///
  /// The source's rank is scaled with its weight sum, so what it sends along its other edges stays the same: only the
  /// residuals of the edge's two ends change.
  @inline(__always)
  public func edgeChanged(_ change: EdgeChange) {
    let source = change.source
    if max(source, change.target) >= vertexIndexCount { adoptNewVertices() }
    let rank = ranks[source]
    var share = 0.0
    if change.outWeightBefore > 0 {
      share = rank / change.outWeightBefore
      if change.outWeightAfter > 0 {
        let scaled = share * change.outWeightAfter
        let moved = scaled - rank
        ranks[source] = scaled
        rankSum += moved
        rankSumRoundingUnits += rankSum.magnitude
        unsafe records.base[Int(source)].priority = 1 / Float(adjacency.out.degree(source) + 4)
        addResidual(-moved, to: source)
        roundingUnits += 4 * scaled.magnitude
      } else {
        unsafe records.base[Int(source)].priority = 0.25
      }
    } else if change.outWeightAfter > 0 {
      share = rank / change.outWeightAfter
      unsafe records.base[Int(source)].priority = 0.2
    }
    addResidual(options.damping * share * change.weightDelta, to: change.target)
    roundingUnits += 8 * rank.magnitude
  }

  @inline(__always)
  private func addResidual(_ delta: Double, to v: VertexIndex) {
    let record = unsafe records.base + Int(v)
    let old = unsafe record.pointee.residual
    let new = old + delta
    unsafe record.pointee.residual = new
    residualSum += new.magnitude - old.magnitude
    roundingUnits += new.magnitude + delta.magnitude + residualSum.magnitude
    if !queues.isStale { unsafe queues.add(v, record) }
  }

  // MARK: vertices

  /// Adds a vertex to the graph. Its rank is what teleports give, exactly: nothing has to be repaired.
  @discardableResult
  public func insertVertex() -> VertexIndex {
    adoptNewVertices()
    let v = adjacency.insertVertex()
    vertexInserted(v)
    return v
  }

  /// Removes a vertex and its edges from the graph.
  public func removeVertex(_ v: VertexIndex) {
    adoptNewVertices()
    adjacency.removeVertex(v) { edgeChanged($0) }
    vertexRemoved(v)
  }

  /// Removes the edges whose time is below `cutoff` from the graph.
  public func expireEdges(before cutoff: Int64) {
    adoptNewVertices()
    adjacency.expireEdges(before: cutoff) { edgeChanged($0) }
  }

  /// Follows a vertex that was added to ``adjacency``.
  public func vertexInserted(_ v: VertexIndex) {
    if v >= vertexIndexCount { return adoptNewVertices() }
    setTeleport(v, options.seeds == nil ? 1 : options.seeds?[v] ?? 0)
    settle(v)
  }

  /// Follows a vertex that was removed from ``adjacency``, after all its edges were.
  public func vertexRemoved(_ v: VertexIndex) {
    adoptNewVertices()
    setTeleport(v, 0)
    settle(v)
  }

  /// Gives vertices that were added to ``adjacency`` their ranks: those without edges in have nothing to repair.
  func adoptNewVertices() {
    while vertexIndexCount < adjacency.vertexIndexCount {
      let v = VertexIndex(vertexIndexCount)
      vertexIndexCount += 1
      unevenTeleportCount += 1
      teleports[v] = 0
      let isPresent = adjacency.contains(v)
      setTeleport(v, !isPresent ? 0 : options.seeds == nil ? 1 : options.seeds?[v] ?? 0)
      let priority = 1 / Float(adjacency.out.degree(v) + 4)
      records[v] = tw_rank_record(residual: 0, priority: priority, bucket: Int32(queues.count))
      settle(v)
    }
  }

  private func setTeleport(_ v: VertexIndex, _ weight: Float) {
    unevenTeleportCount += (weight == 1 ? 0 : 1) - (teleports[v] == 1 ? 0 : 1)
    teleportingCount += (weight == 0 ? 0 : 1) - (teleports[v] == 0 ? 0 : 1)
    teleports[v] = weight
  }

  /// Sets a vertex without edges to its exact rank and no residual.
  private func settle(_ v: VertexIndex) {
    let exact = (1 - options.damping) * Double(teleports[v])
    rankSum += exact - ranks[v]
    rankSumRoundingUnits += rankSum.magnitude + exact
    residualSum -= records[v].residual.magnitude
    roundingUnits += residualSum.magnitude + ranks[v].magnitude + exact
    ranks[v] = exact
    unsafe records.base[Int(v)].residual = 0
    unsafe records.base[Int(v)].priority = 1 / Float(adjacency.out.degree(v) + 4)
  }
}
