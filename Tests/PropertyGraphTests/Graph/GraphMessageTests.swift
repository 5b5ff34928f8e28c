import PropertyGraph
import Testing

/// Messages, neighbours and Pregel's rounds, against the same edge by edge.
@Suite struct GraphMessageTests {
  typealias Case = GraphModel.Case

  /// Messages to sources, to targets, or to both, merged in dictionaries.
  private func expected(
    _ model: GraphModel, toSource: (GraphModel.Edge) -> [Int] = { _ in [] },
    toTarget: (GraphModel.Edge) -> [Int] = { _ in [] }
  ) -> [VertexID: Int] {
    var merged: [VertexID: Int] = [:]
    for edge in model.edges {
      for message in toSource(edge) { merged[edge.source, default: 0] += message }
      for message in toTarget(edge) { merged[edge.target, default: 0] += message }
    }
    return merged
  }

  @Test(arguments: Case.all, [false, true])
  func messagesReachEveryEndTheyAreSentTo(c: Case, isReversed: Bool) {
    var model = GraphModel(c)
    var graph = model.graph()
    if isReversed {
      graph = graph.reverse()
      model.edges = model.edges.map { .init(source: $0.target, target: $0.source, attribute: $0.attribute) }
    }
    let ages = model.vertices
    let toTarget = graph.aggregateMessages(of: Int.self) {
      if $0.attribute % 4 != 0 { $0.sendToTarget($0.sourceAttribute + $0.attribute) }
    } merge: {
      $0 + $1
    }
    #expect(
      toTarget.model
        == expected(
          model,
          toTarget: {
            $0.attribute % 4 != 0 ? [(ages[$0.source] ?? 0) + $0.attribute] : []
          }))
    let toSource = graph.aggregateMessages(of: Int.self, fields: [.target, .edge]) {
      if $0.attribute % 4 != 0 { $0.sendToSource($0.targetAttribute * $0.attribute) }
    } merge: {
      $0 + $1
    }
    #expect(
      toSource.model
        == expected(model, toSource: { $0.attribute % 4 != 0 ? [(ages[$0.target] ?? 0) * $0.attribute] : [] }))
    // both ends, several messages, few edges that send to sources at all
    let both = graph.aggregateMessages(of: Int.self) { edge in
      edge.sendToTarget(edge.attribute)
      if edge.attribute == 77 {
        for i in 1...3 { edge.sendToSource(i) }
        edge.sendToTarget(5)
      }
    } merge: {
      $0 + $1
    }
    #expect(
      both.model
        == expected(
          model, toSource: { $0.attribute == 77 ? [1, 2, 3] : [] },
          toTarget: { $0.attribute == 77 ? [77, 5] : [$0.attribute] }))
    // in a part of the graph
    let part = graph.subgraph(vertexPredicate: { _, a in a % 2 == 0 })
    var even = model
    even.vertices = ages.filter { $0.value % 2 == 0 }
    even.edges = model.edges.filter { even.vertices[$0.source] != nil && even.vertices[$0.target] != nil }
    #expect(
      part.aggregateMessages(of: Int.self, fields: .edge) {
        $0.sendToTarget($0.attribute)
      } merge: {
        $0 + $1
      }.model
        == expected(even, toTarget: { [$0.attribute] }))
  }

  @Test func messagesToOneVertexAreMergedInTheOrderOfTheirSources() {
    let graph = Graph.fromEdges(
      [("a", "z", 1), ("c", "z", 2), ("b", "z", 3), ("c", "z", 4), ("a", "z", 5)], defaultVertexAttribute: ())
    let text = graph.aggregateMessages(of: String.self) {
      $0.sendToTarget("\($0.attribute)")
    } merge: {
      $0 + $1
    }
    // a, then c, then b: by number, that is by first appearance
    #expect(text["z"] == "15243")
  }

  @Test(arguments: Case.all, [false, true])
  func degreesCountEdges(c: Case, isReversed: Bool) {
    var model = GraphModel(c)
    let graph = isReversed ? model.graph().reverse() : model.graph()
    let out = expected(model, toSource: { _ in [1] })
    let into = expected(model, toTarget: { _ in [1] })
    #expect(graph.outDegrees.model == (isReversed ? into : out))
    #expect(graph.inDegrees.model == (isReversed ? out : into))
    #expect(graph.degrees.model == out.merging(into) { $0 + $1 })
  }

  @Test(arguments: Case.small + [Case(seed: 17, vertices: 17_000, edges: 900)], EdgeDirection.allCases)
  func neighboursAndEdgesAreCollected(c: Case, direction: EdgeDirection) {
    var model = GraphModel(c)
    let graph = model.graph()
    let (arrives, leaves) = (direction != .out, direction != .in)
    let pairs = Set(model.edges.map { [$0.source, $0.target] })
    var neighbours: [VertexID: [VertexID]] = model.vertices.mapValues { _ in [] }
    var edges: [VertexID: [GraphModel.Edge]] = [:]
    for edge in model.edges where direction != .both || pairs.contains([edge.target, edge.source]) {
      if arrives {
        neighbours[edge.target]?.append(edge.source)
        edges[edge.target, default: []].append(edge)
      }
      if leaves {
        neighbours[edge.source]?.append(edge.target)
        edges[edge.source, default: []].append(edge)
      }
    }
    if direction == .both { neighbours = neighbours.mapValues { Array(Set($0)) } }
    let ids = graph.collectNeighborIds(direction)
    #expect(ids.mapValues { $0.map { graph.id(of: $0) }.sorted() }.model == neighbours.mapValues { $0.sorted() })
    let withAttributes = graph.collectNeighbors(direction)
    #expect(withAttributes.count == graph.numVertices)
    #expect(
      withAttributes.allSatisfy { _, found in
        found.allSatisfy { model.vertices[graph.id(of: $0.vertex)] == $0.attribute }
      })
    #expect(withAttributes.mapValues { $0.map(\.vertex) }.model == ids.model)
    let collected = graph.collectEdges(direction).mapValues { edges in
      edges.map {
        GraphModel.Edge(source: graph.id(of: $0.source), target: graph.id(of: $0.target), attribute: $0.attribute)
      }.sorted()
    }
    #expect(collected.model == edges.mapValues { $0.sorted() })
  }

  /// Distances from the first vertex by relaxing every edge until nothing changes.
  private func distances(_ model: GraphModel, from start: VertexID) -> [VertexID: Int] {
    var distances = [start: 0]
    var changed = true
    while changed {
      changed = false
      for edge in model.edges {
        guard let reached = distances[edge.source].map({ $0 + edge.attribute }) else { continue }
        if reached < distances[edge.target] ?? .max {
          distances[edge.target] = reached
          changed = true
        }
      }
    }
    return distances
  }

  @Test(arguments: Case.all, [EdgeDirection.out, .either])
  func pregelFindsShortestPaths(c: Case, direction: EdgeDirection) {
    var model = GraphModel(c)
    let graph = model.graph()
    guard let start = model.edges.first?.source else { return }
    let first = graph.vertex(start)
    let found = graph.mapVertices { vertex, _ in vertex == first ? 0 : Int.max }
      .pregel(initialMessage: .max, activeDirection: direction) { _, distance, message in
        min(distance, message)
      } sendMessage: { edge in
        if edge.sourceAttribute == .max { return }
        let reached = edge.sourceAttribute + edge.attribute
        if reached < edge.targetAttribute { edge.sendToTarget(reached) }
      } mergeMessage: {
        min($0, $1)
      }
    #expect(found.vertices.filter { _, d in d < .max }.model == distances(model, from: start))
    #expect(found.edges.model == model.edges.sorted())
    #expect(graph.isEqual(to: model.vertices, model.edges))
  }

  @Test(arguments: Case.all)
  func pregelFindsComponents(c: Case) {
    var model = GraphModel(c)
    let graph = model.graph()
    // labels spread along both ends, so that both kinds of pass and of following active vertices are used
    let found = graph.mapVertices { vertex, _ in vertex }
      .pregel(initialMessage: .max) { _, label, message in
        min(label, message)
      } sendMessage: { edge in
        if edge.sourceAttribute < edge.targetAttribute { edge.sendToTarget(edge.sourceAttribute) }
        if edge.targetAttribute < edge.sourceAttribute { edge.sendToSource(edge.targetAttribute) }
      } mergeMessage: {
        min($0, $1)
      }
    var labels = Dictionary(uniqueKeysWithValues: graph.vertices.map { (graph.id(of: $0.vertex), $0.vertex) })
    var changed = true
    while changed {
      changed = false
      for edge in model.edges {
        guard let a = labels[edge.source], let b = labels[edge.target], a != b else { continue }
        (labels[edge.source], labels[edge.target], changed) = (min(a, b), min(a, b), true)
      }
    }
    #expect(found.vertices.model == labels)
  }

  /// Rounds in which every vertex adds what it is sent, by the rules for active edges.
  private func rounds(_ model: GraphModel, _ direction: EdgeDirection, _ count: Int) -> [VertexID: Int] {
    var state = model.vertices.mapValues { $0 + 1 }
    var active: Set<VertexID>?
    for _ in 0..<count {
      var merged: [VertexID: Int] = [:]
      for edge in model.edges {
        let (s, t) = (active?.contains(edge.source) ?? true, active?.contains(edge.target) ?? true)
        let sends =
          switch direction {
          case .in: t
          case .out: s
          case .either: s || t
          case .both: s && t
          }
        if !sends { continue }
        let (a, b) = (state[edge.source] ?? 0, state[edge.target] ?? 0)
        if (a + edge.attribute) % 3 == 0 { merged[edge.target, default: 0] += a % 17 }
        if (b + edge.attribute) % 5 == 0 { merged[edge.source, default: 0] += b % 13 }
      }
      if merged.isEmpty { break }
      for (id, message) in merged { state[id] = ((state[id] ?? 0) + message) % 10_007 }
      active = Set(merged.keys)
    }
    return state
  }

  @Test(arguments: Case.all, EdgeDirection.allCases)
  func pregelSendsAlongActiveEdgesOnly(c: Case, direction: EdgeDirection) {
    var model = GraphModel(c)
    let graph = model.graph()
    for count in [0, 1, 2, 6] {
      let found = graph.pregel(initialMessage: 1, maxIterations: count, activeDirection: direction) {
        _, old, message in
        (old + message) % 10_007
      } sendMessage: { edge in
        let (a, b) = (edge.sourceAttribute, edge.targetAttribute)
        if (a + edge.attribute) % 3 == 0 { edge.sendToTarget(a % 17) }
        if (b + edge.attribute) % 5 == 0 { edge.sendToSource(b % 13) }
      } mergeMessage: {
        $0 + $1
      }
      #expect(found.vertices.model == rounds(model, direction, count), "\(count) rounds")
    }
  }

  @Test(arguments: EdgeDirection.allCases)
  func followingFewActiveVerticesIsLikeScanning(direction: EdgeDirection) {
    // a long ring with a few chords: one message travels round it
    var model = GraphModel(Case(seed: 3, vertices: 1, edges: 0))
    model.vertices = [:]
    for i in 0..<600 {
      model.vertices[.integer(Int64(i))] = i == 0 ? 1 : 0
      model.edges.append(.init(source: .integer(Int64(i)), target: .integer(Int64((i + 1) % 600)), attribute: 1))
      if i % 50 == 7 {
        model.edges.append(.init(source: .integer(Int64(i)), target: .integer(Int64(i * 7 % 600)), attribute: 2))
      }
    }
    let graph = model.graph()
    let found = graph.pregel(initialMessage: 0, maxIterations: 40, activeDirection: direction) { _, old, message in
      max(old, message)
    } sendMessage: { edge in
      if edge.sourceAttribute > edge.targetAttribute { edge.sendToTarget(edge.sourceAttribute) }
      if edge.attribute == 2, edge.targetAttribute > edge.sourceAttribute { edge.sendToSource(edge.targetAttribute) }
    } mergeMessage: {
      max($0, $1)
    }
    var state = model.vertices
    var active = Set(state.keys)
    for _ in 0..<40 {
      var merged: [VertexID: Int] = [:]
      for edge in model.edges {
        let (s, t) = (active.contains(edge.source), active.contains(edge.target))
        guard direction == .in ? t : direction == .out ? s : direction == .either ? s || t : s && t else { continue }
        let (a, b) = (state[edge.source] ?? 0, state[edge.target] ?? 0)
        if a > b { merged[edge.target] = max(a, merged[edge.target] ?? 0) }
        if edge.attribute == 2, b > a { merged[edge.source] = max(b, merged[edge.source] ?? 0) }
      }
      if merged.isEmpty { break }
      for (id, message) in merged { state[id] = max(state[id] ?? 0, message) }
      active = Set(merged.keys)
    }
    #expect(found.vertices.model == state)
  }

  #if os(macOS) || os(Linux)
    @Test func readingAFieldThatWasNotAskedForStopsTheProgram() async {
      await #expect(processExitsWith: .failure) {
        let graph = Graph.fromEdges([(1, 2, 3)], defaultVertexAttribute: 0)
        _ = graph.aggregateMessages(of: Int.self, fields: .source) {
          $0.sendToTarget($0.attribute)
        } merge: {
          $0 + $1
        }
      }
    }
  #endif
}
