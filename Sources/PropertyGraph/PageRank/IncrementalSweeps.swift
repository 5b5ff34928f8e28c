import CKernels

/// Dense solving: warm-started block Gauss–Seidel sweeps over all edges, then the residuals recomputed in 64 bits.
///
/// Guarantees: the vertices are cut into blocks and the blocks into rounds of like numbers of edges, both functions of
/// the graph alone. Within a round all vertices read the values published before it (Jacobi), and a round's values are
/// published before the next one starts (Gauss–Seidel): no race, and the same bits on any number of threads. Partial
/// sums are added in the order of the blocks.
/// Cost: some 0.6 ns an edge on two cores a sweep; shares are 32-bit floats where the tolerance allows.
/// Method: the slow mode that is left after some sweeps is extrapolated (Aitken; Kamvar and others 2003).
@safe final class IncrementalSweeps {
  enum Stage {
    case shares, extrapolate, round, publish, residualShares, residuals
  }
  static let roundCount = 8
  static let blockCountMax = 512
  static let publishTasks = 4

  private let solver: IncrementalPageRank
  private let vertexCount: Int
  private let blockCount: Int
  private let arrays: UnsafeMutablePointer<tw_rank_arrays>
  private let blockEdges: UnsafeMutablePointer<UInt64>
  private let blockChanges: UnsafeMutablePointer<tw_sweep_sums>
  private let blockSums: UnsafeMutablePointer<tw_residual_sums>
  /// The first block of each round, and one past the last.
  private var roundStarts: [Int] = []

  private var stage = Stage.shares
  private var round = 0
  private var use64: Bool
  private var factor = 0.0
  private var extrapolates = true
  private var startResidual: Double
  /// Sweeps of this attempt, of all, and scans that recomputed residuals.
  private var attemptSweeps = 0
  private var sweeps = 0
  private var scans = 0
  private var attempts = 0
  private var previousChange = 0.0
  private var previousRatio = 0.0
  private var lastChange = 0.0
  private let residualsOnly: Bool

  init(_ solver: IncrementalPageRank, residualsOnly: Bool = false) {
    self.solver = solver
    self.residualsOnly = residualsOnly
    vertexCount = solver.vertexIndexCount
    blockCount = max(1, min(Self.blockCountMax, vertexCount / 64))
    use64 = solver.options.tolerance < 5e-7 || residualsOnly
    startResidual = solver.residualSum
    unsafe blockEdges = .allocate(capacity: blockCount)
    unsafe blockChanges = .allocate(capacity: blockCount)
    unsafe blockSums = .allocate(capacity: blockCount)
    unsafe arrays = .allocate(capacity: 1)
    unsafe arrays.initialize(to: solver.sweepArrays())
  }

  deinit {
    unsafe blockEdges.deallocate()
    unsafe blockChanges.deallocate()
    unsafe blockSums.deallocate()
    unsafe arrays.deallocate()
  }

  /// Solves, or recomputes the residuals only; returns the scans of all edges that took.
  func run() -> Int {
    if vertexCount == 0 { return 0 }
    if !residualsOnly {
      solver.emptyQueues()
      unsafe arrays.pointee.no_bucket = Int32(solver.queues.count)
    }
    stage = residualsOnly ? .residualShares : .shares
    ParallelPhases.run(workers: solver.workers, first: blockCount, task: { task($0) }, next: { next() })
    return sweeps + scans
  }

  // MARK: tasks

  private func block(_ b: Int) -> (from: UInt32, to: UInt32) {
    (UInt32(vertexCount * b / blockCount), UInt32(vertexCount * (b + 1) / blockCount))
  }

  private func task(_ number: Int) {
    switch stage {
    case .shares:
      let (from, to) = block(number)
      unsafe blockEdges[number] = unsafe use64 ? tw_rank_shares64(arrays, from, to) : tw_rank_shares32(arrays, from, to)
    case .extrapolate:
      let (from, to) = block(number)
      unsafe tw_rank_extrapolate(arrays, from, to, factor, use64 ? 1 : 0)
    case .round:
      let b = roundStarts[round] + number
      let (from, to) = block(b)
      unsafe blockChanges[b] = unsafe use64 ? tw_rank_sweep64(arrays, from, to) : tw_rank_sweep32(arrays, from, to)
    case .publish: publish(number)
    case .residualShares:
      let (from, to) = block(number)
      _ = unsafe tw_rank_shares64(arrays, from, to)
    case .residuals:
      let (from, to) = block(number)
      unsafe blockSums[number] = unsafe tw_rank_residuals(arrays, from, to)
    }
  }

  private func publish(_ number: Int) {
    let from = Int(block(roundStarts[round]).from)
    let count = Int(block(roundStarts[round + 1] - 1).to) - from
    let first = from + count * number / Self.publishTasks
    let n = from + count * (number + 1) / Self.publishTasks - first
    if use64 {
      unsafe (solver.share64.base + first).update(from: solver.fresh64.base + first, count: n)
    } else {
      unsafe (solver.share32.base + first).update(from: solver.fresh32.base + first, count: n)
    }
  }

  // MARK: steps between phases, on one thread

