import FlatMemory
import StreamCore

/// The graph as named runs of bytes, and back: a restored graph goes on bit for bit like the one that was written.
extension StreamedGraph {
  static let version: Int64 = 1

  /// May be called between any two edges. Cost: a flat copy of everything.
  func write(into snapshot: StateSnapshot) {
    let header: [Int64] = [
      StreamedGraph.version, Int64(batchNumber), Int64(edgeCount), maximumTime, pairs.value == nil ? 0 : 1,
    ]
    unsafe header.withUnsafeBufferPointer { unsafe snapshot.add("graph/header", values: $0) }
    unsafe pending.withUnsafeBufferPointer { unsafe snapshot.add("graph/pending", values: $0) }
    unsafe isActive.withUnsafeBufferPointer { unsafe snapshot.add("graph/active", values: $0) }
    unsafe toldRanks.withUnsafeBufferPointer { unsafe snapshot.add("graph/told-ranks", values: $0) }
    writeNames(into: snapshot)
    let pairs = self.pairs.value ?? EdgePairs()
    unsafe pairs.ends.withUnsafeBufferPointer { unsafe snapshot.add("pairs/ends", values: $0) }
    unsafe pairs.counts.withUnsafeBufferPointer { unsafe snapshot.add("pairs/counts", values: $0) }
    unsafe pairs.freeNumbers.withUnsafeBufferPointer { unsafe snapshot.add("pairs/free", values: $0) }
    unsafe adjacency.withSections { unsafe snapshot.add($0, $1) }
    unsafe ranks.withSections { unsafe snapshot.add($0, $1) }
    unsafe components.writeSections { unsafe snapshot.add("components/" + $0, $1) }
  }

  /// By vertex: an integer, or the length of a text; a bit that says which; the texts one after another.
  private func writeNames(into snapshot: StateSnapshot) {
    let dictionary = names.dictionary
    var values: [Int64] = []
    var textBits = [UInt64](repeating: 0, count: (dictionary.count + 63) / 64)
    values.reserveCapacity(dictionary.count)
    snapshot.add("names/texts") { out in
      for v in 0..<dictionary.count {
        if let integer = dictionary.integer(of: VertexIndex(v)) {
          values.append(integer)
        } else {
          let start = out.count
          dictionary.appendText(of: VertexIndex(v), to: &out)
          values.append(Int64(out.count - start))
          textBits[v / 64] |= 1 << UInt64(v % 64)
        }
      }
    }
    unsafe values.withUnsafeBufferPointer { unsafe snapshot.add("names/values", values: $0) }
    unsafe textBits.withUnsafeBufferPointer { unsafe snapshot.add("names/text-bits", values: $0) }
  }

  /// Restores what ``write(into:)`` wrote.
  static func restore(_ snapshot: RestoredState, options: StreamedGraphOptions) throws -> StreamedGraph {
    let header = try snapshot.values("graph/header", of: Int64.self)
    guard header.count == 5 else { throw StateError.size("graph/header", header.count * 8) }
    guard header[0] == version else {
      throw StateError.version("graph", found: Int(header[0]), readable: Int(version))
    }
    let names = try restoreNames(snapshot)
    let pairs = PairsBox()
    if header[4] == 1 {
      pairs.value = EdgePairs(
        ends: try snapshot.values("pairs/ends", of: UInt64.self),
        counts: try snapshot.values("pairs/counts", of: UInt32.self),
        freeNumbers: try snapshot.values("pairs/free", of: EdgeIndex.self))
    }
    let adjacency = try unsafe DynamicAdjacency(options: adjacencyOptions(options)) { try unsafe snapshot.section($0) }
    let ranks = try unsafe IncrementalPageRank(adjacency, options: rankOptions(options)) {
      try unsafe snapshot.section($0)
    }
    let components = try unsafe DynamicComponents(
      sections: { try? unsafe snapshot.section("components/" + $0) }, order: order(names), liveEdges: liveEdges(pairs))
    let graph = StreamedGraph(
      options: options, names: names, pairs: pairs, adjacency: adjacency, ranks: ranks, components: components)
    graph.batchNumber = Int(header[1])
    graph.edgeCount = Int(header[2])
    graph.maximumTime = header[3]
    graph.pending = try snapshot.values("graph/pending", of: EdgeUpdate.self)
    graph.isActive = try snapshot.values("graph/active", of: UInt8.self)
    graph.toldRanks = try snapshot.values("graph/told-ranks", of: Double.self)
    let vertices = graph.isActive.count
    let isPossible = graph.pending.allSatisfy {
      $0.source == noVertex || max($0.source, $0.target) < names.dictionary.count
    }
    guard isPossible, vertices == adjacency.vertexIndexCount, vertices <= names.dictionary.count,
      graph.toldRanks.count <= vertices
    else {
      throw GraphStateError.contents(section: "graph", reason: "its parts have different numbers of vertices")
    }
    for v in 0..<VertexIndex(vertices) where components.find(v) == v {
      graph.sizes.add(components.componentSize(of: v))
    }
    return graph
  }

  private static func restoreNames(_ snapshot: RestoredState) throws -> Names {
    let values = try snapshot.values("names/values", of: Int64.self)
    let textBits = try snapshot.values("names/text-bits", of: UInt64.self)
    let texts = try unsafe snapshot.section("names/texts")
    let names = Names()
    guard textBits.count == (values.count + 63) / 64 else {
      throw StateError.size("names/text-bits", textBits.count * 8)
    }
    var bytes = unsafe Array(texts)
    bytes.append(contentsOf: [UInt8](repeating: 0, count: bytePadding))
    var at = 0
    for v in 0..<values.count {
      let vertex: VertexIndex
      if textBits[v / 64] >> UInt64(v % 64) & 1 == 0 {
        vertex = names.dictionary.insert(integer: values[v])
      } else {
        guard values[v] >= 0, values[v] <= texts.count - at else {
          throw StateError.size("names/texts", texts.count)
        }
        vertex = unsafe bytes.withUnsafeBufferPointer {
          unsafe names.dictionary.insert($0.baseAddress.unsafelyUnwrapped + at, Int(values[v]))
        }
        at += Int(values[v])
      }
      guard Int(vertex) == v else {
        throw GraphStateError.contents(section: "names", reason: "vertex \(v) has the name of another one")
      }
    }
    return names
  }
}
