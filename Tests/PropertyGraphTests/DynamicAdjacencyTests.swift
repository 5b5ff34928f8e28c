import Testing
import TestSupport

@testable import PropertyGraph

@Suite struct DynamicAdjacencyTests {
  /// One random life of a graph beside its model: every operation, on few vertices so that edges are often parallel.
  struct Life {
    var chance: SeededRandom
    let graph: DynamicAdjacency
    var bag = EdgeBag()
    var now: Int64 = 0

    init(seed: UInt64) {
      chance = SeededRandom(seed: seed)
      let options = DynamicAdjacencyOptions(
        weighted: .random(using: &chance), expiring: .random(using: &chance), vertexCountMax: 1 << 12,
        slotCountMax: 1 << 16)
      graph = DynamicAdjacency(options: options)
    }

    mutating func step() {
      let vertices = graph.vertexCount
      let kind = Int.random(in: 0..<100, using: &chance)
      if vertices == 0 || kind < 4 && vertices < 30 {
        bag.vertices.insert(graph.insertVertex())
      } else if kind < 60 {
        insert()
      } else if kind < 85 {
        remove()
      } else if kind < 92 {
        reweight()
      } else if kind < 97 {
        expire()
      } else if kind < 99 {
        removeVertex()
      } else {
        graph.compact()
      }
    }

    mutating func vertex() -> UInt32 { bag.vertices.sorted().randomElement(using: &chance)! }
    /// Mostly the ends of an edge there is.
    mutating func ends() -> EdgeBag.Pair {
      let pairs = bag.edges.keys.sorted { ($0.source, $0.target) < ($1.source, $1.target) }
      if let pair = pairs.randomElement(using: &chance), Int.random(in: 0..<5, using: &chance) > 0 { return pair }
      return .init(source: vertex(), target: vertex())
    }

    mutating func insert() {
      let hub = Int.random(in: 0..<3, using: &chance) == 0
      let pair = EdgeBag.Pair(source: hub ? bag.vertices.min()! : vertex(), target: vertex())
      let weight = graph.options.weighted ? Float(Int.random(in: 1...6, using: &chance)) / 4 : 1
      now += Int64.random(in: 0...3, using: &chance)
      let time = Int.random(in: 0..<6, using: &chance) == 0 ? now - Int64.random(in: 0...20, using: &chance) : now
      let before = graph.outWeight(pair.source)
      let change = graph.insertEdge(from: pair.source, to: pair.target, weight: weight, timeMilliseconds: time)
      #expect(change.outWeightBefore == before && change.outWeightAfter == graph.outWeight(pair.source))
      #expect(change.weightDelta == Double(weight))
      bag.edges[pair, default: []].append(.init(weight: weight, time: time))
    }

    mutating func remove() {
      let pair = ends()
      let change = graph.removeEdge(from: pair.source, to: pair.target)
      #expect((change == nil) == (bag.edges[pair] == nil))
      // which parallel edge goes is the graph's choice: with times the model cannot know it, so it asks the window
      if let change { forget(change) }
    }

    /// Takes a removed edge out of the model; among equal weights the times that remain are read from the graph.
    mutating func forget(_ change: EdgeChange) {
      let known = bag.remove(change.source, change.target, weight: -change.weightDelta)
      #expect(known)
      guard let window = graph.window, let ids = graph.out.ids else { return }
      let pair = EdgeBag.Pair(source: change.source, target: change.target)
      var edges: [EdgeBag.Edge] = []
      let slab = graph.out.slabs[pair.source]
      let times = Dictionary(
        uniqueKeysWithValues: (window.queue[window.head...] + window.late).map { ($0.id, $0.timeMilliseconds) })
      for slot in slab.offset..<slab.offset + slab.degree where graph.out.neighbours[slot] == pair.target {
        edges.append(.init(weight: graph.out.weights?[slot] ?? 1, time: times[ids[slot]]!))
      }
      bag.edges[pair] = edges.isEmpty ? nil : edges
    }

    mutating func reweight() {
      guard graph.options.weighted else { return }
      let pair = ends()
      let weight = Float(Int.random(in: 1...9, using: &chance)) / 8
      guard let change = graph.reweightEdge(from: pair.source, to: pair.target, weight: weight) else {
        #expect(bag.edges[pair] == nil)
        return
      }
      let old = Double(weight) - change.weightDelta
      let i = bag.edges[pair]!.firstIndex { Double($0.weight) == old }
      #expect(i != nil)
      if let i { bag.edges[pair]![i].weight = weight }
      if graph.window != nil { refresh(pair) }
    }

    private mutating func refresh(_ pair: EdgeBag.Pair) {
      let times = Dictionary(
        uniqueKeysWithValues: (graph.window!.queue[graph.window!.head...] + graph.window!.late).map {
          ($0.id, $0.timeMilliseconds)
        })
      let slab = graph.out.slabs[pair.source]
      bag.edges[pair] = (slab.offset..<slab.offset + slab.degree).compactMap { slot in
        graph.out.neighbours[slot] == pair.target
          ? .init(weight: graph.out.weights![slot], time: times[graph.out.ids![slot]]!) : nil
      }
    }

    mutating func expire() {
      guard graph.options.expiring else { return }
      let cutoff = now - Int64.random(in: 10...60, using: &chance)
      graph.expireEdges(before: cutoff)
      for (pair, edges) in bag.edges {
        let kept = edges.filter { $0.time >= cutoff }
        bag.edges[pair] = kept.isEmpty ? nil : kept
      }
    }

