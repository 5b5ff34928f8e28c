import FlatMemory

/// The names of the vertices, shared by the graphs and vertex sets that number their vertices alike.
///
/// Guarantees: two values with the same object have the same vertex numbers, so that their attributes are combined
/// slot by slot; others are matched name by name.
@usableFromInline
final class VertexNames: Sendable {
  let dictionary: VertexDictionary

  @usableFromInline
  init(_ dictionary: VertexDictionary) { self.dictionary = dictionary }

  @usableFromInline var count: Int { dictionary.count }

  /// The number in `other` of each vertex, `VertexNames.none` for those it does not have; nil if all are the same.
  @usableFromInline
  func numbers(in other: VertexNames) -> SharedBuffer<VertexIndex>? {
    if self === other { return nil }
    let numbers = FreshBuffer<VertexIndex>(count: count)
    for vertex in 0..<VertexIndex(count) {
      let found =
        dictionary.integer(of: vertex).map { other.dictionary.find(integer: $0) }
        ?? other.dictionary.find(dictionary.id(of: vertex))
      unsafe numbers.base[Int(vertex)] = found ?? VertexNames.none
    }
    return numbers.frozen()
  }

  @usableFromInline
  func find(_ id: VertexID) -> Int? { dictionary.find(id).map { Int($0) } }

  /// No vertex: a graph has fewer.
  @usableFromInline static var none: VertexIndex { VertexIndex.max }

  /// The 64-bit integer that partition strategies compute with: the name itself, or a hash of its bytes.
  func partitionKey(of vertex: VertexIndex) -> Int64 {
    if let integer = dictionary.integer(of: vertex) { return integer }
    return unsafe dictionary.withBytes(of: vertex) { bytes in
      unsafe Int64(bitPattern: bytes.baseAddress.map { unsafe hashBytes($0, bytes.count) } ?? 0)
    }
  }

  /// All edges from the lower to the higher name, and the number each of them had before.
  @usableFromInline
  func ascending(_ topology: Topology) -> (topology: Topology, positions: SharedBuffer<UInt32>) {
    var list = EdgeList()
    let scan = topology.scanInOrder()
    list.reserveCapacity(scan.edgeCount)
    scan.forEachEdge(in: 0..<scan.edgeCount) { source, target, _ in
      if dictionary.precedes(target, source) { list.append(target, source) } else { list.append(source, target) }
    }
    withExtendedLifetime(topology) {}
    return Topology.sorted(list, vertexCount: count)
  }
}
