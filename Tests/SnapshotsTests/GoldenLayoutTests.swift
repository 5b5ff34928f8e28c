import Testing

@testable import Snapshots

/// The bytes of two small files, checked by hand against SnapshotFormat.md: a change here breaks every file out there.
///
/// Sections this small are stored by zstd as they are, so the bytes do not depend on its version.
@Suite struct GoldenLayoutTests {
  private let full = [
    "895457530d0a1a0a",  // magic
    "01000000",  // format version
    "00000000",  // kind: full
    "0100000000000000",  // id
    "0000000000000000",  // base id
    "0000000000000000",  // base checksum
    "00000000",  // chain length
    "00020000",  // block size
    "0000000000000000",  // reserved
    "6ed1acd6ded9e442",  // header checksum
    "28b52ffd24021100007b7dd194f27a",  // frame of the metadata "{}"
    "28b52ffd2403190000010203a5e54e0c",  // frame of block 0 of "a": 1, 2, 3
    "03000000",  // entries in the table
    "0000", "0200000000000000", "01000000",  // metadata: no name, 2 bytes, 1 block stored
    "00000000", "0f000000",  // block 0, frame of 15 bytes
    "0100", "61", "0300000000000000", "01000000",  // "a", 3 bytes, 1 block stored
    "00000000", "10000000",  // block 0, frame of 16 bytes
    "0300", "622f63", "0000000000000000", "00000000",  // "b/c", empty, no block
    "895457454e441a0a",  // trailer magic
    "5f00000000000000", "4200000000000000",  // table at 95, 66 bytes
    "90139a06a72c7b47",  // table checksum
    "f9f5ec7b75fc993d",  // file checksum
  ]

  private let delta = [
    "895457530d0a1a0a", "01000000",
    "01000000",  // kind: delta
    "0200000000000000", "0100000000000000",  // id, base id
    "f9f5ec7b75fc993d",  // file checksum of the base
    "01000000", "00020000", "0000000000000000",
    "3fe2881099dd3767",
    "28b52ffd24031900007b207dc4b51d50",  // frame of the metadata "{ }"
    "28b52ffd240109000009561d1d16",  // frame of block 0 of "b/c": 9
    "03000000",
    "0000", "0300000000000000", "01000000", "00000000", "10000000",
    "0100", "61", "0300000000000000", "00000000",  // "a": nothing stored
    "0300", "622f63", "0100000000000000", "01000000", "00000000", "0e000000",
    "895457454e441a0a", "5e00000000000000", "4200000000000000",
    "912183b56ba82aa9", "74b5bd7f1e58261a",
  ]

  private let first = TestState([("a", [1, 2, 3]), ("b/c", [])], metadata: "{}")
  private let second = TestState([("a", [1, 2, 3]), ("b/c", [9])], metadata: "{ }")

  private func bytes(_ rows: [String]) -> [UInt8] {
    let digits = Array(rows.joined().utf8).map { UInt8($0 < 58 ? $0 - 48 : $0 - 87) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  @Test func theWriterWritesThem() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path, options: smallBlocks())
    try first.write(to: store)
    try second.write(to: store)
    #expect(try readBytes(folder.file(1)) == bytes(full))
    #expect(try readBytes(folder.file(2)) == bytes(delta))
  }

  @Test func theReaderReadsThem() throws {
    let folder = try TemporaryFolder()
    try writeBytes(bytes(full), to: folder.file(1))
    #expect(TestState(try CheckpointInspector.read(directory: folder.path, id: 1)) == first)
    try writeBytes(bytes(delta), to: folder.file(2))
    #expect(TestState(try CheckpointInspector.read(directory: folder.path, id: 2)) == second)
  }

  @Test func everySingleBitAndEveryLengthMatters() {
    for sound in [bytes(full), bytes(delta)] {
      func opens(_ bytes: [UInt8]) -> Bool {
        snapshotError { try unsafe bytes.withUnsafeBytes { _ = try unsafe SnapshotFile(bytes: $0) } } == nil
      }
      #expect(opens(sound))
      for bit in 0..<sound.count * 8 {
        var flipped = sound
        flipped[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(!opens(flipped), "bit \(bit)")
      }
      for count in 0..<sound.count { #expect(!opens(Array(sound.prefix(count))), "cut to \(count)") }
      for count in 1...sound.count { #expect(!opens(sound + sound.prefix(count)), "\(count) appended") }
    }
  }
}
