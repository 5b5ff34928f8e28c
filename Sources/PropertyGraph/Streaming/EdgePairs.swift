/// Which pairs of vertices are joined, however often, and a number for each pair: what connectivity needs to know of a
/// multigraph whose edges are removed in any order.
///
/// Guarantees: numbers are small, reused, and a function of the sequence of changes.
/// Cost: a hash look-up a change; some 50 bytes a pair.
struct EdgePairs {
  /// By number: the two vertices, the lower one first in the high half; `free` for numbers not in use.
  private(set) var ends: [UInt64] = []
  private(set) var counts: [UInt32] = []
  private(set) var freeNumbers: [EdgeIndex] = []
  private var numbers: [UInt64: EdgeIndex] = [:]
  private static let free = UInt64.max

  init() {}

  private static func key(_ u: VertexIndex, _ v: VertexIndex) -> UInt64 {
    UInt64(min(u, v)) << 32 | UInt64(max(u, v))
  }

  /// Counts an edge; its pair's number if it is the first one of the pair.
  mutating func insert(_ u: VertexIndex, _ v: VertexIndex) -> EdgeIndex? {
    let key = EdgePairs.key(u, v)
    if let number = numbers[key] {
      counts[Int(number)] += 1
      return nil
    }
    let number: EdgeIndex
    if let reused = freeNumbers.popLast() {
      number = reused
      (ends[Int(number)], counts[Int(number)]) = (key, 1)
    } else {
      number = EdgeIndex(ends.count)
      ends.append(key)
      counts.append(1)
    }
    numbers[key] = number
    return number
  }

  /// Takes an edge off; its pair's number if it was the last one of the pair.
  mutating func remove(_ u: VertexIndex, _ v: VertexIndex) -> EdgeIndex? {
    let key = EdgePairs.key(u, v)
    guard let number = numbers[key] else { return nil }
    counts[Int(number)] -= 1
    if counts[Int(number)] > 0 { return nil }
    numbers[key] = nil
    ends[Int(number)] = EdgePairs.free
    freeNumbers.append(number)
    return number
  }

  func number(_ u: VertexIndex, _ v: VertexIndex) -> EdgeIndex? { numbers[EdgePairs.key(u, v)] }

  /// Calls `visit` with every pair, by number.
  func forEach(_ visit: (EdgeIndex, VertexIndex, VertexIndex) -> Void) {
    for (number, pair) in ends.enumerated() where pair != EdgePairs.free {
      visit(EdgeIndex(number), VertexIndex(pair >> 32), VertexIndex(truncatingIfNeeded: pair))
    }
  }

  /// Puts back what a snapshot holds.
  init(ends: [UInt64], counts: [UInt32], freeNumbers: [EdgeIndex]) {
    (self.ends, self.counts, self.freeNumbers) = (ends, counts, freeNumbers)
    for (number, pair) in ends.enumerated() where pair != EdgePairs.free { numbers[pair] = EdgeIndex(number) }
  }
}
