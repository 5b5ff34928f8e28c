import PropertyGraph
import Testing

/// Sets of vertices and of edges, numbered alike and numbered apart, against dictionaries.
@Suite struct VertexAndEdgeSetTests {
  typealias Case = GraphModel.Case

  /// Two tables that share some names.
  private func tables(_ c: Case) -> ([VertexID: Int], [VertexID: Int]) {
    var random = TestRandom(seed: c.seed)
    var tables: ([VertexID: Int], [VertexID: Int]) = ([:], [:])
    for number in 0..<c.vertices {
      let value = random.below(100)
      if random.below(3) > 0 { tables.0[GraphModel.name(number)] = value }
      if random.below(3) > 0 { tables.1[GraphModel.name(number)] = random.below(2) == 0 ? value : value + 1 }
    }
    return tables
  }

  private func check(_ a: VertexSet<Int>, _ b: VertexSet<Int>, _ left: [VertexID: Int], _ right: [VertexID: Int]) {
    #expect(a.model == left && b.model == right && a.count == left.count && a.isEmpty == left.isEmpty)
    #expect(a.minus(b).model == left.filter { right[$0.key] == nil })
    #expect(a.diff(b).model == right.filter { left[$0.key] != nil && left[$0.key] != $0.value })
    let joined = a.leftJoin(b) { _, x, y in "\(x) \(y ?? -1)" }
    #expect(
      joined.model == Dictionary(uniqueKeysWithValues: left.map { ($0, "\($1) \(right[$0] ?? -1)") }))
    let inner = a.innerJoin(b) { _, x, y in x * 1000 + y }
    #expect(
      inner.model
        == Dictionary(uniqueKeysWithValues: left.compactMap { id, x in right[id].map { (id, x * 1000 + $0) } }))
    #expect(a.mapValues { $0 + 1 }.model == left.mapValues { $0 + 1 })
    let halved = a.filter { _, x in x % 2 == 0 }
    #expect(halved.model == left.filter { $0.value % 2 == 0 })
    #expect(
      halved.minus(b).mapValues { vertex, x in "\(x) \(a.id(of: vertex))" }.model
        == Dictionary(
          uniqueKeysWithValues: left.filter { $0.value % 2 == 0 && right[$0.key] == nil }.map { ($0, "\($1) \($0)") }))
    #expect(a.model == left && b.model == right)
  }

  @Test(arguments: Case.all)
  func setsNumberedApart(c: Case) {
    let (left, right) = tables(c)
    check(
      VertexSet(left.map { ($0.key, $0.value) }),
      VertexSet(right.sorted { $1.key < $0.key }.map { ($0.key, $0.value) }),
      left, right)
  }

  @Test(arguments: Case.all)
  func setsNumberedAlike(c: Case) {
    let (left, right) = tables(c)
    let all = VertexSet((left.keys.sorted() + right.keys.sorted()).map { ($0, 0) })
    check(
      all.aggregateUsingIndex(left.map { ($0.key, $0.value) }) { $0 + $1 },
      all.aggregateUsingIndex(right.map { ($0.key, $0.value) }) { $0 + $1 }, left, right)
  }

  @Test func messagesAreAggregatedInTheNumberingOfASet() {
    let set = VertexSet([("a", 1), (7, 2), ("c", 3)]).filter { _, x in x < 3 }
    let merged = set.aggregateUsingIndex(
      [("a", "x"), ("7", "u"), ("c", "outside"), ("a", "y"), ("elsewhere", "z")]) { $0 + $1 }
    #expect(merged.model == ["a": "xy", 7: "u"])
    #expect(VertexSet([("a", 1), ("b", 5), ("a", 3)])["a"] == 1)
    #expect(VertexSet([("a", 1), ("b", 5), ("a", 3)], merge: +)["a"] == 4)
  }

  @Test(arguments: Case.all)
  func edgeSets(c: Case) {
    var model = GraphModel(c)
    let edges = model.graph().edges
    #expect(edges.count == model.edges.count && edges.model == model.edges.sorted())
    #expect(edges.filter { $0.attribute > 50 }.model == model.edges.filter { $0.attribute > 50 }.sorted())
    #expect(edges.mapValues { "\($0.attribute)" }.map(\.attribute) == edges.map { "\($0.attribute)" })
    #expect(
      edges.reverse().filter { $0.attribute > 50 }.model
        == model.edges.filter { $0.attribute > 50 }
        .map { .init(source: $0.target, target: $0.source, attribute: $0.attribute) }.sorted())
    // numbered apart; without repeated edges on the other side, whose first one counts
    var other = GraphModel(Case(seed: c.seed + 7, vertices: c.vertices, edges: c.edges * 2))
    let others = other.graph().edges
    let first = Dictionary(other.edges.map { ([$0.source, $0.target], $0.attribute) }) { first, _ in first }
    let joined = edges.innerJoin(others) { _, _, a, b in a * 1000 + b }
    let expected = model.edges.compactMap { edge in
      first[[edge.source, edge.target]].map {
        GraphModel.Edge(source: edge.source, target: edge.target, attribute: edge.attribute * 1000 + $0)
      }
    }
    #expect(joined.model == expected.sorted())
    #expect(
      edges.reverse().innerJoin(others.reverse()) { _, _, a, b in a * 1000 + b }.reverse().model == expected.sorted())
  }
}
