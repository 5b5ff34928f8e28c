import FlatMemory
import Testing
import TestSupport

/// The flat array against a Swift array, and memory that is reserved and discarded.
@Suite struct FlatArrayTests {
  @Test func agreesWithAnArray() throws {
    try forRandomCases("flat array", count: 300) { random in
      var flat = FlatArray<Int32>(capacity: random.pick([0, 1, 64]))
      defer { flat.deallocate() }
      var model: [Int32] = []
      for _ in 0..<random.below(200) {
        switch random.below(12) {
        case 0:
          let more = (0..<random.below(100)).map { _ in Int32(truncatingIfNeeded: random.next()) }
          more.withUnsafeBufferPointer { if let p = $0.baseAddress { flat.append(p, count: more.count) } }
          model += more
        case 1 where !model.isEmpty:
          let i = random.below(model.count)
          flat[i] = 7
          model[i] = 7
        case 2: flat.reserve(random.below(400))
        case 3 where random.one(in: 8):
          flat.removeAll()
          model = []
        default:
          let v = Int32(truncatingIfNeeded: random.next())
          flat.append(v)
          model.append(v)
        }
        if flat.count != model.count || flat.capacity < flat.count { return "\(flat.count) of \(model.count)" }
        if let i = model.indices.randomElement(using: &random), flat[i] != model[i] { return "element \(i)" }
      }
      if flat.rawBytes.count != model.count * 4 { return "raw bytes" }
      return Array(flat.elements) == model ? nil : "elements"
    }
  }

  @Test func spans() {
    #expect(MemoryLayout<ByteSpan>.size == 8)
    #expect(ByteSpan.absent.isAbsent)
    #expect(!ByteSpan(offset: 3, length: 0).isAbsent)
    #expect(ByteSpan(offset: 3, length: 5) == ByteSpan(offset: 3, length: 5))
  }

  @Test(arguments: [false, true])
  func reservedMemoryIsZeroAndKeepsWhatIsWritten(hugePages: Bool) {
    let memory = ReservedMemory(byteCount: 1 << 30, hugePages: hugePages)
    defer { memory.release() }
    let p = memory.base.assumingMemoryBound(to: UInt8.self)
    #expect(p[0] == 0 && p[1 << 29] == 0 && p[1 << 30 - 1] == 0)
    p[1 << 29] = 5
    p[1 << 30 - 1] = 6
    #expect(p[1 << 29] == 5 && p[1 << 30 - 1] == 6)
  }

  #if os(Linux)
    /// Only whole pages inside the range are given back.
    @Test func discardedPagesReadAsZero() {
      let memory = ReservedMemory(byteCount: 1 << 20)
      defer { memory.release() }
      let p = memory.base.assumingMemoryBound(to: UInt8.self)
      p.update(repeating: 9, count: 1 << 20)
      memory.discard(fromByte: 100, byteCount: 1 << 19)
      #expect((0..<100).allSatisfy { p[$0] == 9 })
      #expect(p[1 << 18] == 0)
      #expect((100 + 1 << 19..<1 << 20).allSatisfy { p[$0] == 9 })
    }
  #endif
}
