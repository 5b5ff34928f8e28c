import PropertyGraph
import Testing

/// Partitions are GraphX's, and edges keep theirs.
@Suite struct PartitionStrategyTests {
  /// An edge, the number of partitions, and what the four strategies' formulas give, computed apart from this code.
  struct Known: Sendable {
    var source: Int64
    var target: Int64
    var count: Int
    var random: Int
    var canonical: Int
    var oneDimension: Int
    var twoDimensions: Int
  }

  static let known = [
    Known(source: 1, target: 2, count: 10, random: 0, canonical: 0, oneDimension: 7, twoDimensions: 8),
    Known(source: 2, target: 1, count: 10, random: 9, canonical: 0, oneDimension: 4, twoDimensions: 4),
    Known(source: 0, target: 0, count: 4, random: 0, canonical: 0, oneDimension: 0, twoDimensions: 0),
    Known(source: -3, target: 7, count: 9, random: 1, canonical: 1, oneDimension: 3, twoDimensions: 1),
    Known(source: 1 << 40, target: 5, count: 6, random: 0, canonical: 3, oneDimension: 0, twoDimensions: 1),
    Known(
      source: 123_456_789_012, target: -987_654_321_098, count: 64, random: 50, canonical: 17, oneDimension: 36,
      twoDimensions: 38),
    Known(source: 5, target: 1 << 33, count: 7, random: 4, canonical: 4, oneDimension: 4, twoDimensions: 3),
    Known(source: 42, target: 4242, count: 12, random: 6, canonical: 6, oneDimension: 6, twoDimensions: 6),
  ]

  @Test(arguments: known)
  func partitionsAreGraphXs(k: Known) {
    func partition(_ strategy: PartitionStrategy) -> Int {
      strategy.partition(source: k.source, target: k.target, partitionCount: k.count)
    }
    #expect(partition(.randomVertexCut) == k.random)
    #expect(partition(.canonicalRandomVertexCut) == k.canonical)
    #expect(partition(.edgePartition1D) == k.oneDimension)
    #expect(partition(.edgePartition2D) == k.twoDimensions)
  }

  @Test(arguments: 1...40)
  func strategiesPromiseWhatTheySay(count: Int) {
    var random = TestRandom(seed: UInt64(count))
    let side = Int(Double(count).squareRoot().rounded(.up))
    var bySource: [Int64: Set<Int>] = [:]
    for _ in 0..<2000 {
      let (a, b) = (Int64(random.below(20)) - 10, Int64(bitPattern: random.next()) >> Int64(random.below(64)))
      let strategies: [PartitionStrategy] = [
        .randomVertexCut, .canonicalRandomVertexCut, .edgePartition1D, .edgePartition2D,
      ]
      for strategy in strategies {
        #expect((0..<count).contains(strategy.partition(source: a, target: b, partitionCount: count)))
      }
      #expect(
        PartitionStrategy.canonicalRandomVertexCut.partition(source: a, target: b, partitionCount: count)
          == PartitionStrategy.canonicalRandomVertexCut.partition(source: b, target: a, partitionCount: count))
      #expect(
        PartitionStrategy.edgePartition1D.partition(source: a, target: b, partitionCount: count)
          == PartitionStrategy.edgePartition1D.partition(source: a, target: b + 1, partitionCount: count))
      bySource[a, default: []].insert(
        PartitionStrategy.edgePartition2D.partition(source: a, target: b, partitionCount: count))
    }
    #expect(bySource.values.allSatisfy { $0.count <= side })
  }

  @Test func extremeNamesHaveAPartition() {
    for name in [Int64.min, .max, 0, -1] {
      for strategy in [PartitionStrategy.randomVertexCut, .edgePartition1D, .edgePartition2D] {
        #expect((0..<7).contains(strategy.partition(source: name, target: .min, partitionCount: 7)))
      }
    }
  }

  @Test(arguments: GraphModel.Case.all)
  func edgesKeepTheirPartition(c: GraphModel.Case) {
    var model = GraphModel(c)
    let graph = model.graph()
    #expect(graph.edges.partitionCount == 1 && graph.edges.partitions.allSatisfy { $0 == 0 })
    let partitioned = graph.partitionBy(
      .custom { source, target, count in
        Int((source &* 3 &+ target).magnitude % UInt64(count))
      }, partitionCount: 7)
    // the attribute is made the partition, then edges are cut down, turned round and mapped
    let numbers = Array(partitioned.edges.partitions)
    #expect(partitioned.edges.partitionCount == 7 && numbers.count == graph.numEdges)
    let marked = Graph(
      graph.dictionary, partitioned.topology, vertexAttributes: graph.vertices.map(\.attribute),
      edgeAttributes: numbers
    ).partitionBy(
      .custom { source, target, count in
        Int((source &* 3 &+ target).magnitude % UInt64(count))
      }, partitionCount: 7)
    let part = marked.reverse().subgraph(vertexPredicate: { _, a in a % 3 != 0 }).mapVertices { _, a in -a }
      .groupEdges { first, _ in first }
    #expect(part.edges.partitions == part.edges.map(\.attribute))
    for (id, edge) in zip(marked.edges.named, marked.edges) {
      guard case .integer(let source) = id.source, case .integer(let target) = id.target else { continue }
      #expect(Int((source &* 3 &+ target).magnitude % 7) == edge.attribute)
    }
    let grouped = marked.edges.mapPartitions { partition, edges in
      edges.allSatisfy { $0.attribute == partition } ? edges.count : -1
    }
    #expect(grouped == (0..<7).map { partition in numbers.count { $0 == partition } })
    #expect(marked.partitionBy(.randomVertexCut).edges.partitionCount == 7)
    #expect(graph.partitionBy(.randomVertexCut).edges.partitionCount == 16)
  }
}
