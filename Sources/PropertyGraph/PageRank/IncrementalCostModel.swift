/// Predicts what pushing, passing on and sweeping cost, in nanoseconds counted from edges and vertices, never from a
/// clock: the choice between them is a function of the changes alone.
///
/// Guarantees: pushes and passes that are followed by sweeps never cost more than the credit: a tenth of every batch's
/// sweeping cost, plus what earlier batches saved. So over any sequence of batches the total stays within 1.1 times that
/// of sweeping each.
/// Method: the constants are minima measured at R-MAT scale 18 (3.5 M edges, 16 a vertex) on two cores at 3 GHz; how many
/// scans a batch takes is learned, by classes of its residual. What is not tried is slowly forgotten, so tried again.
struct IncrementalCostModel: Equatable {
  static let sweepEdge = 0.60
  static let sweepVertex = 1.5
  static let sweepRound = 60_000.0
  static let pushEdge = 4.5
  static let rebuildVertex = 4.0

  /// Scans that sweeping takes, and passes that are needed after pushing, by the factor the residual is above the
  /// budget at the start: below 5, below 25, and so on.
  var sweepCounts = SIMD8<Double>(3, 3.7, 4.3, 6, 8, 8.7, 8.7, 9)
  var passCounts = SIMD8<Double>(1, 1, 2, 4.2, 6.5, 8, 9, 10.5)
  /// Residual after sweep k, per d and change of that sweep.
  var residualPerChange = SIMD16<Double>(repeating: 0.4)
  /// Nanoseconds that pushes and passes may cost beyond their use.
  var credit = 0.0

  /// What a snapshot keeps.
  static let stateCount = 33
  var state: [Double] {
    (0..<8).map { sweepCounts[$0] } + (0..<8).map { passCounts[$0] } + (0..<16).map { residualPerChange[$0] } + [credit]
  }
  mutating func restore(_ state: [Double]) {
    for k in 0..<8 { (sweepCounts[k], passCounts[k]) = (state[k], state[8 + k]) }
    for k in 0..<16 { residualPerChange[k] = state[16 + k] }
    credit = state[32]
  }

  static func sweepCost(edges: Int, vertices: Int) -> Double {
    sweepEdge * Double(edges) + sweepVertex * Double(vertices) + sweepRound
  }

  /// The class of a residual `ratio` times the budget.
  static func ratioClass(_ ratio: Double) -> Int {
    var (number, end) = (0, 5.0)
    while number < 7 && ratio >= end { (number, end) = (number + 1, 5 * end) }
    return number
  }

  func prefersPasses(_ ratioClass: Int) -> Bool { passCounts[ratioClass] <= sweepCounts[ratioClass] }

  mutating func learn(passes: Int, isEnough: Bool, _ ratioClass: Int) {
    let count = Double(passes) * (isEnough ? 1 : 1.5)
    passCounts[ratioClass] += 0.1 * (count - passCounts[ratioClass])
    sweepCounts[ratioClass] *= 0.998
  }

  mutating func learn(sweeps: Int, _ ratioClass: Int) {
    sweepCounts[ratioClass] += 0.5 * (Double(sweeps) - sweepCounts[ratioClass])
    passCounts[ratioClass] *= 0.998
  }

  /// How many times better than a pass a push must be to come before it, in residual per cost. A pass leaves a fifth of
  /// the residual or less; the more there is, the surer it is that passes are needed, and the less a push can spare.
  static func pushWorth(ratio: Double) -> Double { max(2, min(2 * ratio, 6), ratio / 500) }

  /// What pushes and passes may cost in a batch whose sweeping is predicted to cost `sweeping`.
  func residualLimit(sweeping: Double) -> Double { min(sweeping, 0.1 * sweeping + credit) }

  /// Settles a batch: what sweeping it would have cost, and what was spent on it.
  mutating func settle(sweeping: Double, spent: Double) {
    credit = min(credit + 1.1 * sweeping - spent, 4 * sweeping)
  }

  // MARK: sweeps

  func expectedResidual(afterSweep k: Int, change: Double) -> Double { residualPerChange[min(k, 8)] * change }

  /// Learns from a finished run of `sweeps` sweeps whose last one changed the ranks by `change` (times d).
  mutating func learn(sweeps: Int, change: Double, after: Double, budget: Double) {
    let k = min(sweeps, 8)
    if change > 0 { residualPerChange[k] = 0.6 * residualPerChange[k] + 0.4 * min(1, after / change) }
    if sweeps > 1 && after < 0.35 * budget { residualPerChange[min(sweeps - 1, 8)] *= 0.8 }
  }
}
