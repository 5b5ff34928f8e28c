import FlatMemory
import Testing

@testable import PropertyGraph

/// The keeper for windows against a disjoint-set forest from scratch, after every batch.
@Suite struct SlidingWindowComponentsTests {
  /// How the times of edges follow each other.
  private enum Times: CaseIterable {
    case ascending, equalRuns, outOfOrder, anyOrder, allEqual
  }

  /// A keeper, its oracle, and the clock that edges take their times from.
  private struct Run {
    var keeper: SlidingWindowComponents
    var oracle = ComponentOracle()
    var clock: Int64 = 0
    var expired = Int64.min
    var late = 0

    /// One random change, to the keeper and to the oracle.
    mutating func change(_ shape: TestShape, _ n: Int, _ times: Times, _ random: inout ComponentRandom) -> String? {
      if random.one(in: 80) {
        let v = VertexIndex(random.below(n))
        if random.one(in: 2) {
          return keeper.insertVertex(v) == oracle.vertices.insert(v).inserted ? nil : "insertVertex \(v)"
        }
        let alone = !oracle.edges.contains { ($0.u == v || $0.v == v) && $0.u != $0.v }
        let expected = alone && oracle.vertices.remove(v) != nil
        if expected { oracle.edges.removeAll { $0.u == v } }
        return keeper.removeVertex(v) == expected ? nil : "removeVertex \(v)"
      }
      let (u, v) = shape.pair(n, &random)
      let time: Int64
      switch times {
      case .ascending: clock += 1; time = clock
      case .equalRuns: clock += random.one(in: 8) ? 1 : 0; time = clock
      case .outOfOrder: clock += 1; time = random.one(in: 5) ? clock - Int64(random.below(30)) : clock
      case .anyOrder: clock += 1; time = clock - Int64(random.below(200))
      case .allEqual: time = 5
      }
      let isLate = time < expired
      late += isLate ? 1 : 0
      if keeper.insertEdge(u, v, time: time) == isLate { return "edge of time \(time), expired \(expired)" }
      if isLate { return keeper.lateEdgeCount == late ? nil : "\(keeper.lateEdgeCount) late edges" }
      oracle.edges.append(ComponentOracle.Edge(number: 0, u: u, v: v, time: time))
      oracle.vertices.formUnion([u, v])
      return nil
    }

    mutating func expire(before time: Int64) {
      keeper.expire(before: time)
      expired = max(expired, time)
      oracle.edges.removeAll { $0.time < expired }
    }
  }

  private func restored(_ keeper: SlidingWindowComponents, _ order: VertexOrder) throws -> SlidingWindowComponents {
    try withSections(sections(of: keeper)) { try SlidingWindowComponents(sections: $0, order: order) }
  }

  @Test(arguments: TestShape.allCases)
  func agreesWithComponentsFromScratch(shape: TestShape) throws {
    try forComponentCases("window components, \(shape)", count: 40) { random in
      let n = random.pick([1, 2, 3, 6, 12, 30, 150])
      let order = random.one(in: 2) ? VertexOrder.index : scrambledOrder
      let times = random.pick(Times.allCases)
      let window = Int64(random.pick([3, 20, 100, 300]))
      let batch = random.pick([1, 3, 10, 60])
      var run = Run(keeper: SlidingWindowComponents(order: order))
      var observer = ComponentObserver(order: order)
      for step in 0..<random.pick([20, 40]) {
        for _ in 0..<batch {
          if let wrong = run.change(shape, n, times, &random) { return "step \(step): \(wrong)" }
          if random.one(in: 4) { run.expire(before: run.clock - window + Int64(random.below(6)) - 3) }
          if random.one(in: 40) { run.keeper = try restored(run.keeper, order) }
        }
        if let wrong = observer.check(run.keeper, run.oracle, &random) { return "step \(step), \(times): \(wrong)" }
      }
      run.expire(before: .max)
      if run.keeper.componentCount != run.oracle.vertices.count { return "not everything expired" }
      return observer.check(run.keeper, run.oracle, &random)
    }
  }

  @Test func aRestoredKeeperGoesOnIdentically() throws {
    try forComponentCases("window components, restored", count: 40) { random in
      let n = random.pick([5, 40])
      let times = random.pick(Times.allCases)
      var run = Run(keeper: SlidingWindowComponents())
      for _ in 0..<random.below(200) {
        _ = run.change(.random, n, times, &random)
        run.expire(before: run.clock - 60)
        if random.one(in: 20) { _ = run.keeper.takeDeltas() }
      }
      var other = run
      other.keeper = try restored(run.keeper, .index)
      var otherRandom = random
      for step in 0..<200 {
        if let wrong = run.change(.random, n, times, &random) ?? other.change(.random, n, times, &otherRandom) {
          return wrong
        }
        run.expire(before: run.clock - 60)
        other.expire(before: other.clock - 60)
        for v in 0..<VertexIndex(n) where run.keeper.find(v) != other.keeper.find(v) {
          return "step \(step): find \(v)"
        }
        if step % 7 == 0, run.keeper.takeDeltas() != other.keeper.takeDeltas() { return "step \(step): deltas differ" }
      }
      return sections(of: run.keeper) == sections(of: other.keeper) ? nil : "the states differ in the end"
    }
  }

