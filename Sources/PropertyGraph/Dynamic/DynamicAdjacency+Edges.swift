import CKernels

/// Insertion, removal, reweighting and expiry of single edges.
extension DynamicAdjacency {
  /// Adds an edge. In a graph that expires, it lives until ``expireEdges(before:observe:)`` passes its time.
  /// Cost: O(1) amortised; three or four cache lines.
  @discardableResult
  public func insertEdge(
    from source: VertexIndex, to target: VertexIndex, weight: Float = 1, timeMilliseconds: Int64 = 0
  ) -> EdgeChange {
    require(source)
    require(target)
    let position = out.append(target, to: source)
    let mate = into.append(source, to: target)
    let outSlot = Int(out.slabs[source].offset + position)
    let inSlot = Int(into.slabs[target].offset + mate)
    out.mates[outSlot] = mate
    into.mates[inSlot] = position
    edgeCount += 1
    if let ids = out.ids {
      ids[outSlot] = window!.insert(timeMilliseconds: timeMilliseconds, source: source, position: position)
    }
    guard let outWeights, let weightsOut = out.weights, let weightsIn = into.weights else {
      let after = Double(position + 1)
      return EdgeChange(
        kind: .insert, source: source, target: target, weightDelta: 1, outWeightBefore: after - 1,
        outWeightAfter: after)
    }
    requireWeight(weight)
    weightsOut[outSlot] = weight
    weightsIn[inSlot] = weight
    let before = outWeights[source]
    let after = changeWeightSum(source, by: Double(weight))
    return EdgeChange(
      kind: .insert, source: source, target: target, weightDelta: Double(weight), outWeightBefore: before,
      outWeightAfter: after)
  }

  /// Removes one edge from source to target (which of several parallel ones is unspecified, but the same in every run);
  /// nil where there is none. Cost: a search of the shorter of the two slabs.
  @discardableResult
  public func removeEdge(from source: VertexIndex, to target: VertexIndex) -> EdgeChange? {
    require(source)
    require(target)
    guard let position = position(from: source, to: target) else { return nil }
    return removeEdge(of: source, at: position)
  }

  /// Gives one edge from source to target another weight; nil where there is none.
  @discardableResult
  public func reweightEdge(from source: VertexIndex, to target: VertexIndex, weight: Float) -> EdgeChange? {
    require(source)
    require(target)
    requireWeight(weight)
    guard let outWeights, let weightsOut = out.weights, let weightsIn = into.weights else {
      preconditionFailure("this graph was built without weights")
    }
    guard let position = position(from: source, to: target) else { return nil }
    let slot = Int(out.slabs[source].offset + position)
    let delta = Double(weight) - Double(weightsOut[slot])
    weightsOut[slot] = weight
    weightsIn[Int(into.slabs[target].offset + out.mates[slot])] = weight
    let before = outWeights[source]
    let after = changeWeightSum(source, by: delta)
    return EdgeChange(
      kind: .reweight, source: source, target: target, weightDelta: delta, outWeightBefore: before,
      outWeightAfter: after)
  }

  /// Removes all edges whose time is below `cutoff`, the oldest first; `observe` is told of each. Cost: O(1) an edge.
  public func expireEdges(before cutoff: Int64, observe: (EdgeChange) -> Void = { _ in }) {
    precondition(window != nil, "this graph was built without times: options.expiring is false")
    while let place = window!.popExpired(before: cutoff) {
      if place.source == EdgeWindow.gone { continue }
      observe(removeEdge(of: place.source, at: place.position, isExpired: true))
    }
  }

  // MARK: parts

  @inline(__always)
  private func position(from source: VertexIndex, to target: VertexIndex) -> UInt32? {
    if out.degree(source) <= into.degree(target) { return out.position(of: target, in: source) }
    guard let mate = into.position(of: source, in: target) else { return nil }
    return into.mates[into.slabs[target].offset + mate]
  }

  /// Removes the edge at a position of its source's slab. Cost: O(1).
  @discardableResult
  func removeEdge(of source: VertexIndex, at position: UInt32, isExpired: Bool = false) -> EdgeChange {
    let slot = out.slabs[source].offset + position
    let target = out.neighbours[slot]
    let mate = out.mates[slot]
    let weight = out.weights.map { Double($0[slot]) } ?? 1
    if !isExpired, let ids = out.ids { window?.markGone(ids[slot]) }
    let before = weightSum(source)
    if let moved = out.remove(position, of: source) {
      into.mates[into.slabs[moved.neighbour].offset + moved.mate] = position
      if options.expiring { window?.move(moved.id, to: position) }
    }
    if let moved = into.remove(mate, of: target) {
      out.mates[out.slabs[moved.neighbour].offset + moved.mate] = mate
    }
    edgeCount -= 1
    out.shrinkIfSparse(source)
    into.shrinkIfSparse(target)
    let after = outWeights == nil ? before - 1 : changeWeightSum(source, by: -weight)
    if out.wantsCompaction { out.compact(vertexCount: vertexIndexCount) }
    if into.wantsCompaction { into.compact(vertexCount: vertexIndexCount) }
    return EdgeChange(
      kind: .remove, source: source, target: target, weightDelta: -weight, outWeightBefore: before,
      outWeightAfter: after)
  }

  /// Adds to a vertex's weight sum. It is summed afresh after as many changes as the vertex has edges, and when most of
  /// it is taken away: its relative error stays below the degree times 2⁻⁵⁰ without a cost that grows.
  private func changeWeightSum(_ v: VertexIndex, by delta: Double) -> Double {
    guard let outWeights, let outWeightAge else { return Double(out.degree(v)) }
    let before = outWeights[v]
    var after = before + delta
    outWeightAge[v] += 1
    if after <= before * 0.5 || Int(outWeightAge[v]) > max(16, out.degree(v)) {
      after = 0
      outWeightAge[v] = 0
      unsafe withTargets(of: v) { targets, weights in
        guard let weights = unsafe weights else { return }
        for i in 0..<targets.count { unsafe after += Double(weights[i]) }
      }
    }
    outWeights[v] = after
    return after
  }

  @inline(__always)
  private func requireWeight(_ weight: Float) {
    precondition(weight > 0 && weight < .infinity, "an edge's weight must be positive and finite")
  }
}
