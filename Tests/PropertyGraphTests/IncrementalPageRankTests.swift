import Testing
import TestSupport

@testable import PropertyGraph

@Suite struct IncrementalPageRankTests {
  /// The exact ranks of a small graph by elimination on (I − d·Aᵀ)·x = (1−d)·t.
  static func exactRanks(_ graph: DynamicAdjacency, damping: Double, teleport: (UInt32) -> Double) -> [Double] {
    let n = graph.vertexIndexCount
    var m = [[Double]](repeating: [Double](repeating: 0, count: n + 1), count: n)
    for v in 0..<n {
      m[v][v] += 1
      guard graph.contains(UInt32(v)) else { continue }
      m[v][n] = (1 - damping) * teleport(UInt32(v))
      graph.withTargets(of: UInt32(v)) { targets, weights in
        let total = targets.indices.reduce(0.0) { $0 + Double(weights?[$1] ?? 1) }
        for i in targets.indices { m[Int(targets[i])][v] -= damping * Double(weights?[i] ?? 1) / total }
      }
    }
    // diagonally dominant by columns: no pivoting is needed
    for k in 0..<n {
      let pivot = m[k]
      for i in k + 1..<max(n, k + 1) where m[i][k] != 0 {
        let f = m[i][k] / pivot[k]
        for j in k...n where pivot[j] != 0 { m[i][j] -= f * pivot[j] }
      }
    }
    var x = [Double](repeating: 0, count: n)
    for k in stride(from: n - 1, through: 0, by: -1) {
      var sum = m[k][n]
      for j in k + 1..<max(n, k + 1) { sum -= m[k][j] * x[j] }
      x[k] = sum / m[k][k]
    }
    return x
  }

  /// A random life of a graph whose ranks follow.
  struct Life {
    var chance: SeededRandom
    let graph: DynamicAdjacency
    let ranks: IncrementalPageRank
    let teleport: (UInt32) -> Double
    var vertices: [UInt32] = []
    var now: Int64 = 0

    init(seed: UInt64) {
      chance = SeededRandom(seed: seed)
      graph = DynamicAdjacency(
        options: DynamicAdjacencyOptions(
          weighted: .random(using: &chance), expiring: .random(using: &chance), vertexCountMax: 1 << 10,
          slotCountMax: 1 << 14))
      var seeds: [UInt32: Float]?
      if Int.random(in: 0..<3, using: &chance) == 0 { seeds = [0: 1, 3: 2.5] }
      teleport = { v in seeds.map { Double($0[v] ?? 0) } ?? 1 }
      for _ in 0..<Int.random(in: 0..<5, using: &chance) { vertices.append(graph.insertVertex()) }
      for _ in 0..<vertices.count * 2 {
        graph.insertEdge(from: vertices.randomElement(using: &chance)!, to: vertices.randomElement(using: &chance)!)
      }
      let tolerance = [0.1, 1e-2, 1e-4, 1e-6, 1e-9, 1e-11].randomElement(using: &chance)!
      ranks = IncrementalPageRank(
        graph,
        options: IncrementalPageRankOptions(
          damping: [0.5, 0.85, 0.95].randomElement(using: &chance)!, tolerance: tolerance, seeds: seeds,
          workers: Int.random(in: 1...3, using: &chance),
          method: [.automatic, .push, .sweep].randomElement(using: &chance)!))
    }

    mutating func vertex() -> UInt32 { vertices.randomElement(using: &chance)! }

    mutating func change() {
      let kind = Int.random(in: 0..<40, using: &chance)
      if vertices.count < 4 || kind < 2 && vertices.count < 18 {
        vertices.append(ranks.insertVertex())
      } else if kind == 2 {
        ranks.removeVertex(vertices.remove(at: Int.random(in: 0..<vertices.count, using: &chance)))
      } else if kind == 3, graph.options.expiring {
        ranks.expireEdges(before: now - Int64.random(in: 5...40, using: &chance))
      } else {
        let updates = (0..<Int.random(in: 1...6, using: &chance)).map { _ in update() }
        ranks.apply(updates)
      }
    }

