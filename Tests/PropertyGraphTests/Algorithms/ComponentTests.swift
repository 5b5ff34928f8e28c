import Foundation
import Testing

@testable import PropertyGraph

/// Weak and strong components and core numbers against slow computations by definition.
@Suite struct ComponentTests {
  /// Labels by passing the least index along edges until nothing changes.
  func weak(_ list: EdgeList, _ vertices: Int) -> [VertexIndex] {
    var labels = (0..<VertexIndex(vertices)).map { $0 }
    var isChanged = true
    while isChanged {
      isChanged = false
      for (a, b) in zip(list.sources, list.targets) where labels[Int(a)] != labels[Int(b)] {
        let least = min(labels[Int(a)], labels[Int(b)])
        (labels[Int(a)], labels[Int(b)]) = (least, least)
        isChanged = true
      }
    }
    return labels
  }

  @Test(arguments: RandomGraph.small + RandomGraph.large)
  func weakComponentsAreTheLeastIndexReached(graph: RandomGraph) {
    let topology = graph.topology()
    let labels = ConnectedComponents.labels(topology)
    #expect(labels == weak(graph.edgeList(), graph.vertices))
    #expect(ConnectedComponents.isValid(labels, topology))
    #expect(ConnectedComponents.count(labels) == Set(labels).count)
    #expect(ConnectedComponents.labels(topology.undirected()) == labels)
    #expect(ConnectedComponents.labels(topology.reversed) == labels)
  }

  @Test func aWrongComponentIsNotValid() {
    let topology = Topology(EdgeList([(0, 1), (3, 1), (4, 4)]), vertexCount: 5)
    #expect(ConnectedComponents.isValid([0, 0, 2, 0, 4], topology))
    for wrong: [VertexIndex] in [[0, 0, 2, 3, 4], [0, 0, 0, 0, 4], [1, 1, 2, 1, 4], [0, 0, 2, 0], [0, 0, 2, 0, 0]] {
      #expect(!ConnectedComponents.isValid(wrong, topology))
    }
  }

  @Test(arguments: RandomGraph.small)
  func strongComponentsReachEachOther(graph: RandomGraph) {
    let topology = graph.topology()
    let n = graph.vertices
    var reaches = (0..<n).map { v in (0..<n).map { $0 == v } }
    for (a, b) in zip(graph.edgeList().sources, graph.edgeList().targets) { reaches[Int(a)][Int(b)] = true }
    for k in 0..<n {
      for i in 0..<n where reaches[i][k] {
        for j in 0..<n where reaches[k][j] { reaches[i][j] = true }
      }
    }
    let expected = (0..<n).map { v in VertexIndex((0..<n).first { reaches[v][$0] && reaches[$0][v] }!) }
    #expect(StronglyConnectedComponents.labels(topology) == expected)
    #expect(StronglyConnectedComponents.labels(topology.undirected()) == weak(graph.edgeList(), n))
  }

