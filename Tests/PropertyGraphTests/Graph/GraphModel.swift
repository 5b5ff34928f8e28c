import PropertyGraph

/// A property graph in plain arrays and dictionaries, for comparison: every operator in the plainest way.
struct GraphModel {
  struct Edge: Equatable, Comparable {
    var source: VertexID
    var target: VertexID
    var attribute: Int

    static func < (a: Edge, b: Edge) -> Bool {
      (a.source, a.target, a.attribute) < (b.source, b.target, b.attribute)
    }
  }

  struct Case: Sendable, CustomStringConvertible {
    var seed: UInt64
    var vertices: Int
    var edges: Int
    var description: String { "seed \(seed): \(vertices) names, \(edges) edges" }

    /// Small ones, and one large enough for several ranges of vertices and of edges.
    static let all = small + [Case(seed: 16, vertices: 17_000, edges: 18_000)]

    static let small = [
      Case(seed: 11, vertices: 1, edges: 3), Case(seed: 12, vertices: 4, edges: 0),
      Case(seed: 13, vertices: 6, edges: 30), Case(seed: 14, vertices: 40, edges: 90),
      Case(seed: 15, vertices: 150, edges: 1200),
    ]
  }

  var vertices: [VertexID: Int] = [:]
  var edges: [Edge] = []

  /// Names that are integers, large integers and texts.
  static func name(_ number: Int) -> VertexID {
    switch number % 3 {
    case 0: .integer(Int64(number) - 5)
    case 1: .integer(Int64(number) << 40)
    default: .text("v\(number)")
    }
  }

  /// Vertices and edges by chance, edges gathering at low numbers; ends that are not in the list of vertices get −1.
  init(_ c: Case) {
    var random = TestRandom(seed: c.seed)
    for number in 0..<c.vertices where random.below(10) > 0 {
      vertices[GraphModel.name(number)] = random.below(1000)
    }
    for _ in 0..<c.edges {
      let source = random.below(random.below(c.vertices) + 1)
      let target = random.below(10) == 0 ? source : random.below(c.vertices)
      edges.append(
        Edge(source: GraphModel.name(source), target: GraphModel.name(target), attribute: random.below(100)))
    }
  }

  /// The graph made by the library from the same lists; completes the model's vertices.
  mutating func graph() -> Graph<Int, Int> {
    let graph = Graph(
      vertices: vertices.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 },
      edges: edges.map { ($0.source, $0.target, $0.attribute) }, defaultVertexAttribute: -1)
    for edge in edges {
      for end in [edge.source, edge.target] where vertices[end] == nil { vertices[end] = -1 }
    }
    return graph
  }
}

extension VertexSet {
  var model: [VertexID: Attribute] { Dictionary(uniqueKeysWithValues: named.map { ($0.id, $0.attribute) }) }
}

extension EdgeSet where Attribute == Int {
  /// The edges by name, sorted.
  var model: [GraphModel.Edge] {
    named.map { GraphModel.Edge(source: $0.source, target: $0.target, attribute: $0.attribute) }.sorted()
  }
}

extension Graph where VertexAttribute == Int, EdgeAttribute == Int {
  /// Whether this graph is what the model says, in its parts and as a whole.
  func isEqual(to vertices: [VertexID: Int], _ edges: [GraphModel.Edge]) -> Bool {
    self.vertices.model == vertices && self.edges.model == edges.sorted() && numVertices == vertices.count
      && numEdges == edges.count
      && triplets.allSatisfy {
        vertices[id(of: $0.source)] == $0.sourceAttribute && vertices[id(of: $0.target)] == $0.targetAttribute
      }
      && triplets.map(\.edge) == Array(self.edges)
  }
}