    mutating func update() -> EdgeUpdate {
      now += 1
      let source = vertex()
      var target = vertex()
      let kind = Int.random(in: 0..<10, using: &chance)
      let existing = graph.withTargets(of: source) { targets, _ in Array(targets) }
      if kind >= 6, let known = existing.randomElement(using: &chance) { target = known }
      let weight = Float(Int.random(in: 1...40, using: &chance)) / 7
      if kind == 9 && graph.options.weighted { return EdgeUpdate(.reweight, from: source, to: target, weight: weight) }
      if kind >= 6 { return EdgeUpdate(.remove, from: source, to: target) }
      return EdgeUpdate(.insert, from: source, to: target, weight: weight, timeMilliseconds: now)
    }
  }

  @Test func ranksAreWithinTheCertifiedBound() {
    for seed in 0..<UInt64(caseCount(250)) {
      var life = Life(seed: seed)
      for batch in 0..<10 {
        for _ in 0..<Int.random(in: 1...5, using: &life.chance) { life.change() }
        let bound = life.ranks.update().errorBound
        let note = "seed \(seed), batch \(batch), \(life.ranks.options)"
        #expect(bound <= life.ranks.options.tolerance, "\(note)")
        let exact = Self.exactRanks(life.graph, damping: life.ranks.options.damping, teleport: life.teleport)
        let found = life.ranks.allRanks(summingTo: nil)
        let distance = zip(exact, found).reduce(0.0) { $0 + abs($1.0 - $1.1) }
        #expect(distance <= (bound + 1e-15) * exact.reduce(0, +), "\(note)")
        #expect(
          found.count == exact.count && zip(exact, found).allSatisfy { $0 > 0 || $1 == 0 || bound > 0 }, "\(note)")
      }
      #expect(life.graph.checkInvariants() == nil, "seed \(seed)")
    }
  }

  @Test func residualsAreExactAfterEveryChange() {
    for seed in 0..<UInt64(caseCount(100)) {
      var life = Life(seed: seed)
      for _ in 0..<30 {
        life.change()
        if Int.random(in: 0..<4, using: &life.chance) == 0 { life.ranks.update() }
        life.ranks.adoptNewVertices()
        // enough of them that the slow mode is extrapolated, too
        if Int.random(in: 0..<4, using: &life.chance) == 0 {
          _ = life.ranks.passResiduals(passCountMax: Int.random(in: 1...12, using: &life.chance))
        }
        let ranks = life.ranks
        let d = ranks.options.damping
        var wanted = (0..<ranks.vertexIndexCount).map { v in
          life.graph.contains(UInt32(v)) ? (1 - d) * life.teleport(UInt32(v)) : 0
        }
        for v in 0..<UInt32(ranks.vertexIndexCount) where life.graph.contains(v) {
          life.graph.withTargets(of: v) { targets, weights in
            let total = life.graph.outWeight(v)
            for i in targets.indices {
              wanted[Int(targets[i])] += d * ranks.ranks[v] * Double(weights?[i] ?? 1) / total
            }
          }
        }
        let residuals = ranks.residuals
        var error = 0.0
        var sum = 0.0
        for v in 0..<ranks.vertexIndexCount {
          error += abs(wanted[v] - ranks.ranks[v] - residuals[v])
          sum += abs(residuals[v])
        }
        #expect(error <= ranks.roundingError + 1e-15 * (1 + ranks.rankSum), "seed \(seed)")
        #expect(sum <= ranks.residualSum + ranks.roundingError + 1e-18, "seed \(seed)")
      }
    }
  }

  @Test func aRestoreAtAnyBatchGoesOnBitForBit() throws {
    for seed in 0..<UInt64(caseCount(60)) {
      var life = Life(seed: seed)
      let restoreAt = Int(seed % 6)
      var twin: (graph: DynamicAdjacency, ranks: IncrementalPageRank)?
      for batch in 0..<12 {
        // the same changes reach both: vertices are numbered alike, so updates are replayed as recorded
        let updates = life.vertices.count >= 2 ? (0..<4).map { _ in life.update() } : []
        if batch % 3 == 2 {
          let new = life.ranks.insertVertex()
          life.vertices.append(new)
          if let twin { #expect(twin.ranks.insertVertex() == new) }
        }
        life.ranks.apply(updates)
        let report = life.ranks.update()
        life.ranks.checkpointBarrier()
        if let twin {
          twin.ranks.apply(updates)
          #expect(twin.ranks.update() == report, "seed \(seed), batch \(batch)")
          twin.ranks.checkpointBarrier()
        } else if batch == restoreAt {
          var saved = SavedSections()
          life.graph.withSections { saved.add($0, $1) }
          life.ranks.withSections { saved.add($0, $1) }
          twin = try saved.lookUp { section in
            let graph = try DynamicAdjacency(options: life.graph.options, restoring: section)
            return (graph, try IncrementalPageRank(graph, options: life.ranks.options, restoring: section))
          }
        }
      }
      var (a, b) = (SavedSections(), SavedSections())
      life.graph.withSections { a.add($0, $1) }
      life.ranks.withSections { a.add($0, $1) }
      let other = try #require(twin)
      other.graph.withSections { b.add($0, $1) }
      other.ranks.withSections { b.add($0, $1) }
      #expect(a.sections == b.sections, "seed \(seed)")
    }
  }

  /// A skewed graph large enough for many blocks and rounds.
  static func skewedEdge(_ n: UInt32, _ chance: inout SeededRandom) -> (UInt32, UInt32) {
    let skewed = { (chance: inout SeededRandom) -> UInt32 in
      let u = Double.random(in: 0..<1, using: &chance)
      return UInt32(Double(n) * u * u * u)
    }
    return (skewed(&chance), skewed(&chance))
  }

  @Test(arguments: [1e-3, 1e-8])
  func resultsDoNotDependOnTheNumberOfThreads(tolerance: Double) {
    var results: [[UInt64]] = []
    for workers in [1, 2, 3, 7] {
      var chance = SeededRandom(seed: 11)
      let graph = DynamicAdjacency(options: .init(weighted: tolerance == 1e-8))
      let edges = (0..<12_000).map { _ in Self.skewedEdge(3000, &chance) }
      graph.insertVertices(upTo: 3000)
      graph.apply(edges.map { EdgeUpdate(.insert, from: $0, to: $1) })
      let ranks = IncrementalPageRank(graph, options: .init(tolerance: tolerance, workers: workers))
      var reports: [PageRankUpdateReport] = []
      for batch in [1, 400, 3, 1, 900, 2] {
        ranks.apply(
          (0..<batch).map { i in
            let (s, t) = i % 2 == 0 ? edges.randomElement(using: &chance)! : Self.skewedEdge(3000, &chance)
            return EdgeUpdate(i % 2 == 0 ? .remove : .insert, from: s, to: t)
          })
        reports.append(ranks.update())
        #expect(ranks.errorBound <= tolerance)
      }
      #expect(reports.contains { $0.sweeps > 0 } && reports.contains { $0.pushedEdges > 0 })
      results.append(ranks.allRanks(summingTo: nil).map(\.bitPattern))
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }

  @Test(arguments: [1e-3, 1e-7, 1e-11])
  func passesAloneBringTheBoundUnderTheTolerance(tolerance: Double) {
    var chance = SeededRandom(seed: 31)
    let graph = DynamicAdjacency()
    graph.insertVertices(upTo: 2000)
    graph.apply(
      (0..<9000).map { _ in
        let (source, target) = Self.skewedEdge(2000, &chance)
        return EdgeUpdate(.insert, from: source, to: target)
      })
    let ranks = IncrementalPageRank(graph, options: .init(tolerance: tolerance))
    for batch in [1, 30, 1000] {
      ranks.apply(
        (0..<batch).map { _ in
          let (source, target) = Self.skewedEdge(2000, &chance)
          return EdgeUpdate(.insert, from: source, to: target)
        })
      let residual = ranks.residualSum
      if ranks.isCertified { continue }
      let passes = ranks.passResiduals(passCountMax: 100)
      #expect(ranks.isCertified && ranks.residualSum < residual && (1..<100).contains(passes))
      #expect(ranks.queues.entryCount == 0 && !ranks.queues.isStale)
      // the next batch is pushed from where it changes
      ranks.apply([EdgeUpdate(.insert, from: 5, to: 7)])
      #expect(ranks.update().errorBound <= tolerance)
    }
  }

  @Test func theCheaperKindOfScanIsChosenAndTheOtherTriedAgain() {
    var model = IncrementalCostModel()
    #expect(model.prefersPasses(1))
    while model.prefersPasses(1) { model.learn(passes: 9, isEnough: true, 1) }
    #expect(model.prefersPasses(2))
    var batches = 0
    while !model.prefersPasses(1) {
      model.learn(sweeps: 3, 1)
      batches += 1
    }
    #expect((10..<1000).contains(batches))
    let bounds = [0.1, 4.9, 5, 24, 26, 1e9, .infinity, .nan].map { IncrementalCostModel.ratioClass($0) }
    #expect(bounds == [0, 0, 1, 1, 2, 7, 7, 0])
    var other = IncrementalCostModel()
    other.restore(model.state)
    #expect(other == model && model.state.count == IncrementalCostModel.stateCount)
  }

  @Test func verticesWithoutEdgesOutKeepTheirTeleport() {
    let graph = DynamicAdjacency()
    graph.insertVertices(upTo: 3)
    graph.insertEdge(from: 0, to: 1)
    let ranks = IncrementalPageRank(graph, options: .init(tolerance: 1e-12))
    #expect(abs(ranks.rank(of: 0) - 0.15) < 1e-12)
    #expect(abs(ranks.rank(of: 1) - (0.15 + 0.85 * 0.15)) < 1e-12)
    #expect(abs(ranks.rank(of: 2) - 0.15) < 1e-12)
    #expect(abs(ranks.allRanks().reduce(0, +) - 1) < 1e-12)
  }

  @Test func ranksVanishWithTheLastSeed() {
    let graph = DynamicAdjacency()
    graph.insertVertices(upTo: 4)
    graph.apply([(0, 1), (1, 2), (2, 3), (3, 1)].map { EdgeUpdate(.insert, from: $0.0, to: $0.1) })
    let ranks = IncrementalPageRank(graph, options: .init(tolerance: 1e-9, seeds: [0: 2]))
    #expect(abs(ranks.rank(of: 0) - 0.3) < 1e-9)
    ranks.removeVertex(0)
    #expect(ranks.update().errorBound == 0)
    #expect(ranks.allRanks() == [0, 0, 0, 0])
  }

  @Test func pushingIsPaidByATenthOfSweepingAndBySavings() {
    var chance = SeededRandom(seed: 21)
    var model = IncrementalCostModel()
    var spent = 0.0
    var swept = 0.0
    for _ in 0..<2000 {
      let sweeping = Double.random(in: 1...100, using: &chance)
      let pushed = max(0, model.residualLimit(sweeping: sweeping)) * Double.random(in: 0...1, using: &chance)
      let isEnough = Int.random(in: 0..<3, using: &chance) == 0
      let cost = isEnough ? pushed : pushed + sweeping
      model.settle(sweeping: sweeping, spent: cost)
      spent += cost
      swept += sweeping
      #expect(spent <= 1.1 * swept * (1 + 1e-12))
    }
  }

  @Test func anEmptyGraphHasNoError() {
    let ranks = IncrementalPageRank(DynamicAdjacency())
    #expect(ranks.update().errorBound == 0 && ranks.allRanks().isEmpty)
    let v = ranks.insertVertex()
    #expect(ranks.update().errorBound < 1e-14 && ranks.allRanks() == [1])
    ranks.removeVertex(v)
    #expect(ranks.update().pushedEdges == 0 && ranks.allRanks() == [0])
  }

  @Test func aSnapshotOfOtherDampingIsRefused() throws {
    let graph = DynamicAdjacency()
    graph.insertVertices(upTo: 2)
    let ranks = IncrementalPageRank(graph)
    ranks.checkpointBarrier()
    var saved = SavedSections()
    graph.withSections { saved.add($0, $1) }
    ranks.withSections { saved.add($0, $1) }
    #expect(throws: GraphStateError.self) {
      try saved.lookUp { section in
        let graph = try DynamicAdjacency(options: graph.options, restoring: section)
        _ = try IncrementalPageRank(graph, options: .init(damping: 0.5), restoring: section)
      }
    }
  }
}
