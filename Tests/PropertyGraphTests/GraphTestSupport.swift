import Foundation

@testable import PropertyGraph

/// How many random cases a test runs: THALWEG_CASES, or what fits a quick run.
func caseCount(_ usual: Int) -> Int {
  ProcessInfo.processInfo.environment["THALWEG_CASES"].flatMap { Int($0) } ?? usual
}

/// The graph as a bag of edges: what the slabs must equal.
struct EdgeBag {
  struct Pair: Hashable {
    var source: UInt32
    var target: UInt32
  }
  struct Edge: Hashable {
    var weight: Float
    var time: Int64
  }
  var edges: [Pair: [Edge]] = [:]
  var vertices: Set<UInt32> = []

  var count: Int { edges.values.reduce(0) { $0 + $1.count } }

  /// Takes out one edge whose weight is nearest to `weight`; which of several parallel ones is the graph's choice.
  mutating func remove(_ source: UInt32, _ target: UInt32, weight: Double) -> Bool {
    let pair = Pair(source: source, target: target)
    guard let i = edges[pair]?.firstIndex(where: { Double($0.weight) == weight }) else { return false }
    edges[pair]!.remove(at: i)
    if edges[pair]!.isEmpty { edges[pair] = nil }
    return true
  }

  /// How many edges of each weight lead from one vertex to another.
  var weights: [Pair: [Float]] { edges.mapValues { $0.map(\.weight).sorted() } }
}

extension DynamicAdjacency {
  /// The same, read from the out-copies and from the in-copies.
  func weights(incoming: Bool) -> [EdgeBag.Pair: [Float]] {
    var found: [EdgeBag.Pair: [Float]] = [:]
    for v in 0..<UInt32(vertexIndexCount) where contains(v) {
      let collect = { (others: UnsafeBufferPointer<UInt32>, weights: UnsafePointer<Float>?) in
        for i in others.indices {
          let pair = incoming ? EdgeBag.Pair(source: others[i], target: v) : .init(source: v, target: others[i])
          found[pair, default: []].append(weights?[i] ?? 1)
        }
      }
      incoming ? withSources(of: v, collect) : withTargets(of: v, collect)
    }
    return found.mapValues { $0.sorted() }
  }
}

/// The sections of a snapshot, kept aside as a file would.
struct SavedSections {
  var sections: [String: [UInt8]] = [:]
  mutating func add(_ name: String, _ bytes: UnsafeRawBufferPointer) {
    precondition(sections[name] == nil)
    sections[name] = [UInt8](bytes)
  }
  struct Missing: Error { var name: String }
  /// Hands a section's bytes out; they live as long as the copies kept here.
  func lookUp<Result>(_ body: ((String) throws -> UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    var copies: [UnsafeMutableRawBufferPointer] = []
    defer { for copy in copies { copy.deallocate() } }
    return try body { name in
      guard let bytes = sections[name] else { throw Missing(name: name) }
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 16)
      copies.append(copy)
      copy.copyBytes(from: bytes)
      return UnsafeRawBufferPointer(rebasing: copy[0..<bytes.count])
    }
  }
}
