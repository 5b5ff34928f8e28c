import FlatMemory
import Testing
import TestSupport

/// Loads, comparisons, hashes and digests.
@Suite struct ByteTests {
  private func bytes(_ n: Int, _ random: inout SeededRandom) -> [UInt8] {
    (0..<n).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  @Test func masksAndComparisons() throws {
    #expect([-3, 0, 1, 7, 8, 9].map(byteMask) == [0, 0, 0xff, 0x00ff_ffff_ffff_ffff, .max, .max])
    try forRandomCases("equal bytes", count: 3000) { random in
      let n = random.below(40)
      let a = bytes(n, &random)
      var b = a
      if n > 0, random.one(in: 2) { b[random.below(n)] ^= 1 << UInt8(random.below(8)) }
      // what follows differs and must not matter
      let equal = (a + bytes(8, &random)).withUnsafeBufferPointer { p in
        (b + bytes(8, &random)).withUnsafeBufferPointer { equalBytes(p.baseAddress!, $0.baseAddress!, n) }
      }
      return equal == (a == b) ? nil : "\(a) and \(b)"
    }
  }

  /// Key groups and session ids depend on these values: they may never change.
  @Test func hashesAreTheSameForEver() {
    let text = Array("The quick brown fox jumps over the lazy dog, 0123456789".utf8) + [UInt8](repeating: 0, count: 16)
    let counts = [0, 1, 8, 15, 16, 17, 32, 55]
    let hashes = text.withUnsafeBufferPointer { p in counts.map { hashBytes(p.baseAddress!, $0) } }
    #expect(
      hashes == [
        0x1ff5_c292_3a78_8d2c, 0x1300_55ab_67b6_49e3, 0xf2b3_5968_1547_ea52, 0x5af5_156d_7e8b_8a41,
        0x71c3_488a_e9ec_0f3d, 0xe2e5_1872_4c8d_9dc7, 0x6f3e_0927_971b_0244, 0x05a9_0f9b_c44a_0624,
      ])
    #expect(mix(1, 2) == 0xb84c_ebf1_06fd_bf28)
  }

  @Test func hashesDependOnEveryByteAndNothingElse() throws {
    try forRandomCases("hashes", count: 3000) { random in
      let n = random.below(70)
      let a = bytes(n, &random)
      let hash = { (x: [UInt8], tail: [UInt8]) in (x + tail).withUnsafeBufferPointer { hashBytes($0.baseAddress!, n) } }
      let h = hash(a, bytes(16, &random))
      if h != hash(a, bytes(16, &random)) { return "the bytes behind \(n) matter" }
      if n > 0 {
        var b = a
        b[random.below(n)] ^= 1 << UInt8(random.below(8))
        if h == hash(b, bytes(16, &random)) { return "a bit of \(n) bytes does not matter" }
      }
      return nil
    }
  }

  @Test func digestsDoNotDependOnCuts() throws {
    try forRandomCases("digests", count: 1500) { random in
      let n = random.below(200)
      let a = bytes(n, &random) + [UInt8](repeating: 0, count: 8)
      func digest(_ random: inout SeededRandom) -> RunningDigest {
        var d = RunningDigest()
        a.withUnsafeBufferPointer { p in
          var i = 0
          while i < n {
            let k = min(n - i, random.below(random.pick([2, 12, 100])))
            d.append(p.baseAddress! + i, k)
            if random.one(in: 5) { d = RunningDigest(words: d.words)! }
            i += k
          }
        }
        return d
      }
      let d = digest(&random)
      if d != digest(&random) || d.count != UInt64(n) { return "digest of \(n) bytes" }
      var other = RunningDigest()
      a.withUnsafeBufferPointer { other.append($0.baseAddress!, n + 1) }
      return other.value == d.value ? "a zero byte more gives the same value" : nil
    }
  }
}
