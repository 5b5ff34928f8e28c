import Foundation
import Testing

@testable import PropertyGraph

/// SplitMix64: the same numbers for the same seed, on every machine.
struct ComponentRandom: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
  mutating func below(_ n: Int) -> Int { Int(next() % UInt64(n)) }
  mutating func one(in n: Int) -> Bool { below(n) == 0 }
  mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }
}

/// Runs `body` with seeds; what it returns is wrong with the case. A failure is replayed with
/// `THALWEG_SEED=<seed> THALWEG_CASES=1`; `THALWEG_CASES` sets the number of cases.
func forComponentCases(_ name: String, count: Int, _ body: (inout ComponentRandom) throws -> String?) throws {
  let environment = ProcessInfo.processInfo.environment
  let first = environment["THALWEG_SEED"].flatMap { UInt64($0) } ?? 1
  let cases = environment["THALWEG_CASES"].flatMap { Int($0) } ?? count
  print("\(name): seeds from \(first), \(cases) cases")
  for i in 0..<cases {
    let seed = first + UInt64(i)
    var random = ComponentRandom(seed)
    if let wrong = try body(&random) {
      Issue.record("\(name), case \(i), THALWEG_SEED=\(seed) THALWEG_CASES=1: \(wrong)")
      return
    }
  }
}

/// A graph as a list of edges, and its components from scratch.
struct ComponentOracle {
  struct Edge {
    var number: EdgeIndex
    var u: VertexIndex
    var v: VertexIndex
    var time: Int64 = 0
  }

  var edges: [Edge] = []
  var vertices: Set<VertexIndex> = []

  /// The lowest vertex of each vertex's component, by a disjoint-set forest over all edges.
  func labels(_ order: VertexOrder) -> [VertexIndex: VertexIndex] {
    var parent: [VertexIndex: VertexIndex] = [:]
    for v in vertices { parent[v] = v }
    func find(_ x: VertexIndex) -> VertexIndex {
      var x = x
      while let p = parent[x], p != x {
        parent[x] = parent[p]
        x = p
      }
      return x
    }
    for edge in edges {
      let (a, b) = (find(edge.u), find(edge.v))
      if a == b { continue }
      // The lower one stays on top, so that roots are labels.
      if order.isLower(a, b) { parent[b] = a } else { parent[a] = b }
    }
    return Dictionary(uniqueKeysWithValues: vertices.map { ($0, find($0)) })
  }
}

/// Follows a keeper's deltas and compares everything that it says with the oracle.
struct ComponentObserver {
  let order: VertexOrder
  private(set) var labels: [VertexIndex: VertexIndex] = [:]

  init(order: VertexOrder) { self.order = order }

  /// What is wrong with the keeper after a batch; nil when nothing is.
  mutating func check(_ keeper: some ComponentKeeper, _ oracle: ComponentOracle, _ random: inout ComponentRandom)
    -> String?
  {
    keeper.checkInvariants()
    let expected = oracle.labels(order)
    var sizes: [VertexIndex: Int] = [:]
    for label in expected.values { sizes[label, default: 0] += 1 }
    if keeper.vertexCount != expected.count { return "\(keeper.vertexCount) vertices of \(expected.count)" }
    if keeper.componentCount != sizes.count { return "\(keeper.componentCount) components of \(sizes.count)" }
    let written = keeper.labels()
    for v in 0..<VertexIndex(written.count) {
      let label = expected[v] ?? noVertex
      if written[Int(v)] != label { return "the label of \(v) is \(written[Int(v)]), not \(label)" }
      if keeper.contains(v) != (expected[v] != nil) { return "contains \(v): \(keeper.contains(v))" }
      if keeper.componentSize(of: v) != expected[v].map({ sizes[$0] ?? 0 }) ?? 0 { return "size at \(v)" }
      let root = keeper.find(v)
      if expected[v] == nil ? root != noVertex : expected[root] != expected[v] { return "find \(v) is \(root)" }
      if let label = expected[v], keeper.find(label) != root { return "find \(v) is not find \(label)" }
    }
    if expected.keys.contains(where: { $0 >= written.count }) { return "labels are too short" }
    let all = Array(expected.keys)
    if !all.isEmpty {
      let (a, b) = (random.pick(all), random.pick(all))
      if keeper.isConnected(a, b) != (expected[a] == expected[b]) { return "isConnected \(a), \(b)" }
    }
    return check(keeper.takeDeltas(), expected, sizes)
  }

