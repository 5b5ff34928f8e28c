import Foundation
import Testing

@testable import Snapshots

@Suite struct DamageTests {
  /// A store with three chains, what each checkpoint holds, and the chain each is part of.
  private final class Library {
    let folder: TemporaryFolder
    let options = smallBlocks(keep: 100, chainLengthMax: 3)
    var states: [UInt64: TestState] = [:]
    var bases: [UInt64: UInt64] = [:]

    init(_ generator: inout SeededGenerator) throws {
      folder = try TemporaryFolder()
      let store = try CheckpointStore(directory: folder.path, options: options)
      var state = TestState([
        ("slots", generator.bytes(512 * 12 + 17)), ("names", generator.bytes(700)), ("empty", []),
      ])
      for step in 0..<11 {
        state.metadata = Array("{\"step\":\(step)}".utf8)
        for _ in 0..<3 { state.sections[0].bytes[Int(generator.next() % 6000)] &+= 1 }
        let info = try state.write(to: store)
        states[info.id] = state
        bases[info.id] = info.baseID
      }
    }

    func chain(_ id: UInt64) -> [UInt64] { [id] + (bases[id].map(chain) ?? []) }

    /// The newest checkpoint that does not depend on a file.
    func newest(without damaged: UInt64) -> UInt64? {
      states.keys.sorted().last { !chain($0).contains(damaged) }
    }

    /// Opens the folder as a job would after a crash.
    func recover() throws -> RecoveredCheckpoint? {
      try CheckpointStore(directory: folder.path, options: options).newest()
    }
  }

  private enum Damage: CaseIterable { case flip, truncate, append, overwrite }

  private func damaged(_ original: [UInt8], _ kind: Damage, _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    let at = Int(generator.next() % UInt64(bytes.count))
    switch kind {
    case .flip: bytes[at] ^= 1 << UInt8(generator.next() % 8)
    case .truncate: bytes.removeLast(bytes.count - at)
    case .append: bytes += generator.bytes(1 + Int(generator.next() % 100))
    case .overwrite:
      for i in at..<min(bytes.count, at + 1 + Int(generator.next() % 40)) { bytes[i] = ~bytes[i] }
    }
    return bytes
  }

