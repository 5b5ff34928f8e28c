import Foundation
import PropertyGraph
import Testing

/// Algorithms called on graphs: names, vertices left out, scales. The algorithms have their own tests.
@Suite struct GraphAlgorithmTests {
  typealias Case = GraphModel.Case

  /// Part of a graph in which vertices were left out, and its model.
  private func part(_ c: Case) -> (Graph<Int, Int>, GraphModel) {
    var model = GraphModel(c)
    let graph = model.graph().subgraph(vertexPredicate: { _, a in a % 5 != 0 })
    model.vertices = model.vertices.filter { $0.value % 5 != 0 }
    model.edges = model.edges.filter { model.vertices[$0.source] != nil && model.vertices[$0.target] != nil }
    return (graph, model)
  }

  /// Ranks by many rounds of the definition: shares of weights along edges, what dangles goes to the seeds.
  private func ranks(
    _ model: GraphModel, seeds: [VertexID], rounds: Int = 300, weight: (GraphModel.Edge) -> Double = { _ in 1 }
  ) -> [VertexID: Double] {
    var sums: [VertexID: Double] = [:]
    for edge in model.edges { sums[edge.source, default: 0] += weight(edge) }
    let start = Dictionary(uniqueKeysWithValues: seeds.map { ($0, 1 / Double(seeds.count)) })
    var ranks = start
    for _ in 0..<rounds {
      var next: [VertexID: Double] = [:]
      for edge in model.edges where weight(edge) > 0 {
        next[edge.target, default: 0] += 0.85 * (ranks[edge.source] ?? 0) * weight(edge) / (sums[edge.source] ?? 1)
      }
      let dangling = ranks.reduce(0) { $0 + ((sums[$1.key] ?? 0) > 0 ? 0 : $1.value) }
      for (id, share) in start { next[id, default: 0] += share * (0.15 + 0.85 * dangling) }
      ranks = next
    }
    return ranks
  }

  private func difference(_ a: VertexSet<Double>, _ b: [VertexID: Double], scale: Double) -> Double {
    a.named.reduce(0) { $0 + abs($1.attribute - (b[$1.id] ?? 0) * scale) }
  }

  @Test(arguments: Case.small)
  func ranksSumToTheNumberOfVertices(c: Case) throws {
    let (graph, model) = part(c)
    let count = Double(model.vertices.count)
    if count == 0 { return }
    let ids = model.vertices.keys.sorted()
    let ranked = graph.pageRank(tolerance: 1e-9)
    #expect(ranked.numVertices == ids.count && ranked.numEdges == graph.numEdges)
    #expect(difference(ranked.vertices, ranks(model, seeds: ids), scale: count) < 1e-7 * count)
    let again = graph.pageRank(tolerance: 1e-9, initial: VertexSet(ranked.vertices.named.map { ($0.id, $0.attribute) }))
    #expect(difference(again.vertices, ranks(model, seeds: ids), scale: count) < 1e-7 * count)
    let fixed = graph.staticPageRank(iterations: 7)
    #expect(difference(fixed.vertices, ranks(model, seeds: ids, rounds: 7), scale: count) < 1e-9 * count)
    // the shares on the edges of a vertex sum to 1
    let sums = ranked.aggregateMessages(of: Double.self, fields: .edge) {
      $0.sendToSource($0.attribute)
    } merge: {
      $0 + $1
    }
    #expect(sums.count == graph.outDegrees.count && sums.allSatisfy { abs($0.attribute - 1) < 1e-12 })
    let weighted = graph.pageRank(tolerance: 1e-9) { Double($0.attribute % 4) }
    let expected = ranks(model, seeds: ids) { Double($0.attribute % 4) }
    #expect(difference(weighted.vertices, expected, scale: count) < 1e-7 * count)
  }

