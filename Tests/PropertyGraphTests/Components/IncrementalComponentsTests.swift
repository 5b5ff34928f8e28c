import Testing

@testable import PropertyGraph

/// The keeper for any changes against a disjoint-set forest from scratch, after every batch.
@Suite struct IncrementalComponentsTests {
  /// One random change, to the keeper and to the oracle.
  private func change(
    _ keeper: IncrementalComponents, _ oracle: inout ComponentOracle, _ free: inout [EdgeIndex], _ shape: TestShape,
    _ n: Int, deletions: Int, _ random: inout ComponentRandom
  ) -> String? {
    if random.one(in: 60) {
      let v = VertexIndex(random.below(n))
      if random.one(in: 2) {
        if keeper.insertVertex(v) != oracle.vertices.insert(v).inserted { return "insertVertex \(v)" }
        return nil
      }
      let incident = oracle.edges.filter { $0.u == v || $0.v == v }
      let expected = oracle.vertices.remove(v) == nil ? nil : incident.count
      oracle.edges.removeAll { $0.u == v || $0.v == v }
      free += incident.map(\.number)
      return keeper.deleteVertex(v) == expected ? nil : "deleteVertex \(v)"
    }
    if !oracle.edges.isEmpty, random.below(10) < deletions {
      let i = random.below(oracle.edges.count)
      let edge = oracle.edges[i]
      oracle.edges.swapAt(i, oracle.edges.count - 1)
      oracle.edges.removeLast()
      free.append(edge.number)
      if !keeper.contains(edge: edge.number) { return "edge \(edge.number) is missing" }
      return keeper.deleteEdge(edge.number) && !keeper.deleteEdge(edge.number) ? nil : "deleteEdge \(edge)"
    }
    let (u, v) = shape.pair(n, &random)
    let number = free.isEmpty ? EdgeIndex(oracle.edges.count) : free.remove(at: random.below(free.count))
    oracle.edges.append(ComponentOracle.Edge(number: number, u: u, v: v))
    oracle.vertices.formUnion([u, v])
    keeper.insertEdge(number, u, v)
    return keeper.edgeCount == oracle.edges.count ? nil : "\(keeper.edgeCount) edges"
  }

  @Test(arguments: TestShape.allCases)
  func agreesWithComponentsFromScratch(shape: TestShape) throws {
    try forComponentCases("incremental components, \(shape)", count: 40) { random in
      let n = random.pick([1, 2, 3, 6, 12, 30, 150])
      let order = random.one(in: 2) ? VertexOrder.index : scrambledOrder
      var keeper = IncrementalComponents(order: order)
      var oracle = ComponentOracle()
      var observer = ComponentObserver(order: order)
      var free: [EdgeIndex] = []
      let batch = random.pick([1, 3, 10, 60])
      for step in 0..<random.pick([20, 40]) {
        // Mostly growing at first, then mostly shrinking.
        let deletions = step < 12 ? 3 : random.pick([5, 7, 9])
        for _ in 0..<batch {
          if let wrong = change(keeper, &oracle, &free, shape, n, deletions: deletions, &random) {
            return "step \(step): \(wrong)"
          }
          if random.one(in: 40) { keeper = try restored(keeper, order) }
        }
        if let wrong = observer.check(keeper, oracle, &random) { return "step \(step): \(wrong)" }
      }
      return nil
    }
  }

  private func restored(_ keeper: IncrementalComponents, _ order: VertexOrder) throws -> IncrementalComponents {
    try withSections(sections(of: keeper)) { try IncrementalComponents(sections: $0, order: order) }
  }

  @Test func aRestoredKeeperGoesOnIdentically() throws {
    try forComponentCases("incremental components, restored", count: 40) { random in
      let n = random.pick([5, 40])
      let keeper = IncrementalComponents()
      var oracle = ComponentOracle()
      var free: [EdgeIndex] = []
      for _ in 0..<random.below(200) {
        _ = change(keeper, &oracle, &free, .random, n, deletions: 4, &random)
        if random.one(in: 20) { _ = keeper.takeDeltas() }
      }
      let other = try restored(keeper, .index)
      var otherOracle = oracle
      var otherFree = free
      var otherRandom = random
      for step in 0..<100 {
        let wrong = change(keeper, &oracle, &free, .random, n, deletions: 5, &random)
        let otherWrong = change(other, &otherOracle, &otherFree, .random, n, deletions: 5, &otherRandom)
        if let wrong = wrong ?? otherWrong { return wrong }
        for v in 0..<VertexIndex(n) where keeper.find(v) != other.find(v) { return "step \(step): find \(v)" }
        if step % 7 == 0, keeper.takeDeltas() != other.takeDeltas() { return "step \(step): deltas differ" }
      }
      return sections(of: keeper) == sections(of: other) ? nil : "the states differ in the end"
    }
  }

