import Foundation

/// Predicts what pushing and sweeping cost, in nanoseconds counted from edges and vertices, never from a clock: the
/// choice between the two is a function of the changes alone.
///
/// Guarantees: pushing that is given up never costs more than the credit: a tenth of every batch's sweeping cost, plus
/// what earlier batches saved. So over any sequence of batches the total stays within 1.1 times that of sweeping each.
/// Method: the constants are minima measured at R-MAT scale 18 (3.5 M edges, 16 a vertex) on two cores at 3 GHz; the
/// rates of decay are learned from the residuals themselves.
struct IncrementalCostModel: BitwiseCopyable, Equatable {
  static let sweepEdge = 0.60
  static let sweepVertex = 1.5
  static let sweepRound = 60_000.0
  static let pushEdge = 4.5
  static let rebuildVertex = 4.0

  /// By which factor a warm sweep reduces the residual.
  var decay = 0.3
  /// Residual after sweep k, per d and change of that sweep.
  var residualPerChange = SIMD16<Double>(repeating: 0.4)
  /// Batches that start at this multiple of the budget or above are swept, but for one in `patience`.
  var refusedFrom = 1e300
  var refusedCount: Int64 = 0
  var patience: Int64 = 1
  /// Nanoseconds that pushing may cost beyond its use.
  var credit = 0.0

  static func sweepCost(edges: Int, vertices: Int) -> Double {
    sweepEdge * Double(edges) + sweepVertex * Double(vertices) + sweepRound
  }

  /// Sweeps that bring a residual `ratio` times the budget under it, recomputing the residuals included.
  func predictedSweeps(ratio: Double) -> Double {
    max(1, log(ratio / 0.6) / -log(decay)) + 1.4
  }

  /// Is this batch worth an attempt to push?
  mutating func triesPushing(ratio: Double) -> Bool {
    if ratio < refusedFrom { return true }
    refusedCount += 1
    return refusedCount > patience
  }

  mutating func pushed(ratio: Double) {
    if ratio >= refusedFrom {
      refusedFrom = ratio * 1.5
      refusedCount = 0
    }
    patience = 1
  }

  mutating func gaveUp(ratio: Double) {
    refusedFrom = min(refusedFrom, ratio * 0.9)
    refusedCount = 0
    patience = min(2 * patience, 64)
  }

  /// What pushing may cost in a batch whose sweeping is predicted to cost `sweeping`.
  func pushLimit(sweeping: Double) -> Double { min(sweeping, 0.1 * sweeping + credit) }

  /// Settles a batch: what sweeping it would have cost, and what was spent on it.
  mutating func settle(sweeping: Double, spent: Double) {
    credit = min(credit + 1.1 * sweeping - spent, 4 * sweeping)
  }

  // MARK: sweeps

  func expectedResidual(afterSweep k: Int, change: Double) -> Double { residualPerChange[min(k, 8)] * change }

  /// Learns from a finished run of `sweeps` sweeps whose last one changed the ranks by `change` (times d).
  mutating func learn(sweeps: Int, change: Double, before: Double, after: Double, budget: Double) {
    if before > budget && after > 0 {
      decay = 0.7 * decay + 0.3 * pow(min(0.9, max(1e-6, after / before)), 1 / Double(sweeps))
    }
    let k = min(sweeps, 8)
    if change > 0 { residualPerChange[k] = 0.6 * residualPerChange[k] + 0.4 * min(1, after / change) }
    if sweeps > 1 && after < 0.35 * budget { residualPerChange[min(sweeps - 1, 8)] *= 0.8 }
  }
}