    mutating func removeVertex() {
      let v = vertex()
      var told = 0
      graph.removeVertex(v) { _ in told += 1 }
      let gone = bag.edges.filter { $0.key.source == v || $0.key.target == v }
      #expect(told == gone.values.reduce(0) { $0 + $1.count })
      for pair in gone.keys { bag.edges[pair] = nil }
      bag.vertices.remove(v)
    }

    func verify(_ note: String) {
      #expect(graph.checkInvariants() == nil, "\(note)")
      #expect(graph.edgeCount == bag.count && graph.vertexCount == bag.vertices.count, "\(note)")
      #expect(graph.weights(incoming: false) == bag.weights, "\(note)")
      #expect(graph.weights(incoming: true) == bag.weights, "\(note)")
    }
  }

  @Test func equalsABagOfEdges() {
    for seed in 0..<UInt64(caseCount(600)) {
      var life = Life(seed: seed)
      for step in 0..<150 {
        life.step()
        if step % 25 == 24 { life.verify("seed \(seed), step \(step)") }
      }
    }
  }

  @Test func aRestoredGraphGoesOnBitForBit() throws {
    for seed in 0..<UInt64(caseCount(150)) {
      var life = Life(seed: seed)
      for _ in 0..<120 { life.step() }
      var saved = SavedSections()
      life.graph.withSections { saved.add($0, $1) }
      let restored = try saved.lookUp { try DynamicAdjacency(options: life.graph.options, restoring: $0) }
      #expect(restored.checkInvariants() == nil, "seed \(seed)")
      var chance = SeededRandom(seed: seed)
      let vertices = life.bag.vertices.sorted()
      for _ in 0..<60 {
        let (s, t) = (vertices.randomElement(using: &chance), vertices.randomElement(using: &chance))
        guard let s, let t else { break }
        let insert = Bool.random(using: &chance)
        for graph in [life.graph, restored] {
          if insert {
            graph.insertEdge(from: s, to: t, weight: 2, timeMilliseconds: life.now)
          } else {
            graph.removeEdge(from: s, to: t)
          }
          if graph.options.expiring { graph.expireEdges(before: life.now - 30) }
        }
      }
      var (a, b) = (SavedSections(), SavedSections())
      life.graph.withSections { a.add($0, $1) }
      restored.withSections { b.add($0, $1) }
      #expect(a.sections == b.sections, "seed \(seed)")
    }
  }

  @Test func aDamagedSectionIsRefused() throws {
    var life = Life(seed: 4)
    for _ in 0..<100 { life.step() }
    var saved = SavedSections()
    life.graph.withSections { saved.add($0, $1) }
    saved.sections["adjacency/out/mates"]!.removeLast(4)
    #expect(throws: GraphStateError.self) {
      try saved.lookUp { _ = try DynamicAdjacency(options: life.graph.options, restoring: $0) }
    }
  }

  @Test func aSearchFindsTheFirstOfSeveral() {
    var chance = SeededRandom(seed: 17)
    for degree in 0..<70 {
      let graph = DynamicAdjacency()
      graph.insertVertices(upTo: 24)
      for _ in 0..<degree { graph.insertEdge(from: 0, to: .random(in: 1..<21, using: &chance)) }
      let targets = Array(graph.out.list(0))
      for target in UInt32(1)..<24 {
        #expect(graph.out.position(of: target, in: 0).map { Int($0) } == targets.firstIndex(of: target))
      }
    }
  }

  @Test func tiersCoverEveryDegree() {
    for degree in 1...5000 {
      let tier = SlabTier.tier(forDegree: degree)
      #expect(SlabTier.capacity(tier) >= degree && SlabTier.capacity(tier) % 4 == 0)
      #expect(SlabTier.capacity(tier - 1) < degree)
    }
    #expect(Int(SlabTier.tier(forDegree: Int(Int32.max))) < SlabTier.count)
  }

  @Test func freedSlabsAreCompactedAway() {
    let graph = DynamicAdjacency()
    graph.insertVertices(upTo: 4000)
    var chance = SeededRandom(seed: 9)
    for v in 0..<UInt32(4000) {
      for _ in 0..<20 { graph.insertEdge(from: v, to: .random(in: 0..<4000, using: &chance)) }
    }
    let full = graph.byteCount
    for v in 0..<UInt32(4000) where v % 5 != 0 { graph.removeVertex(v) }
    #expect(graph.checkInvariants() == nil)
    #expect(graph.byteCount * 3 < full)
  }

  @Test func bulkLoadingEqualsSingleInsertions() {
    var chance = SeededRandom(seed: 3)
    let sources = (0..<3000).map { _ in UInt32.random(in: 0..<200, using: &chance) }
    let targets = (0..<3000).map { _ in UInt32.random(in: 0..<200, using: &chance) }
    let (bulk, single) = (DynamicAdjacency(), DynamicAdjacency())
    sources.withUnsafeBufferPointer { s in
      targets.withUnsafeBufferPointer { bulk.insertEdges(sources: s, targets: $0) }
    }
    single.insertVertices(upTo: 200)
    single.apply(zip(sources, targets).map { EdgeUpdate(.insert, from: $0, to: $1) })
    #expect(bulk.checkInvariants() == nil && single.checkInvariants() == nil)
    #expect(bulk.weights(incoming: false) == single.weights(incoming: false))
    #expect(bulk.byteCount <= single.byteCount)
  }
}