  private func next() -> Int {
    switch stage {
    case .shares:
      cutRounds()
      return startRound(0)
    case .extrapolate: return startRound(0)
    case .round:
      stage = .publish
      return Self.publishTasks
    case .publish:
      if round + 2 < roundStarts.count { return startRound(round + 1) }
      return finishSweep()
    case .residualShares:
      stage = .residuals
      return blockCount
    case .residuals: return finishAttempt()
    }
  }

  private func startRound(_ number: Int) -> Int {
    stage = .round
    round = number
    return roundStarts[number + 1] - roundStarts[number]
  }

  /// Consecutive blocks with about an eighth of the edges each; a vertex counts like three edges.
  private func cutRounds() {
    var total: UInt64 = 0
    for b in 0..<blockCount { unsafe total += blockEdges[b] + blockWeight }
    roundStarts = [0]
    var sum: UInt64 = 0
    for b in 0..<blockCount {
      unsafe sum += blockEdges[b] + blockWeight
      if sum * UInt64(Self.roundCount) >= total * UInt64(roundStarts.count) || b == blockCount - 1 {
        roundStarts.append(b + 1)
      }
    }
  }
  private var blockWeight: UInt64 { UInt64(3 * vertexCount / blockCount) }

  private func finishSweep() -> Int {
    sweeps += 1
    attemptSweeps += 1
    var sums = tw_sweep_sums(change: 0, product: 0, square: 0)
    for b in 0..<blockCount {
      unsafe sums.change += blockChanges[b].change
      unsafe sums.product += blockChanges[b].product
      unsafe sums.square += blockChanges[b].square
    }
    let ratio = previousChange > 0 ? sums.change / previousChange : 0
    let mode = previousChange > 0 && sums.square > 0 ? sums.product / sums.square : 0
    let budget = solver.budget
    let change = solver.options.damping * sums.change
    // the first time what was learned, then what is certain
    let expected =
      attempts == 0 ? solver.model.expectedResidual(afterSweep: attemptSweeps, change: change) : change
    lastChange = change
    previousChange = sums.change
    let isSettled = previousRatio > 0 && abs(ratio - previousRatio) < 0.08 && mode > 0.5 * ratio
    if extrapolates, isSettled, ratio < 0.96, expected > 0.85 * budget {
      // one slow mode is left: jump to its limit
      factor = ratio / (1 - ratio)
      previousChange = 0
      previousRatio = 0
      stage = .extrapolate
      return blockCount
    }
    previousRatio = ratio
    // what rounding of the shares alone makes of a sweep
    let noise = (use64 ? 0x1p-51 : 0x1p-23) * solver.rankSum
    if attemptSweeps < 4000 && change > noise && expected > 0.85 * budget { return startRound(0) }
    stage = use64 ? .residuals : .residualShares
    return blockCount
  }

  private func finishAttempt() -> Int {
    scans += 1
    attempts += 1
    var residual = 0.0
    var rank = 0.0
    var rounding = 0.0
    for b in 0..<blockCount {
      unsafe residual += blockSums[b].residual
      unsafe rank += blockSums[b].rank
      unsafe rounding += blockSums[b].rounding
    }
    let before = solver.residualSum
    solver.residualSum = residual
    solver.rankSum = rank
    // sums of as many terms as there are vertices: one rounding for each in the worst case
    solver.roundingUnits = rounding + Double(vertexCount / blockCount + 1 + blockCount) * residual
    solver.rankSumRoundingUnits = Double(vertexCount / blockCount + 1 + blockCount) * rank.magnitude
    if residualsOnly {
      solver.queues.isStale = true
      return 0
    }
    solver.model.learn(
      sweeps: attemptSweeps, change: lastChange, after: residual, budget: solver.budget)
    if solver.isCertified { return 0 }
    // 64-bit shares may be at the end of what they can; 32-bit ones may be too coarse
    if use64 && attempts > 1 && residual < 4 * solver.roundingError || attempts >= 20 { return 0 }
    if attempts >= 2 { use64 = true }
    if residual > before && (attempts > 1 || startResidual > 0) { extrapolates = false }
    attemptSweeps = 0
    stage = .shares
    return blockCount
  }
}

extension IncrementalPageRank {
  /// The arrays as the kernels see them.
  func sweepArrays() -> tw_rank_arrays {
    let into = adjacency.into
    let out = adjacency.out
    return unsafe tw_rank_arrays(
      in_slabs: Self.slabs(into), out_slabs: Self.slabs(out), in_neighbours: into.neighbours.base,
      in_weights: into.weights.map { unsafe UnsafePointer($0.base) },
      out_weights: adjacency.outWeights.map { unsafe UnsafePointer($0.base) },
      teleport: unevenTeleportCount == 0 ? nil : UnsafePointer(teleports.base), damping: options.damping,
      rank: ranks.base, records: records.base, share32: share32.base, fresh32: fresh32.base, share64: share64.base,
      fresh64: fresh64.base, change: change.base, no_bucket: Int32(queues.count))
  }

  private static func slabs(_ side: AdjacencyDirection) -> UnsafePointer<tw_slab> {
    unsafe UnsafeRawPointer(side.slabs.base).assumingMemoryBound(to: tw_slab.self)
  }

  func solveBySweeps() -> Int { IncrementalSweeps(self).run() }

  /// Recomputes all residuals and their sum, which frees both of gathered rounding; returns 1, the scans it took.
  func recomputeResiduals() -> Int { IncrementalSweeps(self, residualsOnly: true).run() }
}
