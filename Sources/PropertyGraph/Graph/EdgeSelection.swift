/// Some of the edges of a topology as a topology of their own.
///
/// Guarantees: edges keep their order, hence the canonical one; nothing is sorted.
/// Cost: two passes over the edges, both in parallel.
@usableFromInline
struct EdgeSelection {
  /// The selected edges, between the same vertices.
  @usableFromInline let topology: Topology
  /// The number each of them had before; ascending.
  @usableFromInline let positions: SharedBuffer<UInt32>

  /// - Parameter kept: a bit for every edge, by number.
  @usableFromInline
  init(_ whole: Topology, keeping kept: VertexBitmap) {
    let scan = whole.scanInOrder()
    let vertexCount = scan.vertexCount
    let offsets = FreshBuffer<UInt32>(count: vertexCount + 1)
    let neighbours = FreshBuffer<VertexIndex>(count: kept.memberCount)
    let positions = FreshBuffer<UInt32>(count: kept.memberCount)
    let bits = unsafe kept.pointer
    let ranges = scan.ranges
    ranges.run { _, range in
      for vertex in range {
        unsafe offsets.base[vertex + 1] = unsafe EdgeSelection.count(bits, in: scan.slots(of: vertex))
      }
    }
    for vertex in 0..<vertexCount { unsafe offsets.base[vertex + 1] &+= offsets.base[vertex] }
    ranges.run { _, range in
      for vertex in range {
        var slot = unsafe Int(offsets.base[vertex])
        for old in scan.slots(of: vertex) where unsafe VertexBitmap.isSet(bits, old) {
          unsafe neighbours.base[slot] = unsafe scan.neighbours[old]
          unsafe positions.base[slot] = UInt32(truncatingIfNeeded: old)
          slot &+= 1
        }
      }
    }
    withExtendedLifetime((whole, kept)) {}
    let forward = Topology(
      outgoing: CompressedAdjacency(offsets: offsets.frozen(), neighbours: neighbours.frozen()))
    topology = whole.isReversed ? forward.reversed : forward
    self.positions = positions.frozen()
  }

  /// The number of set bits in a range.
  private static func count(_ bits: UnsafePointer<UInt64>?, in range: Range<Int>) -> UInt32 {
    guard let bits = unsafe bits else { return UInt32(range.count) }
    if range.isEmpty { return 0 }
    let (first, last) = (range.lowerBound >> 6, (range.upperBound - 1) >> 6)
    let head = ~UInt64(0) << UInt64(range.lowerBound & 63)
    let tail = ~UInt64(0) >> UInt64(63 - (range.upperBound - 1) & 63)
    if first == last { return unsafe UInt32((bits[first] & head & tail).nonzeroBitCount) }
    var count = unsafe (bits[first] & head).nonzeroBitCount + (bits[last] & tail).nonzeroBitCount
    for word in first + 1..<last { unsafe count &+= bits[word].nonzeroBitCount }
    return UInt32(count)
  }

  /// The first of each run of repeated edges.
  @usableFromInline
  static func firstOfRepeated(_ topology: Topology) -> VertexBitmap {
    let scan = topology.scanInOrder()
    let first = BitmapBuilder(count: scan.edgeCount)
    FixedRanges(count: scan.edgeCount).run { _, range in
      // an edge at the beginning of a range may repeat the one before it
      var previous: (source: VertexIndex, target: VertexIndex)?
      scan.forEachEdge(in: max(range.lowerBound - 1, 0)..<range.upperBound) { source, target, number in
        let isRepeated = previous.map { $0 == (source, target) } ?? false
        if number >= range.lowerBound, !isRepeated { first.set(number) }
        previous = (source, target)
      }
    }
    withExtendedLifetime(topology) {}
    return first.finish()
  }

  /// For every edge of a topology, the number of the first edge between the same vertices in another one, or
  /// `noEdge`.
  @usableFromInline
  static func matches(
    of topology: Topology, _ names: VertexNames, in other: Topology, _ otherNames: VertexNames
  ) -> SharedBuffer<UInt32> {
    let numbers = names.numbers(in: otherNames)
    let scan = topology.scanInOrder()
    let rows = other.scanOutgoing(edgeNumbers: true)
    let found = FreshBuffer<UInt32>(count: scan.edgeCount)
    FixedRanges(count: scan.edgeCount).run { _, range in
      scan.forEachEdge(in: range) { source, target, number in
        let source = numbers.map { unsafe $0.base[Int(source)] } ?? source
        let target = numbers.map { unsafe $0.base[Int(target)] } ?? target
        unsafe found.base[number] = noEdge
        if source == VertexNames.none || target == VertexNames.none { return }
        var slots = rows.slots(of: Int(source))
        let end = slots.upperBound
        while !slots.isEmpty {
          let middle = slots.lowerBound + slots.count / 2
          if unsafe rows.neighbours[middle] < target {
            slots = middle + 1..<slots.upperBound
          } else {
            slots = slots.lowerBound..<middle
          }
        }
        if slots.lowerBound < end, unsafe rows.neighbours[slots.lowerBound] == target {
          unsafe found.base[number] = UInt32(rows.edgeNumber(slots.lowerBound))
        }
      }
    }
    withExtendedLifetime((topology, other, numbers)) {}
    return found.frozen()
  }

  /// The edges that have a match.
  @usableFromInline
  static func matched(_ matches: SharedBuffer<UInt32>) -> VertexBitmap {
    let bits = BitmapBuilder(count: matches.count)
    FixedRanges(count: matches.count).run { _, range in
      for number in range where unsafe matches.base[number] != noEdge { bits.set(number) }
    }
    return bits.finish()
  }

  @usableFromInline static var noEdge: UInt32 { UInt32.max }
}
