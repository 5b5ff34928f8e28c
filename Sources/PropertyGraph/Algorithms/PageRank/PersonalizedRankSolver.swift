/// Solves up to eight ``PageRankSystem``s that differ only in their seeds: block Gauss–Seidel sweeps in 64 bits over
/// rows of eight.
///
/// Rounds, shares and publishing are those of ``PageRankSolver``. What flows back to the seeds follows the ranks; a
/// synchronous step of the walk at the end certifies: if it takes p to p', the error of p' is at most `d/(1-d)·|p' -
/// p|`.
final class PersonalizedRankSolver {
  typealias Row = SIMD8<Double>
  static let laneCount = 8

  private let system: PageRankSystem
  private let seeds: [[VertexIndex]]
  private let vertexCount: Int
  private let ranges: VertexRanges
  private let rounds: [VertexRanges]
  private let ranks: FreshBuffer<Row>
  private let shares: FreshBuffer<Row>
  private let fresh: FreshBuffer<Row>
  /// What part of the walks starts at each seed, in the order of the vertices.
  private let starts: [(vertex: Int, row: Row)]
  private var scans = 0

  init(_ system: PageRankSystem, _ seeds: [[VertexIndex]]) {
    (self.system, self.seeds, vertexCount) = (system, seeds, system.vertexCount)
    (ranges, rounds) = system.incoming.withPointers(PageRankSolver.schedule)
    ranks = FreshBuffer(count: vertexCount)
    shares = FreshBuffer(count: vertexCount)
    fresh = FreshBuffer(count: vertexCount)
    var rows: [Int: Row] = [:]
    for (lane, set) in seeds.enumerated() {
      for seed in set { rows[Int(seed), default: .zero][lane] += 1 / Double(set.count) }
    }
    starts = rows.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    for (vertex, row) in starts { unsafe ranks.base[vertex] = row }
  }

  func solve(_ termination: PageRankOptions.Termination) -> [PageRankResult] {
    var bounds = Row(repeating: 2)
    switch termination {
    case .iterations(let count):
      for _ in 0..<count { bounds = step() }
    case .tolerance(let tolerance): bounds = solve(tolerance: tolerance)
    }
    return results(bounds)
  }

  /// Sweeps, certified by a step of the walk; only steps, which always converge, once sweeps do not.
  private func solve(tolerance: Double) -> Row {
    let scansMax = PageRankSolver.scansMax(damping: system.damping)
    var errorPerChange = 1.0
    var bounds = Row(repeating: 2)
    var isStuck = false
    while bounds.max() > tolerance, scans < scansMax {
      var (changed, earlier, sweepCount) = (Double.infinity, Double.infinity, 0)
      while !isStuck, changed * errorPerChange > 0.9 * tolerance, scans < scansMax {
        changed = sweep()
        sweepCount += 1
        if sweepCount % PageRankSolver.patience == 0 {
          isStuck = changed > 0.7 * earlier
          earlier = changed
        }
      }
      let before = bounds.max()
      bounds = step()
      let bound = bounds.max()
      // where not even steps progress, rounding forbids it
      if isStuck, bound > before * (1 + system.damping) / 2 { break }
      isStuck = isStuck || bound > 0.98 * before
      if changed > 0, changed < .infinity { errorPerChange = max(bound / changed, 1e-3) }
    }
    return bounds
  }

  private func publish() {
    let (ranks, shares, inverses) = (ranks, shares, system.inverses)
    ranges.run { _, range in
      for v in range { unsafe shares.base[v] = unsafe ranks.base[v] * inverses.base[v] }
    }
  }

  /// The sums of the ranks, and of those of dangling vertices.
  private func totals() -> (all: Row, dangling: Row) {
    let (ranks, inverses) = (ranks, system.inverses)
    let parts = ranges.map { range in
      var (all, dangling) = (Row.zero, Row.zero)
      for v in range {
        unsafe all += ranks.base[v]
        if unsafe inverses.base[v] == 0 { unsafe dangling += ranks.base[v] }
      }
      return (all, dangling)
    }
    return parts.reduce((Row.zero, Row.zero)) { ($0.0 + $1.0, $0.1 + $1.1) }
  }

