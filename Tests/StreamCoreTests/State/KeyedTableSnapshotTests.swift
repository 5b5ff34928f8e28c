import Foundation
@testable import StreamCore
import Synchronization
import Testing
import TestSupport

/// What a checkpoint holds is the table as it was at the mark, whatever happens afterwards.
@Suite(.timeLimit(.minutes(10))) struct KeyedTableSnapshotTests {
  /// Every entry by slot: what two tables must agree in.
  private func image<Key: StreamKey, Value>(_ table: borrowing KeyedTable<Key, Value>) -> [String] {
    var rows: [String] = []
    table.visit { slot, key, value in rows.append("\(slot) \(key) \(value)") }
    return rows
  }
  private func mutate<Key: StreamKey, Value>(
    _ table: inout KeyedTable<Key, Value>, _ random: inout SeededRandom, operations: Int, keys: Int,
    key: (Int) -> Key, value: (UInt64) -> Value
  ) {
    let removalShare = random.pick([0, 0.3, 0.9])
    for _ in 0..<operations {
      let k = key(random.below(keys))
      if random.chance(removalShare) {
        table.removeValue(forKey: k)
      } else {
        let v = value(random.next())
        let (slot, _) = table.findOrInsert(k, v)
        table[slot] = v
      }
    }
  }

  /// Runs a table through checkpoints whose writer is a thread of its own, restoring from some of them.
  private func disagreement<Key: StreamKey, Value: Codable & Sendable>(
    _ random: inout SeededRandom, key: (Int) -> Key, value: (UInt64) -> Value
  ) throws -> String? {
    var table = KeyedTable<Key, Value>()
    let keys = random.pick([5, 500, 40_000])
    let operations = random.pick([3, 300, 8000])
    let codec = (keys: StateCodec<Key>.automatic(), values: StateSchema<Value>())
    for round in 0..<random.below(6) {
      mutate(&table, &random, operations: operations, keys: keys, key: key, value: value)
      let snapshot = StateSnapshot(prefix: "op")
      table.snapshot("table", into: snapshot, keys: codec.keys, values: codec.values)
      let marked = image(table)
      let result = Mutex<(checkpoint: MemoryCheckpoint?, error: (any Error)?)>((nil, nil))
      let isNeverWritten = random.one(in: 6)
      let writer =
        isNeverWritten
        ? nil
        : WorkerThread {
          result.withLock { r in
            do { r.checkpoint = try MemoryCheckpoint(snapshot) } catch { r.error = error }
          }
        }
      mutate(&table, &random, operations: operations, keys: keys, key: key, value: value)
      if random.one(in: 5) {
        // torn down while the writer may be at it
        table = KeyedTable()
      }
      writer?.join()
      guard let written = result.withLock({ $0 }).checkpoint else {
        if isNeverWritten { continue }
        return "round \(round): \(String(describing: result.withLock { $0.error }))"
      }
      var restored = KeyedTable<Key, Value>()
      mutate(&restored, &random, operations: 20, keys: keys, key: key, value: value)
      try written.restore { try restored.restore("table", from: $0, keys: codec.keys, values: codec.values) }
      if image(restored) != marked { return "round \(round): \(restored.count) entries restored of \(marked.count)" }
      // and it goes on alike
      var copy = KeyedTable<Key, Value>()
      try written.restore { try copy.restore("table", from: $0, keys: codec.keys, values: codec.values) }
      var (a, b) = (random, random)
      mutate(&restored, &a, operations: operations, keys: keys, key: key, value: value)
      mutate(&copy, &b, operations: operations, keys: keys, key: key, value: value)
      if image(restored) != image(copy) { return "round \(round): two restored tables differ" }
      if random.one(in: 2) { table = restored }
    }
    return nil
  }

  @Test func checkpointsHoldTheStateAtTheMark() throws {
    try forRandomCases("table checkpoints", count: 60) { random in
      switch random.below(4) {
      case 0: return try disagreement(&random, key: { $0 }, value: { $0 })
      case 1: return try disagreement(&random, key: { PairKey(Int16($0 % 300), $0) }, value: { Double($0 % 1000) })
      case 2: return try disagreement(&random, key: { "key \($0)" }, value: { $0 })
      default: return try disagreement(&random, key: { UInt32($0) }, value: { ["\($0 % 10)"] })
      }
    }
  }

  /// Pages that a checkpoint holds belong to nobody else, even if it is never written.
  @Test func abandonedCheckpointsChangeNothing() throws {
    var table = KeyedTable<Int, Int>()
    for i in 0..<30_000 { _ = table.findOrInsert(i, i) }
    var abandoned: [StateSnapshot] = []
    for round in 1...4 {
      let snapshot = StateSnapshot(prefix: "op")
      table.snapshot("table", into: snapshot, keys: .automatic(), values: StateSchema())
      abandoned.append(snapshot)
      for i in 0..<30_000 where i % round == 0 { table[key: i] = i + round }
    }
    // the first one is written last
    for (round, snapshot) in abandoned.enumerated().reversed() {
      var restored = KeyedTable<Int, Int>()
      try MemoryCheckpoint(snapshot).restore {
        try restored.restore("table", from: $0, keys: .automatic(), values: StateSchema())
      }
      var wrong = 0
      for i in 0..<30_000 {
        let expected = round == 0 ? i : i + ((1...round).last { i % $0 == 0 } ?? 0)
        if restored[key: i] != expected { wrong += 1 }
      }
      #expect(wrong == 0, "checkpoint \(round)")
    }
  }

  @Test func onlyPagesWrittenToAreCopied() throws {
    var table = KeyedTable<Int, Int>()
    for i in 0..<100_000 { _ = table.findOrInsert(i, i) }
    let snapshot = StateSnapshot(prefix: "op")
    table.snapshot("table", into: snapshot, keys: .automatic(), values: StateSchema())
    for i in 0..<4096 { table[UInt32(i)] += 1 }
    #expect(table.copiedPageCount == 1)
    _ = try MemoryCheckpoint(snapshot)
    for i in 0..<100_000 { table[UInt32(i)] += 1 }
    #expect(table.copiedPageCount == 1)
  }

  private struct First: Codable, Sendable, Equatable { var count = 1, sum = 2.0 }

  private func written<V: Codable & Sendable>(_ value: V, _ schema: StateSchema<V> = StateSchema()) throws
    -> MemoryCheckpoint
  {
    var table = KeyedTable<Int, V>()
    for i in 0..<10 { _ = table.findOrInsert(i, value) }
    let snapshot = StateSnapshot(prefix: "op")
    table.snapshot("table", into: snapshot, keys: .automatic(), values: schema)
    return try MemoryCheckpoint(snapshot)
  }
  private func read<V: Codable & Sendable>(_ checkpoint: MemoryCheckpoint, _ schema: StateSchema<V>) throws -> V? {
    var table = KeyedTable<Int, V>()
    try checkpoint.restore { try table.restore("table", from: $0, keys: .automatic(), values: schema) }
    #expect(table.count == 10)
    return table[key: 9]
  }

  @Test func changedLayoutsAreRefusedOrMigrated() throws {
    /// Of the same name as the file's, as in a newer build.
    enum SameSize {
      struct First: Codable, Sendable, Equatable { var sum = 2.0, count = 1 }
    }
    enum Longer {
      struct First: Codable, Sendable, Equatable { var count = 1, sum = 2.0, last = 3 }
    }
    let old = try written(First(count: 7, sum: 1.5))
    #expect(try read(old, StateSchema<First>()) == First(count: 7, sum: 1.5))
    for attempt in [
      { try read(old, StateSchema<SameSize.First>()) != nil }, { try read(old, StateSchema<Longer.First>()) != nil },
      { try read(old, StateSchema<String>()) != nil }, { try read(old, StateSchema<[Int]>()) != nil },
    ] {
      #expect { try attempt() } throws: { error in
        guard case StateError.layout("op/table", let found, _) = error else { return false }
        return found.contains("count Int, sum Double")
      }
    }
    let schema = StateSchema<Longer.First> { version, bytes in
      #expect(version == 1)
      let former = try StateCodec<First>.automatic().decoded(bytes)
      return Longer.First(count: former.count, sum: former.sum, last: -1)
    }
    #expect(try read(old, schema) == Longer.First(count: 7, sum: 1.5, last: -1))
  }

  @Test func versionsAreNamed() throws {
    let old = try written(["a"], StateSchema(version: 2))
    #expect(throws: StateError.version("op/table", found: 2, readable: 3)) {
      try read(old, StateSchema<[String]>(version: 3))
    }
    let migrated = StateSchema<[String]>(version: 3) { version, bytes in
      try StateCodec<[String]>.automatic().decoded(bytes) + ["from \(version)"]
    }
    #expect(try read(old, migrated) == ["a", "from 2"])
    let refusing = StateSchema<[String]>(version: 3) { version, _ in
      throw StateError.version("mine", found: version, readable: 3)
    }
    #expect(throws: StateError.version("mine", found: 2, readable: 3)) { try read(old, refusing) }
  }

  @Test func codableFieldsComeAndGo() throws {
    struct Old: Codable, Sendable { var name = "x", gone = 5 }
    struct New: Codable, Sendable, Equatable { var name: String, added: Int? }
    #expect(try read(written(Old()), StateSchema<New>()) == New(name: "x", added: nil))
    struct Strict: Codable, Sendable { var name: String, needed: Int, tags: [String] }
    #expect(throws: DecodingError.self) { try read(written(Old()), StateSchema<Strict>()) }
    // trivial types too, when asked for
    struct Point: Codable, Sendable { var x = 1 }
    struct Point3: Codable, Sendable, Equatable { var x: Int, y: Int? }
    let flexible = try written(Point(), StateSchema(codec: .json()))
    #expect(try read(flexible, StateSchema<Point3>(codec: .json())) == Point3(x: 1, y: nil))
  }

  @Test func damagedSectionsAreRefused() throws {
    try forRandomCases("damaged tables", count: 300) { random in
      let checkpoint = random.one(in: 2) ? try written(3) : try written("text")
      let name = "op/table/" + random.pick(["header", "slots", "entries", "layouts"])
      checkpoint.change(name) { bytes in
        switch random.below(3) {
        case 0: bytes.removeLast(1 + random.below(min(bytes.count, 9)))
        case 1: bytes += [UInt8](repeating: 1, count: 8)
        default: bytes[random.below(min(bytes.count, 40))] ^= UInt8(1 << random.below(8))
        }
      }
      // refused, or a value changed: never a crash
      var numbers = KeyedTable<Int, Int>()
      var texts = KeyedTable<Int, String>()
      try checkpoint.restore { state in
        do {
          try numbers.restore("table", from: state, keys: .automatic(), values: StateSchema())
        } catch is StateError {}
        do { try texts.restore("table", from: state, keys: .automatic(), values: StateSchema()) } catch is StateError {}
      }
      return nil
    }
    var table = KeyedTable<Int, Int>()
    #expect(throws: StateError.missing("op/other/header")) {
      try written(1).restore { try table.restore("other", from: $0, keys: .automatic(), values: StateSchema()) }
    }
    let count = table.count
    #expect(count == 0)
  }

  @Test func valuesThatCannotBeEncodedFailTheCheckpoint() throws {
    struct Stubborn: Codable, Sendable {
      var name = ""
      func encode(to encoder: any Encoder) throws { throw StateError.missing("courage") }
    }
    #expect(throws: StateError.missing("courage")) { try written(Stubborn()) }
  }
}
