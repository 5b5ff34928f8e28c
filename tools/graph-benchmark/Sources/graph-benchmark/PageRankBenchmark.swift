import Foundation
import PropertyGraph

/// Batches of changes of several sizes on 9 of 10 edges of a file: time with the mutation included, and what it took.
func benchmarkPageRank(_ file: EdgeFile, tolerance: Double, largestBatch: Int, scale: Double, workers: Int?) {
  var file = file
  var present = file.count * 9 / 10
  let graph = loadGraph(file, count: present)
  let options = IncrementalPageRankOptions(tolerance: tolerance, workers: workers)
  let ranks = IncrementalPageRank(graph, options: options)  // touches the pages
  var cold = Double.infinity
  var solved = PageRankUpdateReport()
  for _ in 0..<5 { cold = min(cold, milliseconds { solved = ranks.solveFromScratch() }) }
  report([
    "mode": "pagerank", "tolerance": tolerance, "vertices": graph.vertexCount, "edges": graph.edgeCount,
    "coldMs": rounded(cold, 2), "coldSweeps": solved.sweeps,
    "sweepMs": rounded(cold / Double(solved.sweeps), 3), "errorBound": solved.errorBound,
  ])
  var chance = SeededChance(state: 5)
  for size in [2, 10, 100, 1000, 10_000, 100_000] where size <= largestBatch {
    let usual = size <= 10 ? 400 : size <= 100 ? 200 : size <= 1000 ? 100 : size <= 10_000 ? 40 : 12
    let batches = max(4, Int(Double(usual) * scale))
    let warm = max(2, batches / 10)
    var times: [Double] = []
    var mutation = 0.0
    var total = PageRankUpdateReport()
    var worst = 0.0
    var abandoned = 0
    var dense = 0
    for batch in -warm..<batches {
      let updates = nextBatch(of: size, &file, &present, &chance)
      let changing = milliseconds { _ = ranks.apply(updates) }
      var one = PageRankUpdateReport()
      let updating = milliseconds { one = ranks.update() }
      if batch < 0 { continue }
      times.append(changing + updating)
      mutation += changing
      total.pushedEdges += one.pushedEdges
      total.sweeps += one.sweeps
      abandoned += one.isAbandoned ? 1 : 0
      dense += one.sweeps > 0 ? 1 : 0
      worst = max(worst, one.errorBound)
    }
    times.sort()
    let count = Double(times.count)
    report([
      "mode": "pagerank", "tolerance": tolerance, "batch": size, "meanMs": rounded(times.reduce(0, +) / count),
      "p10Ms": rounded(times[times.count / 10]), "p50Ms": rounded(times[times.count / 2]),
      "p99Ms": rounded(times[min(times.count - 1, times.count * 99 / 100)]),
      "mutationUsPerChange": rounded(mutation * 1e3 / count / Double(size)),
      "pushedEdges": rounded(Double(total.pushedEdges) / count, 1), "sweeps": rounded(Double(total.sweeps) / count, 2),
      "sweptBatches": dense, "abandoned": abandoned, "batches": times.count, "errorBoundMax": worst,
      "digest": digest(ranks),
    ])
  }
  report([
    "mode": "pagerank", "bytesPerEdge": rounded(Double(graph.byteCount) / Double(graph.edgeCount), 2),
    "invariants": graph.checkInvariants() ?? "hold",
  ])
}

/// The bits of all ranks in one number: equal for equal results, to compare runs and machines.
private func digest(_ ranks: IncrementalPageRank) -> String {
  var sum: UInt64 = 0
  for rank in ranks.allRanks(summingTo: nil) { sum = (sum ^ rank.bitPattern) &* 0x9E37_79B9_7F4A_7C15 }
  return String(sum, radix: 16)
}
