import Foundation
import Snapshots
import Testing

/// Replays the inputs that fuzzing began with (`tools/fuzzing/Seeds`) and those that once crashed (`Tests/Crashes`)
/// through the fuzz targets' entries: a promise broken traps.
@Suite struct FuzzReplayTests {
  private static let entries: [String: @Sendable (UnsafeRawBufferPointer) -> Void] = [
    "FuzzSnapshot": { fuzzSnapshotReader($0) },
    "FuzzCheckpointChain": { fuzzCheckpointChain($0) },
  ]

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func files(_ folder: String) -> [URL] {
    (try? FileManager.default.contentsOfDirectory(
      at: root.appending(path: folder), includingPropertiesForKeys: nil)) ?? []
  }

  @Test(arguments: entries.keys.sorted())
  func replays(target: String) throws {
    let entry = try #require(Self.entries[target])
    let seeds = Self.files("tools/fuzzing/Seeds/\(target)")
    #expect(!seeds.isEmpty)
    for file in seeds + Self.files("Tests/Crashes/\(target)") {
      let bytes = [UInt8](try Data(contentsOf: file))
      #expect(!bytes.isEmpty, "\(file.path) is empty")
      for count in Set([bytes.count, bytes.count - 1, bytes.count / 2]) {
        bytes.withUnsafeBytes { entry(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      }
    }
  }

  /// Random tapes make checkpoints of every kind: honest chains must come back exactly.
  @Test func randomChains() {
    let seed = UInt64.random(in: .min ... .max)
    print("randomChains seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    var tapes = 0
    for _ in 0..<500 {
      // bytes above 247 are lies: most tapes have none
      let top: UInt8 = generator.next() % 4 == 0 ? 255 : 247
      let tape = (0..<400).map { _ in UInt8.random(in: 0...top, using: &generator) }
      tape.withUnsafeBytes { fuzzCheckpointChain($0) }
      tapes += 1
    }
    #expect(tapes == 500)
  }
}
