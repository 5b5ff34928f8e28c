import PropertyGraph

/// Batches of changes of several sizes on 9 of 10 edges of a file: time with the mutation included, and what it took.
///
/// Against sweeps: the same batches go to a second graph whose ranks are recomputed from the last ones by sweeps over
/// all edges. Both take turns, a block of batches each, so that the machine's moods meet both alike.
func benchmarkPageRank(
  _ file: EdgeFile, tolerance: Double, largestBatch: Int, scale: Double, workers: Int?, isAgainstSweeps: Bool
) {
  let options = IncrementalPageRankOptions(tolerance: tolerance, workers: workers)
  let chosen = RankedGraph(file, options: options)
  report([
    "mode": "pagerank", "step": "cold", "tolerance": tolerance, "vertices": chosen.graph.vertexCount,
    "edges": chosen.graph.edgeCount, "readMs": rounded(file.readingMilliseconds, 1),
    "loadMs": rounded(chosen.loadingMilliseconds, 1), "coldMs": rounded(chosen.coldMilliseconds, 2),
    "coldSweeps": chosen.solved.sweeps,
    "sweepMs": rounded(chosen.coldMilliseconds / Double(max(1, chosen.solved.sweeps)), 3),
    "errorBound": chosen.solved.errorBound,
  ])
  var swept: RankedGraph?
  if isAgainstSweeps {
    var sweeping = options
    sweeping.method = .sweep
    swept = RankedGraph(file, options: sweeping)
  }
  for size in [2, 10, 100, 1000, 10_000, 100_000] where size <= largestBatch {
    let usual = size <= 10 ? 400 : size <= 100 ? 200 : size <= 1000 ? 100 : size <= 10_000 ? 40 : 12
    let batches = max(4, Int(Double(usual) * scale))
    let warm = max(2, batches / 10)
    chosen.run(warm, of: size)
    swept?.run(min(warm, 4), of: size)
    chosen.totals = BatchTotals()
    swept?.totals = BatchTotals()
    let blocks = 4
    for block in 0..<blocks {
      let share = batches * (block + 1) / blocks - batches * block / blocks
      chosen.run(share, of: size)
      // a recompute's time hardly varies: fewer of them tell as much
      swept?.run(min(share, 12), of: size)
    }
    chosen.reportBatches(of: size, step: "batch")
    swept?.reportBatches(of: size, step: "warm-started")
  }
  report([
    "mode": "pagerank", "step": "end", "tolerance": tolerance,
    "bytesPerEdge": rounded(Double(chosen.graph.byteCount) / Double(chosen.graph.edgeCount), 2),
    "invariants": chosen.graph.checkInvariants() ?? "hold",
  ])
}

/// What batches took.
struct BatchTotals {
  var milliseconds: [Double] = []
  var mutationMilliseconds = 0.0
  var pushedEdges = 0
  var sweeps = 0
  var sweptBatches = 0
  var errorBoundMax = 0.0
}

/// A graph of 9 of 10 edges of a file with its ranks, and the changes that come to it.
final class RankedGraph {
  let graph: DynamicAdjacency
  let ranks: IncrementalPageRank
  let loadingMilliseconds: Double
  private(set) var coldMilliseconds = Double.infinity
  private(set) var solved = PageRankUpdateReport()
  var totals = BatchTotals()
  private var file: EdgeFile
  private var present: Int
  private var chance = SeededChance(state: 5)

  init(_ file: EdgeFile, options: IncrementalPageRankOptions) {
    self.file = file
    present = file.count * 9 / 10
    let start = nanoseconds()
    graph = loadGraph(file, count: present)
    loadingMilliseconds = Double(nanoseconds() - start) / 1e6
    ranks = IncrementalPageRank(graph, options: options)  // touches the pages
    for _ in 0..<5 {
      coldMilliseconds = min(coldMilliseconds, milliseconds { solved = ranks.solveFromScratch() })
    }
  }

  /// Makes batches of changes; what they took is added to the totals.
  func run(_ batches: Int, of size: Int) {
    for _ in 0..<batches {
      let updates = nextBatch(of: size, &file, &present, &chance)
      let changing = milliseconds { _ = ranks.apply(updates) }
      var one = PageRankUpdateReport()
      let updating = milliseconds { one = ranks.update() }
      totals.milliseconds.append(changing + updating)
      totals.mutationMilliseconds += changing
      totals.pushedEdges += one.pushedEdges
      totals.sweeps += one.sweeps
      totals.sweptBatches += one.sweeps > 0 ? 1 : 0
      totals.errorBoundMax = max(totals.errorBoundMax, one.errorBound)
    }
  }

  func reportBatches(of size: Int, step: String) {
    let sorted = totals.milliseconds.sorted()
    let count = Double(max(1, sorted.count))
    report([
      "mode": "pagerank", "step": step, "tolerance": ranks.options.tolerance, "batch": size,
      "meanMs": rounded(sorted.reduce(0, +) / count), "p10Ms": rounded(quantile(sorted, 0.1)),
      "p50Ms": rounded(quantile(sorted, 0.5)), "p99Ms": rounded(quantile(sorted, 0.99)),
      "maxMs": rounded(sorted.last ?? 0),
      "mutationUsPerChange": rounded(totals.mutationMilliseconds * 1e3 / count / Double(size)),
      "pushedEdges": rounded(Double(totals.pushedEdges) / count, 1),
      "sweeps": rounded(Double(totals.sweeps) / count, 2), "sweptBatches": totals.sweptBatches,
      "batches": sorted.count, "errorBoundMax": totals.errorBoundMax,
      "digest": digest(),
    ])
  }

  /// The bits of all ranks in one number: equal for equal results, to compare runs and machines.
  private func digest() -> String {
    var sum: UInt64 = 0
    for rank in ranks.allRanks(summingTo: nil) { sum = (sum ^ rank.bitPattern) &* 0x9E37_79B9_7F4A_7C15 }
    return String(sum, radix: 16)
  }
}
