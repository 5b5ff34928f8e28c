import Testing

@testable import Snapshots

/// Files whose checksums are right and whose contents are not: what an attacker would send.
@Suite struct HostileInputTests {
  private func soundFile() throws -> [UInt8] {
    let folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: 11)
    let state = TestState([("slots", generator.bytes(3000)), ("names", generator.bytes(100))])
    try state.write(to: try CheckpointStore(directory: folder.path, options: smallBlocks()))
    return try readBytes(folder.file(1))
  }

  private func tableOffset(_ bytes: [UInt8]) -> Int {
    (0..<8).reduce(0) { $0 | Int(bytes[bytes.count - 32 + $1]) << (8 * $1) }
  }

  /// Reads everything as a recovery would.
  private func read(_ bytes: [UInt8], limits: SnapshotLimits = SnapshotLimits()) throws {
    try unsafe bytes.withUnsafeBytes { raw in
      let file = try unsafe SnapshotFile(bytes: raw, limits: limits)
      _ = try file.metadata()
      let chain = try #require(CheckpointChain(standingAlone: file))
      _ = try chain.restore(threads: 1, warnings: [])
    }
  }

  @Test func theSoundFileReads() throws {
    let bytes = try soundFile()
    #expect(withSoundChecksums(bytes) == bytes)
    try read(bytes)
  }

  /// Puts a little-endian value at an offset from the table's start and fixes the checksums.
  private func patched(_ bytes: [UInt8], table offset: Int, _ value: UInt64, byteCount: Int) -> [UInt8] {
    var bytes = bytes
    let start = tableOffset(bytes) + offset
    for i in 0..<byteCount { bytes[start + i] = UInt8(truncatingIfNeeded: value >> UInt64(8 * i)) }
    return withSoundChecksums(bytes)
  }

  @Test func hostileLengthsAreRefused() throws {
    let bytes = try soundFile()
    // 4 count; metadata: 2 name length, 8 size, 4 blocks, 8 its block; then "slots": 2 + 5, 8 size, 4 blocks, …
    let slots = 4 + 22
    for (offset, byteCount) in [
      (0, 4), (6, 8), (14, 4), (22, 4), (slots, 2), (slots + 7, 8), (slots + 15, 4), (slots + 23, 4),
    ] {
      for value in [UInt64.max, 1 << 62, 0xffff_ffff, 0x7fff_ffff, 1 << 20, 4096] {
        let hostile = patched(bytes, table: offset, value, byteCount: byteCount)
        let error = snapshotError { try read(hostile) }
        #expect(error != nil, "\(value) at table offset \(offset)")
      }
    }
  }

  @Test func sizesBeyondTheLimitAreRefusedBeforeAllocating() throws {
    let error = snapshotError { try read(try soundFile(), limits: SnapshotLimits(rawByteCountMax: 2999)) }
    #expect(error?.kind == .limitExceeded)
    #expect(error?.description.contains("3000") == true)
  }

  @Test func aFrameOfAnotherSizeIsRefused() throws {
    let bytes = try soundFile()
    // the section "names" is declared a byte longer than its frame says
    let names = 4 + 22 + 7 + 12 + 6 * 8
    let error = snapshotError { try read(patched(bytes, table: names + 7, 101, byteCount: 8)) }
    #expect(error?.description.contains("not a zstd frame of 101 raw bytes") == true)
  }

  @Test func aFrameDamagedUnderSoundChecksumsIsRefused() throws {
    let bytes = try soundFile()
    let end = tableOffset(bytes)
    var refused = 0
    for at in SnapshotHeader.byteCount..<end {
      var damaged = bytes
      damaged[at] ^= 0x10
      refused += snapshotError { try read(withSoundChecksums(damaged)) } == nil ? 0 : 1
    }
    #expect(refused == end - SnapshotHeader.byteCount)
  }

  @Test func aFrameWithoutChecksumIsRefused() throws {
    var bytes = try soundFile()
    // frame header descriptor of the first frame
    bytes[SnapshotHeader.byteCount + 4] &= ~4
    let error = snapshotError { try read(withSoundChecksums(bytes)) }
    #expect(error?.description.contains("no content checksum") == true)
  }

  @Test func aDeltaThatPromisesBlocksNobodyHasIsRefused() throws {
    let folder = try TemporaryFolder()
    let options = smallBlocks()
    do {
      let store = try CheckpointStore(directory: folder.path, options: options)
      let state = TestState([("a", [UInt8](repeating: 1, count: 5120))])
      for _ in 0..<2 { try state.write(to: store) }
    }
    // the size of section "a" in the delta: 32 GiB
    let delta = patched(try readBytes(folder.file(2)), table: 4 + 22 + 3, 1 << 35, byteCount: 8)
    try writeBytes(delta, to: folder.file(2))
    let recovered = try #require(try CheckpointStore(directory: folder.path, options: options).newest())
    #expect(recovered.id == 1)
    #expect(recovered.warnings[0].contains("67108864 blocks are declared and 10 are stored"))
  }

  @Test func randomBytesAndMutationsNeverCrash() throws {
    let seed = UInt64.random(in: .min ... .max)
    print("randomBytesAndMutations seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    let sound = try soundFile()
    var accepted = 0
    for trial in 0..<3000 {
      var bytes = trial % 10 == 0 ? generator.bytes(Int(generator.next() % 400)) : sound
      if trial % 10 != 0 {
        // mostly in the table and trailer, where lengths are
        let from = trial % 3 == 0 ? 0 : tableOffset(sound)
        for _ in 0..<(1 + generator.next() % 4) {
          let at = from + Int(generator.next() % UInt64(bytes.count - from))
          bytes[at] = UInt8.random(in: 0...255, using: &generator)
        }
        if trial % 2 == 0 { bytes = withSoundChecksums(bytes) }
      }
      unsafe bytes.withUnsafeBytes { unsafe fuzzSnapshotReader($0) }
      if bytes == sound { continue }
      if trial % 10 != 0, snapshotError({ try read(bytes) }) == nil { accepted += 1 }
    }
    // a changed id or name under sound checksums is another sound file; a changed anything else is not
    #expect(accepted < 600, "seed \(seed)")
  }
}
