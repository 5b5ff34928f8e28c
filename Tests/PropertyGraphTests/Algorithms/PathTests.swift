import Testing

@testable import PropertyGraph

/// Breadth-first search and shortest paths against Bellman–Ford, and their verifiers against wrong answers.
@Suite struct PathTests {
  func bellmanFord(_ topology: Topology, from source: VertexIndex, weighted: Bool) -> [Double] {
    let outgoing = topology.outgoing
    var distances = [Double](repeating: .infinity, count: topology.vertexCount)
    distances[Int(source)] = 0
    var isChanged = true
    while isChanged {
      isChanged = false
      for v in 0..<VertexIndex(topology.vertexCount) where distances[Int(v)] < .infinity {
        for slot in outgoing.slots(of: v) {
          let length = distances[Int(v)] + (weighted ? outgoing.weights?[slot] ?? 1 : 1)
          if length < distances[Int(outgoing.neighbours[slot])] {
            distances[Int(outgoing.neighbours[slot])] = length
            isChanged = true
          }
        }
      }
    }
    return distances
  }

  func sources(_ graph: RandomGraph) -> [VertexIndex] {
    [0, VertexIndex(graph.vertices / 2), VertexIndex(graph.vertices - 1)]
  }

  @Test(arguments: RandomGraph.small + RandomGraph.large)
  func hopsAreShortest(graph: RandomGraph) {
    let topology = graph.topology()
    for source in sources(graph) {
      for side in [topology, topology.reversed, topology.undirected()] {
        let distances = BreadthFirstSearch.distances(side, from: source)
        let expected = bellmanFord(side, from: source, weighted: false)
        #expect(distances.map { $0 == .max ? .infinity : Double($0) } == expected)
        #expect(BreadthFirstSearch.isValid(distances, side, from: source))
        #expect(ShortestPaths.distances(side.weighted(by: nil), from: source) == expected)
        let parents = BreadthFirstSearch.parents(side, from: source)
        for (v, parent) in parents.enumerated() {
          let candidates = side.incoming.neighbours(of: VertexIndex(v)).filter {
            distances[v] != .max && distances[v] > 0 && distances[Int($0)] == distances[v] - 1
          }
          #expect(parent == (v == source ? source : candidates.min()))
        }
      }
    }
  }

  @Test(arguments: RandomGraph.small + RandomGraph.large)
  func weightedPathsAreShortest(graph: RandomGraph) {
    let topology = graph.topology()
    for source in sources(graph) {
      let distances = ShortestPaths.distances(topology, from: source)
      #expect(distances == bellmanFord(topology, from: source, weighted: true))
      #expect(ShortestPaths.isValid(distances, topology, from: source))
    }
  }

  /// Deep and shallow graphs go through both directions of the search.
  @Test func levelsOfPathsStarsAndGrids() {
    let n: VertexIndex = 5000
    let path = Topology(EdgeList((1..<n).map { ($0 - 1, $0) }), vertexCount: Int(n))
    #expect(BreadthFirstSearch.distances(path, from: 0) == (0..<n).map { $0 })
    #expect(BreadthFirstSearch.distances(path, from: n - 1) == (0..<n).map { $0 == n - 1 ? 0 : UInt32.max })
    let star = Topology(EdgeList((1..<n).map { (0, $0) }), vertexCount: Int(n)).undirected()
    #expect(BreadthFirstSearch.distances(star, from: 7) == (0..<n).map { $0 == 7 ? 0 : $0 == 0 ? 1 : 2 })
    let side: VertexIndex = 90
    var grid = EdgeList()
    for x in 0..<side {
      for y in 0..<side {
        if x + 1 < side { grid.append(x * side + y, (x + 1) * side + y) }
        if y + 1 < side { grid.append(x * side + y, x * side + y + 1) }
      }
    }
    let distances = BreadthFirstSearch.distances(Topology(grid, vertexCount: Int(side * side)), from: 0)
    #expect(distances == (0..<side * side).map { $0 / side + $0 % side })
  }

