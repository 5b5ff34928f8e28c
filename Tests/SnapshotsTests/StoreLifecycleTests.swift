import Foundation
import Testing

@testable import Snapshots

@Suite struct StoreLifecycleTests {
  private let state = TestState([("a", [UInt8](repeating: 3, count: 5120))])

  @Test func idsGoOnAfterReopening() throws {
    let folder = try TemporaryFolder()
    for expected in UInt64(1)...3 {
      let store = try CheckpointStore(directory: folder.path, options: smallBlocks())
      let info = try state.write(to: store)
      #expect(info.id == expected)
      #expect(info.kind == .full)
    }
  }

  @Test func idsGoOnAfterLeftoversAndDamage() throws {
    let folder = try TemporaryFolder()
    try state.write(to: try CheckpointStore(directory: folder.path))
    try writeBytes([1, 2, 3], to: folder.file(41))
    try writeBytes([1, 2, 3], to: folder.file(57) + ".tmp")
    let store = try CheckpointStore(directory: folder.path)
    #expect(try state.write(to: store).id == 58)
  }

  @Test func leftoversAreRemovedAndForeignFilesKept() throws {
    let folder = try TemporaryFolder()
    try writeBytes([1], to: folder.file(9) + ".tmp")
    for name in ["notes.txt", "checkpoint-7.snapshot", "checkpoint-x.snapshot.tmp"] {
      try writeBytes([1], to: folder.path + "/" + name)
    }
    let store = try CheckpointStore(directory: folder.path)
    #expect(try store.newest() == nil)
    for _ in 0..<6 { try state.write(to: store) }
    let others = folder.names.filter { CheckpointFolder.id(ofFileName: $0) == nil }
    #expect(others == ["checkpoint-7.snapshot", "checkpoint-x.snapshot.tmp", "lock", "notes.txt"])
  }

  @Test func twoWritersAreRefused() throws {
    let folder = try TemporaryFolder()
    let first = try CheckpointStore(directory: folder.path)
    let error = snapshotError { _ = try CheckpointStore(directory: folder.path) }
    #expect(error?.kind == .locked)
    #expect(error?.description.contains("another writer (process ") == true)
    withExtendedLifetime(first) {}
  }

  @Test func theLockEndsWithTheStore() throws {
    let folder = try TemporaryFolder()
    for _ in 0..<3 { try state.write(to: try CheckpointStore(directory: folder.path)) }
    #expect(folder.ids == [1, 2, 3])
  }

  /// A process that is being started has the descriptor too until it executes its program.
  @Test func theLockEndsWithTheStoreWhoeverHasACopy() throws {
    let folder = try TemporaryFolder()
    var copy = Int32(-1)
    do { copy = withExtendedLifetime(try FolderLock(folder: folder.path)) { dup($0.descriptor) } }
    defer { close(copy) }
    #expect(copy >= 0)
    #expect(snapshotError { _ = try FolderLock(folder: folder.path) } == nil)
  }

  @Test func unusableFolderIsAnError() throws {
    let folder = try TemporaryFolder()
    try writeBytes([1], to: folder.path + "/file")
    let error = snapshotError { _ = try CheckpointStore(directory: folder.path + "/file/below") }
    #expect(error?.description.contains("/file") == true)
    #expect(error?.kind != nil)
  }

  @Test func optionsOutOfBoundsAreRefused() throws {
    let folder = try TemporaryFolder()
    for options in [
      CheckpointStoreOptions(keep: 0), CheckpointStoreOptions(chainLengthMax: -1),
      CheckpointStoreOptions(compressionLevel: 20), CheckpointStoreOptions(blockByteCount: 100),
    ] {
      #expect(
        snapshotError { _ = try CheckpointStore(directory: folder.path, options: options) }?.kind == .invalidArgument)
    }
  }

  // MARK: - Retention

  @Test func fullOnesAreKeptByCount() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path, options: smallBlocks(keep: 3, chainLengthMax: 0))
    for _ in 0..<7 { #expect(try state.write(to: store).warnings.isEmpty) }
    #expect(folder.ids == [5, 6, 7])
  }

  @Test func basesAndASecondChainAreKept() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path, options: smallBlocks(keep: 2, chainLengthMax: 3))
    // chains 1–4, 5–8, 9–…
    var afterwards: [[UInt64]] = []
    for _ in 0..<12 {
      try state.write(to: store)
      afterwards.append(folder.ids)
    }
    #expect(afterwards[4] == [1, 2, 3, 4, 5])
    #expect(afterwards[7] == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(afterwards[8] == [5, 6, 7, 8, 9])
    #expect(afterwards[11] == [5, 6, 7, 8, 9, 10, 11, 12])
  }

  @Test func keepOneKeepsOneChain() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path, options: smallBlocks(keep: 1, chainLengthMax: 2))
    for _ in 0..<5 { try state.write(to: store) }
    #expect(folder.ids == [4, 5])
  }

  @Test func damagedOnesDoNotCountAndAgeOut() throws {
    let folder = try TemporaryFolder()
    let options = smallBlocks(keep: 2, chainLengthMax: 0)
    do {
      let store = try CheckpointStore(directory: folder.path, options: options)
      for _ in 0..<2 { try state.write(to: store) }
    }
    var bytes = try readBytes(folder.file(2))
    bytes[100] ^= 4
    try writeBytes(bytes, to: folder.file(2))
    let store = try CheckpointStore(directory: folder.path, options: options)
    try state.write(to: store)
    #expect(folder.ids == [1, 2, 3])
    try state.write(to: store)
    #expect(folder.ids == [3, 4])
  }
}
