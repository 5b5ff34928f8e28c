import Testing

@testable import Snapshots

@Suite struct XXHash64Tests {
  private func hash(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe XXHash64.hash($0, seed: seed) }
  }

  /// Values that any xxHash prints.
  @Test func publishedValues() {
    #expect(hash([]) == 0xef46_db37_51d8_e999)
    #expect(hash(Array("a".utf8)) == 0xd24e_c4f1_a98c_6e5b)
    #expect(hash(Array("abc".utf8)) == 0x44bc_2cf5_ad77_0999)
    #expect(hash(Array("Nobody inspects the spammish repetition".utf8)) == 0xfbce_a83c_8a37_8bf1)
    #expect(hash(Array("xxhash".utf8), seed: 20_141_025) == 0xb559_b98d_844e_0635)
  }

  @Test func cutsDoNotMatter() {
    var generator = SeededGenerator(seed: 13)
    for count in 0..<200 {
      let bytes = generator.bytes(count)
      var hash = XXHash64(seed: 7)
      var next = 0
      while next < count {
        let n = min(count - next, 1 + Int(generator.next() % 50))
        unsafe bytes[next..<next + n].withUnsafeBytes { unsafe hash.append($0) }
        next += n
      }
      #expect(hash.value == self.hash(bytes, seed: 7))
    }
  }

  /// zstd's content checksum is the low half of XXH64: another implementation to agree with.
  @Test func agreesWithTheChecksumsOfZstd() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path)
    var generator = SeededGenerator(seed: 14)
    for count in [1, 5, 31, 32, 33, 100, 4095, 200_000] {
      let state = TestState([("s", generator.bytes(count))])
      let info = try state.write(to: store)
      let file = try SnapshotFile(path: info.path)
      let frame = try #require(file.sections[0].frames.first)
      let bytes = try readBytes(info.path)
      let stored = (0..<4).reduce(UInt32(0)) {
        $0 | UInt32(bytes[frame.offset + frame.byteCount - 4 + $1]) << UInt32(8 * $1)
      }
      #expect(stored == UInt32(truncatingIfNeeded: hash(state.sections[0].bytes)))
    }
  }
}