  @Test func wrongDistancesAreNotValid() {
    let edges = EdgeList(sources: [0, 1, 2, 0], targets: [1, 2, 3, 2], weights: [1, 2, 1, 5])
    let topology = Topology(edges, vertexCount: 5)
    #expect(BreadthFirstSearch.isValid([0, 1, 1, 2, .max], topology, from: 0))
    for wrong: [UInt32] in [
      [0, 1, 2, 3, .max], [0, 1, 1, 2, 3], [0, 1, 1, .max, .max], [1, 1, 1, 2, .max], [0, 1],
    ] {
      #expect(!BreadthFirstSearch.isValid(wrong, topology, from: 0))
    }
    #expect(ShortestPaths.isValid([0, 1, 3, 4, .infinity], topology, from: 0))
    for wrong in [[0, 1, 5, 6, .infinity], [0, 1, 3, 4, 9], [0, 0.5, 2.5, 3.5, .infinity], [0, 1, 3, .infinity, 1]] {
      #expect(!ShortestPaths.isValid(wrong, topology, from: 0))
    }
  }

  @Test(arguments: RandomGraph.small)
  func landmarksAreReachedAlongEdges(graph: RandomGraph) {
    let topology = graph.topology()
    let landmarks = Array(Set(sources(graph))).sorted()
    let result = ShortestPaths.toLandmarks(topology, landmarks: landmarks)
    for v in 0..<VertexIndex(graph.vertices) {
      let hops = bellmanFord(topology, from: v, weighted: false)
      let expected = landmarks.filter { hops[Int($0)] < .infinity }.map { ($0, UInt32(hops[Int($0)])) }
      #expect(result[v] == Dictionary(uniqueKeysWithValues: expected))
    }
  }

  @Test(
    .enabled(if: ReferenceData.isPresent, "the reference graphs are not in ../shared/data"),
    arguments: [
      ("bfs/dir-input", "bfs/dir-output", true, 1), ("bfs/undir-input", "bfs/undir-output", false, 1),
      ("example/example-directed-input", "example/example-directed-BFS", true, 1),
      ("example/example-undirected-input", "example/example-undirected-BFS", false, 2),
    ])
  func hopsOfLDBCGraphalytics(input: String, output: String, directed: Bool, source: Int) throws {
    let graph = try NamedGraph(adjacency: "ldbc_graphalytics/" + input, directed: directed)
    let distances = BreadthFirstSearch.distances(graph.topology, from: graph.index[source]!)
    let expected = try ReferenceData.values("ldbc_graphalytics/" + output)
    #expect(expected.count == graph.names.count)
    for (name, hops) in expected {
      let distance = distances[Int(try #require(graph.index[name]))]
      #expect((distance == .max ? Int.max : Int(distance)) == Int(hops), "vertex \(name)")
    }
  }

  @Test(
    .enabled(if: ReferenceData.isPresent, "the reference graphs are not in ../shared/data"),
    arguments: [
      ("sssp/dir-input", "sssp/dir-output", true, 1), ("sssp/undir-input", "sssp/undir-output", false, 1),
      ("example/example-directed", "example/example-directed-SSSP", true, 1),
      ("example/example-undirected", "example/example-undirected-SSSP", false, 2),
    ])
  func pathsOfLDBCGraphalytics(input: String, output: String, directed: Bool, source: Int) throws {
    let path = "ldbc_graphalytics/" + input
    let graph = try NamedGraph(edges: path + ".e", vertices: path + ".v", directed: directed)
    let distances = ShortestPaths.distances(graph.topology, from: graph.index[source]!)
    let expected = try ReferenceData.values("ldbc_graphalytics/" + output)
    #expect(expected.count == graph.names.count)
    for (name, value) in expected {
      let distance = distances[Int(try #require(graph.index[name]))]
      let length = value.lowercased() == "infinity" ? Double.infinity : Double(value)!
      #expect(distance == length || abs(distance - length) <= 1e-4 * length, "vertex \(name)")
    }
  }
}
