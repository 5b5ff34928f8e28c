import FlatMemory
import Testing
import TestSupport

/// Slab and string table against dictionaries.
@Suite struct SlabTests {
  @Test func blocksNeitherOverlapNorLeak() throws {
    try forRandomCases("slab", count: 60) { random in
      var slab = Slab(reserveByteCount: 64 << 20)
      defer { slab.deallocate() }
      struct Block {
        var handle: UInt32
        var byteCount: Int
        var mark: UInt8
      }
      var blocks: [Block] = []
      func isIntact(_ b: Block) -> Bool {
        let p = slab.pointer(b.handle)
        return UnsafeBufferPointer(start: p, count: b.byteCount).allSatisfy { $0 == b.mark }
      }
      for step in 0..<random.pick([20, 300, 900]) {
        if blocks.isEmpty || random.below(5) < 3 {
          let n = random.pick([
            0, 1, 7, 8, 9, random.below(140), 128, 129, random.below(1000), random.one(in: 9) ? 9000 : 5,
          ])
          let b = Block(handle: slab.allocate(byteCount: n), byteCount: n, mark: UInt8(truncatingIfNeeded: step))
          if b.handle == 0 { return "handle 0" }
          slab.pointer(b.handle).update(repeating: b.mark, count: n)
          blocks.append(b)
        } else {
          blocks.swapAt(random.below(blocks.count), blocks.count - 1)
          let b = blocks.removeLast()
          if !isIntact(b) { return "a block of \(b.byteCount) bytes was overwritten" }
          slab.release(b.handle, byteCount: b.byteCount)
        }
        let live = blocks.reduce(0) { $0 + Int(Slab.granules(ofClass: Slab.sizeClass($1.byteCount))) }
        if slab.liveGranules != live { return "\(slab.liveGranules) granules live, not \(live)" }
      }
      return blocks.allSatisfy(isIntact) ? nil : "overwritten"
    }
  }

  @Test func classesHoldWhatTheyAreAskedFor() {
    for n in [0, 1, 8, 9, 120, 121, 128, 129, 256, 257, 1 << 20, 1 << 20 + 1, 3 << 29] {
      let granules = Int(Slab.granules(ofClass: Slab.sizeClass(n)))
      #expect(granules * 8 >= n)
      #expect(n > 128 ? granules * 8 < 2 * n + 8 : granules * 8 < max(n, 1) + 8, "\(n) bytes")
      #expect(Slab.sizeClass(n) < Slab.classCount)
    }
  }

  @Test func releasedBlocksAreUsedAgain() {
    var slab = Slab(reserveByteCount: 1 << 20)
    defer { slab.deallocate() }
    // far more than fits at once
    for i in 0..<10_000 {
      let a = slab.allocate(byteCount: 100 + i % 3)
      let b = slab.allocate(byteCount: 5000)
      slab.release(a, byteCount: 100 + i % 3)
      slab.release(b, byteCount: 5000)
    }
    #expect(slab.liveGranules == 0)
    #expect(Int(slab.top) * 8 < 12_000)
  }

  /// Each distinct text is kept once, for as long as it is held, over restarts of the index too.
  @Test func textsAreCounted() throws {
    try forRandomCases("string table", count: 60) { random in
      var slab = Slab(reserveByteCount: 64 << 20)
      var table = StringTable()
      defer {
        table.deallocate()
        slab.deallocate()
      }
      let texts = (0..<40).map { k in
        [UInt8](repeating: UInt8(k), count: random.pick([0, 1, 8, 15, 16, 17, 200]))
          + [UInt8(random.below(3))].dropLast(k % 2)
      }
      var held: [(handle: UInt32, text: [UInt8])] = []
      for _ in 0..<random.pick([50, 600]) {
        if held.isEmpty || random.below(5) < 3 {
          let text = random.pick(texts)
          let padded = text + [UInt8](repeating: 0xee, count: bytePadding)
          let handle = padded.withUnsafeBufferPointer { table.hold($0.baseAddress!, text.count, in: &slab) }
          if text.isEmpty != (handle == 0) { return "handle \(handle) of a text of \(text.count) bytes" }
          if let same = held.first(where: { $0.text == text }), same.handle != handle { return "kept twice: \(text)" }
          held.append((handle, text))
        } else {
          held.swapAt(random.below(held.count), held.count - 1)
          table.release(held.removeLast().handle, in: &slab)
        }
        if random.one(in: 50) {
          let words = Array(table.words)
          words.withUnsafeBytes { table.restore(words: $0) }
        }
        for (handle, text) in held.prefix(2) + held.suffix(2) {
          let (p, n) = StringTable.text(handle, in: slab)
          if Array(UnsafeBufferPointer(start: p, count: n)) != text { return "a text changed" }
        }
      }
      for (handle, _) in held { table.release(handle, in: &slab) }
      return slab.liveGranules == 0 ? nil : "\(slab.liveGranules) granules left"
    }
  }
}
