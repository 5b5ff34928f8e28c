import Foundation
import Testing

@testable import PropertyGraph

/// Public reference graphs beside the package, in `../shared/data`; tests that need them are disabled where they are
/// missing.
enum ReferenceData {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/data")
  /// The folder that holds the data: beside the package's parent, or where THALWEG_REFERENCE_DATA says.
  static let root = ProcessInfo.processInfo.environment["THALWEG_REFERENCE_DATA"].map { URL(filePath: $0) } ?? folder
  static let isPresent = FileManager.default.fileExists(atPath: root.appending(path: "ldbc_graphalytics").path)

  /// The lines of a file, cut at blanks.
  static func lines(_ path: String) throws -> [[Substring]] {
    try String(contentsOf: root.appending(path: path), encoding: .utf8).split(whereSeparator: \.isNewline)
      .filter { !$0.hasPrefix("%") && !$0.hasPrefix("#") }
      .map { $0.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" }) }.filter { !$0.isEmpty }
  }

  /// "vertex value" lines.
  static func values(_ path: String) throws -> [Int: String] {
    var values: [Int: String] = [:]
    for line in try lines(path) { values[try #require(Int(line[0]))] = String(line[1]) }
    return values
  }
}

/// A graph with the numbers its vertices have outside.
struct NamedGraph {
  var names: [Int]
  var topology: Topology
  var index: [Int: VertexIndex]

  init(names: Set<Int>, edges: [(Int, Int, Double)], directed: Bool) {
    self.names = names.union(edges.flatMap { [$0.0, $0.1] }).sorted()
    index = Dictionary(uniqueKeysWithValues: self.names.enumerated().map { ($1, VertexIndex($0)) })
    var list = EdgeList(weighted: true)
    for (a, b, weight) in edges { list.append(index[a]!, index[b]!, weight: weight) }
    let once = Topology(list, vertexCount: self.names.count)
    topology = directed ? once : once.undirected()
  }

  /// LDBC's adjacency text: "vertex neighbour neighbour …"; undirected edges are listed at both ends.
  init(adjacency path: String, directed: Bool) throws {
    var names: Set<Int> = []
    var edges: [(Int, Int, Double)] = []
    for line in try ReferenceData.lines(path) {
      let numbers = line.compactMap { Int($0) }
      names.insert(numbers[0])
      for neighbour in numbers.dropFirst() where directed || numbers[0] < neighbour {
        edges.append((numbers[0], neighbour, 1))
      }
    }
    self.init(names: names, edges: edges, directed: directed)
  }

  /// Edge lines "source target weight", and vertex lines.
  init(edges path: String, vertices: String, directed: Bool) throws {
    let edges = try ReferenceData.lines(path).map { (Int($0[0])!, Int($0[1])!, $0.count > 2 ? Double($0[2])! : 1) }
    let names = try Set(ReferenceData.lines(vertices).map { Int($0[0])! })
    self.init(names: names, edges: edges, directed: directed)
  }
}

/// Random graphs for property tests; the seed is part of what a failing test prints.
struct RandomGraph: Sendable, CustomTestStringConvertible {
  var seed: UInt64
  var vertices: Int
  var edges: Int
  /// How much edges gather at few vertices.
  var skew = 1
  var testDescription: String { "seed \(seed): \(vertices) vertices, \(edges) edges, skew \(skew)" }

  /// Small ones with loops, repeated edges and isolated vertices.
  static let small = [
    RandomGraph(seed: 1, vertices: 1, edges: 0), RandomGraph(seed: 2, vertices: 1, edges: 2),
    RandomGraph(seed: 3, vertices: 9, edges: 12, skew: 0), RandomGraph(seed: 4, vertices: 40, edges: 60, skew: 0),
    RandomGraph(seed: 5, vertices: 60, edges: 900), RandomGraph(seed: 6, vertices: 90, edges: 110, skew: 0),
    RandomGraph(seed: 7, vertices: 100, edges: 1000, skew: 2), RandomGraph(seed: 8, vertices: 90, edges: 300, skew: 1),
  ]
  /// Large enough for several threads.
  static let large = [
    RandomGraph(seed: 11, vertices: 20_000, edges: 90_000, skew: 2),
    RandomGraph(seed: 12, vertices: 40_000, edges: 50_000, skew: 0),
  ]

  func edgeList() -> EdgeList {
    var random = TestRandom(seed: seed)
    var list = EdgeList(weighted: true)
    for _ in 0..<edges {
      func vertex() -> VertexIndex {
        (0..<skew).reduce(VertexIndex(random.below(vertices))) { v, _ in VertexIndex(random.below(Int(v) + 1)) }
      }
      let source = vertex()
      list.append(source, vertex(), weight: Double(random.below(64)) / 8)
    }
    return list
  }

  func topology() -> Topology { Topology(edgeList(), vertexCount: vertices) }
}
