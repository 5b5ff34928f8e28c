import Foundation

@testable import Snapshots

/// A folder of its own, removed with the object.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "snapshots-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

  /// The ids of the checkpoint files there.
  var ids: [UInt64] { names.compactMap { CheckpointFolder.id(ofFileName: $0) } }

  func file(_ id: UInt64) -> String { path + "/" + CheckpointFolder.fileName(of: id) }
}

func readBytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

func writeBytes(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

/// SplitMix64: reproducible from a printed seed.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Bytes that compress about as well as state does: runs and noise.
  mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 16)
    while bytes.count < count {
      if Bool.random(using: &self) {
        bytes.append(contentsOf: repeatElement(UInt8.random(in: 0...255, using: &self), count: 1 + Int(next() % 16)))
      } else {
        for _ in 0..<(1 + next() % 16) { bytes.append(UInt8.random(in: 0...255, using: &self)) }
      }
    }
    return [UInt8](bytes.prefix(count))
  }
}

/// Sections and metadata to write and to compare with what comes back.
struct TestState: Equatable {
  var metadata: [UInt8] = Array("{}".utf8)
  var sections: [(name: String, bytes: [UInt8])] = []

  static func == (a: TestState, b: TestState) -> Bool {
    a.metadata == b.metadata && a.sections.elementsEqual(b.sections) { $0.name == $1.name && $0.bytes == $1.bytes }
  }

  /// The state of a recovered checkpoint.
  init(_ recovered: RecoveredCheckpoint) {
    metadata = recovered.metadata
    sections = recovered.sectionNames.map { unsafe ($0, [UInt8](recovered.section($0)!)) }
  }
  init(_ sections: [(name: String, bytes: [UInt8])], metadata: String = "{}") {
    self.sections = sections
    self.metadata = Array(metadata.utf8)
  }

  @discardableResult
  func write(to store: CheckpointStore, threads: Int = 1) throws -> CheckpointInfo {
    var buffers: [UnsafeMutableRawBufferPointer] = unsafe []
    defer { for i in buffers.indices { unsafe buffers[i].deallocate() } }
    let given = sections.map { section in
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: section.bytes.count, alignment: 8)
      unsafe buffer.copyBytes(from: section.bytes)
      unsafe buffers.append(buffer)
      return unsafe CheckpointSection(name: section.name, bytes: UnsafeRawBufferPointer(buffer))
    }
    return try store.write(metadata: metadata, sections: given, threads: threads)
  }
}

/// Small blocks, so that small files have many of them.
func smallBlocks(keep: Int = 3, chainLengthMax: Int = 8) -> CheckpointStoreOptions {
  CheckpointStoreOptions(keep: keep, chainLengthMax: chainLengthMax, blockByteCount: 512)
}

/// Recomputes the checksums of a file whose structure is intact, as an attacker would.
func withSoundChecksums(_ bytes: [UInt8]) -> [UInt8] {
  var bytes = bytes
  func put(_ value: UInt64, at offset: Int) {
    for i in 0..<8 { bytes[offset + i] = UInt8(truncatingIfNeeded: value >> UInt64(8 * i)) }
  }
  func hash(_ range: Range<Int>) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe XXHash64.hash(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }
  func word(at offset: Int) -> Int { (0..<8).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) } }
  let end = bytes.count
  guard end >= 104 else { return bytes }
  put(hash(0..<56), at: 56)
  let (tableOffset, tableByteCount) = (word(at: end - 32), word(at: end - 24))
  if tableOffset >= 0, tableByteCount >= 0, tableOffset <= end, tableByteCount <= end - tableOffset {
    put(hash(tableOffset..<tableOffset + tableByteCount), at: end - 16)
  }
  put(hash(0..<end - 8), at: end - 8)
  return bytes
}

/// The error a call throws, if it is one of this module.
func snapshotError(_ body: () throws -> Void) -> SnapshotError? {
  do {
    try body()
    return nil
  } catch {
    return error as? SnapshotError
  }
}
