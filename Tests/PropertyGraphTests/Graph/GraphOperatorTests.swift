import PropertyGraph
import Testing

/// Every operator that makes a graph of a graph, against the same in dictionaries.
@Suite struct GraphOperatorTests {
  typealias Case = GraphModel.Case
  typealias Edge = GraphModel.Edge

  @Test(arguments: Case.all)
  func constructionKeepsEverythingGiven(c: Case) {
    var model = GraphModel(c)
    let graph = model.graph()
    #expect(graph.isEqual(to: model.vertices, model.edges))
    for (id, attribute) in model.vertices.prefix(50) {
      #expect(graph.vertices[id] == attribute)
      #expect(graph.vertex(id).map { graph.id(of: $0) } == id)
    }
    #expect(graph.vertices["nobody"] == nil && graph.vertex("nobody") == nil)
  }

  @Test(arguments: Case.all)
  func mappingChangesAttributesOnly(c: Case) {
    var model = GraphModel(c)
    let graph = model.graph()
    let names = graph.dictionary
    #expect(
      graph.mapVertices { vertex, attribute in attribute * 2 + (names.isText(vertex) ? 1 : 0) }
        .isEqual(
          to: Dictionary(
            uniqueKeysWithValues: model.vertices.map { id, a in
              if case .text = id { (id, a * 2 + 1) } else { (id, a * 2) }
            }), model.edges))
    #expect(
      graph.mapEdges { $0.attribute * 3 + ($0.source == $0.target ? 1 : 0) }
        .isEqual(
          to: model.vertices,
          model.edges.map {
            Edge(source: $0.source, target: $0.target, attribute: $0.attribute * 3 + ($0.source == $0.target ? 1 : 0))
          }))
    #expect(
      graph.mapTriplets { $0.sourceAttribute * 10 - $0.targetAttribute + $0.attribute }
        .isEqual(
          to: model.vertices,
          model.edges.map { edge in
            let ends = (model.vertices[edge.source] ?? 0, model.vertices[edge.target] ?? 0)
            return Edge(
              source: edge.source, target: edge.target, attribute: ends.0 * 10 - ends.1 + edge.attribute)
          }))
    // the graph itself is as it was
    #expect(graph.isEqual(to: model.vertices, model.edges))
  }

  @Test(arguments: Case.all)
  func reversingTurnsEdgesRound(c: Case) {
    var model = GraphModel(c)
    let graph = model.graph()
    let turned = model.edges.map { Edge(source: $0.target, target: $0.source, attribute: $0.attribute) }
    #expect(graph.reverse().isEqual(to: model.vertices, turned))
    #expect(graph.reverse().reverse().isEqual(to: model.vertices, model.edges))
    #expect(
      graph.reverse().mapEdges { $0.attribute + 1 }.reverse().edges.model
        == graph.edges.mapValues {
          $0.attribute + 1
        }.model)
  }

  @Test(arguments: Case.all, [false, true])
  func subgraphKeepsWhatPredicatesHoldFor(c: Case, isReversed: Bool) {
    var model = GraphModel(c)
    var graph = model.graph()
    if isReversed {
      graph = graph.reverse()
      model.edges = model.edges.map { Edge(source: $0.target, target: $0.source, attribute: $0.attribute) }
    }
    let byVertex = graph.subgraph(vertexPredicate: { _, attribute in attribute % 3 != 0 })
    let vertices = model.vertices.filter { $0.value % 3 != 0 }
    let between = model.edges.filter { vertices[$0.source] != nil && vertices[$0.target] != nil }
    #expect(byVertex.isEqual(to: vertices, between))

    // all vertices stay when edges go
    let byEdge = graph.subgraph(edgePredicate: { $0.sourceAttribute + $0.attribute < $0.targetAttribute })
    let kept = model.edges.filter {
      (model.vertices[$0.source] ?? 0) + $0.attribute < model.vertices[$0.target] ?? 0
    }
    #expect(byEdge.isEqual(to: model.vertices, kept))

    // a part of a part, and everything after it still works
    let part = byVertex.subgraph(
      edgePredicate: { $0.attribute % 2 == 0 }, vertexPredicate: { _, attribute in attribute % 5 != 0 })
    let fewer = vertices.filter { $0.value % 5 != 0 }
    let left = between.filter {
      $0.attribute % 2 == 0 && fewer[$0.source] != nil && fewer[$0.target] != nil
    }
    #expect(part.isEqual(to: fewer, left))
    #expect(part.mapVertices { _, a in a + 1 }.isEqual(to: fewer.mapValues { $0 + 1 }, left))
    #expect(
      part.reverse().isEqual(
        to: fewer, left.map { Edge(source: $0.target, target: $0.source, attribute: $0.attribute) }))
    #expect(graph.isEqual(to: model.vertices, model.edges))
  }

  @Test(arguments: Case.all)
  func maskKeepsWhatAnotherGraphHas(c: Case) {
    var model = GraphModel(c)
    let graph = model.graph()
    // a graph made apart, with other numbers and other attributes, and with vertices this one does not have
    var other = GraphModel(Case(seed: c.seed + 100, vertices: c.vertices + 2, edges: c.edges))
    other.edges += model.edges.filter { $0.attribute % 2 == 0 }
    var random = TestRandom(seed: c.seed)
    other.edges.shuffle(using: &random)
    let otherGraph = other.graph().mapVertices { _, a in "\(a)" }
    let vertices = model.vertices.filter { other.vertices[$0.key] != nil }
    let theirs = Set(other.edges.map { [$0.source, $0.target] })
    let edges = model.edges.filter { theirs.contains([$0.source, $0.target]) }
    #expect(graph.mask(otherGraph).isEqual(to: vertices, edges))
    let turned = Set(other.edges.map { [$0.target, $0.source] })
    #expect(
      graph.mask(otherGraph.reverse())
        .isEqual(to: vertices, model.edges.filter { turned.contains([$0.source, $0.target]) }))
    // a part of the graph itself
    let part = graph.subgraph(vertexPredicate: { _, a in a % 2 == 0 }).mapVertices { _, a in Double(a) }
    let even = model.vertices.filter { $0.value % 2 == 0 }
    #expect(
      graph.mask(part).isEqual(to: even, model.edges.filter { even[$0.source] != nil && even[$0.target] != nil }))
    // by predicates on another graph
    let filtered = graph.filter(
      preprocess: { graph in graph.outerJoinVertices(graph.outDegrees) { _, _, degree in degree ?? 0 } },
      vertexPredicate: { _, degree in degree > 1 })
    let leaving = Dictionary(grouping: model.edges, by: \.source).filter { $0.value.count > 1 }
    #expect(
      filtered.isEqual(
        to: model.vertices.filter { leaving[$0.key] != nil },
        model.edges.filter { leaving[$0.source] != nil && leaving[$0.target] != nil }))
  }

  @Test(arguments: Case.all, [false, true])
  func groupingMergesRepeatedEdgesInOrder(c: Case, isReversed: Bool) {
    var model = GraphModel(c)
    var graph = model.graph()
    if isReversed {
      graph = graph.reverse()
      model.edges = model.edges.map { Edge(source: $0.target, target: $0.source, attribute: $0.attribute) }
    }
    // the order matters to this merge
    let merge = { @Sendable (a: Int, b: Int) in (a &* 31 &+ b) % 1_000_003 }
    let groups = Dictionary(grouping: model.edges) { [$0.source, $0.target] }
    let expected = groups.values.map { group in
      group.dropFirst().reduce(group[0]) { first, next in
        Edge(source: first.source, target: first.target, attribute: merge(first.attribute, next.attribute))
      }
    }
    #expect(graph.groupEdges(merge: merge).isEqual(to: model.vertices, expected))
    let partitioned = graph.partitionBy(.edgePartition2D, partitionCount: 5)
    #expect(partitioned.groupEdges(merge: merge).isEqual(to: model.vertices, expected))
    #expect(graph.isEqual(to: model.vertices, model.edges))
  }

  @Test(arguments: Case.all)
  func selfEdgesGoAndCanonicalEdgesAscend(c: Case) {
    var model = GraphModel(c)
    let graph = model.graph()
    #expect(
      graph.removeSelfEdges().isEqual(to: model.vertices, model.edges.filter { $0.source != $0.target }))
    let ascending = model.edges.map {
      Edge(source: min($0.source, $0.target), target: max($0.source, $0.target), attribute: $0.attribute)
    }
    let groups = Dictionary(grouping: ascending) { [$0.source, $0.target] }
    let sums = groups.values.map { group in
      Edge(source: group[0].source, target: group[0].target, attribute: group.reduce(0) { $0 + $1.attribute })
    }
    #expect(graph.convertToCanonicalEdges { $0 + $1 }.isEqual(to: model.vertices, sums))
    #expect(graph.convertToCanonicalEdges().numEdges == sums.count)
  }

  @Test(arguments: Case.all)
  func joinsTakeAttributesByName(c: Case) {
    var model = GraphModel(c)
    let graph = model.graph()
    var random = TestRandom(seed: c.seed)
    let table = model.vertices.keys.sorted().filter { _ in random.below(3) == 0 }.map { ($0, "\($0)".count) }
    let found = Dictionary(uniqueKeysWithValues: table)
    let more = table.reversed() + [("nobody", 1)]
    let joined = graph.joinVertices(more) { _, a, b in a * 100 + b }
    #expect(
      joined.isEqual(
        to: Dictionary(
          uniqueKeysWithValues: model.vertices.map { id, a in (id, found[id].map { a * 100 + $0 } ?? a) }),
        model.edges))
    // a vertex set numbered in its own way
    #expect(graph.joinVertices(VertexSet(more)) { _, a, b in a * 100 + b }.vertices.model == joined.vertices.model)
    let outer = graph.outerJoinVertices(VertexSet(more)) { _, a, b in "\(a) \(b ?? -7)" }
    #expect(
      outer.vertices.model
        == Dictionary(uniqueKeysWithValues: model.vertices.map { id, a in (id, "\(a) \(found[id] ?? -7)") }))
    // within a part, those outside it are not joined
    let part = graph.subgraph(vertexPredicate: { _, a in a % 2 == 0 })
    #expect(
      part.joinVertices(more) { _, _, b in b }.vertices.model
        == Dictionary(
          uniqueKeysWithValues: model.vertices.filter { $0.value % 2 == 0 }.map { ($0, found[$0] ?? $1) }))
    #expect(graph.isEqual(to: model.vertices, model.edges))
  }

  @Test func attributesThatAreObjectsAreReleased() {
    final class Counted: Sendable {}
    weak var vertexObject: Counted?
    weak var edgeObject: Counted?
    func use() {
      let (a, b) = (Counted(), Counted())
      (vertexObject, edgeObject) = (a, b)
      let vertices: [(VertexID, Counted)] = [(1, a), (2, Counted()), (3, a)]
      let edges: [(VertexID, VertexID, Counted)] = [(1, 2, b), (1, 2, b), (2, 3, b), (3, 1, Counted())]
      let graph = Graph(vertices: vertices, edges: edges, defaultVertexAttribute: a)
      let part = graph.subgraph(vertexPredicate: { vertex, _ in vertex != 1 }).mapVertices { _, object in [object] }
      let sent = part.aggregateMessages(of: [Counted].self) { edge in
        edge.sendToTarget([edge.attribute])
        edge.sendToTarget([edge.attribute])
        edge.sendToSource([edge.attribute])
      } merge: {
        $0 + $1
      }
      #expect(part.numVertices == 2 && part.numEdges == 1 && sent.model.values.map { $0.count }.sorted() == [1, 2])
      let rounds = graph.pregel(initialMessage: [a], maxIterations: 3) { _, old, _ in
        old
      } sendMessage: { edge in
        edge.sendToTarget([edge.sourceAttribute])
      } mergeMessage: {
        $0 + $1
      }
      #expect(rounds.groupEdges { first, _ in first }.numEdges == 3)
    }
    use()
    #expect(vertexObject == nil && edgeObject == nil)
  }

  @Test(arguments: Case.all)
  func randomVerticesAreVerticesOfTheGraph(c: Case) {
    var model = GraphModel(c)
    let graph = model.graph()
    let part = graph.subgraph(vertexPredicate: { _, a in a % 7 == 3 })
    var random = TestRandom(seed: c.seed)
    var drawn: Set<VertexID> = []
    for _ in 0..<400 {
      guard let id = part.pickRandomVertex(using: &random) else { break }
      drawn.insert(id)
    }
    let vertices = Set(model.vertices.filter { $0.value % 7 == 3 }.keys)
    #expect(drawn.isSubset(of: vertices) && drawn.isEmpty == vertices.isEmpty)
    if vertices.count < 40 { #expect(drawn == vertices) }
    var (first, second) = (TestRandom(seed: 5), TestRandom(seed: 5))
    #expect(graph.pickRandomVertex(using: &first) == graph.pickRandomVertex(using: &second))
    #expect((graph.pickRandomVertex(using: &first) == nil) == (graph.numVertices == 0))
  }
}
