import Dispatch

/// R-MAT graphs (Chakrabarti, Zhan and Faloutsos 2004): the adjacency matrix is halved in both directions `scale` times,
/// and every edge falls into one of the four quarters by chance at each step. Skewed degrees, as in the web.
///
/// Guarantees: the same parameters and seed give the same edges in the same order, on any number of threads.
/// Cost: about 1 ns of a core an edge and step.
public struct RMATGenerator: Sendable, Equatable {
  /// The graph has 2^scale vertices.
  public var scale: Int
  /// Edges per vertex.
  public var edgeFactor: Int
  /// Chance of the upper left quarter, upper right and lower left; the rest falls into the lower right.
  public var a, b, c: Double
  public var seed: UInt64

  /// The defaults are those of the Graph 500 benchmark. Edges may repeat and be loops, and vertices with small numbers
  /// have most of them: nothing is shuffled.
  public init(
    scale: Int, edgeFactor: Int = 16, a: Double = 0.57, b: Double = 0.19, c: Double = 0.19, seed: UInt64 = 1
  ) {
    (self.scale, self.edgeFactor, self.a, self.b, self.c, self.seed) = (scale, edgeFactor, a, b, c, seed)
  }

  /// Whether the chances are some and the graph is not too large.
  public var isValid: Bool {
    (0...31).contains(scale) && edgeFactor >= 0 && a >= 0 && b >= 0 && c >= 0 && a + b + c <= 1 + 1e-12
      && edgeFactor <= EdgeList.edgesMax >> scale
  }

  /// Edges that one stream of random numbers makes.
  private static let chunk = 1 << 14

  /// The graph. Parameters that are not valid are a programming error.
  public func graph() -> GeneratedGraph {
    precondition(isValid, "R-MAT: chances must be zero or more and sum to 1 at most, edges below 2^32")
    let count = edgeFactor << scale
    let targets = UnsafeMutablePointer<VertexIndex>.allocate(capacity: max(count, 1))
    defer { unsafe targets.deallocate() }
    let sources = unsafe [VertexIndex](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress, count > 0 { unsafe fill(base, targets, count) }
      initialized = count
    }
    return unsafe GeneratedGraph(
      vertexCount: 1 << scale,
      edges: EdgeList(sources: sources, targets: Array(UnsafeBufferPointer(start: targets, count: count))))
  }

  private func fill(
    _ sources: UnsafeMutablePointer<VertexIndex>, _ targets: UnsafeMutablePointer<VertexIndex>, _ count: Int
  ) {
    nonisolated(unsafe) let (sources, targets) = unsafe (sources, targets)
    let chunks = (count + RMATGenerator.chunk - 1) / RMATGenerator.chunk
    DispatchQueue.concurrentPerform(iterations: chunks) { chunk in
      let range = chunk * RMATGenerator.chunk..<min(count, (chunk + 1) * RMATGenerator.chunk)
      unsafe fill(sources, targets, range, SeededSource(seed: seed, stream: UInt64(chunk)))
    }
  }

  private func fill(
    _ sources: UnsafeMutablePointer<VertexIndex>, _ targets: UnsafeMutablePointer<VertexIndex>, _ range: Range<Int>,
    _ random: SeededSource
  ) {
    var random = random
    // 32 random bits a step: chances are rounded to multiples of 2^-32
    let steps = [a, a + b, a + b + c].map { UInt64(min($0, 1) * 0x1p32) }
    let (first, second, third) = (steps[0], steps[1], steps[2])
    for i in range {
      var (row, column): (VertexIndex, VertexIndex) = (0, 0)
      var word: UInt64 = 0
      for step in 0..<scale {
        if step & 1 == 0 { word = random.next() } else { word &>>= 32 }
        let chance = word & 0xffff_ffff
        let isLower: VertexIndex = chance >= second ? 1 : 0
        let isRight: VertexIndex = chance >= first && chance < second || chance >= third ? 1 : 0
        row = row &<< 1 | isLower
        column = column &<< 1 | isRight
      }
      unsafe sources[i] = row
      unsafe targets[i] = column
    }
  }
}
