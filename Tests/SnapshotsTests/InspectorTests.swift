import Foundation
import Testing

@testable import Snapshots

@Suite struct InspectorTests {
  /// A full checkpoint 1, deltas 2 and 3, and a damaged full one 4.
  private func library() throws -> (TemporaryFolder, TestState) {
    let folder = try TemporaryFolder()
    let options = smallBlocks(keep: 10)
    var state = TestState([
      ("sessions/partition-00/slots", [UInt8](repeating: 7, count: 5000)), ("sessions/names", Array("abc".utf8)),
    ])
    do {
      let store = try CheckpointStore(directory: folder.path, options: options)
      for step in 0..<3 {
        state.metadata = Array("{\"createdMilliseconds\":\(1_700_000_000_000 + step),\"job\":\"clicks\"}".utf8)
        state.sections[0].bytes[step] = 1
        try state.write(to: store)
      }
    }
    let good = state
    state.sections[0].bytes[0] = 99
    try state.write(to: try CheckpointStore(directory: folder.path, options: options))
    var bytes = try readBytes(folder.file(4))
    bytes[SnapshotHeader.byteCount + 8] ^= 1
    try writeBytes(bytes, to: folder.file(4))
    return (folder, good)
  }

  @Test func listShowsEveryFile() throws {
    let (folder, _) = try library()
    try writeBytes([1, 2, 3], to: folder.file(5))
    let entries = try CheckpointInspector.list(directory: folder.path)
    #expect(entries.map(\.id) == [1, 2, 3, 4, 5])
    #expect(entries.map { $0.info?.kind } == [.full, .delta, .delta, .full, nil])
    #expect(entries[1].info?.createdMilliseconds == 1_700_000_000_001)
    #expect(entries[4].error?.kind == .malformed)
    let lines = CheckpointInspector.renderList(entries).split(separator: "\n")
    #expect(lines.count == 7)
    #expect(lines[0] == "id  kind     created                    state  stored   file  sections  builds on")
    #expect(lines[2].hasPrefix(" 2  delta    2023-11-14T22:13:20.001Z  5.0 kB   512 B  "))
    #expect(lines[2].hasSuffix("         2          1"))
    #expect(lines[5] == " 5  damaged")
    #expect(lines[6].hasPrefix("damaged: \(folder.file(5)): at byte 3: 3 bytes are too few"))
  }

  @Test func listOfAnEmptyOrMissingFolder() throws {
    let folder = try TemporaryFolder()
    #expect(CheckpointInspector.renderList(try CheckpointInspector.list(directory: folder.path)) == "no checkpoints\n")
    let error = snapshotError { _ = try CheckpointInspector.list(directory: folder.path + "/none") }
    #expect(error?.kind == .inputOutput(2))
  }

  @Test func showTellsSectionsAndChain() throws {
    let (folder, _) = try library()
    let details = try CheckpointInspector.show(directory: folder.path, id: 3)
    #expect(details.chain == [3, 2, 1])
    #expect(details.chainError == nil)
    #expect(details.sections.map(\.name) == ["sessions/partition-00/slots", "sessions/names"])
    #expect(details.sections.map(\.rawByteCount) == [5000, 3])
    #expect(details.sections.map(\.storedRawByteCount) == [512, 0])
    let text = CheckpointInspector.render(details)
    #expect(text.contains("delta 2 on checkpoint 2"))
    #expect(text.contains("3 on 2 on 1"))
    #expect(text.contains("\"job\" : \"clicks\""))
    #expect(text.contains("  sessions/partition-00/slots  5.0 kB   512 B"))
  }

  @Test func showTellsABrokenChain() throws {
    let (folder, _) = try library()
    try MachineFileSystem().remove(folder.file(1))
    let details = try CheckpointInspector.show(directory: folder.path, id: 3)
    #expect(details.chain == [3, 2])
    #expect(details.chainError?.kind == .unusableBase)
    #expect(CheckpointInspector.render(details).contains("chain broken"))
  }