  @Test func everyDamageIsDetectedAndAnEarlierCheckpointComesBack() throws {
    let seed = UInt64.random(in: .min ... .max)
    print("everyDamageIsDetected seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    let library = try Library(&generator)
    let ids = library.states.keys.sorted()
    #expect(library.bases.count >= 6)
    var fallbacks = 0
    for trial in 0..<1400 {
      let id = ids[Int(generator.next() % UInt64(ids.count))]
      // 1,000 single-bit flips and truncations, then the others
      let kind: Damage = trial < 700 ? .flip : trial < 1000 ? .truncate : trial < 1200 ? .append : .overwrite
      let path = library.folder.file(id)
      let original = try readBytes(path)
      try writeBytes(damaged(original, kind, &generator), to: path)
      let context: Comment = "seed \(seed), trial \(trial): \(kind) in checkpoint \(id)"
      let expected = try #require(library.newest(without: id))
      let recovered = try #require(try library.recover(), context)
      #expect(recovered.id == expected, context)
      #expect(TestState(recovered) == library.states[expected], context)
      #expect(recovered.warnings.count == ids.filter { $0 > expected }.count, context)
      if expected < ids.last! {
        fallbacks += 1
        #expect(recovered.warnings.last?.contains(CheckpointFolder.fileName(of: id)) == true, context)
      }
      let verified = try CheckpointInspector.verify(directory: library.folder.path, id: id)
      #expect(verified.count == 1 && !verified[0].isUsable, context)
      #expect(verified[0].error?.path == path, context)
      try writeBytes(original, to: path)
    }
    #expect(fallbacks > 100)
    #expect(try library.recover()?.id == ids.last)
  }

  @Test func aDamagedBaseTakesItsChainWithIt() throws {
    var generator = SeededGenerator(seed: 3)
    let library = try Library(&generator)
    // chains 1–4, 5–8, 9–11: without 9, neither 10 nor 11
    var bytes = try readBytes(library.folder.file(9))
    bytes[70] ^= 1
    try writeBytes(bytes, to: library.folder.file(9))
    let recovered = try #require(try library.recover())
    #expect(recovered.id == 8)
    #expect(recovered.warnings.count == 3)
    #expect(recovered.warnings[0].contains("checkpoint 11"))
    #expect(recovered.warnings[0].contains("builds on checkpoint 9, which is not usable"))
    #expect(recovered.warnings[2].contains("checksum over the whole file"))
    let results = try CheckpointInspector.verify(directory: library.folder.path)
    #expect(results.filter { !$0.isUsable }.map(\.id) == [9, 10, 11])
  }

  @Test func aMissingBaseTakesItsChainWithIt() throws {
    var generator = SeededGenerator(seed: 4)
    let library = try Library(&generator)
    try MachineFileSystem().remove(library.folder.file(9))
    let recovered = try #require(try library.recover())
    #expect(recovered.id == 8)
    #expect(TestState(recovered) == library.states[8])
    #expect(recovered.warnings.count == 2)
  }

  @Test func aForeignBaseIsNotTaken() throws {
    var generator = SeededGenerator(seed: 5)
    let library = try Library(&generator)
    var other = SeededGenerator(seed: 6)
    let stranger = try Library(&other)
    try writeBytes(try readBytes(stranger.folder.file(9)), to: library.folder.file(9))
    let recovered = try #require(try library.recover())
    // 9 itself is sound and whole; what was built on another 9 is not usable
    #expect(recovered.id == 9)
    #expect(TestState(recovered) == stranger.states[9])
    #expect(recovered.warnings[1].contains("another file than the one it was written on"))
  }

  @Test func aRenamedFileIsNotTaken() throws {
    var generator = SeededGenerator(seed: 7)
    let library = try Library(&generator)
    try MachineFileSystem().rename(library.folder.file(1), to: library.folder.file(99))
    let recovered = try #require(try library.recover())
    #expect(recovered.id == 11)
    #expect(recovered.warnings.count == 1)
    #expect(recovered.warnings[0].contains("the file holds checkpoint 1: it was renamed"))
  }

  @Test func nothingGoodLeftIsAnErrorAndNotAFreshStart() throws {
    let folder = try TemporaryFolder()
    try TestState([("a", [1])]).write(to: try CheckpointStore(directory: folder.path))
    try writeBytes(Array("garbage".utf8), to: folder.file(1))
    let store = try CheckpointStore(directory: folder.path)
    let error = snapshotError { _ = try store.newest() }
    #expect(error?.kind == .malformed)
    #expect(error?.description.contains(folder.file(1)) == true)
  }

  @Test func aNewerFormatIsRefusedByName() throws {
    let folder = try TemporaryFolder()
    try TestState([("a", [1])]).write(to: try CheckpointStore(directory: folder.path))
    var bytes = try readBytes(folder.file(1))
    bytes[8] = 2
    try writeBytes(withSoundChecksums(bytes), to: folder.file(1))
    let store = try CheckpointStore(directory: folder.path)
    let error = snapshotError { _ = try store.newest() }
    #expect(error?.kind == .unsupportedVersion(2))
    #expect(error?.description.contains("format version 2") == true)
  }

  @Test func damageWhileRunningMakesTheNextOneFull() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path, options: smallBlocks())
    let state = TestState([("a", [UInt8](repeating: 9, count: 4000))])
    for _ in 0..<2 { try state.write(to: store) }
    var bytes = try readBytes(folder.file(2))
    bytes[bytes.count / 2] ^= 1
    try writeBytes(bytes, to: folder.file(2))
    #expect(try store.newest()?.id == 1)
    #expect(try state.write(to: store).kind == .full)
    #expect(try store.newest()?.id == 3)
  }
}
