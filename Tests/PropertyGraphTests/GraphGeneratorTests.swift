import Foundation
import Testing

@testable import PropertyGraph

/// Shapes of generated graphs, and that a seed means the same bytes for ever.
@Suite struct GraphGeneratorTests {
  /// A digest of the edges in their order (FNV-1a).
  private func digest(_ edges: EdgeList) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for i in 0..<edges.count {
      for word in [edges.sources[i], edges.targets[i]] { hash = (hash ^ UInt64(word)) &* 0x100_0000_01b3 }
    }
    return hash
  }

  @Test func regularShapes() {
    let grid = GraphGenerator.grid(rows: 2, columns: 3)
    #expect(grid.vertexCount == 6)
    #expect(grid.edges == EdgeList([(0, 1), (0, 3), (1, 2), (1, 4), (2, 5), (3, 4), (4, 5)]))
    #expect(GraphGenerator.star(vertexCount: 4).edges == EdgeList([(1, 0), (2, 0), (3, 0)]))
    #expect(GraphGenerator.path(vertexCount: 4).edges == EdgeList([(0, 1), (1, 2), (2, 3)]))
    for count in 0...1 {
      #expect(GraphGenerator.star(vertexCount: count).edges.count == 0)
      #expect(GraphGenerator.path(vertexCount: count).vertexCount == count)
    }
  }

  @Test func randomEdgesAreDifferentAndNoLoops() {
    let graph = GraphGenerator.random(vertexCount: 100, edgeCount: 4950, seed: 3)
    var seen = Set<UInt64>()
    var outDegrees = [Int](repeating: 0, count: 100)
    for i in 0..<graph.edges.count {
      let (a, b) = (graph.edges.sources[i], graph.edges.targets[i])
      #expect(a != b && a < 100 && b < 100)
      seen.insert(UInt64(a) << 32 | UInt64(b))
      outDegrees[Int(a)] += 1
    }
    #expect(seen.count == 4950)
    // hypergeometric with mean 49.5 and deviation 5
    #expect(outDegrees.allSatisfy { (24...75).contains($0) })
  }

  @Test func rmatHasItsQuarters() {
    let graph = RMATGenerator(scale: 12, edgeFactor: 16, seed: 9).graph()
    #expect(graph.vertexCount == 4096)
    #expect(graph.edges.count == 65536)
    let half: VertexIndex = 2048
    var quarters = [0, 0, 0, 0]
    for i in 0..<graph.edges.count {
      quarters[(graph.edges.sources[i] >= half ? 2 : 0) + (graph.edges.targets[i] >= half ? 1 : 0)] += 1
    }
    for (count, share) in zip(quarters, [0.57, 0.19, 0.19, 0.05]) {
      // five deviations of a binomial
      #expect(abs(Double(count) - share * 65536) < 5 * (share * (1 - share) * 65536).squareRoot())
    }
    #expect(!RMATGenerator(scale: 32).isValid)
    #expect(!RMATGenerator(scale: 2, a: 0.9, b: 0.2).isValid)
    #expect(RMATGenerator(scale: 0, edgeFactor: 3).graph().edges == EdgeList([(0, 0), (0, 0), (0, 0)]))
  }

  @Test func logNormalDegrees() {
    let graph = GraphGenerator.logNormal(vertexCount: 20000, mean: 2, deviation: 0.5, seed: 4)
    var degrees = [Int](repeating: 0, count: 20000)
    for source in graph.edges.sources { degrees[Int(source)] += 1 }
    degrees.sort()
    // the median of e^N(2, 0.5), rounded down, and the 97.7th percentile
    #expect(degrees[10000] == 7)
    #expect((19...21).contains(degrees[19545]))
    #expect(GraphGenerator.logNormal(vertexCount: 1, seed: 1).edges.count == 0)
  }

  /// Recorded: another platform or another order of computing must not change them.
  @Test func seedsMeanTheSameForEver() {
    #expect(digest(RMATGenerator(scale: 10, seed: 1).graph().edges) == 16_761_804_808_610_912_109)
    #expect(
      digest(GraphGenerator.random(vertexCount: 500, edgeCount: 2000, seed: 1).edges) == 5_573_923_232_907_789_896)
    #expect(digest(GraphGenerator.logNormal(vertexCount: 500, seed: 1).edges) == 14_973_397_894_573_685_503)
    #expect(RMATGenerator(scale: 6, seed: 1).graph() != RMATGenerator(scale: 6, seed: 2).graph())
  }

  @Test func portableFunctionsAgreeWithTheLibrary() {
    var worst = 0.0
    for i in 1...2000 {
      let x = Double(i) * 0.037 - 30
      worst = max(worst, abs(PortableLogarithm.exponential(x) / exp(x) - 1))
      worst = max(worst, abs(PortableLogarithm.natural(exp(x)) - x))
    }
    #expect(worst < 1e-13)
  }
}
