import Foundation
import StreamCore
import Synchronization
import Testing
import TestSupport

@testable import PropertyGraph

/// Streaming programs over graphs, and the graph that follows a stream against a plain list of edges.
@Suite struct GraphUpdateTests {
  /// Text as a source.
  final class TextSource: ByteSource, @unchecked Sendable {
    let name = "text"
    let identity: String? = nil
    private let bytes: [UInt8]
    private var cursor = 0
    init(_ text: String) { bytes = Array(text.utf8) }
    func read(into p: UnsafeMutableRawPointer, count: Int) -> Int {
      let n = min(count, bytes.count - cursor)
      bytes.withUnsafeBytes { p.copyMemory(from: $0.baseAddress! + cursor, byteCount: n) }
      cursor += n
      return n
    }
    func seek(to offset: UInt64) { cursor = Int(offset) }
    func completeRecords(in p: UnsafePointer<UInt8>, count: Int, isEnd: Bool) -> Int {
      var n = count
      while n > 0, p[n - 1] != 10 { n -= 1 }
      return n
    }
  }

  final class Collector<Element>: Consumer<Element>, @unchecked Sendable {
    private(set) var elements: [Element] = []
    override func consume(_ run: PartitionRun<Element>, _ batch: Batch) { elements += run.elements }
  }

  final class Rejected: Sendable {
    let lines = Mutex<[RejectedEdgeLine]>([])
  }

  /// Runs a program over a text; `keyGroups` partitions of which one gets the edges.
  private func deltas(
    _ text: String, _ options: StreamedGraphOptions, keyGroups: Int = 4, rejected: Rejected = Rejected()
  ) throws -> [GraphDelta] {
    var streaming = StreamingOptions()
    streaming.keyGroups = keyGroups
    streaming.blockByteCount = 64
    let context = StreamingContext(options: streaming)
    let plan = try TimedEdgePlan(sample: Array(text.utf8), isWeighted: options.isWeighted, sourceName: "text")
    let edges = context.byteStream([TextSource(text)]).timedEdges([plan]) { line, _, _, _ in
      rejected.lines.withLock { $0.append(line) }
    }
    let collector = Collector<GraphDelta>()
    edges.graphUpdates("graph", options: options).sink("collect") { _ in collector }
    try context.run()
    return collector.elements
  }

  /// What ``StreamCore/DStream/graphUpdates(_:options:onStart:)`` is documented with: a program of a few lines.
  @Test func program() throws {
    var options = StreamedGraphOptions()
    options.batchChangeCount = 2
    options.windowMilliseconds = 10_000
    options.rankChangeMin = 1e-9
    options.reportsComponentChanges = true
    let rejected = Rejected()
    let text = "anna bert 100\nbert carl 101\ncarl anna\n# remark\ndora emil 105\nanna dora 106\nfred fred 117\n"
    let found = try deltas(text, options, rejected: rejected)
    #expect(rejected.lines.withLock { $0.map(\.reason) } == [.missingTime])
    #expect(found.map(\.number) == [1, 2, 3])
    #expect(found.map(\.edgeCount) == [2, 4, 1])
    #expect(found.map(\.vertexCount) == [3, 5, 1])
    #expect(found.map(\.componentCount) == [1, 1, 1])
    #expect(found.map(\.largestComponentVertexCount) == [3, 5, 1])
    #expect(found.map(\.expiredCount) == [0, 0, 4])
    #expect(found.map(\.timeMilliseconds) == [101_000, 106_000, 117_000])
    #expect(found[0].top.map(\.id) == ["carl", "bert", "anna"])
    // anna ranks below all others: 1, b = 1 + 0.85, c = 1 + 0.85 b
    let anna = 1 / (1 + 1.85 + 2.5725)
    #expect(abs(found[0].top[2].rank - anna) < 1e-3)
    #expect(found[1].componentChanges.map(\.id) == ["dora", "emil"])
    #expect(found[1].componentChanges.allSatisfy { $0.component == "anna" })
    #expect(found[2].componentChanges.count { $0.component == nil } == 5)
    #expect(found[2].rankChanges.count { $0.rank == 0 } == 5)
    #expect(found[2].top.map(\.id) == ["fred"])
    #expect(abs(found[2].top[0].rank - 1) < 1e-12)
  }

  @Test func keyGroupsDoNotMatter() throws {
    var options = StreamedGraphOptions()
    options.batchChangeCount = 3
    let text = (0..<40).map { "\($0 % 7) \($0 * $0 % 11) \(1_700_000_000 + $0)" }.joined(separator: "\n")
    func bare(_ deltas: [GraphDelta]) -> [GraphDelta] {
      deltas.map {
        var delta = $0
        delta.updateNanoseconds = 0
        return delta
      }
    }
    let one = bare(try deltas(text, options, keyGroups: 1))
    #expect(one.count == 14)
    #expect(one == bare(try deltas(text, options, keyGroups: 16)))
  }

