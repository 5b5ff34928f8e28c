/// Solves a ``PageRankSystem``: block Gauss–Seidel sweeps with Aitken extrapolation, then a scan in 64 bits that
/// certifies.
///
/// A sweep goes through the vertices in rounds; all vertices of a round read the shares (rank per unit of out-weight)
/// published before it, and its own are published when it is over. The rounds are a function of the graph, so nothing
/// is left to chance. The weight β of the teleport vector follows x so that the residuals' sum is 0: that takes out the
/// slowest mode, the total of x, which normalising makes irrelevant. Sweeps read shares of 32 bits while that is exact
/// enough. When one slow mode is left, so that changes shrink by a constant factor, x jumps to its limit (Kamvar,
/// Haveliwala, Manning, Golub 2003).
///
/// Certificate: a scan in 64 bits computes the residual `r` and takes `x + r`, whose residual is exactly `d·Aᵀr`. With
/// R and S the sums of |r| and r over the vertices with edges out, the residual of the normalised ranks in the
/// stochastic formulation is at most `d·(R + |S|)/X` in sum, X the sum of x, and their error at most 1/(1-d) times
/// that. A bound of the rounding is added.
final class PageRankSolver {
  static let roundCount = 12
  static let tasksPerRound = 8
  /// Shares of 32 bits serve down to about this error.
  static let precision32 = 5e-7
  /// Certificates without progress after which sweeps are given up.
  static let idleMax = 4
  /// Sweeps within which changes must shrink.
  static let patience = 16

  let system: PageRankSystem
  private let vertexCount: Int
  private let ranges: VertexRanges
  private let rounds: [VertexRanges]
  private let x: FreshBuffer<Double>
  private let change: FreshBuffer<Float>
  private let shares64: FreshBuffer<Double>
  private let isWarm: Bool
  private var scans = 0
  private let scansMax: Int
  /// Sweeps do not converge (they are not bound to, where few cycles hold all rank): steps of the walk always do.
  private var isStuck = false
  private var jumps = true
  /// The sum of x, and that of its dangling vertices.
  private var total = 0.0
  private var dangling = 0.0
  /// The error that is left by a sweep whose changes sum to 1, as last seen.
  private var errorPerChange = 0.9

  init(_ system: PageRankSystem, _ options: PageRankOptions) {
    self.system = system
    let vertexCount = system.vertexCount
    self.vertexCount = vertexCount
    (ranges, rounds) = system.incoming.withPointers(Self.schedule)
    x = FreshBuffer(count: vertexCount)
    change = FreshBuffer(count: vertexCount)
    shares64 = FreshBuffer(count: vertexCount)
    isWarm = options.initial != nil
    scansMax = Self.scansMax(damping: options.damping)
    start(options.initial)
  }

  /// The ranges of a synchronous scan, and the rounds of a sweep with the ranges of each.
  static func schedule(_ incoming: AdjacencyPointers) -> (ranges: VertexRanges, rounds: [VertexRanges]) {
    let rounds = VertexRanges(incoming, rangeCount: roundCount)
    return (
      VertexRanges(incoming),
      (0..<rounds.count).map { VertexRanges(incoming, vertices: rounds[$0], rangeCount: tasksPerRound) }
    )
  }

  /// Twice as many steps as the walk needs to forget everything but rounding.
  static func scansMax(damping: Double) -> Int { 64 + Int(min(80 / (1 - damping), 1e9)) }

  /// Sets x to where walks start, or to the ranks given, scaled to a sum of 1.
  private func start(_ initial: [Double]?) {
    if let initial {
      precondition(initial.count == vertexCount, "\(initial.count) initial ranks for \(vertexCount) vertices")
      var sum = 0.0
      for rank in initial {
        precondition(rank >= 0 && rank < .infinity, "an initial rank is \(rank)")
        sum += rank
      }
      precondition(sum > 0, "the initial ranks are all 0")
      for v in 0..<vertexCount { unsafe x.base[v] = initial[v] / sum }
    } else {
      let scale = 1 / Double(vertexCount)
      for v in 0..<vertexCount { unsafe x.base[v] = unsafe (system.teleport?.base[v] ?? 1) * scale }
    }
  }

  // MARK: Fixed iterations

