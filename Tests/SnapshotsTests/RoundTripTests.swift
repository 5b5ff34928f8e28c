import Dispatch
import Foundation
import Testing

@testable import Snapshots
import Synchronization

@Suite struct RoundTripTests {
  /// Writes a state with one store and reads it back with another.
  private func check(_ state: TestState, options: CheckpointStoreOptions = CheckpointStoreOptions()) throws {
    let folder = try TemporaryFolder()
    let written: CheckpointInfo
    do {
      written = try state.write(to: try CheckpointStore(directory: folder.path, options: options))
    }
    let store = try CheckpointStore(directory: folder.path, options: options)
    let recovered = try #require(try store.newest())
    #expect(TestState(recovered) == state)
    #expect(recovered.warnings.isEmpty)
    #expect(recovered.info == written)
    #expect(try store.list() == [written])
    try store.verify(written.id)
  }

  @Test func emptyFolderHasNoCheckpoint() throws {
    let folder = try TemporaryFolder()
    #expect(try CheckpointStore(directory: folder.path + "/made/here").newest() == nil)
  }

  @Test func nothingAtAll() throws {
    var state = TestState([])
    state.metadata = []
    try check(state)
  }

  @Test func tinyAndEmptySections() throws {
    try check(TestState([("a", [7]), ("b/empty", []), ("c", Array("hello".utf8))], metadata: "{\"job\":1}"))
  }

  @Test func sizesAroundTheBlockBoundary() throws {
    var generator = SeededGenerator(seed: 5)
    let sizes = [511, 512, 513, 1023, 1024, 1025, 5120]
    try check(TestState(sizes.map { ("s\($0)", generator.bytes($0)) }), options: smallBlocks())
  }

  @Test func bigSectionsOnSeveralThreads() throws {
    var generator = SeededGenerator(seed: 6)
    try check(
      TestState([("noise/and/runs", generator.bytes(9_000_001)), ("zeros", [UInt8](repeating: 0, count: 3 << 20))]))
  }

  @Test func theFileDoesNotDependOnTheThreads() throws {
    var generator = SeededGenerator(seed: 9)
    // more than one run of blocks, small ones and large ones, and a delta
    let state = TestState(
      (0..<40).map { ("s\($0)", generator.bytes($0 % 4 == 0 ? 400_000 : $0 * 30)) }, metadata: "{\"a\":1}")
    var changed = state
    for i in stride(from: 0, to: 400_000, by: 70_000) { changed.sections[4].bytes[i] &+= 1 }
    let files = try [(1, 0), (2, 0), (7, 0), (1, 1), (2, 3)].map { (threads, helpers) in
      let folder = try TemporaryFolder()
      let store = try CheckpointStore(directory: folder.path, options: CheckpointStoreOptions(blockByteCount: 65536))
      // others come to help at any time: before there is something to do, between two runs of blocks, when all is done
      let isWritten = Atomic(false)
      let helping = DispatchGroup()
      for _ in 0..<helpers {
        DispatchQueue.global().async(group: helping) {
          while !isWritten.load(ordering: .acquiring) { store.helpWriting() }
        }
      }
      defer {
        isWritten.store(true, ordering: .releasing)
        helping.wait()
      }
      let ids = try [state, changed].map { try $0.write(to: store, threads: threads).id }
      let recovered = try #require(try store.newest())
      #expect(TestState(recovered) == changed)
      return try ids.map { try Data(contentsOf: URL(fileURLWithPath: folder.file($0))) }
    }
    #expect(files[0][0].count > 1_000_000 && files[0][1].count < 500_000)
    for file in files.dropFirst() { #expect(file == files[0]) }
  }

  @Test func manySections() throws {
    var generator = SeededGenerator(seed: 7)
    try check(TestState((0..<3000).map { ("operator/partition-\($0)/slots", generator.bytes($0 % 40)) }))
  }

  @Test func metadataOfSeveralBlocks() throws {
    var state = TestState([("a", [1])])
    var generator = SeededGenerator(seed: 8)
    state.metadata = generator.bytes(5000)
    try check(state, options: smallBlocks())
  }

  @Test func sectionsAreAlignedAndPadded() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path)
    try TestState([("a", [1, 2, 3]), ("b", [4])]).write(to: store)
    let recovered = try #require(try store.newest())
    for name in recovered.sectionNames {
      let bytes = try unsafe #require(recovered.section(name))
      let base = try unsafe #require(bytes.baseAddress)
      #expect(Int(bitPattern: base) % 64 == 0)
      unsafe #expect(UnsafeRawBufferPointer(start: base + bytes.count, count: 61).allSatisfy { $0 == 0 })
    }
    unsafe #expect(recovered.section("c") == nil)
  }

  @Test(arguments: ["", "/a", "a/", "a//b", "..", "a/../b", ".", "a\nb", "a\\b", String(repeating: "x", count: 513)])
  func badNamesAreRefused(name: String) throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path)
    #expect(snapshotError { try TestState([(name, [1])]).write(to: store) }?.kind == .invalidArgument)
    #expect(folder.ids.isEmpty)
  }

  @Test func duplicateNamesAreRefused() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path)
    let error = snapshotError { try TestState([("a", [1]), ("a", [2])]).write(to: store) }
    #expect(error?.kind == .invalidArgument)
    #expect(error?.description.contains("'a'") == true)
  }

  @Test func createdTimeComesFromMetadataElseFromTheFile() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path)
    let known = try TestState([], metadata: "{\"createdMilliseconds\": 1700000000123}").write(to: store)
    #expect(known.createdMilliseconds == 1_700_000_000_123)
    let unknown = try TestState([], metadata: "not JSON").write(to: store)
    #expect(unknown.createdMilliseconds == CheckpointFolder.modifiedMilliseconds(folder.file(2)))
    #expect(unknown.createdMilliseconds != nil)
  }
}
