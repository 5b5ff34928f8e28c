import FlatMemory
import Foundation
import Simulator
import StreamCore
import Synchronization
import Testing
import TestSupport

/// Lines of a block as texts.
private final class LineSplitter: PartitionTransform<UInt8, String>, @unchecked Sendable {
  override func transform(_ run: PartitionRun<UInt8>, _ batch: Batch, into output: PartitionBuffer<String>) {
    for line in run.elements.split(separator: 10) { output.append(String(decoding: line, as: UTF8.self)) }
  }
}

/// A job from a source's lines to a sink.
private func runJob(
  _ source: MemorySource, checkpoint: CheckpointOptions? = nil, blockByteCount: Int = 64,
  makeSink: @escaping (StreamingContext) -> any Consumer<String> & CheckpointedState
) throws {
  var o = StreamingOptions()
  (o.threads, o.blockByteCount) = (2, blockByteCount)
  let context = StreamingContext(options: o, checkpoint: checkpoint)
  let lines: DStream<String> = context.byteStream([source]).transformPartitions { _, next in LineSplitter(next: next) }
  lines.sink("out") { [unowned context] instance in
    let sink = makeSink(context)
    instance.register(sink, name: "out")
    return sink
  }
  try context.run()
}

private func texts(_ files: SimulatedDisk) -> [String: String] {
  files.contents.mapValues { String(decoding: $0, as: UTF8.self) }
}