  /// After every batch: the edges of a plain list, disjoint sets over them, and ranks within the bound.
  @Test func followsAPlainList() throws {
    let cases = caseCount(25)
    let first = UInt64.random(in: 0..<1_000_000)
    print("seeds from \(first)")
    for seed in first..<first + UInt64(cases) {
      var r = SeededRandom(seed: seed)
      var options = StreamedGraphOptions()
      options.verifies = true
      options.isUndirected = Bool.random(using: &r)
      let removes = Bool.random(using: &r)
      options.isWeighted = Bool.random(using: &r) && !(removes && options.isUndirected)
      if !(removes && options.isUndirected), Bool.random(using: &r) {
        options.windowMilliseconds = Int64.random(in: 1...300, using: &r)
      }
      options.batchChangeCount = Int.random(in: 1...40, using: &r)
      options.tolerance = [1e-2, 1e-5, 1e-9].randomElement(using: &r)!
      options.topCount = 3
      let graph = StreamedGraph(options: options)
      var list: [(source: Int64, target: Int64, time: Int64)] = []
      var pending: [TimedEdge] = []
      let vertices = Int64.random(in: 2...60, using: &r)
      var (time, highest): (Int64, Int64) = (0, .min)
      for _ in 0..<400 {
        time += Int64.random(in: 0...3, using: &r)
        let late = Int.random(in: 0..<10, using: &r) == 0 ? Int64.random(in: 0...400, using: &r) : 0
        let edge = TimedEdge(
          from: Int64.random(in: 0..<vertices, using: &r), to: Int64.random(in: 0..<vertices, using: &r),
          weight: options.isWeighted ? Float.random(in: 0.1...9, using: &r) : 1, time: time - late,
          isRemoval: removes && Int.random(in: 0..<3, using: &r) == 0)
        pending.append(edge)
        let byte: UInt8 = 0
        withUnsafePointer(to: byte) { bytes in
          graph.add(edge, bytes) { delta in
            var matched = 0
            for change in pending {
              highest = max(highest, change.time)
              let (u, v) = (change.source, change.target)
              if !change.isRemoval {
                list.append((u, v, change.time))
              } else if let i = list.firstIndex(where: {
                $0.source == u && $0.target == v || options.isUndirected && $0.source == v && $0.target == u
              }) {
                // which of several parallel edges goes is the graph's choice: without a window all are alike
                list.remove(at: i)
                matched += 1
              }
            }
            if let window = options.windowMilliseconds, !removes { list.removeAll { $0.time < highest - window } }
            pending = []
            let known = Set(list.flatMap { [$0.source, $0.target] })
            if options.windowMilliseconds == nil || !removes {
              #expect(delta.edgeCount == list.count, "seed \(seed)")
              #expect(delta.vertexCount == known.count, "seed \(seed)")
              #expect(delta.removedCount == matched, "seed \(seed)")
            }
            #expect(GraphVerificationError(delta) == nil, "seed \(seed)")
            #expect(delta.errorBound <= options.tolerance, "seed \(seed)")
            let ranks = delta.top.map(\.rank)
            #expect(ranks == ranks.sorted(by: >), "seed \(seed)")
            #expect(delta.top.count == min(3, delta.vertexCount), "seed \(seed)")
          }
        }
      }
      graph.components.checkInvariants()
    }
  }

  /// Verification finds what it is there for.
  @Test func verificationSeesErrors() {
    var options = StreamedGraphOptions()
    options.verifies = true
    options.batchChangeCount = 1
    let graph = StreamedGraph(options: options)
    let byte: UInt8 = 0
    withUnsafePointer(to: byte) { bytes in
      graph.add(TimedEdge(from: 1, to: 2, time: 0), bytes) { _ in }
      graph.add(TimedEdge(from: 2, to: 3, time: 0), bytes) { _ in }
      #expect(graph.verification().componentsAgree)
      graph.ranks.ranks[0] += 0.01
      var delta = GraphDelta()
      delta.verification = graph.verification()
      delta.errorBound = 1e-4
      #expect(GraphVerificationError(delta)?.description.contains("more than the certified") ?? false)
      graph.components.insertEdge(0, 0, 3, time: 0)
      #expect(!graph.verification().componentsAgree)
    }
  }

  @Test func timesComeInTheirUnits() throws {
    for (text, milliseconds) in [
      ("1 2 1700000000\n", 1_700_000_000_000), ("1 2 1700000000123\n", 1_700_000_000_123),
      ("1,2,1700000000.5\n", 1_700_000_000_500), ("1\t2\t1700000000123456\n", 1_700_000_000_123),
      ("from to time\n1 2 5\n", 5000),
    ] as [(String, Int64)] {
      let options = StreamedGraphOptions()
      #expect(try deltas(text, options).map(\.timeMilliseconds) == [milliseconds], "\(text)")
    }
  }

  @Test func batchesEndWithTime() throws {
    var options = StreamedGraphOptions()
    options.batchChangeCount = nil
    options.batchMilliseconds = 10_000
    let found = try deltas("1 2 3\n2 3 9\n3 4 10\n4 5 12\n5 6 8\n6 7 41\n", options)
    #expect(found.map(\.insertedCount) == [2, 3, 1])
    #expect(found.map(\.timeMilliseconds) == [9000, 12_000, 41_000])
  }

  @Test func malformedLinesSayWhy() throws {
    let rejected = Rejected()
    var options = StreamedGraphOptions()
    options.isWeighted = true
    let text =
      "source,target,weight,time,op\n1,2,1,5,+\n1,2,0,5,+\n1,2,1e-60,5,\n1,2,1e60,5,+\n1,2,-1,5,+\n1,2,1,x,+\n"
      + "1,2,1,5,move\n,2,1,5,+\n1,2,1,5,-\n7,7,1,5,-\n"
    let found = try deltas(text, options, rejected: rejected)
    #expect(
      rejected.lines.withLock { $0.sorted { $0.place.lowerBound < $1.place.lowerBound }.map(\.reason) }.count == 7)
    #expect(
      Set(rejected.lines.withLock { $0.map(\.reason) }) == [
        .zeroWeight, .weightNotFinite, .negativeWeight, .unreadableTime, .unknownOperation, .missingSource,
      ])
    #expect(found.map(\.removedCount) == [1])
    #expect(found.map(\.unmatchedCount) == [1])
    #expect(found.map(\.vertexCount) == [0])
  }
}
