/// Draws an index with given weights in constant time: Walker's alias method, built as by Vose (1991).
///
/// Guarantees: the same table for the same weights on every platform; probabilities exact to 2^-32.
/// Cost: 8 bytes an index; one memory access a draw.
struct AliasTable: Sendable {
  /// An alias in the high half, in the low half the threshold below which the index itself is taken.
  private let cells: [UInt64]

  init(weights: [Double]) {
    let total = weights.reduce(0, +)
    let count = weights.count
    var scaled = weights.map { $0 * Double(count) / total }
    var cells = [UInt64](repeating: 0, count: count)
    var small: [Int] = []
    var large: [Int] = []
    for i in 0..<count {
      cells[i] = UInt64(i) << 32 | 0xffff_ffff
      if scaled[i] < 1 { small.append(i) } else { large.append(i) }
    }
    while let s = small.popLast(), let l = large.popLast() {
      cells[s] = UInt64(l) << 32 | UInt64(scaled[s] * 0x1p32)
      scaled[l] -= 1 - scaled[s]
      if scaled[l] < 1 { small.append(l) } else { large.append(l) }
    }
    self.cells = cells
  }

  init(_ weights: [Int]) { self.init(weights: weights.map(Double.init)) }

  var count: Int { cells.count }

  @inline(__always)
  func draw(_ random: inout RandomSource) -> Int { pick(random.next()) }

  /// The index that belongs to a random word.
  @inline(__always)
  func pick(_ word: UInt64) -> Int {
    let i = Int(truncatingIfNeeded: (word &>> 32 &* UInt64(truncatingIfNeeded: cells.count)) &>> 32)
    let cell = cells[i]
    return word & 0xffff_ffff <= cell & 0xffff_ffff ? i : Int(truncatingIfNeeded: cell &>> 32)
  }
}
