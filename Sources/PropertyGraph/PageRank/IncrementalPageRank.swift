import CKernels
import Dispatch
import FlatMemory

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// PageRank that follows a changing graph, with a certified error after every batch.
///
/// Solves `x = (1-d)·t + d·Aᵀx`: `t` is 1 for every vertex (or the seeds' weights), `A` the adjacency with rows
/// normalised by weight; the mass of vertices without edges out is dropped and put back by normalising.
/// Guarantees: the residual `r = (1-d)·t + d·Aᵀx − x` is known for every vertex after every change, so
/// `‖x* − x‖₁ ≤ ‖r‖₁/(1-d)`; rounding is added to that bound. After ``update()`` the bound is within the tolerance
/// (unless 64-bit rounding forbids it, which the bound then shows). Results are the same bits for the same sequence of
/// changes and updates, whatever the number of threads or the speed of the machine.
/// Cost: O(1) a change; an update pushes residual on from where the changes have put most of it, and where that is not
/// enough, passes all of it on along all edges, once or a few times; 48 bytes a vertex (56 for tolerances below 5·10⁻⁷).
/// Method: signed residual pushes (Gauss–Southwell with queues by exponent; Ohsaka, Maehara, Kawarabayashi 2015), Jacobi
/// passes over the residuals, and warm-started block Gauss–Seidel with Aitken extrapolation.
@safe public final class IncrementalPageRank {
  public let adjacency: DynamicAdjacency
  public let options: IncrementalPageRankOptions

  let ranks: ReservedArray<Double>
  let records: ReservedArray<tw_rank_record>
  let teleports: ReservedArray<Float>
  let share32: ReservedArray<Float>
  let fresh32: ReservedArray<Float>
  let change: ReservedArray<Float>
  let share64: ReservedArray<Double>
  let fresh64: ReservedArray<Double>
  /// Vertex indices the arrays are filled for.
  var vertexIndexCount = 0
  /// Vertices whose teleport is not 1: while there are none, sweeps need not read it.
  var unevenTeleportCount = 0
  /// Vertices whose teleport is not 0.
  var teleportingCount = 0

  /// What changes with every edge, behind a pointer: a class's own fields would be checked for exclusive access.
  private struct State {
    var residualSum = 0.0
    var rankSum = 0.0
    var roundingUnits = 0.0
    var rankSumRoundingUnits = 0.0
    var queues = IncrementalPushQueues()
  }
  private let state: UnsafeMutablePointer<State>
  /// The sum of |r|.
  var residualSum: Double {
    @inline(__always) get { unsafe state.pointee.residualSum }
    @inline(__always) set { unsafe state.pointee.residualSum = newValue }
  }
  /// The sum of x.
  var rankSum: Double {
    @inline(__always) get { unsafe state.pointee.rankSum }
    @inline(__always) set { unsafe state.pointee.rankSum = newValue }
  }
  /// By how much rounding may have moved residuals, in units of 2⁻⁵³.
  var roundingUnits: Double {
    @inline(__always) get { unsafe state.pointee.roundingUnits }
    @inline(__always) set { unsafe state.pointee.roundingUnits = newValue }
  }
  /// By how much rounding may have moved the sum of x, in units of 2⁻⁵³.
  var rankSumRoundingUnits: Double {
    @inline(__always) get { unsafe state.pointee.rankSumRoundingUnits }
    @inline(__always) set { unsafe state.pointee.rankSumRoundingUnits = newValue }
  }
  var queues: IncrementalPushQueues {
    @inline(__always) _read { yield unsafe state.pointee.queues }
    @inline(__always) _modify { yield unsafe &state.pointee.queues }
  }
  var model = IncrementalCostModel()

  /// Solves for the graph as it is; from then on it must be told of every change. Cost: about ten sweeps.
  public convenience init(
    _ adjacency: DynamicAdjacency, options: IncrementalPageRankOptions = IncrementalPageRankOptions()
  ) {
    self.init(unsolved: adjacency, options: options)
    solveFromScratch()
  }

