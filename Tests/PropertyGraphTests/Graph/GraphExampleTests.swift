import Foundation
import PropertyGraph
import Testing

/// The examples of the documentation, and those of GraphX's guide in this vocabulary.
@Suite struct GraphExampleTests {
  /// Researchers and who works how with whom; vertex 0 is in no list.
  static var collaboration: Graph<String, String> {
    Graph(
      vertices: [(3, "student"), (7, "postdoc"), (5, "professor"), (2, "professor"), (4, "student")],
      edges: [
        (3, 7, "collaborator"), (5, 3, "advisor"), (2, 5, "colleague"), (5, 7, "principal"), (4, 0, "student"),
        (5, 0, "colleague"),
      ],
      defaultVertexAttribute: "missing")
  }

  static var ages: Graph<Int, String> {
    Graph(
      vertices: [("ann", 31), ("bob", 17), ("cy", 64)],
      edges: [("ann", "bob", "follows"), ("bob", "cy", "likes"), ("cy", "ann", "follows"), ("cy", "bob", "follows")],
      defaultVertexAttribute: 0)
  }

  @Test func countingVerticesEdgesAndTriplets() {
    let graph = GraphExampleTests.collaboration
    #expect(graph.vertices.filter { _, role in role == "postdoc" }.count == 1)
    #expect(graph.edges.named.filter { $0.source > $0.target }.count == 3)
    let sentences = graph.triplets.map { "\(graph.id(of: $0.source)) is the \($0.attribute) of \($0.targetAttribute)" }
    #expect(sentences.contains("5 is the advisor of student") && sentences.count == 6)
  }

  @Test func vertexWithoutAttributesAreLeftOutAndTheRestIsMasked() {
    let graph = GraphExampleTests.collaboration
    #expect(graph.vertices[0] == "missing")
    let valid = graph.subgraph(vertexPredicate: { _, role in role != "missing" })
    #expect(valid.numVertices == 5 && valid.numEdges == 4 && valid.vertex(0) == nil && valid.vertices[0] == nil)
    // components of the whole graph, cut down to the valid part
    let components = graph.mapVertices { vertex, _ in vertex }
    #expect(components.mask(valid).vertices.named.map(\.id) == [3, 7, 5, 2, 4])
    #expect(graph.numVertices == 6 && graph.numEdges == 6)
  }

  @Test func degreesAreJoinedAndWeighEdges() {
    let graph = GraphExampleTests.collaboration
    let weighted = graph.outerJoinVertices(graph.outDegrees) { _, _, degree in degree ?? 0 }
      .mapTriplets { 1.0 / Double($0.sourceAttribute) }
    #expect(weighted.vertices[7] == 0 && weighted.vertices[5] == 3)
    #expect(Set(weighted.edges.map(\.attribute)) == [1.0, 1.0 / 3])
  }

  @Test func olderFollowersAreCountedAndAveraged() {
    let graph = GraphExampleTests.ages
    let older = graph.aggregateMessages(of: (Int, Int).self, fields: [.source, .target]) { edge in
      if edge.sourceAttribute > edge.targetAttribute { edge.sendToTarget((1, edge.sourceAttribute)) }
    } merge: {
      ($0.0 + $1.0, $0.1 + $1.1)
    }
    let averages = older.mapValues { Double($0.1) / Double($0.0) }
    #expect(averages["bob"] == 47.5 && averages["ann"] == 64 && averages["cy"] == nil)
    let oldest = graph.aggregateMessages(of: Int.self, fields: [.source, .edge]) { edge in
      if edge.attribute == "follows" { edge.sendToTarget(edge.sourceAttribute) }
    } merge: {
      max($0, $1)
    }
    #expect(oldest["bob"] == 64 && oldest["cy"] == nil)
  }

  @Test func theHighestDegreesAreFound() {
    let graph = GraphExampleTests.collaboration
    let highest = graph.degrees.max { $0.attribute < $1.attribute }
    #expect(highest.map { graph.id(of: $0.vertex) } == 5 && highest?.attribute == 4)
    #expect(graph.inDegrees[7] == 2 && graph.inDegrees[4] == nil)
  }