@Suite(.timeLimit(.minutes(10))) struct FileSinkTests {
  private func options(rowsMax: UInt64 = .max, bytesMax: UInt64 = 1 << 20, isCheckpointed: Bool = false)
    -> FileSinkOptions
  {
    var o = FileSinkOptions()
    o.rowsMax = rowsMax
    o.bytesMax = bytesMax
    o.isCheckpointed = isCheckpointed
    return o
  }
  private func write(_ text: String, _ format: RowFormat<String>, _ o: FileSinkOptions, _ files: SimulatedDisk) throws {
    try runJob(MemorySource(text)) { [unowned files] context in
      FileSink(folder: "out", format: format, options: o, files: files) { [unowned context] in context.fail($0) }
    }
  }

  @Test func rollsByRowsAndNamesTheFiles() throws {
    let files = SimulatedDisk()
    try write("a\nb\nc\nd\ne\n", .text { $0 }, options(rowsMax: 2), files)
    #expect(
      texts(files) == [
        "out/part-000000.txt": "a\nb\n", "out/part-000001.txt": "c\nd\n", "out/part-000002.txt": "e\n",
        "out/_manifest.json": #"{"bytes":10,"files":3,"newest":[{"bytes":4,"name":"part-000000.txt","rows":2},"#
          + #"{"bytes":4,"name":"part-000001.txt","rows":2},{"bytes":2,"name":"part-000002.txt","rows":1}],"#
          + #""rows":5,"version":1}"# + "\n",
      ])
  }

  @Test func rollsByBytes() throws {
    let files = SimulatedDisk()
    try write("aaaa\nbb\ncc\nd\n", .text { $0 }, options(bytesMax: 5), files)
    #expect(try FileManifest.read(folder: "out", files: files)?.newest.map(\.bytes) == [5, 6, 2])
  }

  @Test func writesCSVAndJSON() throws {
    let files = SimulatedDisk()
    let csv = RowFormat<String>.csv(header: ["word", "the \"length\""]) { [$0, "\($0.count)", ""] }
    try write("a\nb,c\nd\"e\n", csv, options(rowsMax: 2), files)
    #expect(texts(files)["out/part-000000.csv"] == "word,\"the \"\"length\"\"\"\na,1,\n\"b,c\",3,\n")
    #expect(texts(files)["out/part-000001.csv"] == "word,\"the \"\"length\"\"\"\n\"d\"\"e\",3,\n")
    try write("a\nb/\"c\n", .jsonLines, options(), files)
    #expect(texts(files)["out/part-000000.ndjson"] == "\"a\"\n\"b/\\\"c\"\n")
  }

  @Test func anEmptyStreamHasAManifest() throws {
    let files = SimulatedDisk()
    try write("", .text { $0 }, options(), files)
    #expect(
      texts(files) == ["out/_manifest.json": #"{"bytes":0,"files":0,"newest":[],"rows":0,"version":1}"# + "\n"])
  }

  /// A run that starts over replaces what was there and leaves other files alone.
  @Test func startingOverCleansUp() throws {
    let files = SimulatedDisk()
    try write("a\nb\nc\n", .text { $0 }, options(rowsMax: 1), files)
    for name in ["part-000007.txt.partial", "part-7.txt", "part-000001.csv", "notes.txt"] {
      _ = try files.open("out/" + name, .create)
    }
    try write("z\n", .text { $0 }, options(rowsMax: 1), files)
    #expect(
      Set(files.contents.keys) == [
        "out/part-000000.txt", "out/_manifest.json", "out/part-7.txt", "out/part-000001.csv", "out/notes.txt",
      ])
    #expect(texts(files)["out/part-000000.txt"] == "z\n")
  }

  @Test func aFullDiskFailsTheRunAndPublishesNothingHalf() throws {
    let files = SimulatedDisk()
    files.fillDisk(afterByteCount: 3)
    let error = #expect(throws: (any Error).self) {
      try write("a\nb\nc\n", .text { $0 }, options(), files)
    }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("out/part-000000.txt.partial") && text.contains("no space left"))
    #expect(texts(files) == ["out/part-000000.txt.partial": "a\nb"])
  }

  @Test func aRowThatCannotBeFormattedIsNamed() throws {
    struct Odd: Error {}
    let files = SimulatedDisk()
    let format = RowFormat<String>(fileExtension: "txt") { element, _, row in
      if element == "b" { throw Odd() }
      row.text(element + "\n")
    }
    let error = #expect(throws: FileError.self) { try write("a\nb\n", format, options(), files) }
    #expect(
      error?.description
        == "'out/part-000000.txt' cannot take row 2: Odd(); correct the formatter or filter the element out")
  }

  @Test func anOldFileIsRolledByTheClock() throws {
    let files = SimulatedDisk()
    let clock = ManualClock()
    var o = options()
    o.ageMillisecondsMax = 100
    try runJob(MemorySource("a\nb\nc\nd\n"), blockByteCount: 2) { context in
      let sink = FileSink<String>(
        folder: "out",
        format: .text {
          // half the age passes with each row
          clock.advance(milliseconds: 50)
          return $0
        }, options: o, clock: clock, files: files
      ) { [unowned context] in context.fail($0) }
      return sink
    }
    #expect(texts(files)["out/part-000000.txt"] == "a\nb\n")
    #expect(texts(files)["out/part-000001.txt"] == "c\nd\n")
  }

  /// The manifest does not grow with the number of files.
  @Test func theManifestIsBounded() throws {
    let files = SimulatedDisk()
    try write((0..<1100).map { "\($0)\n" }.joined(), .text { $0 }, options(rowsMax: 1), files)
    let manifest = try #require(try FileManifest.read(folder: "out", files: files))
    #expect(manifest.files == 1100)
    #expect(manifest.newest.count == 1000)
    #expect(manifest.newest.last?.name == "part-001099.txt")
  }

  /// Whatever dies where, and whatever was not flushed: the same files with the same bytes.
  @Test func exactlyOnceWhateverCrashes() throws {
    try forRandomCases("file sink crashes", count: 25) { random in
      let text = (0..<random.below(200)).map { "line \($0) " + String(repeating: "x", count: random.below(9)) + "\n" }
        .joined()
      var o = options(
        rowsMax: UInt64(1 + random.below(30)), bytesMax: UInt64(1 + random.below(600)), isCheckpointed: true)
      o.writeByteCount = 1 + random.below(100)
      let fileOptions = o
      let format = random.one(in: 2) ? RowFormat<String>.text { $0 } : .csv(header: ["line"]) { [$0] }
      let blockByteCount = 1 + random.below(300)
      let calm = SimulatedDisk()
      try runJob(MemorySource(text), blockByteCount: blockByteCount) { [unowned calm] context in
        FileSink(
          folder: "out", format: format, options: fileOptions, files: calm,
          onFailure: { [unowned context] in context.fail($0) })
      }
      let expected = texts(calm)
      return try withTestFolder { folder in
        let files = SimulatedDisk(SeededRandom(seed: random.next()))
        for attempt in 0... {
          let isLast = attempt >= 4
          let crashes = random.one(in: 2)
          if !isLast, crashes { files.crash(atCall: 1 + random.below(60)) }
          let fuse = isLast || crashes ? nil : MemorySource.Fuse(random.below(30))
          do {
            try runJob(
              MemorySource(text, fuse: fuse), checkpoint: CheckpointOptions(directory: folder, intervalMilliseconds: 0),
              blockByteCount: blockByteCount
            ) { [unowned files] context in
              FileSink(
                folder: "out", format: format, options: fileOptions, files: files,
                onFailure: { [unowned context] in context.fail($0) })
            }
            if texts(files) != expected { return "\(texts(files)) instead of \(expected)" }
            if isLast { return nil }
          } catch  where files.isProcessDead {
          } catch is MemorySource.PowerFailure {}
          files.restart(powerFailed: random.one(in: 2))
          // what is published is whole, and what the manifest names is there
          for (path, bytes) in texts(files) where path.contains("part-") && !path.hasSuffix(".partial") {
            if bytes != expected[path] { return "'\(path)' was published with \(bytes.debugDescription)" }
          }
          for part in try FileManifest.read(folder: "out", files: files)?.newest ?? [] {
            if texts(files)["out/" + part.name]?.utf8.count != Int(part.bytes) { return "'\(part.name)' is not there" }
          }
        }
        return nil
      }
    }
  }
}

