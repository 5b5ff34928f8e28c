import FlatMemory

/// A set of vertices in first-come order: a bit each for membership, a list for enumeration.
///
/// Invariants: the bits set are exactly the vertices in the list, each once.
/// Cost: O(1) to insert, O(members) to enumerate and to empty; an eighth of a byte a vertex of the graph.
struct VertexMarks {
  private(set) var members = FlatArray<VertexIndex>()
  private var bits = FlatArray<UInt64>()

  func deallocate() {
    members.deallocate()
    bits.deallocate()
  }

  /// Makes room for the vertices below `bound`.
  mutating func extend(to bound: Int) { bits.extend(to: (bound + 63) >> 6, filling: 0) }

  /// Adds a vertex; true when it was not in.
  @inline(__always) @discardableResult
  mutating func insert(_ vertex: VertexIndex) -> Bool {
    let word = unsafe bits.base + Int(vertex >> 6)
    let bit = UInt64(1) &<< UInt64(vertex & 63)
    if unsafe word.pointee & bit != 0 { return false }
    unsafe word.pointee |= bit
    members.append(vertex)
    return true
  }

  func contains(_ vertex: VertexIndex) -> Bool { bits[Int(vertex >> 6)] >> UInt64(vertex & 63) & 1 != 0 }

  mutating func removeAll() {
    for i in 0..<members.count { bits[Int(members[i] >> 6)] = 0 }
    members.removeAll()
  }
}
