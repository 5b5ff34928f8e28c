import Foundation
import PropertyGraph

/// The edges to slide a window over: undirected, each pair once, in a shuffled order that repeats.
struct WindowedEdges {
  let name: String
  let vertexCount: Int
  let edges: [(VertexIndex, VertexIndex)]

  /// Reads pairs of 32-bit little-endian numbers; loops and repeated pairs are left out, the order is shuffled.
  init(path: String) throws {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    var keys = bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / 8).map { i -> UInt64 in
        let u = bytes.loadUnaligned(fromByteOffset: i * 8, as: UInt32.self)
        let v = bytes.loadUnaligned(fromByteOffset: i * 8 + 4, as: UInt32.self)
        return UInt64(min(u, v)) << 32 | UInt64(max(u, v))
      }
    }
    keys.sort()
    var unique: [(VertexIndex, VertexIndex)] = []
    for (i, key) in keys.enumerated() where i == 0 || key != keys[i - 1] {
      let (u, v) = (UInt32(key >> 32), UInt32(truncatingIfNeeded: key))
      if u != v { unique.append((u, v)) }
    }
    self.init(name: (path as NSString).lastPathComponent, edges: unique)
  }

  /// The square grid of `side` × `side` vertices.
  init(gridSide side: Int) {
    var edges: [(VertexIndex, VertexIndex)] = []
    for y in 0..<side {
      for x in 0..<side {
        let v = VertexIndex(y * side + x)
        if x + 1 < side { edges.append((v, v + 1)) }
        if y + 1 < side { edges.append((v, v + VertexIndex(side))) }
      }
    }
    self.init(name: "grid\(side)", edges: edges)
  }

  /// A path with `length` edges.
  init(pathLength length: Int) {
    self.init(name: "path\(length)", edges: (0..<length).map { (VertexIndex($0), VertexIndex($0 + 1)) })
  }

  private init(name: String, edges: [(VertexIndex, VertexIndex)]) {
    var random = SplitMix(state: 7)
    self.name = name
    self.edges = edges.shuffled(using: &random)
    vertexCount = Int(edges.reduce(0) { max($0, max($1.0, $1.1)) }) + 1
  }
}

/// Sebastiano Vigna's SplitMix64: the same shuffle in every run.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