  /// Large graphs: the giant is found by searches, the rest by depth; both directions must agree.
  @Test(arguments: RandomGraph.large)
  func strongComponentsOfLargeGraphs(graph: RandomGraph) {
    let topology = graph.topology()
    let labels = StronglyConnectedComponents.labels(topology)
    #expect(StronglyConnectedComponents.labels(topology.reversed) == labels)
    for (v, label) in labels.enumerated() { #expect(labels[Int(label)] == label && label <= VertexIndex(v)) }
    // the components as vertices form a graph without cycles: every strong component of it is a single vertex
    var between = EdgeList()
    for (a, b) in zip(graph.edgeList().sources, graph.edgeList().targets) where labels[Int(a)] != labels[Int(b)] {
      between.append(labels[Int(a)], labels[Int(b)])
    }
    let condensed = Topology(between, vertexCount: graph.vertices)
    #expect(StronglyConnectedComponents.labels(condensed) == (0..<VertexIndex(graph.vertices)).map { $0 })
    // members reach the least one and are reached from it, for a few components
    for root in Set(labels).sorted().prefix(3) {
      let away = BreadthFirstSearch.distances(topology, from: root)
      let back = BreadthFirstSearch.distances(topology.reversed, from: root)
      for v in labels.indices {
        #expect((labels[v] == root) == (away[v] != .max && back[v] != .max))
      }
    }
  }

  @Test func aLongCycleNeedsNoRecursion() {
    let n = 300_000
    let cycle = EdgeList((0..<VertexIndex(n)).map { ($0, ($0 + 1) % VertexIndex(n)) })
    #expect(StronglyConnectedComponents.labels(Topology(cycle, vertexCount: n)).allSatisfy { $0 == 0 })
    let path = EdgeList((1..<VertexIndex(n)).map { ($0, $0 - 1) })
    #expect(StronglyConnectedComponents.labels(Topology(path, vertexCount: n)) == (0..<VertexIndex(n)).map { $0 })
    #expect(ConnectedComponents.labels(Topology(path, vertexCount: n)).allSatisfy { $0 == 0 })
  }

  @Test(arguments: RandomGraph.small + RandomGraph.large)
  func coreNumbersArePeeled(graph: RandomGraph) {
    let topology = graph.topology()
    let numbers = CoreNumbers.numbers(topology)
    #expect(CoreNumbers.isValid(numbers, topology))
    if graph.vertices <= 200 {
      let simple = topology.undirected().outgoing
      var expected = [UInt32](repeating: 0, count: graph.vertices)
      var members = Set(0..<VertexIndex(graph.vertices))
      for k in 1...UInt32(graph.vertices) {
        while let out = members.first(where: { v in simple.neighbours(of: v).count { members.contains($0) } < k }) {
          members.remove(out)
        }
        for v in members { expected[Int(v)] = k }
      }
      #expect(numbers == expected)
    }
    if let v = numbers.indices.first(where: { numbers[$0] > 0 }) {
      var wrong = numbers
      wrong[v] -= 1
      #expect(!CoreNumbers.isValid(wrong, topology))
      wrong[v] += 2
      #expect(!CoreNumbers.isValid(wrong, topology))
    }
  }

  @Test(
    .enabled(if: ReferenceData.isPresent, "the reference graphs are not in ../shared/data"),
    arguments: [
      ("wcc/dir-input", "wcc/dir-output", true), ("wcc/undir-input", "wcc/undir-output", false),
      ("example/example-directed-input", "example/example-directed-WCC", true),
      ("example/example-undirected-input", "example/example-undirected-WCC", false),
    ])
  func componentsOfLDBCGraphalytics(input: String, output: String, directed: Bool) throws {
    let graph = try NamedGraph(adjacency: "ldbc_graphalytics/" + input, directed: directed)
    let labels = ConnectedComponents.labels(graph.topology)
    let expected = try ReferenceData.values("ldbc_graphalytics/" + output)
    #expect(expected.count == graph.names.count)
    for (name, component) in expected {
      #expect(graph.names[Int(labels[Int(graph.index[name]!)])] == Int(component), "vertex \(name)")
    }
  }

  static let zstd = "/usr/bin/zstd"

  @Test(
    .enabled(
      if: ReferenceData.isPresent && FileManager.default.fileExists(atPath: zstd),
      "the reference graphs are not in ../shared/data, or there is no \(zstd)"))
  func wikiVoteHasAComponentOf7066() throws {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: Self.zstd)
    process.arguments = ["-dcq", ReferenceData.root.appending(path: "graphs/wiki-Vote.txt.zst").path]
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let edges = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }
      .map { line in
        let numbers = line.split(whereSeparator: { $0 == "\t" || $0 == " " || $0 == "\r" }).map { Int($0)! }
        return (numbers[0], numbers[1], 1.0)
      }
    let graph = NamedGraph(names: [], edges: edges, directed: true)
    #expect(graph.names.count == 7115 && graph.topology.edgeCount == 103_689)
    let labels = ConnectedComponents.labels(graph.topology)
    #expect(ConnectedComponents.isValid(labels, graph.topology))
    #expect(Dictionary(grouping: labels, by: { $0 }).values.map(\.count).max() == 7066)
    // published with the graph: the largest strong component, and the triangles
    let strong = StronglyConnectedComponents.labels(graph.topology)
    #expect(Dictionary(grouping: strong, by: { $0 }).values.map(\.count).max() == 1300)
    #expect(TriangleCount.total(TriangleCount.counts(graph.topology)) == 608_389)
  }
}
