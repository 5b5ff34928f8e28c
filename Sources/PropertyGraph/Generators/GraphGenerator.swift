import FlatMemory

/// Edges between the vertices 0 ..< `vertexCount`, some of which may have none.
public struct GeneratedGraph: Sendable, Equatable {
  public var vertexCount: Int
  public var edges: EdgeList

  init(vertexCount: Int, edges: EdgeList) { (self.vertexCount, self.edges) = (vertexCount, edges) }
}

/// Graphs of known shape.
///
/// Guarantees: the same arguments give the same edges in the same order on every platform and number of threads.
/// Arguments out of range are programming errors; ``fits(vertexCount:edgeCount:)`` says beforehand.
public enum GraphGenerator {
  /// Whether a graph can be that large.
  public static func fits(vertexCount: Int, edgeCount: Int) -> Bool {
    (0...VertexDictionary.verticesMax).contains(vertexCount) && (0...EdgeList.edgesMax).contains(edgeCount)
  }

  /// A grid: vertex `row * columns + column` has an edge to the right and one down, in this order.
  public static func grid(rows: Int, columns: Int) -> GeneratedGraph {
    precondition(rows >= 0 && columns >= 0 && fits(vertexCount: rows * columns, edgeCount: 2 * rows * columns))
    var edges = EdgeList()
    edges.reserveCapacity(2 * rows * columns)
    for row in 0..<rows {
      for column in 0..<columns {
        let vertex = row * columns + column
        if column + 1 < columns { edges.append(VertexIndex(vertex), VertexIndex(vertex + 1)) }
        if row + 1 < rows { edges.append(VertexIndex(vertex), VertexIndex(vertex + columns)) }
      }
    }
    return GeneratedGraph(vertexCount: rows * columns, edges: edges)
  }

  /// A star: an edge from every other vertex to vertex 0.
  public static func star(vertexCount: Int) -> GeneratedGraph {
    precondition(fits(vertexCount: vertexCount, edgeCount: vertexCount))
    return GeneratedGraph(
      vertexCount: vertexCount, edges: EdgeList((1..<VertexIndex(max(vertexCount, 1))).map { ($0, 0) }))
  }

  /// A path: an edge from every vertex but the last one to the next.
  public static func path(vertexCount: Int) -> GeneratedGraph {
    precondition(fits(vertexCount: vertexCount, edgeCount: vertexCount))
    return GeneratedGraph(
      vertexCount: vertexCount, edges: EdgeList((1..<VertexIndex(max(vertexCount, 1))).map { ($0 - 1, $0) }))
  }

  /// A random graph G(n, m) after Erdős and Rényi: `edgeCount` different edges, none a loop, any set of them as likely
  /// as any other. At most half of all n(n−1) edges.
  ///
  /// Cost: some 30 ns an edge, and 16 to 32 bytes of memory while it runs.
  public static func random(vertexCount: Int, edgeCount: Int, seed: UInt64) -> GeneratedGraph {
    precondition(fits(vertexCount: vertexCount, edgeCount: edgeCount))
    precondition(edgeCount == 0 || edgeCount <= randomEdgesMax(vertexCount: vertexCount))
    var source = SeededSource(seed: seed, stream: 1)
    var known = [UInt64](repeating: .max, count: max(16, (2 * edgeCount).nextPowerOfTwo))
    let mask = UInt64(known.count - 1)
    var edges = EdgeList()
    edges.reserveCapacity(edgeCount)
    let n = UInt64(vertexCount)
    while edges.count < edgeCount {
      let from = source.below(n)
      // the n − 1 others
      let other = source.below(n - 1)
      let to = other < from ? other : other + 1
      let edge = from << 32 | to
      var slot = Int(truncatingIfNeeded: (edge &* 0x9e37_79b9_7f4a_7c15) &>> 20 & mask)
      while known[slot] != .max, known[slot] != edge { slot = (slot + 1) & Int(mask) }
      if known[slot] == edge { continue }
      known[slot] = edge
      edges.append(VertexIndex(from), VertexIndex(to))
    }
    return GeneratedGraph(vertexCount: vertexCount, edges: edges)
  }

  /// The most edges that ``random(vertexCount:edgeCount:seed:)`` makes.
  public static func randomEdgesMax(vertexCount: Int) -> Int {
    vertexCount < 2 ? 0 : vertexCount.multipliedReportingOverflow(by: vertexCount - 1).partialValue / 2
  }

  /// Out-degrees drawn from a log-normal distribution, below the number of vertices; every edge goes to any vertex with
  /// the same chance (GraphX's `logNormalGraph`). Edges are grouped by source.
  ///
  /// - Parameters:
  ///   - mean: of the logarithm of the degrees.
  ///   - deviation: of the logarithm of the degrees.
  public static func logNormal(
    vertexCount: Int, mean: Double = 4, deviation: Double = 1.3, seed: UInt64
  ) -> GeneratedGraph {
    precondition(fits(vertexCount: vertexCount, edgeCount: 0) && mean.isFinite && deviation >= 0)
    var edges = EdgeList()
    for vertex in 0..<VertexIndex(vertexCount) {
      var source = SeededSource(seed: seed, stream: UInt64(vertex))
      var degree = vertexCount
      while degree >= vertexCount {
        let logarithm = mean + deviation * source.normal()
        degree = logarithm > 22.5 ? .max : Int(PortableLogarithm.exponential(max(logarithm, -700)))
        // no degree fits a graph of one vertex but 0
        if vertexCount == 1 { degree = 0 }
      }
      for _ in 0..<degree { edges.append(vertex, VertexIndex(source.below(UInt64(vertexCount)))) }
    }
    return GeneratedGraph(vertexCount: vertexCount, edges: edges)
  }
}