  @Test func memoryIsThatOfTheVerticesWhateverTheWindowHolds() {
    var keeper = SlidingWindowComponents()
    var random = ComponentRandom(5)
    for time in 0..<60_000 as Range<Int64> {
      let shift = time % 3 == 0 ? Int64(random.below(1000)) : 0
      keeper.insertEdge(VertexIndex(random.below(100)), VertexIndex(random.below(100)), time: time - shift)
    }
    let bytes = sections(of: keeper).values.reduce(0) { $0 + $1.count }
    #expect(bytes < 100 * 60 + 2 * (100 + 1025) * 24)
    keeper.checkInvariants()
    #expect(keeper.componentCount == 1)
    keeper = SlidingWindowComponents()
  }

  /// The edges of a large graph of a shape, in the order of the vertices.
  private func edges(_ shape: String, side: Int) -> [(VertexIndex, VertexIndex)] {
    let n = VertexIndex(side * side)
    switch shape {
    case "path": return (1..<n).map { ($0 - 1, $0) }
    case "star": return (1..<n).map { (0, $0) }
    default:
      var pairs: [(VertexIndex, VertexIndex)] = []
      for v in 0..<n {
        if Int(v) % side + 1 < side { pairs.append((v, v + 1)) }
        if v + VertexIndex(side) < n { pairs.append((v, v + VertexIndex(side))) }
      }
      return pairs
    }
  }

  @Test(arguments: ["path", "grid", "star"])
  func depthStaysLogarithmicInAnyGraph(shape: String) {
    let side = 100
    let inOrder = edges(shape, side: side)
    var random = ComponentRandom(9)
    let shuffled = inOrder.shuffled(using: &random)
    let mixed = inOrder.indices.shuffled(using: &random)
    let count = Int64(inOrder.count)
    // Edges in the order of a walk or any order; times with it, against it, or unrelated.
    for pairs in [inOrder, shuffled] {
      for times in [{ Int64($0) }, { count - Int64($0) }, { Int64(mixed[$0]) }] as [(Int) -> Int64] {
        var tree = SlidingWindowTree()
        defer { tree.deallocate() }
        for v in 0..<VertexIndex(side * side) { tree.insertVertex(v) }
        var ignored = NoTouches()
        for (i, pair) in pairs.enumerated() { tree.insertEdge(pair.0, pair.1, time: times(i), touching: &ignored) }
        #expect(tree.componentCount == 1)
        // H(10,000) = 9.8 is expected at most for straight pointers.
        let depth = tree.depth()
        #expect(depth.mean < 12 && depth.max < 40, "\(shape): \(depth)")
      }
    }
  }

  @Test func bothKeepersGiveTheSameDeltas() throws {
    try forComponentCases("both keepers", count: 40) { random in
      let window = SlidingWindowComponents()
      let incremental = IncrementalComponents()
      let n = random.pick([4, 25, 100])
      let length = random.pick([5, 50, 200])
      for i in 0..<600 {
        let (u, v) = TestShape.random.pair(n, &random)
        window.insertEdge(u, v, time: Int64(i))
        incremental.insertEdge(EdgeIndex(i), u, v)
        if i >= length {
          window.expire(before: Int64(i - length + 1))
          incremental.deleteEdge(EdgeIndex(i - length))
        }
        if i % 11 == 0, window.takeDeltas() != incremental.takeDeltas() { return "deltas differ after \(i) changes" }
      }
      return nil
    }
  }

  @Test func damagedStateIsRefused() throws {
    let keeper = SlidingWindowComponents()
    for v: VertexIndex in 1..<6 { keeper.insertEdge(v - 1, v, time: Int64(v)) }
    keeper.expire(before: 2)
    let good = sections(of: keeper)
    for name in good.keys {
      var bad = good
      bad[name] = nil
      #expect(throws: ComponentStateError.missingSection(name)) {
        try withSections(bad) { _ = try SlidingWindowComponents(sections: $0) }
      }
      guard let bytes = good[name], !bytes.isEmpty else { continue }
      bad[name] = Array(bytes.dropLast())
      #expect(throws: ComponentStateError.damagedSection(name)) {
        try withSections(bad) { _ = try SlidingWindowComponents(sections: $0) }
      }
    }
    var bad = good
    bad["nodes"] = [UInt8](repeating: 0x11, count: good["nodes"]?.count ?? 0)
    #expect(throws: ComponentStateError.damagedSection("nodes")) {
      try withSections(bad) { _ = try SlidingWindowComponents(sections: $0) }
    }
  }
}
