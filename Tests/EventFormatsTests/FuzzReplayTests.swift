import EventFormats
import Foundation
import Testing

/// Replays the inputs that fuzzing began with (`tools/fuzzing/Seeds`) and those that once crashed (`Tests/Crashes`)
/// through the fuzz targets' entries: a promise broken traps.
@Suite struct FuzzReplayTests {
  private static let entries: [String: @Sendable (UnsafeRawBufferPointer) -> Void] = [
    "FuzzNDJSON": { fuzzDecoder(.ndjson, $0) },
    "FuzzCSV": { fuzzDecoder(.csv, $0) },
    "FuzzTSV": { fuzzDecoder(.tsv, $0) },
    "FuzzCombined": { fuzzDecoder(.combined, $0) },
    "FuzzCommon": { fuzzDecoder(.common, $0) },
    "FuzzDetector": { fuzzDetector($0) },
    "FuzzTimes": { fuzzTimes($0) },
    "FuzzFields": { fuzzFieldsOption($0) },
    "FuzzZstd": { fuzzInflateZstd($0) },
    "FuzzGzip": { fuzzInflateGzip($0) },
    "FuzzDamagedStream": { fuzzDamagedStream($0) },
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
      // also cut short: what is at the end is most easily got wrong
      for count in Set([bytes.count, bytes.count - 1, bytes.count / 2]) {
        bytes.withUnsafeBytes { entry(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      }
    }
  }

  @Test func everyTargetIsReplayed() {
    let targets = Self.files("tools/fuzzing/Sources").map(\.lastPathComponent)
    #expect(targets.count == Self.entries.count + 2, "a fuzz target without a replay: add it here or in SnapshotsTests")
    #expect(Set(Self.entries.keys).isSubset(of: targets))
    for crash in Self.files("Tests/Crashes") { #expect(targets.contains(crash.lastPathComponent)) }
  }
}