  @Test func aLargeGridLosesItsEdgesOneByOne() {
    let side = 120
    let n = side * side
    let keeper = IncrementalComponents()
    var oracle = ComponentOracle()
    var random = ComponentRandom(3)
    for v in 0..<n {
      for w in [v % side + 1 < side ? v + 1 : n, v + side] where w < n {
        oracle.edges.append(
          ComponentOracle.Edge(number: EdgeIndex(oracle.edges.count), u: VertexIndex(v), v: VertexIndex(w)))
      }
      oracle.vertices.insert(VertexIndex(v))
    }
    oracle.edges.shuffle(using: &random)
    for edge in oracle.edges { keeper.insertEdge(edge.number, edge.u, edge.v) }
    #expect(keeper.componentCount == 1)
    var observer = ComponentObserver(order: .index)
    while !oracle.edges.isEmpty {
      for edge in oracle.edges.suffix(7000) { keeper.deleteEdge(edge.number) }
      oracle.edges.removeLast(min(7000, oracle.edges.count))
      #expect(observer.check(keeper, oracle, &random) == nil)
    }
    #expect(keeper.componentCount == n)
  }

  @Test func changesThatAreUndoneWithinABatchDoNotAppear() {
    let keeper = IncrementalComponents()
    for v: VertexIndex in 1..<6 { keeper.insertEdge(v, v - 1, v) }
    #expect(keeper.takeDeltas().vertices.count == 6)
    #expect(keeper.takeDeltas().isEmpty)
    keeper.deleteEdge(3)
    keeper.insertEdge(9, 0, 5)
    keeper.insertVertex(7)
    keeper.deleteVertex(7)
    #expect(keeper.takeDeltas().isEmpty)
    keeper.deleteEdge(9)
    let deltas = keeper.takeDeltas()
    #expect(deltas.vertices == [3, 4, 5].map { VertexLabelChange(vertex: $0, label: 3) })
    #expect(
      deltas.components == [
        ComponentDelta(before: 0, after: 0, vertexCount: 3, sizeBefore: 6, sizeAfter: 3),
        ComponentDelta(before: 0, after: 3, vertexCount: 3, sizeBefore: 6, sizeAfter: 3),
      ])
    #expect(deltas.components.allSatisfy { $0.isSplit && !$0.isMerged && !$0.isCreated && !$0.isVanished })
  }

  @Test func withoutLabelsThereAreNoDeltas() {
    let keeper = IncrementalComponents(tracksLabels: false)
    keeper.insertEdge(0, 4, 2)
    #expect(keeper.takeDeltas().isEmpty)
    #expect(keeper.labels() == [noVertex, noVertex, 2, noVertex, 2])
    #expect(!keeper.isConnected(4, 3) && !keeper.isConnected(3, 3) && keeper.isConnected(4, 2))
  }

  @Test func damagedStateIsRefused() throws {
    let keeper = IncrementalComponents()
    for v: VertexIndex in 1..<6 { keeper.insertEdge(v, v - 1, v) }
    keeper.deleteEdge(2)
    let good = sections(of: keeper)
    for name in good.keys {
      var bad = good
      bad[name] = nil
      #expect(throws: ComponentStateError.missingSection(name)) {
        try withSections(bad) { _ = try IncrementalComponents(sections: $0) }
      }
      guard let bytes = good[name], !bytes.isEmpty else { continue }
      bad[name] = Array(bytes.dropLast())
      #expect(throws: ComponentStateError.damagedSection(name)) {
        try withSections(bad) { _ = try IncrementalComponents(sections: $0) }
      }
    }
    var bad = good
    bad["vertices"] = [UInt8](repeating: 0x77, count: good["vertices"]?.count ?? 0)
    #expect(throws: ComponentStateError.damagedSection("vertices")) {
      try withSections(bad) { _ = try IncrementalComponents(sections: $0) }
    }
    #expect(throws: ComponentStateError.unknownVersion(0x1000_0001)) {
      try withSections(good) { _ = try SlidingWindowComponents(sections: $0) }
    }
  }
}
