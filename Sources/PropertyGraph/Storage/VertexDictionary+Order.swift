import FlatMemory

/// The order of names: integers by value, then texts by their bytes. Components are labelled by their lowest name.
///
/// Cost: a comparison of integers reads 16 bytes; sorting takes the words or the first eight bytes as keys and
/// compares whole texts only where those are equal.
extension VertexDictionary {
  /// Whether the name of one vertex comes before that of another.
  public func precedes(_ a: VertexIndex, _ b: VertexIndex) -> Bool {
    switch (integer(of: a), integer(of: b)) {
    case (let a?, let b?): return a < b
    case (_?, nil): return true
    case (nil, _?): return false
    case (nil, nil):
      return unsafe withBytes(of: a) { a in unsafe withBytes(of: b) { b in unsafe a.lexicographicallyPrecedes(b) } }
    }
  }

  /// All vertices by their names, the lowest first.
  public func sortedOrder() -> [VertexIndex] {
    if isIdentity { return Array(0..<VertexIndex(count)) }
    var integers: [(key: Int64, vertex: VertexIndex)] = []
    var texts: [(key: UInt64, vertex: VertexIndex)] = []
    for vertex in 0..<VertexIndex(count) {
      if let integer = integer(of: vertex) {
        integers.append((integer, vertex))
      } else {
        texts.append((firstBytes(of: vertex), vertex))
      }
    }
    integers.sort { $0.key < $1.key }
    texts.sort { $0.key != $1.key ? $0.key < $1.key : precedes($0.vertex, $1.vertex) }
    return integers.map(\.vertex) + texts.map(\.vertex)
  }

  /// The first eight bytes of a text, the first one highest: orders as the texts do, where it differs.
  private func firstBytes(of vertex: VertexIndex) -> UInt64 {
    unsafe withBytes(of: vertex) { bytes in
      guard let base = bytes.baseAddress else { return 0 }
      return unsafe (load8(base) & byteMask(bytes.count)).byteSwapped
    }
  }
}
