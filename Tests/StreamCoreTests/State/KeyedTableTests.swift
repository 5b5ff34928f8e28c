import StreamCore
import Testing
import TestSupport

/// The table against a dictionary and the rule for slots.
@Suite(.timeLimit(.minutes(10))) struct KeyedTableTests {
  /// Keys that collide: only a few hashes.
  struct ClashingKey: StreamKey {
    var id: Int
    func hash(into hasher: inout StableHasher) { hasher.combine(id % 7) }
  }
  /// Counts its living instances.
  final class Token: @unchecked Sendable {
    nonisolated(unsafe) static var alive = 0
    init() { Token.alive += 1 }
    deinit { Token.alive -= 1 }
  }

  /// Runs random operations; gives what differs from the oracle.
  private func disagreement<Key: StreamKey, Value: Equatable>(
    _ random: inout SeededRandom, operations: Int, keys: Int, key: (Int) -> Key, value: (UInt64) -> Value
  ) -> String? {
    var table = KeyedTable<Key, Value>()
    var oracle: [Key: Value] = [:]
    var slotOf: [Key: UInt32] = [:]
    var free: Set<UInt32> = []
    var removalShare = 0.1
    for step in 0..<operations {
      if random.one(in: 400) { removalShare = random.pick([0, 0.2, 0.5, 0.9]) }
      let k = key(random.below(keys))
      if random.chance(removalShare) {
        if table.removeValue(forKey: k) != oracle.removeValue(forKey: k) { return "step \(step): removal of \(k)" }
        if let s = slotOf.removeValue(forKey: k) { free.insert(s) }
      } else {
        let v = value(random.next())
        let (slot, isNew) = table.findOrInsert(k, v)
        if isNew != (oracle[k] == nil) { return "step \(step): isNew is \(isNew)" }
        if isNew {
          // removals at the end lower the bound, so the lowest free slot is never above the count
          let expected = free.min() ?? UInt32(slotOf.count)
          if slot != min(expected, UInt32(slotOf.count)) { return "step \(step): slot \(slot) instead of \(expected)" }
          free.remove(slot)
          slotOf[k] = slot
        } else if slot != slotOf[k] {
          return "step \(step): \(k) moved"
        }
        table[slot] = v
        oracle[k] = v
      }
      if table.count != oracle.count { return "step \(step): count \(table.count) of \(oracle.count)" }
      let probe = key(random.below(keys))
      if table[key: probe] != oracle[probe] { return "step \(step): \(probe)" }
    }
    var order: [UInt32] = []
    var wrong: String?
    table.visit { slot, key, value in
      order.append(slot)
      if slotOf[key] != slot || oracle[key] != value { wrong = "entry \(key)" }
    }
    if order != slotOf.values.sorted() { return "iteration: \(order.count) of \(slotOf.count) in order" }
    return wrong
  }

  @Test func agreesWithADictionary() throws {
    try forRandomCases("keyed table", count: 120) { random in
      let keys = random.pick([1, 3, 40, 700, 20_000])
      let operations = random.pick([20, 300, 6000])
      switch random.below(5) {
      case 0: return disagreement(&random, operations: operations, keys: keys, key: { $0 }, value: { $0 })
      case 1:
        return disagreement(
          &random, operations: operations, keys: keys, key: { "key number \($0)" }, value: { ["\($0)"] })
      case 2:
        return disagreement(
          &random, operations: min(operations, 2000), keys: min(keys, 700), key: { ClashingKey(id: $0) },
          value: { Int32(truncatingIfNeeded: $0) })
      case 3:
        // a value larger than a page, and one of two kilobytes
        return disagreement(
          &random, operations: min(operations, 300), keys: keys, key: { UInt8(truncatingIfNeeded: $0) },
          value: { Wide(first: $0) })
      default:
        return disagreement(
          &random, operations: operations, keys: keys, key: { PairKey(Int32($0 / 7), "\($0 % 7)") },
          value: { [$0] as [UInt64]? })
      }
    }
  }
  struct Wide: Equatable {
    var first: UInt64
    var rest = (InlineArray<300, UInt64>(repeating: 5))
    static func == (a: Wide, b: Wide) -> Bool { a.first == b.first && a.rest[299] == b.rest[299] }
  }

  /// Growth over many splits, and shrinking again: nothing is lost and the memory comes back.
  @Test func growsAndShrinks() {
    var table = KeyedTable<Int, Int>()
    let n = 300_000
    for i in 0..<n { _ = table.findOrInsert(i, i &* 3) }
    let full = table.byteCount
    #expect(full <= n * 64)
    var missing = 0
    for i in 0..<n where table[key: i] != i &* 3 { missing += 1 }
    #expect(missing == 0)
    // insertion order, as nothing was removed
    var expected = 0
    table.visit { slot, key, _ in
      if slot != UInt32(expected) || key != expected { missing += 1 }
      expected += 1
    }
    #expect(missing == 0 && expected == n)
    for i in 0..<n where i % 1000 != 0 { table.removeValue(forKey: i) }
    for i in 0..<n where table[key: i] != (i % 1000 == 0 ? i &* 3 : nil) { missing += 1 }
    #expect(missing == 0 && table.count == n / 1000)
    for i in 0..<n { table.removeValue(forKey: i) }
    #expect(table.isEmpty && table.slotBound == 0)
    #expect(table.byteCount < full / 20)
  }

  @Test func valuesAreReleasedOnce() {
    do {
      var table = KeyedTable<Int, Token>()
      for i in 0..<5000 { _ = table.findOrInsert(i, Token()) }
      #expect(Token.alive == 5000)
      for i in 0..<1000 { table.removeValue(forKey: i * 2) }
      #expect(Token.alive == 4000)
      table[key: 1] = Token()
      #expect(Token.alive == 4000)
      var next = table.slot(from: 0)
      while let slot = next {
        if table.key(at: slot) % 3 == 0 { table.remove(at: slot) }
        next = table.slot(from: slot + 1)
      }
      #expect(Token.alive == table.count)
    }
    #expect(Token.alive == 0)
  }
}