  /// What a range's scan sums up.
  private struct Sums {
    var change = Row.zero
    var signedChange = Row.zero
    var danglingChange = Row.zero
    var rounding = Row.zero
  }

  /// A sweep by rounds; returns the largest change of the eight.
  private func sweep() -> Double {
    let (shares, fresh) = (shares, fresh)
    publish()
    scans += 1
    var (total, dangling) = totals()
    var changed = Row.zero
    system.incoming.withPointers { incoming in
      for round in rounds {
        let restart = total - system.damping * (total - dangling)
        for part in round.map({ scan(incoming, $0, restart: restart) }) {
          changed += part.change
          total += part.signedChange
          dangling += part.danglingChange
        }
        let first = round.bounds[0]
        unsafe (shares.base + first).update(from: fresh.base + first, count: round.bounds[round.count] - first)
      }
    }
    return changed.max()
  }

  /// One step of the walk, from ranks scaled to a sum of 1; returns the certified errors after it.
  private func step() -> Row {
    let (ranks, damping) = (ranks, system.damping)
    // lanes without seeds stay 0
    let sums = totals().all
    let scale = (Row(repeating: 1) / sums).replacing(with: 1, where: sums .== 0)
    ranges.run { _, range in for v in range { unsafe ranks.base[v] *= scale } }
    publish()
    scans += 1
    let (total, dangling) = totals()
    let restart = total - damping * (total - dangling)
    let parts = system.incoming.withPointers { incoming in
      ranges.map { scan(incoming, $0, restart: restart) }
    }
    let all = parts.reduce((Row.zero, Row.zero)) { ($0.0 + $1.change, $0.1 + $1.rounding) }
    let longest = Double((0..<ranges.count).reduce(ranges.count) { max($0, ranges[$1].count) })
    let rounding = all.1 * (4 * 0x1p-53) + 4 * longest * 0x1p-53
    return (damping * all.0 + rounding) / (1 - damping)
  }

  /// Computes the ranks of a range from the published shares, and leaves the new shares in `fresh`.
  @inline(__always)
  private func scan(_ incoming: AdjacencyPointers, _ range: Range<Int>, restart: Row) -> Sums {
    let (damping, ranks, fresh, inverses) = unsafe (system.damping, ranks.base, fresh.base, system.inverses.base)
    let shares = unsafe UnsafePointer(shares.base)
    let weights = unsafe system.isWeighted ? incoming.weights : nil
    let roundingsPerSlot = system.isWeighted ? 2.0 : 1
    var start = firstStart(atOrAfter: range.lowerBound)
    var sums = Sums()
    for v in range {
      var sum = Row.zero
      for slot in incoming.slots(of: v) {
        let row = unsafe shares[Int(incoming.neighbours[slot])]
        if let weights = unsafe weights { unsafe sum += row * weights[slot] } else { sum += row }
      }
      var rank = damping * sum
      if start < starts.count, starts[start].vertex == v {
        rank += restart * starts[start].row
        start += 1
      }
      let change = unsafe rank - ranks[v]
      sums.change += change.replacing(with: -change, where: change .< 0)
      sums.signedChange += change
      if unsafe inverses[v] == 0 { sums.danglingChange += change }
      sums.rounding += rank * (Double(incoming.degree(of: v)) * roundingsPerSlot + 16)
      unsafe ranks[v] = rank
      unsafe fresh[v] = unsafe rank * inverses[v]
    }
    return sums
  }

  private func firstStart(atOrAfter vertex: Int) -> Int {
    var (low, high) = (0, starts.count)
    while low < high {
      let middle = (low + high) / 2
      if starts[middle].vertex < vertex { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func results(_ bounds: Row) -> [PageRankResult] {
    let sums = totals().all
    return seeds.indices.map { lane in
      let ranks = unsafe [Double](unsafeUninitializedCapacity: vertexCount) { out, initializedCount in
        for v in 0..<vertexCount { unsafe out[v] = unsafe self.ranks.base[v][lane] / sums[lane] }
        initializedCount = vertexCount
      }
      return PageRankResult(ranks: ranks, bound: min(2, bounds[lane]), iterations: scans)
    }
  }
}
