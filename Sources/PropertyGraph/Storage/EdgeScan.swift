/// Edges that can be walked in order, range by range: what ``EdgeGrouping`` sorts. Each is told as its key (the end it
/// is grouped by), its value (the other end) and its position (where it stands in the order edges are counted by).
protocol EdgeScan {
  func forEach(in range: Range<Int>, _ body: (_ key: UInt32, _ value: UInt32, _ position: UInt32) -> Void)
}

/// Edges of an edge list; the position is that in the list.
@safe struct ListedEdges: EdgeScan, @unchecked Sendable {
  let keys: UnsafePointer<UInt32>
  let values: UnsafePointer<UInt32>

  @inline(__always)
  func forEach(in range: Range<Int>, _ body: (UInt32, UInt32, UInt32) -> Void) {
    var i = range.lowerBound
    while i < range.upperBound {
      unsafe body(keys[i], values[i], UInt32(truncatingIfNeeded: i))
      i &+= 1
    }
  }
}

/// Edges already grouped by one end, to be grouped by the other. The position is the one that came with them, or else
/// their slot.
@safe struct GroupedEdges: EdgeScan, @unchecked Sendable {
  let adjacency: AdjacencyPointers
  let positions: UnsafePointer<UInt32>?

  @inline(__always)
  func forEach(in range: Range<Int>, _ body: (UInt32, UInt32, UInt32) -> Void) {
    if range.isEmpty { return }
    var vertex = adjacency.owner(ofSlot: range.lowerBound)
    var i = range.lowerBound
    while i < range.upperBound {
      let end = unsafe min(Int(adjacency.offsets[vertex &+ 1]), range.upperBound)
      while i < end {
        unsafe body(
          adjacency.neighbours[i], UInt32(truncatingIfNeeded: vertex),
          positions.map { unsafe $0[i] } ?? UInt32(truncatingIfNeeded: i))
        i &+= 1
      }
      vertex &+= 1
    }
  }
}

/// Edges split into runs: key and value in one word, the position beside it where it is wanted.
@safe struct SplitEdges: EdgeScan, @unchecked Sendable {
  let records: UnsafeMutablePointer<UInt64>
  let positions: UnsafeMutablePointer<UInt32>?

  @inline(__always)
  func forEach(in range: Range<Int>, _ body: (UInt32, UInt32, UInt32) -> Void) {
    var i = range.lowerBound
    while i < range.upperBound {
      let record = unsafe records[i]
      unsafe body(
        UInt32(truncatingIfNeeded: record &>> 32), UInt32(truncatingIfNeeded: record),
        positions.map { unsafe $0[i] } ?? 0)
      i &+= 1
    }
  }
}
