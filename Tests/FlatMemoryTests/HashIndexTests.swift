import FlatMemory
import Testing
import TestSupport

/// The index against an array of pairs, with hashes that collide wholly, in their home position, or not at all.
@Suite struct HashIndexTests {
  private struct Entry: Hashable {
    var hash: UInt32
    var slot: UInt32
  }
  /// Slots found under a hash by probing, as the index's users do.
  private func slots(of hash: UInt32, in index: HashIndex) -> [UInt32] {
    var found: [UInt32] = []
    var i = Int(hash) & index.mask
    while index.words[i] != 0 {
      if HashIndex.hash(of: index.words[i]) == hash { found.append(HashIndex.slot(of: index.words[i])) }
      i = (i + 1) & index.mask
    }
    return found.sorted()
  }

  @Test func agreesWithAnArrayOfPairs() throws {
    try forRandomCases("hash index", count: 40) { random in
      var index = HashIndex(minimumCapacity: random.pick([1, 512, 3000]))
      defer { index.deallocate() }
      var model: [Entry] = []
      var nextSlot: UInt32 = 1
      // around the end of the table too, so that probing wraps
      let near = UInt32.max - 20
      func hash(_ random: inout SeededRandom) -> UInt32 {
        switch random.below(4) {
        case 0: return near
        case 1: return near &+ UInt32(random.below(60))
        case 2: return UInt32(random.below(5)) << 20 | 1000
        default: return UInt32(truncatingIfNeeded: random.next())
        }
      }
      let growing = random.pick([2, 3, 5])
      for _ in 0..<random.pick([30, 400, 3000]) {
        if model.isEmpty || random.below(growing) > 0 {
          let e = Entry(hash: hash(&random), slot: nextSlot)
          nextSlot += 1
          index.insert(hash: e.hash, slot: e.slot)
          model.append(e)
        } else {
          let i = random.below(model.count)
          if random.one(in: 3) {
            index.replace(hash: model[i].hash, slot: model[i].slot, with: nextSlot)
            model[i].slot = nextSlot
            nextSlot += 1
          } else {
            index.remove(hash: model[i].hash, slot: model[i].slot)
            model.swapAt(i, model.count - 1)
            model.removeLast()
          }
        }
        if index.count != model.count { return "\(index.count) entries of \(model.count)" }
        if index.count * 2 > index.mask + 1 { return "more than half full" }
        let h = model.isEmpty || random.one(in: 4) ? hash(&random) : model[random.below(model.count)].hash
        if slots(of: h, in: index) != model.filter({ $0.hash == h }).map(\.slot).sorted() { return "hash \(h)" }
      }
      for h in Set(model.map(\.hash))
      where slots(of: h, in: index) != model.filter({ $0.hash == h }).map(\.slot).sorted() {
        return "hash \(h) at the end"
      }
      let stored = (0...index.mask).filter { index.words[$0] != 0 }.count
      if stored != model.count { return "\(stored) words stored" }
      index.removeAll()
      return index.count == 0 && (0...index.mask).allSatisfy { index.words[$0] == 0 } ? nil : "not empty"
    }
  }

  @Test func nextPowersOfTwo() {
    #expect([-5, 0, 1, 2, 3, 4, 5, 1023, 1024, 1025].map(\.nextPowerOfTwo) == [1, 1, 1, 2, 4, 4, 8, 1024, 1024, 2048])
    #expect((1 << 40 + 1).nextPowerOfTwo == 1 << 41)
  }
}
