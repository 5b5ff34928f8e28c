import Foundation
import StreamCore
import Testing
import TestSupport

/// Reads what a source has now.
func readBytes(_ source: any ByteSource, countMax: Int = 1 << 16, readsMax: Int = .max) throws -> [UInt8] {
  var all: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: countMax)
  var reads = 0
  while reads < readsMax {
    reads += 1
    let n = try buffer.withUnsafeMutableBytes { try source.read(into: $0.baseAddress!, count: countMax) }
    if n == 0 { break }
    all += buffer[..<n]
  }
  return all
}
func readText(_ source: any ByteSource) throws -> String { String(decoding: try readBytes(source), as: UTF8.self) }

/// Writes a file whole, changed at the given second.
func put(_ text: String, _ path: String, second: Double? = nil) throws {
  try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  if let second {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: second)], ofItemAtPath: path)
  }
}

@Suite struct FolderSourceTests {
  private func options(_ change: (inout FolderOptions) -> Void = { _ in }) -> FolderOptions {
    var o = FolderOptions()
    o.pollIntervalMilliseconds = 0
    change(&o)
    return o
  }

  @Test func aBoundedRunReadsTheFilesThatAreThere() throws {
    try withTestFolder { folder in
      for name in ["a", "b", "c"] { try put(name + "\n", folder + "/" + name, second: 100) }
      let source = FolderSource(folder, options: options { $0.filesPerPollMax = 2 }, clock: ManualClock())
      source.prepare(for: .availableNow)
      #expect(try readText(source) == "a\nb\n")
      try put("d\n", folder + "/d", second: 100)
      #expect(try readText(source) == "c\n")
      #expect(try readText(source) == "")
      source.prepare(for: .asFastAsPossible)
      #expect(try readText(source) == "d\n")
    }
  }
  @Test func filesComeByTimeThenName() throws {
    try withTestFolder { folder in
      try put("c\n", folder + "/c", second: 100)
      try put("b1\nb2", folder + "/b", second: 200)
      try put("a\n", folder + "/a", second: 200)
      for name in [".hidden", "_ignored", "x.tmp", "x.partial"] { try put("no\n", folder + "/" + name) }
      try FileManager.default.createDirectory(atPath: folder + "/folder", withIntermediateDirectories: false)
      let source = FolderSource(folder, options: options())
      #expect(try readText(source) == "c\na\nb1\nb2\n")
      #expect(!source.isExhausted)
      #expect(try readText(source) == "")
      try put("d\n", folder + "/d.partial", second: 50)
      #expect(try readText(source) == "")
      try FileManager.default.moveItem(atPath: folder + "/d.partial", toPath: folder + "/d")
      #expect(try readText(source) == "d\n")
      #expect(source.statistics == FolderStatistics(filesRead: 4))
    }
  }

  @Test func onlyWhatIsAskedFor() throws {
    try withTestFolder { folder in
      try put("old\n", folder + "/old.log")
      let source = FolderSource(
        folder,
        options: options {
          $0.newFilesOnly = true
          $0.pattern = "*.log"
          $0.isIncluded = { !$0.hasPrefix("x") }
        })
      #expect(try readText(source) == "")
      try put("new\n", folder + "/new.log")
      try put("no\n", folder + "/new.txt")
      try put("no\n", folder + "/x.log")
      #expect(try readText(source) == "new\n")
    }
  }

  @Test func soManyFilesAPoll() throws {
    try withTestFolder { folder in
      for i in 0..<5 { try put("\(i)\n", folder + "/\(i)", second: 100) }
      let source = FolderSource(folder, options: options { $0.filesPerPollMax = 2 })
      #expect(try (0..<4).map { _ in try readText(source) } == ["0\n1\n", "2\n3\n", "4\n", ""])
    }
  }

  @Test func theFolderIsLookedThroughAtMostSoOften() throws {
    try withTestFolder { folder in
      let clock = ManualClock()
      let source = FolderSource(folder, options: options { $0.pollIntervalMilliseconds = 100 }, clock: clock)
      #expect(try readText(source) == "")
      try put("a\n", folder + "/a")
      clock.advance(milliseconds: 99)
      #expect(try readText(source) == "")
      clock.advance(milliseconds: 1)
      #expect(try readText(source) == "a\n")
    }
  }

  @Test func endsWhenAllIsRead() throws {
    try withTestFolder { folder in
      try put("a\n", folder + "/a")
      let source = FolderSource(folder, options: options { $0.endsWhenRead = true })
      #expect(!source.isExhausted)
      #expect(try readText(source) == "a\n")
      #expect(source.isExhausted)
    }
  }