  init(unsolved adjacency: DynamicAdjacency, options: IncrementalPageRankOptions) {
    self.adjacency = adjacency
    self.options = options
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: State())
    let capacity = adjacency.options.vertexCountMax + 1
    let expected = max(adjacency.options.expectedVertexCount, adjacency.vertexIndexCount)
    ranks = ReservedArray(capacity: capacity, expectedCount: expected)
    records = ReservedArray(capacity: capacity, expectedCount: expected)
    teleports = ReservedArray(capacity: capacity, expectedCount: expected)
    share32 = ReservedArray(capacity: capacity, expectedCount: expected)
    fresh32 = ReservedArray(capacity: capacity, expectedCount: expected)
    change = ReservedArray(capacity: capacity, expectedCount: expected)
    share64 = ReservedArray(capacity: capacity, expectedCount: expected)
    fresh64 = ReservedArray(capacity: capacity, expectedCount: expected)
  }

  deinit {
    ranks.release()
    records.release()
    teleports.release()
    share32.release()
    fresh32.release()
    change.release()
    share64.release()
    fresh64.release()
    queues.deallocate()
    unsafe state.deallocate()
  }

  // MARK: results

  /// What rounding may have added to the residuals.
  var roundingError: Double { roundingUnits * 0x1p-53 }

  /// The residual sum that still certifies the tolerance: `E/(X−E) ≤ tolerance` with `E = ‖r‖₁/(1−d)`.
  var budget: Double { options.tolerance * (1 - options.damping) * certainRankSum / (1 + options.tolerance) }

  /// The sum of x less what rounding may have added to it.
  private var certainRankSum: Double { max(0, rankSum - rankSumRoundingUnits * 0x1p-53) }

  var isCertified: Bool { residualSum + roundingError <= budget }

  /// The certified L1 distance of the unnormalised ranks to the exact solution, relative to the latter's sum.
  /// Ranks normalised to a sum are within twice that.
  public var errorBound: Double {
    let error = (residualSum + roundingError) / (1 - options.damping)
    if error == 0 { return 0 }
    let sum = certainRankSum
    return sum > error ? error / (sum - error) : .infinity
  }

  /// The sum of the unnormalised ranks: at most the teleports' sum, which dangling vertices fall short of.
  public var sum: Double { rankSum }

  /// The unnormalised rank of a vertex: never below zero; 0 for a vertex that does not exist.
  public func rank(of v: VertexIndex) -> Double { Int(v) < vertexIndexCount ? max(0, ranks[v]) : 0 }

  /// All ranks by vertex index, scaled so that they sum to `total` (nil: unnormalised); removed vertices have 0.
  public func allRanks(summingTo total: Double? = 1) -> [Double] {
    let scale = total.map { rankSum > 0 ? $0 / rankSum : 0 } ?? 1
    return (0..<vertexIndexCount).map { max(0, ranks[$0]) * scale }
  }

  // MARK: solving

  /// Brings the certified error under the tolerance after any number of changes.
  @discardableResult
  public func update() -> PageRankUpdateReport {
    var report = PageRankUpdateReport()
    adoptNewVertices()
    if !isCertified {
      if roundingError > budget / 8 { report.sweeps += recomputeResiduals() }
      if teleportingCount == 0 { vanish() }
      if !isCertified { bringUnderBudget(&report) }
    }
    if queues.entryCount > 6 * vertexIndexCount + 1024 { queues.isStale = true }
    report.errorBound = errorBound
    return report
  }

  private func bringUnderBudget(_ report: inout PageRankUpdateReport) {
    if options.method == .push && budget > 0 {
      report.pushedEdges = pushWithoutLimit()
      if isCertified { return }
    }
    let sweepCost = IncrementalCostModel.sweepCost(edges: adjacency.edgeCount, vertices: vertexIndexCount)
    let ratioClass = IncrementalCostModel.ratioClass(budget > 0 ? residualSum / budget : 1e300)
    let sweeping = sweepCost * model.sweepCounts[ratioClass]
    var spent = 0.0
    if options.method == .automatic && budget > 0 {
      spent = spreadResidual(
        &report, sweepCost: sweepCost, limit: model.residualLimit(sweeping: sweeping), ratioClass: ratioClass)
    }
    if isCertified { return model.settle(sweeping: sweeping, spent: spent) }
    let isWhole = report.sweeps == 0
    let sweeps = solveBySweeps()
    report.sweeps += sweeps
    if isWhole { model.learn(sweeps: sweeps, ratioClass) }
    // what sweeping from the start would have cost: the prediction, or what it took now where that is more
    let rest = sweepCost * Double(sweeps)
    model.settle(sweeping: max(rest, min(sweeping, rest + spent)), spent: spent + rest)
  }

  /// Pushes where much residual is, then passes all of it on; stops under the budget, or before the cost exceeds the
  /// limit. Returns the cost.
  private func spreadResidual(
    _ report: inout PageRankUpdateReport, sweepCost: Double, limit: Double, ratioClass: Int
  ) -> Double {
    // a batch far beyond pushing, in a graph where sweeps are known to be the better deal
    let pushingAll = IncrementalCostModel.pushEdge * Double(adjacency.edgeCount + 4 * vertexIndexCount)
    if ratioClass >= 4 && !model.prefersPasses(ratioClass) && pushingAll > sweepCost { return 0 }
    var spent = queues.isStale ? IncrementalCostModel.rebuildVertex * Double(vertexIndexCount) : 0
    if spent >= limit { return 0 }
    if queues.isStale { rebuildQueues(floor: pushFloor) }
    let edgeLimit = (limit - spent) / IncrementalCostModel.pushEdge
    report.pushedEdges = push(edgeLimit: edgeLimit, edgesPerPass: sweepCost / IncrementalCostModel.pushEdge)
    spent += Double(report.pushedEdges) * IncrementalCostModel.pushEdge
    let passCountMax = Int((limit - spent) / sweepCost)
    if isCertified || !model.prefersPasses(ratioClass) || Double(passCountMax) < model.passCounts[ratioClass].rounded()
    {
      return spent
    }
    let passes = passResiduals(passCountMax: passCountMax)
    model.learn(passes: passes, isEnough: isCertified, ratioClass)
    report.sweeps += passes
    return spent + sweepCost * Double(passes)
  }

  /// Without a vertex that teleports lead to, all ranks are zero; a relative error cannot tell how near to that one is.
  private func vanish() {
    for v in 0..<vertexIndexCount {
      ranks[v] = 0
      unsafe records.base[v].residual = 0
    }
    residualSum = 0
    rankSum = 0
    roundingUnits = 0
    rankSumRoundingUnits = 0
    queues.isStale = true
  }

  /// Forgets the ranks and solves anew.
  @discardableResult
  public func solveFromScratch() -> PageRankUpdateReport {
    adoptNewVertices()
    rankSum = 0
    for v in 0..<vertexIndexCount {
      ranks[v] = Double(teleports[v])
      rankSum += ranks[v]
    }
    residualSum = 0
    var report = PageRankUpdateReport()
    report.sweeps = solveBySweeps()
    report.errorBound = errorBound
    // a batch like any other: pushing later ones may cost a tenth of this
    let cost = IncrementalCostModel.sweepCost(edges: adjacency.edgeCount, vertices: vertexIndexCount)
    model.credit = 0
    model.settle(sweeping: cost * Double(report.sweeps), spent: cost * Double(report.sweeps))
    return report
  }

  func rebuildQueues(floor: Double) {
    unsafe queues.rebuild(records.base, vertexCount: vertexIndexCount, floor: floor, budget: budget)
  }

  /// Takes all vertices out of the queues; the caller writes so into their records.
  func emptyQueues() { queues.empty(floor: pushFloor, budget: budget) }

  /// The least residual per edge that is worth a push: below it, passing all residual on is cheaper. Where there is only
  /// pushing, what vertices below hold together is a quarter of the budget.
  var pushFloor: Double {
    if options.method == .push { return pushFloorOfAll }
    let sweepCost = IncrementalCostModel.sweepCost(edges: adjacency.edgeCount, vertices: vertexIndexCount)
    return IncrementalCostModel.pushWorth(ratio: 1) * budget * IncrementalCostModel.pushEdge / sweepCost / 2
  }
  var pushFloorOfAll: Double { budget / 4 / (Double(adjacency.edgeCount) + 4 * Double(vertexIndexCount)) }

  /// Threads for a scan of the whole graph; waking them pays from some 100,000 edges on.
  var workers: Int {
    let most = max(1, options.workers ?? Self.coreCount)
    return options.workers == nil && adjacency.edgeCount + vertexIndexCount < 1 << 16 ? 1 : most
  }
  private static let coreCount = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}
