import Foundation
import StreamCore
import Testing
import TestSupport

/// A program that writes a log file and rotates it; every change has its own time.
private final class LogWriter {
  let path: String
  private var second = 1_000_000.0
  private var rotations = 0
  /// What a reader must see: lines that a rotation cut off get their end.
  private(set) var whole = ""
  init(_ folder: String) { path = folder + "/app.log" }

  func append(_ text: String) throws {
    if !FileManager.default.fileExists(atPath: path) { try put("", path) }
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: Data(text.utf8))
    try file.close()
    try touch(path)
    whole += text
  }
  private func touch(_ path: String) throws {
    second += 1
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: second)], ofItemAtPath: path)
  }
  private func endLine() { if !whole.isEmpty, !whole.hasSuffix("\n") { whole += "\n" } }
  private var nextName: String {
    rotations += 1
    return path + ".\(rotations)"
  }
  func rename() throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    try FileManager.default.moveItem(atPath: path, toPath: nextName)
    endLine()
  }
  func copyTruncate() throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    let copy = nextName
    try FileManager.default.copyItem(atPath: path, toPath: copy)
    try touch(copy)
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.truncate(atOffset: 0)
    try file.close()
    try touch(path)
    endLine()
  }
}

@Suite struct GrowingFileSourceTests {
  private func source(_ writer: LogWriter, startsAtEnd: Bool = false) -> GrowingFileSource {
    var o = GrowingFileOptions()
    (o.startsAtEnd, o.rotationGraceMilliseconds) = (startsAtEnd, 0)
    return GrowingFileSource(writer.path, options: o, clock: ManualClock())
  }

  @Test func onlyWholeLines() throws {
    try withTestFolder { folder in
      let writer = LogWriter(folder)
      let source = source(writer)
      #expect(try readText(source) == "")
      try writer.append("one\ntw")
      #expect(try readText(source) == "one\n")
      #expect(try readText(source) == "")
      try writer.append("o\nthree")
      #expect(try readText(source) == "two\n")
      source.stopFollowing()
      #expect(try readText(source) == "three\n")
      #expect(source.isExhausted)
    }
  }

  @Test func startsAtTheEndWhenAsked() throws {
    try withTestFolder { folder in
      let writer = LogWriter(folder)
      try writer.append("old\n")
      let source = source(writer, startsAtEnd: true)
      #expect(try readText(source) == "")
      try writer.append("new\n")
      try writer.rename()
      try writer.append("newer\n")
      #expect(try readText(source) == "new\nnewer\n")
    }
  }

  @Test func aLineLongerThanAllBuffers() throws {
    try withTestFolder { folder in
      let writer = LogWriter(folder)
      let source = source(writer)
      let long = String(repeating: "x", count: 700_000)
      try writer.append(long)
      #expect(try readText(source) == "")
      try writer.append("\n")
      #expect(try readText(source) == long + "\n")
    }
  }

  @Test func followsRotationByRename() throws {
    try withTestFolder { folder in
      let writer = LogWriter(folder)
      var o = GrowingFileOptions()
      o.rotationGraceMilliseconds = 500
      let clock = ManualClock()
      let source = GrowingFileSource(writer.path, options: o, clock: clock)
      try writer.append("a\nb")
      #expect(try readText(source) == "a\n")
      try writer.rename()
      #expect(try readText(source) == "")
      try writer.append("c\n")
      // the writer may still add to the old file
      #expect(try readText(source) == "")
      clock.advance(milliseconds: 499)
      let old = try #require(FileHandle(forWritingAtPath: writer.path + ".1"))
      try old.seekToEnd()
      try old.write(contentsOf: Data("B\n".utf8))
      #expect(try readText(source) == "bB\n")
      clock.advance(milliseconds: 499)
      #expect(try readText(source) == "")
      clock.advance(milliseconds: 1)
      #expect(try readText(source) == "c\n")
    }
  }

  @Test func followsCopyTruncate() throws {
    try withTestFolder { folder in
      let writer = LogWriter(folder)
      let source = source(writer)
      try writer.append("a\nbb")
      #expect(try readText(source) == "a\n")
      try writer.copyTruncate()
      try writer.append("c\n")
      #expect(try readText(source) == "bb\nc\n")
      // grown beyond where it was, with other bytes
      try writer.copyTruncate()
      try writer.append("longer than before\n")
      #expect(try readText(source) == "longer than before\n")
    }
  }

  @Test func aFileThatIsGoneIsNamed() throws {
    try withTestFolder { folder in
      let writer = LogWriter(folder)
      let first = source(writer)
      try writer.append("one\ntwo\n")
      _ = try readBytes(first, countMax: 4, readsMax: 1)
      let detail = first.detail(at: 4)
      try FileManager.default.removeItem(atPath: writer.path)
      let error = #expect(throws: SourceError.self) { try source(writer).seek(to: 4, detail: detail) }
      #expect(
        error?.description == "the source '\(writer.path)' was read up to byte 4 of a file that is neither there nor "
          + "beside it under another name (\(writer.path).*, not compressed); "
          + "put the file back, or start over with --fresh")
    }
  }

  /// Whatever is appended and rotated, wherever it is stopped and from wherever it goes on: the same bytes.
  @Test func linesDoNotDependOnReadsRotationsAndRestarts() throws {
    try forRandomCases("growing file", count: 60) { random in
      try withTestFolder { folder in
        let writer = LogWriter(folder)
        var source = source(writer)
        // a file that was rotated before the source saw it is not looked for
        try writer.append("first\n")
        var found = try readBytes(source, countMax: 1, readsMax: 1)
        var committed = 0
        // a log is rotated in one way or the other
        let isCopied = random.one(in: 3)
        for step in 0..<40 {
          switch random.below(10) {
          case 0 where !isCopied: try writer.rename()
          case 0, 1:
            if !isCopied { continue }
            // what is truncated before it was seen is lost, whoever reads
            found += try readBytes(source)
            try writer.copyTruncate()
            found += try readBytes(source)
          case 2, 3:
            let back = committed + random.below(found.count - committed + 1)
            let detail = source.detail(at: UInt64(back))
            let before = found
            if random.one(in: 3), !isCopied { try writer.rename() }
            source = self.source(writer)
            try source.seek(to: UInt64(back), detail: detail)
            (committed, found) = (back, Array(found[..<back]))
            while found.count < before.count {
              let more = try readBytes(
                source, countMax: min(1 + random.below(30), before.count - found.count), readsMax: 1)
              if more.isEmpty { return "step \(step): stopped at \(found.count) of \(before.count)" }
              found += more
            }
            if found != before { return "step \(step): went on from \(back) with other bytes" }
          case 4:
            committed += random.below(found.count - committed + 1)
            source.wasCommitted(offset: UInt64(committed))
          case 5, 6: found += try readBytes(source, countMax: 1 + random.below(30), readsMax: random.below(5))
          default:
            try writer.append(random.pick(["\(step) line\n", "\(step) part ", "\(step) a\n\(step) b\n", "\n"]))
          }
        }
        source.stopFollowing()
        while !source.isExhausted { found += try readBytes(source) }
        var wanted = writer.whole
        if !wanted.isEmpty, !wanted.hasSuffix("\n") { wanted += "\n" }
        let text = String(decoding: found, as: UTF8.self)
        return text == wanted ? nil : "\(text.debugDescription) instead of \(wanted.debugDescription)"
      }
    }
  }
}
