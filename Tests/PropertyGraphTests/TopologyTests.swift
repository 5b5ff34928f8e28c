import Testing

@testable import PropertyGraph

/// A topology against the same edges in plain arrays, small (one level of grouping) and large (two levels).
@Suite struct TopologyTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var seed: UInt64
    var vertices: Int
    var edges: Int
    /// How much the edges gather at few vertices.
    var skew: Int
    var testDescription: String { "seed \(seed): \(vertices) vertices, \(edges) edges, skew \(skew)" }
  }

  static let cases = [
    Case(seed: 1, vertices: 1, edges: 5, skew: 0), Case(seed: 2, vertices: 7, edges: 0, skew: 0),
    Case(seed: 3, vertices: 50, edges: 400, skew: 1), Case(seed: 4, vertices: 3000, edges: 2000, skew: 0),
    Case(seed: 5, vertices: 100_003, edges: 70_001, skew: 2), Case(seed: 6, vertices: 700, edges: 60_000, skew: 1),
    Case(seed: 7, vertices: 3, edges: 40_000, skew: 0), Case(seed: 8, vertices: 40_000, edges: 50_000, skew: 9),
  ]

  struct Edge: Equatable {
    var source: VertexIndex
    var target: VertexIndex
    var weight: Double
    var position: Int
  }

  func edges(_ c: Case) -> EdgeList {
    var random = TestRandom(seed: c.seed)
    var list = EdgeList(weighted: true)
    list.reserveCapacity(c.edges)
    for _ in 0..<c.edges {
      func vertex() -> VertexIndex {
        (0..<c.skew).reduce(VertexIndex(random.below(c.vertices))) { v, _ in VertexIndex(random.below(Int(v) + 1)) }
      }
      let source = vertex()
      list.append(source, vertex(), weight: Double(random.below(1000)) / 8)
    }
    return list
  }

  /// The edges in canonical order, by the standard library's sort (stable by position).
  func sorted(_ list: EdgeList) -> [Edge] {
    (0..<list.count).map { i in
      Edge(source: list.sources[i], target: list.targets[i], weight: list.weights?[i] ?? 1, position: i)
    }.sorted { ($0.source, $0.target, $0.position) < ($1.source, $1.target, $1.position) }
  }

  @Test(arguments: cases)
  func outgoingSlotsAreTheEdgesInCanonicalOrder(c: Case) {
    let list = edges(c)
    let model = sorted(list)
    let (topology, positions) = Topology.sorted(list, vertexCount: c.vertices)
    let outgoing = topology.outgoing
    #expect(topology.vertexCount == c.vertices && topology.edgeCount == c.edges)
    #expect(outgoing.neighbours.elementsEqual(model.map(\.target)))
    #expect(outgoing.weights?.elementsEqual(model.map(\.weight)) == true)
    #expect(positions.elementsEqual(model.map { UInt32($0.position) }))
    var sources: [VertexIndex] = []
    for vertex in 0..<VertexIndex(c.vertices) {
      sources += repeatElement(vertex, count: topology.outDegree(of: vertex))
    }
    #expect(sources == model.map(\.source))
    #expect(topology.outgoingEdgeNumbers == nil)
    // without weights the sort carries no positions
    let plain = Topology(EdgeList(sources: list.sources, targets: list.targets), vertexCount: c.vertices)
    #expect(plain.outgoing.neighbours == outgoing.neighbours && plain.outgoing.offsets == outgoing.offsets)
    #expect(!plain.isWeighted)
  }

  @Test(arguments: cases)
  func incomingSlotsAreTheEdgesByTarget(c: Case) {
    let list = edges(c)
    let model = sorted(list)
    let byTarget = model.indices.sorted { (model[$0].target, $0) < (model[$1].target, $1) }
    let topology = Topology(list, vertexCount: c.vertices)
    let incoming = topology.incoming
    #expect(incoming.neighbours.elementsEqual(byTarget.map { model[$0].source }))
    #expect(incoming.weights?.elementsEqual(byTarget.map { model[$0].weight }) == true)
    #expect(topology.incomingEdgeNumbers?.elementsEqual(byTarget.map { UInt32($0) }) == true)
    for vertex in 0..<VertexIndex(min(c.vertices, 100)) {
      #expect(topology.inDegree(of: vertex) == list.targets.count { $0 == vertex })
    }
    // numbers asked for after the adjacency was built without them
    let plain = Topology(EdgeList(sources: list.sources, targets: list.targets), vertexCount: c.vertices)
    #expect(plain.incoming.neighbours == incoming.neighbours && plain.incoming.offsets == incoming.offsets)
    #expect(plain.incomingEdgeNumbers == topology.incomingEdgeNumbers)
  }

  @Test(arguments: cases)
  func reversingSwapsDirectionsAndKeepsNumbers(c: Case) {
    let topology = Topology(edges(c), vertexCount: c.vertices)
    let reversed = topology.reversed
    #expect(reversed.outgoing.neighbours == topology.incoming.neighbours)
    #expect(reversed.incoming.offsets == topology.outgoing.offsets)
    #expect(reversed.outgoingEdgeNumbers == topology.incomingEdgeNumbers)
    #expect(reversed.incomingEdgeNumbers == nil)
    #expect(reversed.reversed.outgoing.neighbours == topology.outgoing.neighbours)
  }

  @Test(arguments: cases)
  func undirectedListsEveryEdgeBothWays(c: Case) {
    let list = edges(c)
    let topology = Topology(list, vertexCount: c.vertices)
    for duplicates in [Topology.DuplicateEdges.keep, .merge] {
      for loops in [Topology.SelfLoops.keep, .drop] {
        var model: [Edge] = []
        for edge in sorted(list) {
          if edge.source == edge.target, loops == .drop { continue }
          model.append(edge)
          if edge.source != edge.target {
            model.append(
              Edge(source: edge.target, target: edge.source, weight: edge.weight, position: edge.position))
          }
        }
        model.sort { ($0.source, $0.target) < ($1.source, $1.target) }
        if duplicates == .merge {
          var merged: [Edge] = []
          for edge in model {
            if let last = merged.last, last.source == edge.source, last.target == edge.target {
              merged[merged.count - 1].weight += edge.weight
            } else {
              merged.append(edge)
            }
          }
          model = merged
        }
        let undirected = topology.undirected(duplicates: duplicates, loops: loops)
        #expect(undirected.isSymmetric)
        #expect(undirected.edgeCount == model.count)
        #expect(undirected.outgoing.neighbours.elementsEqual(model.map(\.target)))
        #expect(undirected.incoming.neighbours == undirected.outgoing.neighbours)
        // weights are eighths: sums are exact in any order
        let weights = undirected.outgoing.weights ?? SharedBuffer([])
        #expect(duplicates == .keep || weights.elementsEqual(model.map(\.weight)))
        #expect(weights.reduce(0, +) == model.reduce(0) { $0 + $1.weight })
        #expect(
          undirected.undirected(duplicates: duplicates, loops: loops).outgoing.offsets == undirected.outgoing.offsets)
      }
    }
  }

  @Test(arguments: cases)
  func aListInOrderGivesTheSameAsOneThatIsNot(c: Case) {
    let list = edges(c)
    let model = sorted(list)
    let inOrder = EdgeList(
      sources: model.map(\.source), targets: model.map(\.target), weights: model.map(\.weight))
    let (topology, positions) = Topology.sorted(inOrder, vertexCount: c.vertices)
    let other = Topology(list, vertexCount: c.vertices)
    #expect(topology.outgoing.offsets == other.outgoing.offsets)
    #expect(topology.outgoing.neighbours == other.outgoing.neighbours)
    #expect(topology.outgoing.weights == other.outgoing.weights)
    #expect(positions.elementsEqual(0..<UInt32(list.count)))
  }

  @Test func otherWeightsFollowTheEdgesInBothDirections() {
    let list = EdgeList([(2, 0), (0, 1), (0, 2), (2, 0), (1, 2)])
    let topology = Topology(list, vertexCount: 3)
    for isBuilt in [false, true] {
      if isBuilt { _ = topology.incomingEdgeNumbers }
      let weighted = topology.weighted(by: SharedBuffer([1, 2, 3, 4, 5]))
      #expect(weighted.outgoing.weights.map(Array.init) == [1, 2, 3, 4, 5])
      #expect(Array(weighted.incoming.neighbours) == [2, 2, 0, 0, 1])
      #expect(weighted.incoming.weights.map(Array.init) == [4, 5, 1, 2, 3])
      #expect(weighted.weighted(by: nil).incoming.weights == nil)
    }
  }

  @Test func anEdgeToAVertexThatIsNotThereStopsTheProgram() async {
    await #expect(processExitsWith: .failure) { _ = Topology(EdgeList([(0, 3)]), vertexCount: 3) }
    await #expect(processExitsWith: .success) { _ = Topology(EdgeList([(0, 2)]), vertexCount: 3) }
  }

  @Test func theOtherDirectionIsBuiltOnceForManyThreads() async {
    let c = Case(seed: 9, vertices: 5_000, edges: 40_000, skew: 1)
    let topology = Topology(edges(c), vertexCount: c.vertices)
    let bases = await withTaskGroup(of: UInt.self) { group in
      for _ in 0..<8 {
        group.addTask { topology.incoming.neighbours.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) } }
      }
      return await group.reduce(into: Set<UInt>()) { $0.insert($1) }
    }
    #expect(bases.count == 1)
  }
}
