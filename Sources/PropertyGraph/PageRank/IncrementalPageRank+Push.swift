import CKernels

/// Sparse solving: residual is pushed out of the vertices that hold the most of it per edge.
extension IncrementalPageRank {
  /// Pushes until the residual is under the budget, all vertices taken into account. Returns the edges pushed along, 4
  /// more counted per push.
  func pushWithoutLimit() -> Int {
    var edges = 0
    if queues.isStale { rebuildQueues(floor: pushFloorOfAll) }
    for attempt in 0..<8 where !isCertified {
      let before = residualSum
      edges += push(edgeLimit: .infinity, edgesPerPass: .infinity)
      if isCertified || attempt > 0 && residualSum > 0.999 * before { break }
      // queues that ran empty are rebuilt for the graph as it is
      rebuildQueues(floor: pushFloorOfAll)
    }
    return edges
  }

  /// Pushes until the residual is under the budget, until a pass over the whole graph, which costs as much as pushing
  /// along `edgesPerPass` edges, is the better deal, or until `edgeLimit` edges. What was pushed stays valid either way.
  func push(edgeLimit: Double, edgesPerPass: Double) -> Int {
    let target = budget * (1 - 1e-6) - 2 * roundingError
    let records = unsafe records.base
    let ranks = unsafe ranks.base
    let out = adjacency.out
    let slabs = unsafe out.slabs.base
    let neighbours = unsafe out.neighbours.base
    let weights = unsafe out.weights?.base
    let queues = unsafe queues.queues
    let queueCount = self.queues.count
    let topBits = self.queues.topBits
    var entryCount = self.queues.entryCount
    let residualBefore = residualSum
    var residualSum = residualBefore
    var rankSum = rankSum
    var rounding = 0.0
    var edges = 0
    var pushes = 0.0
    var q = 0
    let edgeLimit = Int(min(edgeLimit, 0x1p60))
    defer {
      self.residualSum = max(0, residualSum)
      rankSumRoundingUnits += pushes * (max(rankSum, self.rankSum) + residualBefore)
      self.rankSum = rankSum
      roundingUnits += rounding
      self.queues.entryCount = entryCount
    }
    while residualSum > target {
      while unsafe q < queueCount && queues[q].head == queues[q].count {
        unsafe queues[q].head = 0
        unsafe queues[q].count = 0
        q += 1
        let most = Double(bitPattern: UInt64(max(0, topBits &- Int64(q) << 52)))
        let worth = IncrementalCostModel.pushWorth(ratio: residualSum / budget)
        if most * edgesPerPass < worth * residualSum { q = queueCount }
      }
      if q >= queueCount || edges >= edgeLimit { break }
      let head = unsafe queues[q].head
      let u = unsafe queues[q].base[head]
      unsafe queues[q].head = head &+ 1
      entryCount &-= 1
      if unsafe head &+ 6 < queues[q].count {
        let waiting = unsafe queues[q].base + head
        let (next, later, latest) = unsafe (waiting[1], waiting[3], waiting[6])
        unsafe tw_prefetch(records + Int(latest))
        unsafe tw_prefetch(slabs + Int(latest))
        unsafe tw_prefetch(ranks + Int(latest))
        unsafe tw_prefetch(neighbours + Int(slabs[Int(later)].offset))
        let first = unsafe slabs[Int(next)]
        let list = unsafe neighbours + Int(first.offset)
        for i in 0..<min(12, Int(first.degree)) { unsafe tw_prefetch(records + Int(list[i])) }
      }
      let record = unsafe records + Int(u)
      if unsafe Int(record.pointee.bucket) != q { continue }  // stale
      let residual = unsafe record.pointee.residual
      let now = unsafe IncrementalPushQueues.queue(
        of: residual, priority: record.pointee.priority, topBits: topBits, count: queueCount)
      if Int(now) > q {  // cancelled meanwhile
        unsafe record.pointee.bucket = now
        if Int(now) < queueCount {
          unsafe IncrementalPushQueues.append(u, to: queues + Int(now))
          entryCount &+= 1
        }
        continue
      }
      unsafe record.pointee.bucket = Int32(truncatingIfNeeded: queueCount)
      unsafe record.pointee.residual = 0
      residualSum -= residual.magnitude
      let rank = unsafe ranks[Int(u)] + residual
      unsafe ranks[Int(u)] = rank
      rankSum += residual
      pushes += 1
      let slab = unsafe slabs[Int(u)]
      let degree = Int(slab.degree)
      edges &+= degree &+ 4
      rounding += 2 * rank.magnitude + residualSum.magnitude
      if degree > 0 {
        let list = unsafe neighbours + Int(slab.offset)
        let total = unsafe weights == nil ? Double(degree) : adjacency.weightSum(u)
        let delta = options.damping * residual / total
        var before = 0.0
        var after = 0.0
        for i in 0..<degree {
          if i &+ 12 < degree { unsafe tw_prefetch(records + Int(list[i &+ 12])) }
          let w = unsafe list[i]
          let neighbour = unsafe records + Int(w)
          let old = unsafe neighbour.pointee.residual
          let new = unsafe old + (weights.map { unsafe delta * Double($0[Int(slab.offset) &+ i]) } ?? delta)
          unsafe neighbour.pointee.residual = new
          before += old.magnitude
          after += new.magnitude
          let k = unsafe IncrementalPushQueues.queue(
            of: new, priority: neighbour.pointee.priority, topBits: topBits, count: queueCount)
          if unsafe k < neighbour.pointee.bucket {
            unsafe neighbour.pointee.bucket = k
            unsafe IncrementalPushQueues.append(w, to: queues + Int(k))
            entryCount &+= 1
            if k < q { q = Int(k) }
          }
        }
        residualSum += after - before
        rounding += Double(degree &+ 8) * (after + before) + 4 * residual.magnitude
      }
    }
    return edges
  }
}