  /// Synchronous rounds from the start, dangling mass put back in each.
  func iterate(_ count: Int) -> PageRankResult {
    let scale = 1 / Double(vertexCount)
    let (damping, x, shares, inverses) = (system.damping, x, shares64, system.inverses)
    let teleport = unsafe system.teleport?.base
    let roundingsPerSlot = system.roundingsPerSlot
    var distance = 2 / damping * (1 - damping)
    var rounding = 0.0
    system.incoming.withPointers { incoming in
      let weights = unsafe system.isWeighted ? incoming.weights : nil
      for _ in 0..<count {
        let dangling = ranges.sum { range in
          var dangling = 0.0
          for v in range {
            unsafe shares.base[v] = unsafe x.base[v] * inverses.base[v]
            if unsafe inverses.base[v] == 0 { unsafe dangling += x.base[v] }
          }
          return dangling
        }
        let fixed = (1 - damping + damping * dangling) * scale
        let sums = ranges.map { range in
          var sums = CertificateSums()
          unsafe PageRankSystem.pull(incoming, weights, shares.base, range) { v, sum in
            let rank = unsafe fixed * (teleport?[v] ?? 1) + damping * sum
            unsafe sums.absolute += (rank - x.base[v]).magnitude
            sums.rounding += (Double(incoming.degree(of: v)) * roundingsPerSlot + 16) * rank
            unsafe x.base[v] = rank
          }
          return sums
        }
        distance = sums.reduce(0) { $0 + $1.absolute }
        rounding = sums.reduce(0) { $0 + $1.rounding } * 0x1p-52
      }
    }
    let bound = damping > 0 ? min(2, damping / (1 - damping) * distance) : count > 0 ? 0 : 2
    return PageRankResult(
      ranks: normalised(sum: ranges.sum { $0.reduce(0) { unsafe $0 + x.base[$1] } }),
      bound: bound + rounding / (1 - damping), iterations: count)
  }

  // MARK: To a tolerance

  func solve(tolerance: Double) -> PageRankResult {
    balance()
    var certificate = Certificate(bound: .infinity, sum: 0, rounding: 0)
    if isWarm { certificate = certify() }
    var best = certificate.bound
    var idleCount = 0
    var use64 = false
    while certificate.bound > max(tolerance, 2 * certificate.rounding), scans < scansMax {
      if isStuck {
        certificate = certify()
        // steps that bring nothing move in rounding alone
        idleCount = certificate.bound < best * (1 + system.damping) / 2 ? 0 : idleCount + 1
        best = min(best, certificate.bound)
        if idleCount > Self.idleMax { break }
        continue
      }
      let wanted = use64 ? tolerance : max(tolerance, Self.precision32)
      let lastChange = use64 ? sweep(Double.self, until: wanted) : sweep(Float.self, until: wanted)
      certificate = certify()
      idleCount = certificate.bound < 0.98 * best ? 0 : idleCount + 1
      best = min(best, certificate.bound)
      if lastChange > 0 {
        let seen = max(certificate.bound - certificate.rounding, 1e-3 * lastChange) / lastChange
        errorPerChange = seen * Double(1 + idleCount)
      }
      if !use64, certificate.bound > tolerance, tolerance < Self.precision32 || idleCount > 0 {
        use64 = true
      } else if idleCount > Self.idleMax {
        (isStuck, idleCount) = (true, 0)
      }
    }
    return PageRankResult(ranks: normalised(sum: certificate.sum), bound: certificate.bound, iterations: scans)
  }

  /// Sums x anew after `move` has put each vertex's where it shall be.
  @inline(__always)
  private func balance(_ move: (Int) -> Void = { _ in }) {
    let (x, inverses) = (x, system.inverses)
    let parts = ranges.map { range in
      var (total, dangling) = (0.0, 0.0)
      for v in range {
        move(v)
        unsafe total += x.base[v]
        if unsafe inverses.base[v] == 0 { unsafe dangling += x.base[v] }
      }
      return (total, dangling)
    }
    (total, dangling) = parts.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
  }

  /// The weight of the teleport vector at which the residuals' sum is 0.
  private var base: Double { (total - system.damping * (total - dangling)) / Double(vertexCount) }

  /// Sweeps until the error is predicted to be below `wanted`; returns the last sweep's change, relative to the sum.
  private func sweep<Share: PulledValue>(_: Share.Type, until wanted: Double) -> Double {
    let shares = FreshBuffer<Share>(count: vertexCount)
    let fresh = FreshBuffer<Share>(count: vertexCount)
    let (x, inverses) = (x, system.inverses)
    ranges.run { _, range in
      for v in range { unsafe shares.base[v] = unsafe Share(x.base[v] * inverses.base[v]) }
    }
    var previous = 0.0
    var previousRatio = 0.0
    var beforeJump = Double.infinity
    var (earlier, sweepCount) = (Double.infinity, 0)
    while scans < scansMax {
      let changed = sweepOnce(shares, fresh) / total
      let ratio = previous > 0 ? changed / previous : 0
      previous = changed
      if errorPerChange * changed <= 0.9 * wanted { break }
      sweepCount += 1
      if sweepCount % Self.patience == 0 {
        isStuck = changed > 0.7 * earlier
        if isStuck { break }
        earlier = changed
      }
      // a jump that brought nothing followed a mode that swings
      if changed > beforeJump { jumps = false }
      beforeJump = .infinity
      if jumps, previousRatio > 0, abs(ratio - previousRatio) < 0.08, ratio < 0.9 {
        jump(shares, factor: ratio / (1 - ratio))
        beforeJump = changed
        (previous, previousRatio) = (0, 0)
      } else {
        previousRatio = ratio
      }
    }
    return previous
  }