@Suite struct OtherSinkTests {
  /// Sinks without a name are told apart by the order in which they are declared.
  @Test func memorySinksGoOnUnderTheirDefaultNames() throws {
    _ = try withTestFolder { folder -> String? in
      let queue = QueueSource([[1], [2], [3]], isReplayable: true)
      queue.close()
      let tables = (0..<3).map { _ in MemoryTable<Int>() }
      for stopAfter in [0, nil] {
        let context = StreamingContext(
          checkpoint: CheckpointOptions(directory: folder, intervalMilliseconds: 0), clock: ManualClock())
        let numbers = context.queueStream(queue)
        for (i, table) in tables.enumerated() { numbers.map { $0 * (i + 1) }.saveToMemory(table) }
        if let stopAfter {
          numbers.forEachBatch { [unowned context] _, info in if info.batchID == stopAfter { context.requestStop() } }
        }
        try context.run()
        if stopAfter == nil {
          #expect(context.recoveryReport?.kept == ["memory", "memory-2", "memory-3"])
          #expect(context.recoveryReport?.added == [])
        }
      }
      #expect(tables.map(\.elements) == [[1, 2, 3], [2, 4, 6], [3, 6, 9]])
      return nil
    }
  }
  private struct Reading: Codable, Sendable {
    var at: Date
    var value: Int
  }
  @Test func datesInLinesOfJSONCanBeRead() throws {
    _ = try withTestFolder { folder -> String? in
      let context = StreamingContext(options: StreamingOptions(threads: 1), clock: ManualClock())
      let reading = Reading(at: Date(timeIntervalSince1970: 1_767_607_200.25), value: 1)
      context.queueStream([[reading]]).saveAsJSONLines(folder + "/dates")
      let encoder = JSONEncoder()
      encoder.dateEncodingStrategy = .secondsSince1970
      encoder.outputFormatting = .sortedKeys
      context.queueStream([[reading]]).saveToFiles(folder + "/seconds", format: .jsonLines(encoder))
      try context.run()
      func text(_ sink: String) throws -> String {
        try String(contentsOfFile: folder + "/" + sink + "/part-000000.ndjson", encoding: .utf8)
      }
      #expect(try text("dates") == #"{"at":"2026-01-05T10:00:00.250Z","value":1}"# + "\n")
      #expect(try text("seconds") == #"{"at":1767607200.25,"value":1}"# + "\n")
      return nil
    }
  }
  @Test func aFolderIsThatOfOneSink() throws {
    _ = try withTestFolder { folder -> String? in
      let context = StreamingContext(options: StreamingOptions(threads: 1), clock: ManualClock())
      let numbers = context.queueStream([[1]])
      numbers.saveAsTextFiles(folder + "/out")
      numbers.map { $0 + 1 }.saveAsTextFiles(folder + "/./out/", name: "other")
      let error = #expect(throws: FileError.self) { try context.run() }
      #expect(error?.description.contains("two sinks") == true)
      return nil
    }
  }

  @Test func theConsoleShowsTheFirstElementsOfEachInterval() throws {
    let printed = Mutex("")
    var options = StreamingOptions()
    options.trigger = .interval(milliseconds: 1000)
    let context = StreamingContext(options: options, clock: ManualClock())
    context.queueStream([["a", "b", "c"], [], ["d"]]).print(2) { text in printed.withLock { $0 += text } }
    try context.run()
    let rule = String(repeating: "-", count: 43)
    let expected = ["1000 ms\n\(rule)\na\nb\n...", "2000 ms\n\(rule)", "3000 ms\n\(rule)\nd"]
    #expect(printed.withLock { $0 } == expected.map { "\(rule)\nTime: \($0)\n\n" }.joined())
  }

  /// A table that outlives crashes holds each element once.
  @Test func memoryIsCutBackOnResume() throws {
    try forRandomCases("memory sink crashes", count: 30) { random in
      let lines = (0..<random.below(100)).map { "\($0)" }
      return try withTestFolder { folder in
        let table = MemoryTable<String>()
        for attempt in 0..<4 {
          let fuse = attempt == 3 ? nil : MemorySource.Fuse(random.below(20))
          let source = MemorySource(lines.map { $0 + "\n" }.joined(), fuse: fuse)
          do {
            try runJob(
              source, checkpoint: CheckpointOptions(directory: folder, intervalMilliseconds: 0), blockByteCount: 20
            ) { _ in MemorySink(table) }
          } catch is MemorySource.PowerFailure {
            // a run that died before its first checkpoint starts over
            if try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy({ !$0.hasSuffix(".snapshot") }) {
              table.removeAll()
            }
          }
        }
        return table.elements == lines ? nil : "\(table.elements)"
      }
    }
  }
}