  /// What a checkpoint keeps does not grow with the number of files.
  @Test func forgetsOldFiles() throws {
    try withTestFolder { folder in
      let source = FolderSource(folder, options: options { $0.fileAgeMillisecondsMax = 10_000 })
      var (offset, longest) = (0, 0)
      for i in 0..<60 {
        try put("\(i)\n", folder + "/\(i)", second: Double(1000 + i))
        offset += try readBytes(source).count
        _ = try readBytes(source)
        source.wasCommitted(offset: UInt64(offset))
        longest = max(longest, source.detail(at: UInt64(offset)).utf8.count)
      }
      #expect(source.statistics.filesRead == 60)
      #expect(longest < 600)
      try put("late\n", folder + "/late", second: 1000)
      try put("changed\n", folder + "/59", second: 1100)
      #expect(try readText(source) == "")
      #expect(source.statistics == FolderStatistics(filesRead: 60, filesTooOld: 1, filesChanged: 1))
    }
  }

  @Test func aMissingFolderOrFileIsNamed() throws {
    try withTestFolder { folder in
      var error: (any Error)? = #expect(throws: FileError.self) { try readText(FolderSource(folder + "/none")) }
      #expect(
        "\(error!)" == "'\(folder)/none' cannot be read as a folder: No such file or directory; check the path")
      try put("abc\n", folder + "/a")
      let first = FolderSource(folder, options: options())
      _ = try readBytes(first, countMax: 2, readsMax: 1)
      let detail = first.detail(at: 2)
      try put("a", folder + "/a")
      let second = FolderSource(folder, options: options())
      try second.seek(to: 2, detail: detail)
      error = #expect(throws: SourceError.self) { try readText(second) }
      #expect(
        "\(error!)" == "the source '\(folder)' no longer has the file 'a' as it was read before the checkpoint; "
          + "put the file back as it was, or start over with --fresh")
      error = #expect(throws: SourceError.self) { try second.seek(to: 2, detail: "x") }
      #expect("\(error!)".contains("was to go on at byte 2 with a position it cannot read"))
    }
  }

  /// Stopped anywhere and gone on with from any offset that no checkpoint has passed: what had been read comes again as
  /// it was, and in the end every file was read once.
  @Test func goesOnFromAnyOffset() throws {
    try forRandomCases("folder restarts", count: 20) { random in
      try withTestFolder { folder in
        let o = options {
          $0.filesPerPollMax = 1 + random.below(4)
          if random.one(in: 2) { $0.fileAgeMillisecondsMax = 100_000 }
        }
        var source = FolderSource(folder, options: o)
        var (found, texts) = ([UInt8](), [String: String]())
        var committed = 0
        for step in 0..<25 {
          if random.one(in: 2) {
            let text = (0..<random.below(6)).map { "\(step) \($0)\n" }.joined()
            let name = "\(random.below(1000))-\(step)"
            texts[name] = random.one(in: 3) ? text + "no end" : text
            try put(texts[name]!, folder + "/" + name, second: Double(1000 + random.below(50)))
          }
          found += try readBytes(source, countMax: 1 + random.below(20), readsMax: random.below(6))
          if random.one(in: 4) {
            committed += random.below(found.count - committed + 1)
            source.wasCommitted(offset: UInt64(committed))
          }
          if random.one(in: 4) {
            let back = committed + random.below(found.count - committed + 1)
            let detail = source.detail(at: UInt64(back))
            let before = found
            source = FolderSource(folder, options: o)
            try source.seek(to: UInt64(back), detail: detail)
            committed = back
            found.removeLast(found.count - back)
            // what had been read comes again first
            while found.count < before.count {
              let more = try readBytes(
                source, countMax: min(1 + random.below(20), before.count - found.count), readsMax: 1)
              if more.isEmpty { return "stopped at \(found.count) of \(before.count)" }
              found += more
            }
            if found != before { return "went on from \(back) with other bytes" }
          }
        }
        // a poll may find empty files only
        for _ in 0..<60 { found += try readBytes(source) }
        let wanted = texts.values.flatMap { $0.split(separator: "\n") }.sorted()
        let lines = String(decoding: found, as: UTF8.self).split(separator: "\n").sorted()
        return lines == wanted ? nil : "\(lines.count) lines of \(wanted.count)"
      }
    }
  }
}

@Suite struct StandardInputSourceTests {
  @Test func givesWhatIsThereAndThenEnds() throws {
    let pipe = Pipe()
    let source = StandardInputSource(descriptor: pipe.fileHandleForReading.fileDescriptor)
    #expect(try readText(source) == "")
    #expect(!source.isExhausted)
    try pipe.fileHandleForWriting.write(contentsOf: Data("a\nb".utf8))
    #expect(try readText(source) == "a\nb")
    #expect(!source.isExhausted)
    try pipe.fileHandleForWriting.close()
    #expect(try readText(source) == "")
    #expect(source.isExhausted)
    #expect(source.identity == nil)
    let error = #expect(throws: SourceError.self) { try source.seek(to: 4) }
    #expect(
      error?.description == "the source '-' is a pipe and cannot be read again from byte 4; "
        + "start over with --fresh, or receive through a write-ahead log")
  }
}
