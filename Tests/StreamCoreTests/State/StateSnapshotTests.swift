import FlatMemory
@testable import StreamCore
import Synchronization
import Testing

@Suite struct StateSnapshotTests {
  /// Sections lie one behind the other in one run of memory that grows while they are written.
  @Test func sectionsComeBackInOrderHoweverTheMemoryGrew() throws {
    let snapshot = StateSnapshot(prefix: "op")
    for round in 1...3 {
      snapshot.reset()
      var expected: [String: [UInt8]] = [:]
      for i in 0..<20 {
        let bytes = [UInt8](repeating: UInt8(i * round), count: i * i * 97 * round)
        expected["op/section \(i)"] = bytes
        if i % 5 == 4 {
          snapshot.addDeferred("section \(i)", byteCount: bytes.count) { $0.copyBytes(from: bytes) }
        } else if i % 2 == 0 {
          bytes.withUnsafeBytes { snapshot.add("section \(i)", $0) }
        } else {
          snapshot.add("section \(i)") { out in
            for b in bytes {
              out.reserve(1)
              out.byte(b)
            }
          }
        }
      }
      try snapshot.complete()
      let finished = snapshot.finished
      #expect(finished.map(\.name) == (0..<20).map { "op/section \($0)" })
      for section in finished {
        #expect(Array(section.bytes) == expected[section.name])
        #expect(Int(bitPattern: section.bytes.baseAddress) % 16 == 0)
      }
    }
  }

  /// What was touched once need not be touched again; what the state outgrew has to.
  @Test func memoryIsReadiedForWhatTheStateWillTake() {
    let snapshot = StateSnapshot(prefix: "op")
    #expect(snapshot.untouchedByteCount == 0)
    snapshot.expectedByteCount.store(1_000_000, ordering: .relaxed)
    #expect(snapshot.untouchedByteCount == 1_000_000)
    snapshot.prepare()
    #expect(snapshot.untouchedByteCount == 0)
    snapshot.expectedByteCount.store(1_200_000, ordering: .relaxed)
    #expect(snapshot.untouchedByteCount == 75_000)
    let bytes = [UInt8](repeating: 7, count: 1_200_000)
    snapshot.reset()
    bytes.withUnsafeBytes { snapshot.add("all", $0) }
    #expect(snapshot.untouchedByteCount == 0)
    snapshot.prepare()
    bytes.withUnsafeBytes { snapshot.add("all", $0) }
    #expect(Array(snapshot.finished[0].bytes) == bytes)
  }
}
