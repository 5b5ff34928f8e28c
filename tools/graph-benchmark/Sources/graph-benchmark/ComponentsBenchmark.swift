import Foundation
import PropertyGraph

/// Components from scratch, with a disjoint-set forest.
func componentsFromScratch(_ input: WindowedEdges, _ range: Range<Int>) -> Int {
  var parent = (0..<input.vertexCount).map { $0 }
  func find(_ x: Int) -> Int {
    var x = x
    while parent[x] != x {
      parent[x] = parent[parent[x]]
      x = parent[x]
    }
    return x
  }
  var count = input.vertexCount
  for i in range {
    let (u, v) = input.edges[i % input.edges.count]
    let (a, b) = (find(Int(u)), find(Int(v)))
    if a != b {
      parent[a] = b
      count -= 1
    }
  }
  return count
}

/// Loads a share of the edges, then slides: one edge in, the oldest one out. With labels, deltas are taken every 10,000
/// pairs. Processor time for means, wall-clock time for the distribution of deletions.
@inline(never)
func measureComponents(_ keeper: some WindowedKeeper, _ input: WindowedEdges, share: Double, pairs: Int, labels: Bool) {
  let edges = input.edges
  let window = Int(Double(edges.count) * share)
  let start = processorNanoseconds()
  for i in 0..<window { keeper.insert(i, edges[i].0, edges[i].1) }
  let loaded = processorNanoseconds()
  if labels { _ = keeper.takeDeltas() }
  let labelled = processorNanoseconds()
  // First half without a clock in the loop, second half with one around every deletion.
  let half = pairs / 2
  var changes = 0
  let slideStart = processorNanoseconds()
  for k in 0..<half {
    let (u, v) = edges[(window + k) % edges.count]
    keeper.insert(window + k, u, v)
    keeper.deleteOldest(k)
    if labels, k % 10_000 == 9_999 { changes += keeper.takeDeltas().vertices.count }
  }
  let slideEnd = processorNanoseconds()
  var times: [Double] = []
  times.reserveCapacity(pairs)
  for k in half..<pairs {
    let (u, v) = edges[(window + k) % edges.count]
    keeper.insert(window + k, u, v)
    let before = nanoseconds()
    keeper.deleteOldest(k)
    times.append(Double(nanoseconds() - before))
  }
  times.sort()
  let depth = keeper.depth()
  func delete(_ share: Double) -> Double { rounded(quantile(times, share) / 1e3, 2) }
  report([
    "mode": "components-\(keeper.name)", "graph": input.name, "share": share, "labels": labels,
    "vertices": input.vertexCount, "edges": edges.count,
    "loadNsPerEdge": (loaded - start) / UInt64(max(window, 1)),
    "firstDeltasMs": rounded(Double(labelled - loaded) / 1e6, 2), "pairs": pairs,
    "usPerPair": rounded(Double(slideEnd - slideStart) / Double(half) / 1e3, 3),
    "labelChangesPerPair": rounded(Double(changes) / Double(half), 3), "deleteP50Us": delete(0.5),
    "deleteP99Us": delete(0.99), "deleteP999Us": delete(0.999), "deleteMaxUs": delete(1),
    "components": keeper.componentCount, "depthMean": rounded(depth.mean, 2), "depthMax": depth.max,
  ])
  let expected = componentsFromScratch(input, pairs..<window + pairs)
  if keeper.componentCount != expected {
    fail("\(keeper.name): \(keeper.componentCount) components, from scratch \(expected)\n", code: 70)
  }
}