  @Test(arguments: Case.small)
  func personalisedRanksSumToOne(c: Case) throws {
    let (graph, model) = part(c)
    let ids = model.vertices.keys.sorted()
    guard let first = ids.first, let last = ids.last else { return }
    let ranked = try #require(graph.personalizedPageRank(source: first, tolerance: 1e-9))
    #expect(difference(ranked.vertices, ranks(model, seeds: [first]), scale: 1) < 1e-7)
    let fixed = try #require(graph.staticPersonalizedPageRank(source: last, iterations: 5))
    #expect(difference(fixed.vertices, ranks(model, seeds: [last], rounds: 5), scale: 1) < 1e-9)
    let several = try #require(
      graph.staticParallelPersonalizedPageRank(sources: [first, last], iterations: 400))
    for (place, id) in [first, last].enumerated() {
      #expect(difference(several.vertices.mapValues { $0[place] }, ranks(model, seeds: [id]), scale: 1) < 1e-6)
    }
    #expect(graph.personalizedPageRank(source: "nobody", tolerance: 1e-3) == nil)
    #expect(graph.staticParallelPersonalizedPageRank(sources: [first, "nobody"], iterations: 1) == nil)
  }

  /// The vertices reached from each vertex.
  private func reached(_ model: GraphModel, undirected: Bool) -> [VertexID: [VertexID: Int]] {
    var next: [VertexID: Set<VertexID>] = [:]
    for edge in model.edges {
      next[edge.source, default: []].insert(edge.target)
      if undirected { next[edge.target, default: []].insert(edge.source) }
    }
    var all: [VertexID: [VertexID: Int]] = [:]
    for start in model.vertices.keys {
      var hops = [start: 0]
      var (front, distance) = ([start], 0)
      while !front.isEmpty {
        distance += 1
        front = Set(front.flatMap { next[$0] ?? [] }).filter { hops[$0] == nil }
        for id in front { hops[id] = distance }
      }
      all[start] = hops
    }
    return all
  }

  @Test(arguments: Case.small)
  func componentsAreNamedByTheirLowestVertex(c: Case) {
    let (graph, model) = part(c)
    let undirected = reached(model, undirected: true)
    let components = graph.connectedComponents()
    #expect(components.vertices.mapValues { graph.id(of: $0) }.model == undirected.mapValues { $0.keys.min() })
    #expect(components.edges.model == graph.edges.model)
    let directed = reached(model, undirected: false)
    let strong = Dictionary(
      uniqueKeysWithValues: directed.map { id, found in (id, found.keys.filter { directed[$0]?[id] != nil }.min()) })
    #expect(graph.stronglyConnectedComponents().vertices.mapValues { graph.id(of: $0) }.model == strong)
  }

  @Test(arguments: Case.small)
  func pathsAreCountedToLandmarksInTheGraph(c: Case) {
    let (graph, model) = part(c)
    let landmarks = Array(model.vertices.keys.sorted().prefix(3))
    let hops = reached(model, undirected: false).mapValues { found in found.filter { landmarks.contains($0.key) } }
    #expect(graph.shortestPaths(landmarks: landmarks + ["nobody"]).vertices.model == hops)
  }

  @Test(arguments: Case.small)
  func trianglesAreThoseOfTheGraph(c: Case) {
    let (graph, model) = part(c)
    var near: [VertexID: Set<VertexID>] = [:]
    for edge in model.edges where edge.source != edge.target {
      near[edge.source, default: []].insert(edge.target)
      near[edge.target, default: []].insert(edge.source)
    }
    let counts = model.vertices.keys.map { id in
      let around = near[id] ?? []
      return (id, around.reduce(0) { $0 + around.intersection(near[$1] ?? []).count } / 2)
    }
    #expect(graph.triangleCount().vertices.model == Dictionary(uniqueKeysWithValues: counts))
  }

  @Test(arguments: Case.small, [0, 1, 4])
  func labelsFollowTheMostFrequentOfTheNeighbours(c: Case, rounds: Int) {
    let (graph, model) = part(c)
    var labels = Dictionary(uniqueKeysWithValues: model.vertices.keys.map { ($0, $0) })
    // a neighbour has a vote for each direction
    let pairs = Set(model.edges.map { [$0.source, $0.target] })
    for _ in 0..<rounds {
      var votes: [VertexID: [VertexID: Int]] = [:]
      for pair in model.edges.count < 1 ? [] : Array(pairs) {
        votes[pair[0], default: [:]][labels[pair[1]] ?? 0, default: 0] += 1
        votes[pair[1], default: [:]][labels[pair[0]] ?? 0, default: 0] += 1
      }
      for (id, found) in votes {
        let most = found.values.max()
        labels[id] = found.filter { $0.value == most }.keys.min()
      }
    }
    let unique = graph.groupEdges { first, _ in first }
    #expect(unique.labelPropagation(iterations: rounds).vertices.mapValues { graph.id(of: $0) }.model == labels)
  }

  /// The social network of GraphX's guide, and the results printed there for it.
  @Test(.enabled(if: ReferenceData.isPresent, "the reference graphs are not in ../shared/data"))
  func followersOfTheGuide() throws {
    let folder = ReferenceData.root.appending(path: "graph_oracles/spark_graphx")
    func lines(_ file: String) throws -> [Substring] {
      try String(contentsOf: folder.appending(path: file), encoding: .utf8).split(separator: "\n")
    }
    let edges = try lines("followers.txt").map { line in
      let ends = line.split(separator: " ").map { VertexID(String($0)) }
      return (ends[0], ends[1])
    }
    let users = try lines("users.txt").map { line in
      let parts = line.split(separator: ",")
      return (VertexID(String(parts[0])), parts.dropFirst().map(String.init))
    }
    let graph = Graph.fromEdgeTuples(edges, defaultVertexAttribute: 1, uniqueEdges: .randomVertexCut)
    func byUser<A: Sendable>(_ set: VertexSet<A>) -> [String: A] {
      let pairs = set.innerJoin(VertexSet(users)) { _, result, user in (user[0], result) }
      return Dictionary(uniqueKeysWithValues: pairs.map { ($0.attribute.0, $0.attribute.1) })
    }
    let ranks = byUser(graph.pageRank(tolerance: 1e-4).vertices)
    let printed = [
      "justinbieber": 0.15, "matei_zaharia": 0.7013599933629602, "ladygaga": 1.390049198216498,
      "BarackObama": 1.4588814096664682, "jeresig": 0.9993442038507723, "odersky": 1.2973176314422592,
    ]
    #expect(Set(ranks.keys) == Set(printed.keys))
    for (user, rank) in printed { #expect(abs((ranks[user] ?? 0) - rank) < 2e-3, "\(user)") }
    let components = byUser(graph.connectedComponents().vertices.mapValues { graph.id(of: $0) })
    #expect(
      components == [
        "justinbieber": 1, "ladygaga": 1, "BarackObama": 1, "matei_zaharia": 3, "jeresig": 3, "odersky": 3,
      ])
    #expect(
      byUser(graph.triangleCount().vertices) == [
        "justinbieber": 0, "ladygaga": 0, "BarackObama": 0, "matei_zaharia": 1, "jeresig": 1, "odersky": 1,
      ])
    // users without names are left out, and the users nobody follows and who follow nobody stay
    let named = Graph(
      vertices: users, edges: edges.map { ($0.0, $0.1, 1) }, defaultVertexAttribute: []
    ).subgraph(vertexPredicate: { _, user in user.count == 2 })
    #expect(named.numVertices == 6 && named.numEdges == 8)
    #expect(named.outerJoinVertices(named.inDegrees) { _, _, degree in degree ?? 0 }.vertices[4] == 0)
  }
}