  @Test func setsOfVertices() {
    let ages = VertexSet([("ann", 31), ("bob", 17), ("cy", 64)])
    let adults = ages.filter { _, age in age >= 18 }
    #expect(adults.count == 2 && adults["bob"] == nil && ages.minus(adults)["bob"] == 17)
    let words = VertexSet([("a", 0), ("b", 0)])
    #expect(words.aggregateUsingIndex([("a", 1), ("a", 5), ("z", 9)], merge: +)["a"] == 6)
  }

  @Test func constructorsFromEdges() {
    let graph = Graph.fromEdges([("a", "b", 3), ("b", "c", 4)], defaultVertexAttribute: 0)
    #expect(graph.edges.filter { $0.attribute > 3 }.count == 1)
    #expect(graph.edges.mapValues { $0.attribute * 2 }.map(\.attribute) == [6, 8])
    let counted = Graph.fromEdgeTuples(
      [(1, 2), (1, 2), (2, 3)], defaultVertexAttribute: "", uniqueEdges: .randomVertexCut)
    #expect(counted.edges.map(\.attribute) == [2, 1])
    #expect(Graph.fromEdgeTuples([(1, 2), (1, 2), (2, 3)], defaultVertexAttribute: "").numEdges == 3)
    let list = EdgeList(sources: [1, 0], targets: [0, 1], weights: [0.5, 2])
    let weighted = Graph.fromEdgeList(list, VertexDictionary(identity: 2), defaultVertexAttribute: true)
    #expect(weighted.edges.map(\.attribute) == [2, 0.5] && weighted.vertices[1] == true)
  }

  @Test func aSymmetricTopologyGetsAnAttributePerDirection() {
    let list = EdgeList([(0, 1), (1, 2), (2, 0)])
    let symmetric = Topology(list, vertexCount: 3).undirected()
    let graph = Graph(
      VertexDictionary(identity: 3), symmetric, vertexAttributes: [10, 20, 30],
      edgeAttributes: Array(0..<symmetric.edgeCount))
    let sums = graph.aggregateMessages(of: Int.self) {
      $0.sendToTarget($0.attribute)
    } merge: {
      $0 + $1
    }
    for vertex in 0..<VertexIndex(3) {
      #expect(sums[vertex: vertex] == graph.edges.filter { $0.target == vertex }.reduce(0) { $0 + $1.attribute })
    }
  }

  @Test func edgesAreSeenFromTheirEnds() {
    let edge = Edge(source: 1, target: 2, attribute: "x")
    #expect(edge.other(than: 1) == 2 && edge.other(than: 2) == 1)
    #expect(edge.direction(from: 1) == .out && edge.direction(from: 2) == .in)
    let graph = GraphExampleTests.ages.joinVertices([("ann", 30), ("dan", 1)]) { _, _, new in new }
    let triplet = graph.triplets.first { $0.attribute == "likes" }
    #expect(triplet.map { graph.id(of: $0.source) } == "bob" && triplet?.sourceAttribute == 17)
    #expect(triplet.map { $0.otherAttribute(than: $0.source) } == 64 && triplet.map { $0.other(than: $0.target) } == 1)
    #expect(graph.vertices["ann"] == 30 && graph.numVertices == 3)
  }

  @Test func aGraphWithoutVertices() {
    let none: [(VertexID, VertexID, Int)] = []
    let graph = Graph.fromEdges(none, defaultVertexAttribute: 0)
    var random = TestRandom(seed: 1)
    #expect(graph.numVertices == 0 && graph.numEdges == 0 && graph.pickRandomVertex(using: &random) == nil)
    #expect(graph.mapVertices { _, a in a + 1 }.groupEdges { $0 + $1 }.reverse().triplets.isEmpty)
    #expect(graph.convertToCanonicalEdges().subgraph(edgePredicate: { _ in true }).mask(graph).numEdges == 0)
    #expect(graph.degrees.isEmpty && graph.collectNeighborIds(.either).isEmpty && graph.collectEdges(.both).isEmpty)
    let sent = graph.aggregateMessages(of: Int.self) {
      $0.sendToTarget(1)
    } merge: {
      $0 + $1
    }
    #expect(sent.isEmpty && graph.partitionBy(.edgePartition1D).edges.mapPartitions { $1.count }.reduce(0, +) == 0)
  }
}
