import CKernels

/// Dense solving from the residuals: all vertices at once take their residual into their rank and pass it on along
/// their edges, until the sum is under the budget.
///
/// Guarantees: the residuals are known after every pass, within the rounding that is added to the bound, so nothing is
/// recomputed and no pass is made too many. Vertices are cut into blocks whose sums are added in their order: the same
/// bits on any number of threads. Afterwards no vertex waits in a queue.
/// Cost: a pass is a scan of all edges like a sweep, some 0.6 ns an edge on two cores; it leaves 0.15 to 0.3 of a
/// residual of many signs, where a sweep from the ranks alone needs another scan to know what it left. Shares are
/// 32-bit floats: their rounding is relative to the residual, not to the rank.
/// Method: Jacobi iteration in residual form; a slow mode that is left is extrapolated (Aitken), the residual with it.
@safe final class ResidualPasses {
  private enum Stage {
    case shares, pass, extrapolate
  }
  private let solver: IncrementalPageRank
  private let vertexCount: Int
  private let blockCount: Int
  private let passCountMax: Int
  private let use64: Bool
  private let arrays: UnsafeMutablePointer<tw_rank_arrays>
  private let blockSums: UnsafeMutablePointer<tw_pass_sums>
  private var stage = Stage.shares
  private var factor = 0.0
  private var passCount = 0
  private var wasExtrapolated = false
  private var residualBeforePass = 0.0

  init(_ solver: IncrementalPageRank, passCountMax: Int) {
    self.solver = solver
    self.passCountMax = passCountMax
    vertexCount = solver.vertexIndexCount
    blockCount = max(1, min(IncrementalSweeps.blockCountMax, vertexCount / 64))
    // the rounding of 32-bit shares must stay far below the budget
    use64 = solver.adjacency.options.weighted || solver.residualSum * 0x1p-18 > solver.budget
    unsafe blockSums = .allocate(capacity: blockCount)
    unsafe arrays = .allocate(capacity: 1)
    unsafe arrays.initialize(to: solver.sweepArrays())
  }

  deinit {
    unsafe blockSums.deallocate()
    unsafe arrays.deallocate()
  }

  /// Passes residual on until it is under the budget or `passCountMax` passes are made; returns how many were.
  func run() -> Int {
    if vertexCount == 0 || passCountMax < 1 { return 0 }
    solver.emptyQueues()
    unsafe arrays.pointee.no_bucket = Int32(solver.queues.count)
    ParallelPhases.run(workers: solver.workers, first: blockCount, task: { task($0) }, next: { next() })
    return passCount
  }

  private func task(_ number: Int) {
    let from = UInt32(vertexCount * number / blockCount)
    let to = UInt32(vertexCount * (number + 1) / blockCount)
    let wide: Int32 = use64 ? 1 : 0
    switch stage {
    case .shares: unsafe tw_residual_shares(arrays, from, to, wide)
    case .pass: unsafe blockSums[number] = unsafe tw_residual_pass(arrays, from, to, wide)
    case .extrapolate: unsafe blockSums[number] = unsafe tw_residual_extrapolate(arrays, from, to, factor, wide)
    }
  }

  // MARK: steps between phases, on one thread

  private func next() -> Int {
    switch stage {
    case .shares: return startPass()
    case .pass: return finishPass()
    case .extrapolate:
      // the residuals before the pass are at hand in 32 bits
      takeSums(shareRoundings: 2 * factor * 0x1p29, of: residualBeforePass)
      return solver.isCertified || passCount >= passCountMax ? 0 : startPass()
    }
  }

  private func startPass() -> Int {
    stage = .pass
    residualBeforePass = solver.residualSum
    return blockCount
  }

  private func finishPass() -> Int {
    passCount += 1
    // the shares of 24 or 53 bits, and two sums inside a group of four
    let sums = takeSums(shareRoundings: use64 ? 4 : 4 * 0x1p29, of: residualBeforePass)
    // what was written as fresh is what the next pass reads
    unsafe swap(&arrays.pointee.share32, &arrays.pointee.fresh32)
    unsafe swap(&arrays.pointee.share64, &arrays.pointee.fresh64)
    if solver.isCertified || passCount >= passCountMax { return 0 }
    let decay = solver.residualSum / residualBeforePass
    let mode = sums.square > 0 ? sums.product / sums.square : 0
    if !wasExtrapolated, decay > 0.66, mode > 0.5 * decay, solver.residualSum > 1.2 * solver.budget {
      // one slow mode is left: jump to its limit, where the rounding of that is far below the budget
      let slow = min(max(decay, mode), max(solver.options.damping, 0.5))
      factor = slow / (1 - slow)
      if factor * residualBeforePass * 0x1p-20 < solver.budget {
        wasExtrapolated = true
        stage = .extrapolate
        return blockCount
      }
    }
    wasExtrapolated = false
    return startPass()
  }

  /// Adds the blocks' sums up and accounts for the rounding of a phase: `shareRoundings` units of 2⁻⁵³ of the residual
  /// that was passed on, and what every phase rounds.
  @discardableResult
  private func takeSums(shareRoundings: Double, of residual: Double) -> tw_pass_sums {
    var sums = tw_pass_sums(residual: 0, rank: 0, rank_magnitude: 0, product: 0, square: 0)
    for b in 0..<blockCount {
      let block = unsafe blockSums[b]
      sums.residual += block.residual
      sums.rank += block.rank
      sums.rank_magnitude += block.rank_magnitude
      sums.product += block.product
      sums.square += block.square
    }
    let edges = Double(solver.adjacency.edgeCount)
    // in units of 2⁻⁵³: sums over groups of four; sums of weights, kept with some roundings for each edge; a share too
    // small for its bits
    let perShare = shareRoundings + edges / 4 + 16
    let perWeight = solver.adjacency.options.weighted ? 8 * edges + 256 : 0
    let underflow = (edges + Double(vertexCount)) * 0x1p-90 * (1 + factor)
    let blockRoundings = Double(vertexCount / blockCount + 1 + blockCount)
    solver.roundingUnits +=
      (perShare + perWeight) * residual + (4 + 4 * factor) * (residual + sums.residual)
      + 4 * sums.rank_magnitude + underflow + blockRoundings * sums.residual
    solver.residualSum = sums.residual
    solver.rankSum = sums.rank
    solver.rankSumRoundingUnits = blockRoundings * sums.rank_magnitude
    return sums
  }
}

extension IncrementalPageRank {
  /// Makes at most `passCountMax` passes; returns how many.
  func passResiduals(passCountMax: Int) -> Int { ResidualPasses(self, passCountMax: passCountMax).run() }
}
