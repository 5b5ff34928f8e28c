import Testing

@testable import PropertyGraph

/// The keeper that changes over, against components from scratch, before and after its first deletion.
@Suite struct DynamicComponentsTests {
  /// The edges of the graph, shared with the keeper, which asks for them when it changes over.
  private final class Graph {
    var oracle = ComponentOracle()
  }

  @Test(arguments: TestShape.allCases)
  func agreesWithComponentsFromScratch(shape: TestShape) throws {
    try forComponentCases("dynamic components, \(shape)", count: 12) { random in
      let graph = Graph()
      let order = random.one(in: 2) ? VertexOrder.index : scrambledOrder
      let liveEdges: DynamicComponents.LiveEdges = { visit in for e in graph.oracle.edges { visit(e.number, e.u, e.v) }
      }
      var keeper = DynamicComponents(order: order, liveEdges: liveEdges)
      var observer = ComponentObserver(order: order)
      let n = random.pick([2, 8, 40])
      let window = Int64(random.pick([5, 60, 200]))
      let firstDeletion = random.below(300)
      var deletions = 0
      for i in 0..<400 {
        let (u, v) = shape.pair(n, &random)
        graph.oracle.edges.append(ComponentOracle.Edge(number: EdgeIndex(i), u: u, v: v, time: Int64(i)))
        graph.oracle.vertices.formUnion([u, v])
        keeper.insertEdge(EdgeIndex(i), u, v, time: Int64(i))
        let start = Int64(i) - window
        keeper.expire(before: start, edges: graph.oracle.edges.filter { $0.time < start }.map(\.number))
        graph.oracle.edges.removeAll { $0.time < start }
        if keeper.insertEdge(9_999, u, v, time: start - 1) { return "step \(i): a late edge is taken" }
        if i >= firstDeletion, random.one(in: 6), !graph.oracle.edges.isEmpty {
          let k = random.below(graph.oracle.edges.count)
          keeper.deleteEdge(graph.oracle.edges[k].number)
          graph.oracle.edges.remove(at: k)
          deletions += 1
        } else if i >= firstDeletion, random.one(in: 20) {
          let v = VertexIndex(random.below(n))
          let isAlone = !graph.oracle.edges.contains { ($0.u == v || $0.v == v) && $0.u != $0.v }
          keeper.deleteVertex(v)
          deletions += isAlone ? 0 : 1
          graph.oracle.edges.removeAll { $0.u == v || $0.v == v }
          graph.oracle.vertices.remove(v)
        }
        if keeper.isWindow != (deletions == 0) { return "isWindow is \(keeper.isWindow) after \(deletions) deletions" }
        if random.one(in: 30) {
          keeper = try withSections(sections(of: keeper)) {
            try DynamicComponents(sections: $0, order: order, liveEdges: liveEdges)
          }
        }
        if random.one(in: 7), let wrong = observer.check(keeper, graph.oracle, &random) { return "step \(i): \(wrong)" }
      }
      return observer.check(keeper, graph.oracle, &random)
    }
  }
}
