import Testing

@testable import PropertyGraph

/// Triangles, clustering coefficients, label propagation and factors against computations by definition.
@Suite struct CommunityTests {
  /// Which directed edges there are, loops left out.
  func matrix(_ topology: Topology) -> [[Bool]] {
    let n = topology.vertexCount
    var matrix = [[Bool]](repeating: [Bool](repeating: false, count: n), count: n)
    for v in 0..<n {
      for w in topology.outgoing.neighbours(of: VertexIndex(v)) where Int(w) != v { matrix[v][Int(w)] = true }
    }
    return matrix
  }

  @Test(arguments: RandomGraph.small)
  func trianglesAndCoefficients(graph: RandomGraph) {
    for topology in [graph.topology(), graph.topology().undirected(), graph.topology().undirected(duplicates: .keep)] {
      let edge = matrix(topology)
      let n = graph.vertices
      var triangles = [UInt64](repeating: 0, count: n)
      var coefficients = [Double](repeating: 0, count: n)
      for v in 0..<n {
        let neighbours = (0..<n).filter { edge[v][$0] || edge[$0][v] }
        var directed = 0
        for a in neighbours {
          for b in neighbours where edge[a][b] { directed += 1 }
          for b in neighbours where b > a && (edge[a][b] || edge[b][a]) { triangles[v] += 1 }
        }
        let d = Double(neighbours.count)
        if d >= 2 { coefficients[v] = Double(directed) / (d * (d - 1)) }
      }
      #expect(TriangleCount.counts(topology) == triangles)
      #expect(ClusteringCoefficient.local(topology) == coefficients)
      #expect(TriangleCount.total(triangles) * 3 == triangles.reduce(0, +))
    }
  }

  @Test(arguments: RandomGraph.large)
  func trianglesOfLargeGraphsRepeat(graph: RandomGraph) {
    let topology = graph.topology()
    let counts = TriangleCount.counts(topology)
    for _ in 0..<3 { #expect(TriangleCount.counts(topology) == counts) }
    // by intersecting sorted neighbours, for the vertices of most and least degree and some between
    let simple = topology.undirected().outgoing
    for v in stride(from: 0, to: VertexIndex(graph.vertices), by: graph.vertices / 50) {
      let neighbours = Set(simple.neighbours(of: v))
      let expected = neighbours.reduce(0) { $0 + simple.neighbours(of: $1).count { neighbours.contains($0) } }
      #expect(counts[Int(v)] == UInt64(expected / 2))
    }
  }

  func propagated(_ topology: Topology, _ initial: [UInt64], _ iterations: Int) -> [UInt64] {
    var labels = initial
    for _ in 0..<iterations {
      labels = labels.indices.map { v in
        var votes: [UInt64: Int] = [:]
        for w in topology.outgoing.neighbours(of: VertexIndex(v)) { votes[labels[Int(w)], default: 0] += 1 }
        if !topology.isSymmetric {
          for w in topology.incoming.neighbours(of: VertexIndex(v)) { votes[labels[Int(w)], default: 0] += 1 }
        }
        return votes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? labels[v]
      }
    }
    return labels
  }

  @Test(arguments: RandomGraph.small)
  func labelsAreTheMostFrequent(graph: RandomGraph) {
    var random = TestRandom(seed: graph.seed + 100)
    let given = (0..<graph.vertices).map { _ in UInt64.max - UInt64(random.below(graph.vertices)) * 3 }
    for topology in [graph.topology(), graph.topology().undirected()] {
      for iterations in [0, 1, 2, 10] {
        let indices = (0..<UInt64(graph.vertices)).map { $0 }
        #expect(
          LabelPropagation.labels(topology, iterations: iterations) == propagated(topology, indices, iterations))
        #expect(
          LabelPropagation.labels(topology, iterations: iterations, initial: given)
            == propagated(topology, given, iterations))
      }
    }
  }

  @Test(arguments: RandomGraph.large)
  func labelsOfLargeGraphs(graph: RandomGraph) {
    let topology = graph.topology()
    let indices = (0..<UInt64(graph.vertices)).map { $0 }
    #expect(LabelPropagation.labels(topology, iterations: 3) == propagated(topology, indices, 3))
  }

  @Test(
    .enabled(if: ReferenceData.isPresent, "the reference graphs are not in ../shared/data"),
    arguments: [
      ("cdlp/dir-input", "cdlp/dir-output", true, 5), ("cdlp/undir-input", "cdlp/undir-output", false, 5),
      ("example/example-directed-input", "example/example-directed-CDLP", true, 2),
      ("example/example-undirected-input", "example/example-undirected-CDLP", false, 2),
    ])
  func labelsOfLDBCGraphalytics(input: String, output: String, directed: Bool, iterations: Int) throws {
    let graph = try NamedGraph(adjacency: "ldbc_graphalytics/" + input, directed: directed)
    let labels = LabelPropagation.labels(
      graph.topology, iterations: iterations, initial: graph.names.map { UInt64($0) })
    let expected = try ReferenceData.values("ldbc_graphalytics/" + output)
    #expect(expected.count == graph.names.count)
    for (name, label) in expected {
      #expect(labels[Int(try #require(graph.index[name]))] == UInt64(label), "vertex \(name)")
    }
  }

  @Test(
    .enabled(if: ReferenceData.isPresent, "the reference graphs are not in ../shared/data"),
    arguments: [
      ("lcc/dir-input", "lcc/dir-output", true), ("lcc/undir-input", "lcc/undir-output", false),
      ("example/example-directed-input", "example/example-directed-LCC", true),
      ("example/example-undirected-input", "example/example-undirected-LCC", false),
    ])
  func coefficientsOfLDBCGraphalytics(input: String, output: String, directed: Bool) throws {
    let graph = try NamedGraph(adjacency: "ldbc_graphalytics/" + input, directed: directed)
    let coefficients = ClusteringCoefficient.local(graph.topology)
    let expected = try ReferenceData.values("ldbc_graphalytics/" + output)
    for (name, value) in expected {
      let coefficient = coefficients[Int(try #require(graph.index[name]))]
      #expect(abs(coefficient - Double(value)!) <= 1e-4 * Double(value)!, "vertex \(name)")
    }
  }

  /// GraphX's guide: the triangles and components of its followers.
  @Test(.enabled(if: ReferenceData.isPresent, "the reference graphs are not in ../shared/data"))
  func followersOfGraphX() throws {
    let edges = try ReferenceData.lines("graph_oracles/spark_graphx/followers.txt").map {
      (Int($0[0])!, Int($0[1])!, 1.0)
    }
    let graph = NamedGraph(names: [], edges: edges, directed: true)
    let triangles = TriangleCount.counts(graph.topology)
    let labels = ConnectedComponents.labels(graph.topology)
    for (name, count, component) in [(1, 0, 1), (2, 0, 1), (3, 1, 3), (4, 0, 1), (6, 1, 3), (7, 1, 3)] {
      let v = Int(graph.index[name]!)
      #expect(triangles[v] == UInt64(count) && graph.names[Int(labels[v])] == component)
    }
  }

  @Test func graphsWithoutVertices() {
    let topology = Topology(EdgeList(), vertexCount: 0)
    #expect(TriangleCount.counts(topology) == [] && ClusteringCoefficient.local(topology) == [])
    #expect(LabelPropagation.labels(topology, iterations: 3) == [])
    #expect(ConnectedComponents.labels(topology) == [] && StronglyConnectedComponents.labels(topology) == [])
    #expect(CoreNumbers.numbers(topology) == [] && SingularValueFactors.train(topology).vectors == [])
  }
}
