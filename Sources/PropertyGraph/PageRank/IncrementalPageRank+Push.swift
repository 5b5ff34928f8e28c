import CKernels
import Foundation

/// Sparse solving: residual is pushed out of the vertices that hold the most of it per edge.
extension IncrementalPageRank {
  /// Pushes until the residual is under the budget, or until the decay so far predicts more than `edgeLimit` edges.
  /// Returns the edges pushed along, 4 more counted per push; what was pushed stays valid either way.
  func push(edgeLimit: Double) -> Int {
    var edges = 0
    for _ in 0..<8 where !isCertified {
      let before = residualSum
      edges += pushOnce(edgeLimit: edgeLimit - Double(edges))
      if isCertified || Double(edges) >= edgeLimit { break }
      // queues that ran empty above their floor are rebuilt for the graph as it is; if that does not help, give up
      if edgeLimit < .infinity || residualSum > 0.999 * before { break }
      rebuildQueues()
    }
    return edges
  }

  private func pushOnce(edgeLimit: Double) -> Int {
    let target = budget * (1 - 1e-6) - 2 * roundingError
    let records = records.base
    let ranks = ranks.base
    let out = adjacency.out
    let slabs = out.slabs.base
    let neighbours = out.neighbours.base
    let weights = out.weights?.base
    let queues = queues.queues
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
    var forecast = PushForecast(residual: residualSum, edgeLimit: edgeLimit)
    defer {
      self.residualSum = max(0, residualSum)
      rankSumRoundingUnits += pushes * (max(rankSum, self.rankSum) + residualBefore)
      self.rankSum = rankSum
      roundingUnits += rounding
      self.queues.entryCount = entryCount
    }
    while residualSum > target {
      while q < queueCount && queues[q].head == queues[q].count {
        queues[q].head = 0
        queues[q].count = 0
        q += 1
      }
      if q >= queueCount { break }
      let head = queues[q].head
      let u = queues[q].base[head]
      queues[q].head = head &+ 1
      entryCount &-= 1
      if head &+ 6 < queues[q].count {
        let waiting = queues[q].base + head
        let (next, later, latest) = (waiting[1], waiting[3], waiting[6])
        tw_prefetch(records + Int(latest))
        tw_prefetch(slabs + Int(latest))
        tw_prefetch(ranks + Int(latest))
        tw_prefetch(neighbours + Int(slabs[Int(later)].offset))
        let first = slabs[Int(next)]
        let list = neighbours + Int(first.offset)
        for i in 0..<min(12, Int(first.degree)) { tw_prefetch(records + Int(list[i])) }
      }
      let record = records + Int(u)
      if Int(record.pointee.bucket) != q { continue }  // stale
      let residual = record.pointee.residual
      let now = IncrementalPushQueues.queue(
        of: residual, priority: record.pointee.priority, topBits: topBits, count: queueCount)
      if Int(now) > q {  // cancelled meanwhile
        record.pointee.bucket = now
        if Int(now) < queueCount {
          IncrementalPushQueues.append(u, to: queues + Int(now))
          entryCount &+= 1
        }
        continue
      }
      record.pointee.bucket = Int32(truncatingIfNeeded: queueCount)
      record.pointee.residual = 0
      residualSum -= residual.magnitude
      let rank = ranks[Int(u)] + residual
      ranks[Int(u)] = rank
      rankSum += residual
      pushes += 1
      let slab = slabs[Int(u)]
      let degree = Int(slab.degree)
      edges &+= degree &+ 4
      rounding += 2 * rank.magnitude + residualSum.magnitude
      if degree > 0 {
        let list = neighbours + Int(slab.offset)
        let total = weights == nil ? Double(degree) : adjacency.weightSum(u)
        let delta = options.damping * residual / total
        var before = 0.0
        var after = 0.0
        for i in 0..<degree {
          if i &+ 12 < degree { tw_prefetch(records + Int(list[i &+ 12])) }
          let w = list[i]
          let neighbour = records + Int(w)
          let old = neighbour.pointee.residual
          let new = old + (weights.map { delta * Double($0[Int(slab.offset) &+ i]) } ?? delta)
          neighbour.pointee.residual = new
          before += old.magnitude
          after += new.magnitude
          let k = IncrementalPushQueues.queue(
            of: new, priority: neighbour.pointee.priority, topBits: topBits, count: queueCount)
          if k < neighbour.pointee.bucket {
            neighbour.pointee.bucket = k
            IncrementalPushQueues.append(w, to: queues + Int(k))
            entryCount &+= 1
            if k < q { q = Int(k) }
          }
        }
        residualSum += after - before
        rounding += Double(degree &+ 8) * (after + before) + 4 * residual.magnitude
      }
      if edges >= forecast.nextCheck && forecast.isHopeless(edges, residualSum, target, edgeLimit) { break }
    }
    return edges
  }
}

/// Foretells from the decay of the residual how many edges pushing will take in all.
struct PushForecast {
  private var edges = 0
  private var residual: Double
  private(set) var nextCheck: Int

  init(residual: Double, edgeLimit: Double) {
    self.residual = residual
    nextCheck = Int(max(0, min(4096, edgeLimit)))
  }

  mutating func isHopeless(_ edges: Int, _ residual: Double, _ target: Double, _ edgeLimit: Double) -> Bool {
    if edgeLimit == .infinity || residual <= target { return false }
    let decay = log(self.residual / residual)
    guard decay > 0, target > 0 else { return true }
    let rest = 1.2 * Double(edges - self.edges) * log(residual / target) / decay
    self.edges = edges
    self.residual = residual
    nextCheck = edges + min(max(8192, edges / 4), max(64, Int(edgeLimit) - edges))
    return Double(edges) + rest > edgeLimit
  }
}
