import Foundation
import Simulator
import StreamCore
import Synchronization
import Testing
import TestSupport

@Suite struct WriteAheadLogTests {
  private func text(_ log: WriteAheadLog, from index: UInt64) throws -> [String] {
    let reader = try log.reader(from: index)
    var found: [String] = []
    while try reader.read(countMax: 3, { found.append("\($0):" + String(decoding: $1, as: UTF8.self)) }) > 0 {}
    return found
  }

  @Test func givesBackWhatWasAppended() throws {
    try withTestFolder { folder in
      var options = WriteAheadLogOptions()
      options.segmentByteCountMax = 60
      var log = try WriteAheadLog(directory: folder + "/log", options: options)
      #expect(log.recovery.description == "the log in '\(folder)/log' holds records 0..<0")
      #expect(try log.append(["a", "", "ccc"], coding: .utf8) == 0..<3)
      #expect(try log.append(Array("dd".utf8)) == 3)
      #expect(try text(log, from: 0) == ["0:a", "1:", "2:ccc", "3:dd"])
      try log.close()
      #expect(throws: FileError.self) { try log.append([1]) }
      log = try WriteAheadLog(directory: folder + "/log", options: options)
      #expect(log.records == 0..<4)
      try log.append(["e"], coding: .utf8)
      #expect(try text(log, from: 2) == ["2:ccc", "3:dd", "4:e"])
      try log.trim(before: 4)
      #expect(log.records == 3..<5)
      let error = #expect(throws: FileError.self) { try log.reader(from: 1) }
      #expect(
        error?.description == "'\(folder)/log' holds records 3..<5 and cannot be read from record 1; "
          + "the log and the checkpoint do not belong together; put the log back or start over with --fresh")
    }
  }

  @Test func aFolderBelongsToOneLog() throws {
    try withTestFolder { folder in
      let directory = folder + "/log"
      var log: WriteAheadLog? = try WriteAheadLog(directory: directory)
      try log?.append([1])
      let error = #expect(throws: FileError.self) { try WriteAheadLog(directory: directory) }
      #expect(
        error?.description == "'\(directory)' cannot be written to: another writer (process \(getpid())) is using this "
          + "folder; stop the other program, or give this one a folder of its own")
      // the one that was refused has changed nothing
      try log?.append([2])
      try log?.close()
      let next = try WriteAheadLog(directory: directory)
      #expect(next.records == 0..<2)
      log = next
      try next.close()
      log = try WriteAheadLog(directory: directory)
      // one that was not closed, as that of a program that has died
      log = nil
      #expect(try WriteAheadLog(directory: directory).records == 0..<2)
    }
  }

  @Test func aTornTailIsCutOffAndReported() throws {
    let files = SimulatedDisk()
    var log = try WriteAheadLog(directory: "log", files: files)
    try log.append(["one", "two"], coding: .utf8)
    let path = try #require(files.contents.keys.first)
    let whole = try #require(files.contents[path])
    for count in 24..<whole.count {
      files.setContent(path, Array(whole.prefix(count)))
      log = try WriteAheadLog(directory: "log", files: files)
      let records = count < 39 ? 0 : 1
      #expect(log.records == 0..<UInt64(records))
      #expect(log.recovery.cutByteCount == UInt64(count - [24, 39][records]))
      #expect(files.contents[path]?.count == [24, 39][records])
    }
    files.setContent(path, Array(whole.prefix(30)))
    log = try WriteAheadLog(directory: "log", files: files)
    #expect(
      log.recovery.description
        == "the log in 'log' holds records 0..<0; 6 bytes of an unfinished write were cut off")
  }

  @Test func damageIsNamed() throws {
    let files = SimulatedDisk()
    var options = WriteAheadLogOptions()
    options.segmentByteCountMax = 30
    let log = try WriteAheadLog(directory: "log", options: options, files: files)
    for record in ["one", "two", "three"] { try log.append([record], coding: .utf8) }
    let first = try #require(files.contents.keys.sorted().first)
    var bytes = try #require(files.contents[first])
    bytes[bytes.count - 1] ^= 4
    files.setContent(first, bytes)
    let error = #expect(throws: FileError.self) { _ = try text(log, from: 0) }
    #expect(
      error?.description == "'log/records-00000000000000000000.log' is damaged at byte 24 (record 0); "
        + "restore the file from a copy, or start over with --fresh and an empty log")
    #expect(try text(log, from: 2) == ["2:three"])
  }

  @Test func aFullDiskClosesTheLog() throws {
    let files = SimulatedDisk()
    var log = try WriteAheadLog(directory: "log", files: files)
    try log.append(["one"], coding: .utf8)
    files.fillDisk(afterByteCount: 5)
    #expect(throws: (any Error).self) { try log.append(["two"], coding: .utf8) }
    files.freeDisk()
    #expect(throws: (any Error).self) { try log.append(["three"], coding: .utf8) }
    log = try WriteAheadLog(directory: "log", files: files)
    #expect(log.recovery.cutByteCount == 5)
    try log.append(["two"], coding: .utf8)
    #expect(try text(log, from: 0) == ["0:one", "1:two"])
  }

  @Test func tooLongARecordLeavesTheLogAsItWas() throws {
    var options = WriteAheadLogOptions()
    options.recordByteCountMax = 3
    let log = try WriteAheadLog(directory: "log", options: options, files: SimulatedDisk())
    let error = #expect(throws: FileError.self) { try log.append(["one", "four"], coding: .utf8) }
    #expect(error?.problem == "takes records of at most 3 bytes; this one has 4")
    try log.append(["two"], coding: .utf8)
    #expect(try text(log, from: 0) == ["0:two"])
  }

  @Test func acknowledgementsComeInOrder() throws {
    let log = try WriteAheadLog(directory: "log", files: SimulatedDisk())
    let acknowledged = Mutex<[UInt64]>([])
    for i in 0..<50 {
      try log.append(["\(i)"], coding: .utf8) { r in acknowledged.withLock { $0.append((try? r.get()) ?? .max) } }
    }
    try log.close()
    #expect(acknowledged.withLock { $0 } == Array(1...50))
  }

  @Test func threadsShareGroups() throws {
    let files = SimulatedDisk()
    let log = try WriteAheadLog(directory: "log", files: files)
    DispatchQueue.concurrentPerform(iterations: 8) { t in
      for i in 0..<50 { _ = try? log.append(["\(t) \(i)"], coding: .utf8) }
    }
    let found = try text(log, from: 0).map { $0.split(separator: ":")[1] }
    for t in 0..<8 { #expect(found.filter { $0.hasPrefix("\(t) ") } == (0..<50).map { "\(t) \($0)" }) }
  }

  /// Whenever the process dies or the power fails: what was acknowledged is there, once and in order, and nothing that
  /// was not appended.
  @Test func survivesCrashesAnywhere() throws {
    try forRandomCases("log crashes", count: 400) { random in
      let files = SimulatedDisk(SeededRandom(seed: random.next()))
      var options = WriteAheadLogOptions()
      options.segmentByteCountMax = 40 + random.below(200)
      var appended: [String] = []  // as far as the sender knows they might be there
      var acknowledged = 0
      var trimmed: UInt64 = 0
      for _ in 0..<(1 + random.below(4)) {
        files.crash(atCall: 1 + random.below(30))
        do {
          let log = try WriteAheadLog(directory: "log", options: options, files: files)
          if log.records.upperBound < acknowledged { return "\(log.records) of \(acknowledged) acknowledged" }
          appended.removeLast(appended.count - Int(log.records.upperBound))
          let expected = appended.enumerated().dropFirst(Int(log.records.lowerBound)).map {
            "\($0.offset):\($0.element)"
          }
          let found = try text(log, from: log.records.lowerBound)
          if found != expected { return "\(found) instead of \(expected)" }
          if log.records.lowerBound > trimmed { return "records before \(log.records.lowerBound) are gone" }
          acknowledged = appended.count
          for _ in 0..<random.below(20) {
            let records = (0..<random.below(4)).map { _ in
              String(repeating: "x", count: random.below(30)) + "\(random.below(99))"
            }
            appended += records
            let range = try log.append(records, coding: .utf8)
            if range.upperBound != appended.count { return "\(range) after \(appended.count)" }
            acknowledged = appended.count
            if random.one(in: 4) {
              trimmed = max(trimmed, UInt64(random.below(acknowledged + 1)))
              try log.trim(before: trimmed)
            }
          }
        } catch  where files.isProcessDead {}
        files.restart(powerFailed: random.one(in: 2))
      }
      return nil
    }
  }
}

/// A folder of its own, gone afterwards.
func withTestFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = NSTemporaryDirectory() + "thalweg-" + UUID().uuidString
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}
