import Testing

@testable import Snapshots

@Suite struct DeltaTests {
  @Test func aDeltaHoldsOnlyChangedBlocks() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path, options: smallBlocks())
    var generator = SeededGenerator(seed: 1)
    var state = TestState([("slots", generator.bytes(512 * 40)), ("names", generator.bytes(512 * 10 + 3))])
    let full = try state.write(to: store)
    #expect(full.kind == .full)
    #expect(full.storedRawByteCount == full.rawByteCount)
    state.sections[0].bytes[512 * 7 + 100] ^= 1
    state.sections[1].bytes[512 * 10] ^= 1
    state.metadata = Array("{\"offset\":2}".utf8)
    let delta = try state.write(to: store)
    #expect(delta.kind == .delta)
    #expect(delta.baseID == full.id)
    #expect(delta.chainLength == 1)
    #expect(delta.storedRawByteCount == 512 + 3)
    #expect(delta.byteCount < full.byteCount / 4)
    #expect(TestState(try #require(try store.newest())) == state)
  }

  @Test func nothingChangedIsAnEmptyDelta() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path, options: smallBlocks())
    let state = TestState([("a", [UInt8](repeating: 3, count: 4000)), ("empty", [])])
    try state.write(to: store)
    let delta = try state.write(to: store)
    #expect(delta.kind == .delta)
    #expect(delta.storedRawByteCount == 0)
    #expect(TestState(try #require(try store.newest())) == state)
  }

  @Test func theChainIsFolded() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path, options: smallBlocks(keep: 100, chainLengthMax: 3))
    var generator = SeededGenerator(seed: 2)
    var state = TestState([("a", generator.bytes(512 * 30))])
    var kinds: [CheckpointKind] = []
    for step in 0..<9 {
      state.sections[0].bytes[step * 512] ^= 0xff
      kinds.append(try state.write(to: store).kind)
      #expect(TestState(try #require(try store.newest())) == state)
    }
    #expect(kinds == [.full, .delta, .delta, .delta, .full, .delta, .delta, .delta, .full])
  }

  @Test func chainLengthZeroWritesFullOnesOnly() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path, options: smallBlocks(chainLengthMax: 0))
    let state = TestState([("a", [UInt8](repeating: 3, count: 4000))])
    for _ in 0..<3 { #expect(try state.write(to: store).kind == .full) }
  }

  @Test func moreThanHalfChangedIsWrittenFull() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path, options: smallBlocks())
    var state = TestState([("a", [UInt8](repeating: 3, count: 5120))])
    try state.write(to: store)
    for block in 0..<5 { state.sections[0].bytes[block * 512] += 1 }
    #expect(try state.write(to: store).kind == .delta)
    for block in 0..<6 { state.sections[0].bytes[block * 512] += 1 }
    #expect(try state.write(to: store).kind == .full)
  }

  @Test func aMissingBaseMakesTheNextOneFull() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path, options: smallBlocks())
    let state = TestState([("a", [UInt8](repeating: 3, count: 5120))])
    try state.write(to: store)
    try MachineFileSystem().remove(folder.file(1))
    #expect(try state.write(to: store).kind == .full)
    #expect(TestState(try #require(try store.newest())) == state)
  }

  /// Random histories: sections appear, vanish, grow, shrink, come back; each recovered state is the one written.
  @Test func randomHistories() throws {
    let seed = UInt64.random(in: .min ... .max)
    print("randomHistories seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path, options: smallBlocks(keep: 2, chainLengthMax: 5))
    var state = TestState([("base", generator.bytes(512 * 60))])
    var deltas = 0
    for step in 0..<120 {
      mutate(&state, &generator)
      state.metadata = Array("{\"step\":\(step)}".utf8)
      deltas += try state.write(to: store).kind == .delta ? 1 : 0
      let recovered = try #require(try store.newest())
      #expect(TestState(recovered) == state, "seed \(seed), step \(step)")
      #expect(recovered.warnings.isEmpty)
    }
    #expect(deltas > 30)
  }

  private func mutate(_ state: inout TestState, _ generator: inout SeededGenerator) {
    switch generator.next() % 6 {
    case 0:
      let name = "s\(generator.next() % 8)"
      if !state.sections.contains(where: { $0.name == name }) {
        state.sections.append((name, generator.bytes(Int(generator.next() % 3000))))
      }
    case 1 where state.sections.count > 1:
      state.sections.remove(at: 1 + Int(generator.next() % UInt64(state.sections.count - 1)))
    case 2:
      let at = Int(generator.next() % UInt64(state.sections.count))
      state.sections[at].bytes += generator.bytes(Int(generator.next() % 1500))
    case 3:
      let at = Int(generator.next() % UInt64(state.sections.count))
      state.sections[at].bytes.removeLast(min(state.sections[at].bytes.count, Int(generator.next() % 1500)))
    case 4:
      state.sections.swapAt(0, state.sections.count - 1)
    default:
      for _ in 0..<5 {
        let at = Int(generator.next() % UInt64(state.sections.count))
        let count = state.sections[at].bytes.count
        if count > 0 { state.sections[at].bytes[Int(generator.next() % UInt64(count))] &+= 1 }
      }
    }
  }
}
