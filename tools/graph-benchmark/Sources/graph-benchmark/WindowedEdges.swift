import PropertyGraph

/// The edges to slide a window over: undirected, each pair once, in a shuffled order that repeats.
struct WindowedEdges {
  let name: String
  let vertexCount: Int
  let edges: [(VertexIndex, VertexIndex)]

  /// A file, `grid:SIDE` or `path:LENGTH`.
  init(source: String) throws {
    if source.hasPrefix("grid:"), let side = Int(source.dropFirst(5)), side > 1 {
      self.init(gridSide: side)
    } else if source.hasPrefix("path:"), let length = Int(source.dropFirst(5)), length > 1 {
      self.init(pathLength: length)
    } else {
      self.init(name: String(source.split(separator: "/").last ?? ""), file: try EdgeFile(path: source))
    }
  }

  /// The edges of a file; loops and repeated pairs are left out, the order is shuffled.
  private init(name: String, file: EdgeFile) {
    var keys = (0..<file.count).map { i -> UInt64 in
      let (u, v) = (file.sources[i], file.targets[i])
      return UInt64(min(u, v)) << 32 | UInt64(max(u, v))
    }
    keys.sort()
    var unique: [(VertexIndex, VertexIndex)] = []
    for (i, key) in keys.enumerated() where i == 0 || key != keys[i - 1] {
      let (u, v) = (UInt32(key >> 32), UInt32(truncatingIfNeeded: key))
      if u != v { unique.append((u, v)) }
    }
    self.init(name: name, edges: unique)
  }

  /// The square grid of `side` × `side` vertices.
  private init(gridSide side: Int) {
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
  private init(pathLength length: Int) {
    self.init(name: "path\(length)", edges: (0..<length).map { (VertexIndex($0), VertexIndex($0 + 1)) })
  }

  private init(name: String, edges: [(VertexIndex, VertexIndex)]) {
    var random = SeededChance(state: 7)
    self.name = name
    self.edges = edges.shuffled(using: &random)
    vertexCount = Int(edges.reduce(0) { max($0, max($1.0, $1.1)) }) + 1
  }
}
