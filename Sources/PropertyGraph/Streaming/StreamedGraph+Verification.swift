/// The batch computed again without anything that was kept: PageRank by plain iteration in 64 bits, components by
/// disjoint sets.
///
/// Cost: some 200 passes over the edges; for tests and demonstrations.
extension StreamedGraph {
  func verification() -> GraphDelta.Verification {
    let exact = exactRanks()
    var (distance, sum) = (0.0, 0.0)
    for v in 0..<isActive.count {
      distance += abs(exact[v] - ranks.rank(of: VertexIndex(v)))
      sum += exact[v]
    }
    return GraphDelta.Verification(
      trueError: sum > 0 ? distance / sum : distance, componentsAgree: componentsAgree())
  }

  /// The unnormalised ranks to a relative L1 error of 1e-13.
  private func exactRanks() -> [Double] {
    let damping = options.damping
    let count = isActive.count
    let teleport = isActive.map { $0 == 1 ? 1 - damping : 0 }
    var x = teleport
    for _ in 0..<10_000 {
      var next = teleport
      for v in 0..<VertexIndex(count) where adjacency.outDegree(v) > 0 {
        unsafe adjacency.withTargets(of: v) { targets, weights in
          var total = Double(targets.count)
          if let weights = unsafe weights {
            total = 0
            for i in 0..<targets.count { unsafe total += Double(weights[i]) }
          }
          let share = damping * x[Int(v)] / total
          for i in 0..<targets.count {
            unsafe next[Int(targets[i])] += share * (weights.map { unsafe Double($0[i]) } ?? 1)
          }
        }
      }
      var (change, sum) = (0.0, 0.0)
      for v in 0..<count {
        change += abs(next[v] - x[v])
        sum += next[v]
      }
      x = next
      if change * damping <= 1e-13 * (1 - damping) * sum { break }
    }
    return x
  }

  private func componentsAgree() -> Bool {
    var parents = Array(0..<isActive.count)
    func root(_ v: Int) -> Int {
      var v = v
      while parents[v] != v {
        parents[v] = parents[parents[v]]
        v = parents[v]
      }
      return v
    }
    var edges = 0
    for v in 0..<VertexIndex(isActive.count) {
      unsafe adjacency.withTargets(of: v) { targets, _ in
        for i in targets.indices {
          let target = unsafe targets[i]
          let (a, b) = (root(Int(v)), root(Int(target)))
          parents[max(a, b)] = min(a, b)
          if !options.isUndirected || v <= target { edges += 1 }
        }
      }
    }
    // the same partition: one stands for one
    var keepers: [Int: VertexIndex] = [:]
    var sizes: [Int: Int] = [:]
    var active = 0
    for v in 0..<isActive.count {
      let isThere = components.contains(VertexIndex(v))
      if isThere != (isActive[v] == 1) { return false }
      if !isThere { continue }
      active += 1
      let keeper = components.find(VertexIndex(v))
      let set = root(v)
      sizes[set, default: 0] += 1
      if keepers[set, default: keeper] != keeper { return false }
      keepers[set] = keeper
    }
    return keepers.count == components.componentCount && active == components.vertexCount && edges == edgeCount
      && (sizes.values.max() ?? 0) == self.sizes.largest
  }
}