  private mutating func check(
    _ deltas: ComponentDeltas, _ expected: [VertexIndex: VertexIndex], _ sizes: [VertexIndex: Int]
  ) -> String? {
    let before = labels
    var sizesBefore: [VertexIndex: Int] = [:]
    for label in before.values { sizesBefore[label, default: 0] += 1 }
    if zip(deltas.vertices, deltas.vertices.dropFirst()).contains(where: { $0.vertex >= $1.vertex }) {
      return "label changes are out of order or double"
    }
    for change in deltas.vertices {
      if (before[change.vertex] ?? noVertex) == change.label { return "\(change) is no change" }
      labels[change.vertex] = change.label == noVertex ? nil : change.label
    }
    if labels != expected { return "the deltas do not lead to the labels" }
    return check(deltas.components, before, sizesBefore, sizes)
  }

  /// The moves between components must be exactly those of the vertices, for components that changed.
  private func check(
    _ deltas: [ComponentDelta], _ before: [VertexIndex: VertexIndex], _ sizesBefore: [VertexIndex: Int],
    _ sizes: [VertexIndex: Int]
  ) -> String? {
    struct Move: Hashable {
      var before: VertexIndex
      var after: VertexIndex
    }
    var moves: [Move: Int] = [:]
    for v in Set(before.keys).union(labels.keys) {
      moves[Move(before: before[v] ?? noVertex, after: labels[v] ?? noVertex), default: 0] += 1
    }
    var wanted: [ComponentDelta] = []
    for (move, count) in moves {
      let (old, new) = (sizesBefore[move.before] ?? 0, sizes[move.after] ?? 0)
      if move.before == move.after, count == old, count == new { continue }
      wanted.append(
        ComponentDelta(
          before: move.before, after: move.after, vertexCount: count, sizeBefore: old, sizeAfter: new))
    }
    wanted.sort { ($0.after, $0.before) < ($1.after, $1.before) }
    if deltas != wanted { return "component deltas \(deltas), expected \(wanted)" }
    for delta in deltas where !(delta.isCreated || delta.isVanished || delta.isMerged || delta.isSplit) {
      return "\(delta) says nothing"
    }
    return nil
  }
}

/// The sections of a keeper, copied.
func sections(of keeper: some ComponentKeeper) -> [String: [UInt8]] {
  var sections: [String: [UInt8]] = [:]
  keeper.writeSections { name, bytes in
    precondition(sections[name] == nil, "section \(name) is written twice")
    sections[name] = Array(bytes)
  }
  return sections
}

/// Hands out copied sections; they live until `body` returns.
func withSections<Result>(
  _ sections: [String: [UInt8]], _ body: ((String) -> UnsafeRawBufferPointer?) throws -> Result
) rethrows -> Result {
  var buffers: [String: UnsafeMutableRawBufferPointer] = [:]
  for (name, bytes) in sections {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    buffer.copyBytes(from: bytes)
    buffers[name] = buffer
  }
  defer { for buffer in buffers.values { buffer.deallocate() } }
  return try body { name in buffers[name].map { UnsafeRawBufferPointer($0) } }
}

/// The pairs of vertices that edges of a test graph are drawn from.
enum TestShape: CaseIterable {
  case random, path, grid, star, cliques, loops

  func pair(_ n: Int, _ random: inout ComponentRandom) -> (VertexIndex, VertexIndex) {
    let a = random.below(n)
    let b: Int
    switch self {
    case .random: b = random.below(n)
    case .path: b = min(a + 1, n - 1)
    case .grid:
      let side = max(2, Int(Double(n).squareRoot()))
      b = random.one(in: 2) ? ((a + 1) % side == 0 ? a : min(a + 1, n - 1)) : min(a + side, n - 1)
    case .star: b = random.one(in: 10) ? random.below(n) : 0
    case .cliques: b = a / 5 * 5 + random.below(min(5, n - a / 5 * 5))
    case .loops: b = random.one(in: 3) ? a : random.below(n)
    }
    return random.one(in: 2) ? (VertexIndex(a), VertexIndex(b)) : (VertexIndex(b), VertexIndex(a))
  }
}

/// External ids that order vertices differently from their numbers.
let scrambledOrder = VertexOrder.by { ($0 &* 0x9e37_79b1) < ($1 &* 0x9e37_79b1) }