  @Test func verifyTellsTheDamagedOne() throws {
    let (folder, _) = try library()
    let results = try CheckpointInspector.verify(directory: folder.path)
    #expect(results.map(\.isUsable) == [true, true, true, false])
    let text = CheckpointInspector.render(results)
    #expect(text.contains("checkpoint 3: good\n"))
    #expect(text.contains("checkpoint 4: NOT USABLE: \(folder.file(4)): at byte "))
    #expect(text.hasSuffix("1 of 4 are not usable\nthe newest usable one is checkpoint 3\n"))
  }

  @Test func anUnknownIDIsNamedWithThoseThere() throws {
    let (folder, _) = try library()
    let error = snapshotError { _ = try CheckpointInspector.show(directory: folder.path, id: 77) }
    #expect(error?.kind == .notFound)
    #expect(error?.description.hasSuffix("there is no checkpoint 77; name one that is there: 1, 2, 3, 4") == true)
  }

  @Test func exportWritesPlainFiles() throws {
    let (folder, state) = try library()
    let target = folder.path + "/out/three"
    let export = try CheckpointInspector.export(directory: folder.path, id: 3, to: target)
    #expect(try readBytes(target + "/metadata.json") == state.metadata)
    for section in state.sections {
      #expect(try readBytes("\(target)/sections/\(section.name).bin") == section.bytes)
    }
    #expect(export.files.count == 3)
    #expect(export.byteCount == state.metadata.count + 5003)
    #expect(CheckpointInspector.render(export).hasSuffix("checkpoint 3: 3 files, 5.1 kB\n"))
    // never over something else
    let again = snapshotError { _ = try CheckpointInspector.export(directory: folder.path, id: 3, to: target) }
    #expect(again?.kind == .invalidArgument)
    let damaged = snapshotError { _ = try CheckpointInspector.export(directory: folder.path, id: 4, to: target + "4") }
    #expect(damaged?.kind == .malformed)
    #expect(!FileManager.default.fileExists(atPath: target + "4"))
  }

  @Test func exportOfNamesThatCollideRemovesWhatItWrote() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path)
    try TestState([("a", [1]), ("a.bin/b", [2])]).write(to: store)
    let target = folder.path + "/out"
    #expect(snapshotError { _ = try CheckpointInspector.export(directory: folder.path, id: 1, to: target) } != nil)
    #expect(!FileManager.default.fileExists(atPath: target + "/metadata.json"))
    #expect(!FileManager.default.fileExists(atPath: target + "/sections/a.bin"))
  }

  @Test func inspectionNeedsNoLock() throws {
    let folder = try TemporaryFolder()
    let store = try CheckpointStore(directory: folder.path)
    try TestState([("a", [1])]).write(to: store)
    let first = try unsafe CheckpointInspector.read(directory: folder.path, id: 1).withSection("a") { unsafe $0?.first }
    #expect(first == 1)
    // the reader keeps the checkpoint it came from
    var reader = try #require(try CheckpointInspector.read(directory: folder.path, id: 1).reader("a"))
    let byte = try reader.integer(UInt8.self)
    #expect(byte == 1)
    #expect(try CheckpointInspector.newestID(directory: folder.path) == 1)
  }

  @Test func byteCountsAndTimes() {
    let counts = [0, 999, 1000, 1234, 999_949, 999_950, 61_200_000, 5_000_000_000, 3_000_000_000_000_000]
    #expect(
      counts.map(CheckpointInspector.renderByteCount)
        == ["0 B", "999 B", "1.0 kB", "1.2 kB", "999.9 kB", "1.0 MB", "61.2 MB", "5.0 GB", "3000.0 TB"])
    #expect(CheckpointInspector.renderTime(0) == "1970-01-01T00:00:00.000Z")
    #expect(CheckpointInspector.renderTime(-1) == "1969-12-31T23:59:59.999Z")
    #expect(CheckpointInspector.renderTime(1_700_000_000_001) == "2023-11-14T22:13:20.001Z")
    #expect(CheckpointInspector.renderTime(nil) == "-")
    #expect(CheckpointInspector.renderTime(.max) == "-")
    #expect(CheckpointInspector.renderHexadecimal(255) == "00000000000000ff")
  }
}
