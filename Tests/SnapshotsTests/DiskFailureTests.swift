import Foundation
import Synchronization
import Testing

@testable import Snapshots

/// Passes a number of operations on to the machine, then fails each, as a full disk or a broken one does.
private final class FailingFileSystem: SnapshotFileSystem {
  private let machine = MachineFileSystem()
  private let operationsLeft: Mutex<Int>

  init(operations: Int) { operationsLeft = Mutex(operations) }

  func allow(_ operations: Int) { operationsLeft.withLock { $0 = operations } }

  private func spend(_ path: String) throws(SnapshotError) {
    let left = operationsLeft.withLock { left in
      left -= 1
      return left
    }
    if left < 0 { throw systemError(ENOSPC, "cannot be written", path: path) }
  }

  func create(_ path: String) throws(SnapshotError) -> Int32 {
    try spend(path)
    return try machine.create(path)
  }
  func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws(SnapshotError) {
    do throws(SnapshotError) {
      try spend(path)
    } catch {
      // half of it arrives
      try unsafe machine.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)]), path: path)
      throw error
    }
    try unsafe machine.write(descriptor, bytes, path: path)
  }
  func synchronize(_ descriptor: Int32, path: String) throws(SnapshotError) {
    try spend(path)
    try machine.synchronize(descriptor, path: path)
  }
  func close(_ descriptor: Int32, path: String) throws(SnapshotError) {
    try machine.close(descriptor, path: path)
    try spend(path)
  }
  func rename(_ from: String, to: String) throws(SnapshotError) {
    try spend(from)
    try machine.rename(from, to: to)
  }
  /// A full disk still lets files go.
  func remove(_ path: String) throws(SnapshotError) { try machine.remove(path) }
  func synchronizeFolder(_ path: String) throws(SnapshotError) {
    try spend(path)
    try machine.synchronizeFolder(path)
  }
}

@Suite struct DiskFailureTests {
  @Test func aFailureAtAnyStepLeavesOnlyWholeCheckpoints() throws {
    var generator = SeededGenerator(seed: 12)
    var state = TestState([("a", generator.bytes(4_000_000)), ("b", generator.bytes(1000))])
    var failures = 0
    for limit in 0..<20 {
      let folder = try TemporaryFolder()
      let fileSystem = FailingFileSystem(operations: .max)
      var options = CheckpointStoreOptions(blockByteCount: 65536)
      options.fileSystem = fileSystem
      let store = try CheckpointStore(directory: folder.path, options: options)
      let before = state
      try state.write(to: store)
      for i in stride(from: 0, to: 4_000_000, by: 50_000) { state.sections[0].bytes[i] &+= 1 }
      fileSystem.allow(limit)
      let error = snapshotError { try state.write(to: store, threads: 1 + limit % 3) }
      fileSystem.allow(.max)
      if let error {
        failures += 1
        #expect(error.kind == .inputOutput(ENOSPC))
        #expect(error.description.contains("free space"))
        #expect(folder.names == [CheckpointFolder.fileName(of: 1), "lock"])
        #expect(TestState(try #require(try store.newest())) == before)
      } else {
        #expect(folder.ids == [1, 2])
      }
      // space again: the store goes on, with a new id
      #expect(try state.write(to: store).id == 3)
      #expect(TestState(try #require(try store.newest())) == state)
    }
    // create, several writes, sync, close, rename, folder sync; and some limits suffice
    #expect((7...19).contains(failures))
  }

  @Test func aFailedDeltaDoesNotConfuseTheNextOne() throws {
    let folder = try TemporaryFolder()
    let fileSystem = FailingFileSystem(operations: .max)
    var options = smallBlocks()
    options.fileSystem = fileSystem
    let store = try CheckpointStore(directory: folder.path, options: options)
    var state = TestState([("a", [UInt8](repeating: 1, count: 5120))])
    try state.write(to: store)
    state.sections[0].bytes[0] = 2
    fileSystem.allow(2)
    #expect(snapshotError { try state.write(to: store) } != nil)
    fileSystem.allow(.max)
    // the change of the failed write is still to be stored
    state.sections[0].bytes[5000] = 3
    let info = try state.write(to: store)
    #expect(info.kind == .delta)
    #expect(info.storedRawByteCount == 1024)
    #expect(TestState(try #require(try store.newest())) == state)
  }

  @Test func aFolderThatCannotBeWrittenIsNamed() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path)
    try FileManager.default.removeItem(atPath: folder.path)
    let error = snapshotError { try TestState([("a", [1])]).write(to: store) }
    #expect(error?.kind == .inputOutput(ENOENT))
    #expect(error?.description.contains(folder.path) == true)
  }
}