  /// Adds the sum of the changes to come, if they are the last ones times a geometric series.
  private func jump<Share: PulledValue>(_ shares: FreshBuffer<Share>, factor: Double) {
    let (x, inverses, delta) = (x, system.inverses, change)
    balance { v in
      unsafe x.base[v] = unsafe max(0, x.base[v] + factor * Double(delta.base[v]))
      unsafe shares.base[v] = unsafe Share(x.base[v] * inverses.base[v])
    }
  }

  private func sweepOnce<Share: PulledValue>(_ shares: FreshBuffer<Share>, _ fresh: FreshBuffer<Share>) -> Double {
    let (damping, x, inverses, delta) = (system.damping, x, system.inverses, change)
    let teleport = unsafe system.teleport?.base
    scans += 1
    return system.incoming.withPointers { incoming in
      let weights = unsafe system.isWeighted ? incoming.weights : nil
      var changed = 0.0
      for round in rounds {
        let base = self.base
        let parts = round.map { range in
          var sums = SweepSums()
          unsafe PageRankSystem.pull(incoming, weights, shares.base, range) { v, sum in
            let rank = unsafe base * (teleport?[v] ?? 1) + damping * sum
            let change = unsafe rank - x.base[v]
            let inverse = unsafe inverses.base[v]
            sums.absolute += change.magnitude
            sums.signed += change
            if inverse == 0 { sums.dangling += change }
            unsafe x.base[v] = rank
            unsafe delta.base[v] = Float(change)
            unsafe fresh.base[v] = Share(rank * inverse)
          }
          return sums
        }
        for part in parts {
          changed += part.absolute
          total += part.signed
          dangling += part.dangling
        }
        let first = round.bounds[0]
        unsafe (shares.base + first).update(from: fresh.base + first, count: round.bounds[round.count] - first)
      }
      return changed
    }
  }

  private struct SweepSums {
    var absolute = 0.0
    var signed = 0.0
    var dangling = 0.0
  }

  // MARK: The certificate

  private struct Certificate {
    var bound: Double
    var sum: Double
    /// The part of the bound that is rounding.
    var rounding: Double
  }

  private struct CertificateSums {
    var absolute = 0.0
    var signed = 0.0
    var total = 0.0
    var dangling = 0.0
    var rounding = 0.0
  }

  /// Adds the residual to x, and bounds the error that is left.
  private func certify() -> Certificate {
    let (damping, x, shares, inverses) = (system.damping, x, shares64, system.inverses)
    // any weight of the teleport vector will do: the one of the running totals is as good as exact ones
    let base = self.base
    let teleport = unsafe system.teleport?.base
    let roundingsPerSlot = system.roundingsPerSlot
    scans += 1
    let parts = system.incoming.withPointers { incoming in
      ranges.run { _, range in
        for v in range { unsafe shares.base[v] = unsafe x.base[v] * inverses.base[v] }
      }
      let weights = unsafe system.isWeighted ? incoming.weights : nil
      return ranges.map { range in
        var sums = CertificateSums()
        unsafe PageRankSystem.pull(incoming, weights, shares.base, range) { v, sum in
          let wanted = unsafe base * (teleport?[v] ?? 1) + damping * sum
          let residual = unsafe wanted - x.base[v]
          if unsafe inverses.base[v] != 0 {
            sums.absolute += residual.magnitude
            sums.signed += residual
          } else {
            sums.dangling += wanted
          }
          sums.total += wanted
          // the roundings of the sum, and those of the products, quotients and sums around it
          unsafe sums.rounding += (Double(incoming.degree(of: v)) * roundingsPerSlot + 16) * (wanted + x.base[v])
          unsafe x.base[v] = wanted
        }
        return sums
      }
    }
    let all = parts.reduce(into: CertificateSums()) {
      $0.absolute += $1.absolute
      $0.signed += $1.signed
      $0.total += $1.total
      $0.dangling += $1.dangling
      $0.rounding += $1.rounding
    }
    (total, dangling) = (all.total, all.dangling)
    // the sum that ranks are divided by is itself rounded, once per vertex of a range and once per range
    let longest = Double((0..<ranges.count).reduce(ranges.count) { max($0, ranges[$1].count) })
    let scaling = 2 * longest * 0x1p-53
    let rounding = 4 * all.rounding * 0x1p-53 / ((1 - damping) * all.total) + scaling
    let error = damping * (all.absolute + all.signed.magnitude) / ((1 - damping) * all.total)
    return Certificate(bound: min(2, error * (1 + 0x1p-40) + rounding), sum: all.total, rounding: rounding)
  }

  /// x scaled to a sum of 1.
  private func normalised(sum: Double) -> [Double] {
    let x = x
    let scale = 1 / sum
    return unsafe [Double](unsafeUninitializedCapacity: vertexCount) { ranks, initializedCount in
      nonisolated(unsafe) let ranks = unsafe ranks.baseAddress.unsafelyUnwrapped
      self.ranges.run { _, range in for v in range { unsafe ranks[v] = unsafe x.base[v] * scale } }
      initializedCount = vertexCount
    }
  }
}
