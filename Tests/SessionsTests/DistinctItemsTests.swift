import FlatMemory
import Sessions
import Testing
import TestSupport

/// Counts of distinct values against sets of them.
@Suite struct DistinctItemsTests {
  /// Memory of one set, and what it should hold.
  private struct Counted {
    let items = UnsafeMutablePointer<DistinctItems>.allocate(capacity: 1)
    var values: Set<UInt32> = []
    init() { items.initialize(to: DistinctItems()) }

    mutating func add(_ v: UInt32, _ slab: inout Slab) {
      DistinctItems.add(items, v, &slab)
      values.insert(v)
    }
    /// Exact up to 1,024 values, within five standard errors (3.3% each) beyond.
    func error(_ slab: Slab) -> String? {
      let (count, wanted) = (Int(items.pointee.count(in: slab)), values.count)
      let off = wanted <= 1024 ? 0 : wanted * 165 / 1000
      return abs(count - wanted) <= off ? nil : "\(count) distinct values, there are \(wanted)"
    }
  }

  @Test func agreesWithASet() throws {
    try forRandomCases("distinct items", count: 300) { random in
      var slab = Slab(reserveByteCount: 1 << 26)
      defer { slab.deallocate() }
      // several sets in one slab, filled in turns: what lies behind a set is another's
      var sets = (0..<random.pick([1, 3, 20])).map { _ in Counted() }
      defer { for s in sets { s.items.deallocate() } }
      let range = random.pick([3, 6, 22, 60, 900, 1100, 100_000])
      for step in 0..<random.pick([10, 100, 3000]) {
        let k = random.below(sets.count)
        sets[k].add(UInt32(1 + random.below(range)), &slab)
        if step % 7 == 0 || sets.count == 1, let error = sets[k].error(slab) { return "step \(step): \(error)" }
        if random.one(in: 40) {
          // given back and begun anew: its memory goes to others, as it was
          sets[k].items.pointee.drop(&slab)
          sets[k].items.initialize(to: DistinctItems())
          sets[k].values = []
        }
      }
      while sets.count > 1 {
        let last = sets.removeLast()
        DistinctItems.merge(sets[0].items, last.items, &slab)
        last.items.deallocate()
        sets[0].values.formUnion(last.values)
        if let error = sets[0].error(slab) { return "merged: \(error)" }
      }
      sets[0].items.pointee.drop(&slab)
      return slab.liveGranules == 0 ? nil : "\(slab.liveGranules) granules are held by nothing"
    }
  }
}
