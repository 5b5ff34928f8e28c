import Foundation
import PropertyGraph

/// PageRank and components of a graph that does not change, from scratch.
///
/// A sweep's time is the difference between 20 and 10 synchronous rounds, so that what is done once does not count.
func benchmarkCold(_ file: EdgeFile, tolerance: Double, ranksPath: String?) {
  var topology: Topology?
  let sorting = milliseconds {
    let sorted = Topology(EdgeList(sources: file.sources, targets: file.targets), vertexCount: file.vertexCount)
    _ = sorted.incoming
    topology = sorted
  }
  guard let topology else { return }
  let options = PageRankOptions(termination: .tolerance(tolerance))
  var result = PageRankResult(ranks: [], bound: 0, iterations: 0)
  var cold = Double.infinity
  for _ in 0..<5 { cold = min(cold, milliseconds { result = PageRank.ranks(topology, options: options) }) }
  func rounds(_ count: Int) -> Double {
    (0..<3).map { _ in
      milliseconds { _ = PageRank.ranks(topology, options: PageRankOptions(termination: .iterations(count))) }
    }.min() ?? 0
  }
  let sweep = (rounds(20) - rounds(10)) / 10
  var labels: [VertexIndex] = []
  let components = (0..<3).map { _ in milliseconds { labels = ConnectedComponents.labels(topology) } }.min() ?? 0
  if let ranksPath {
    let bytes = result.ranks.withUnsafeBytes { Data($0) }
    do {
      try bytes.write(to: URL(fileURLWithPath: ranksPath))
    } catch {
      fail("graph-benchmark: cannot write \(ranksPath): \(error.localizedDescription)\n", code: 73)
    }
  }
  report([
    "mode": "cold", "tolerance": tolerance, "vertices": topology.vertexCount, "edges": topology.edgeCount,
    "sortMs": rounded(sorting, 1), "coldMs": rounded(cold, 3), "iterations": result.iterations,
    "errorBound": result.bound, "sweepMs": rounded(sweep, 3), "componentsMs": rounded(components, 3),
    "components": ConnectedComponents.count(labels),
  ])
}
