import Foundation
import StreamCore
import Testing

/// The sources of recorded text: a file to its end.
@Suite(.timeLimit(.minutes(10))) struct TextFileTests {
  private func lines(of path: String, checkpoint: String? = nil, into found: MemoryTable<String>) throws {
    let context = StreamingContext(
      checkpoint: checkpoint.map { CheckpointOptions(directory: $0) }, clock: ManualClock())
    context.textFile(path).saveToMemory(found)
    #expect(try context.run() == .finished)
  }

  @Test func aFileIsReadToItsEnd() throws {
    try withTestFolder { folder in
      let found = MemoryTable<String>()
      try Data("one\r\ntwo\n\nlast without an end".utf8).write(to: URL(fileURLWithPath: folder + "/a.txt"))
      // an older part of the log is not the file
      try Data("zero\n".utf8).write(to: URL(fileURLWithPath: folder + "/a.txt.1"))
      try lines(of: folder + "/a.txt", into: found)
      #expect(found.elements == ["one", "two", "", "last without an end"])
    }
  }
  @Test func anEmptyFileHasNoLines() throws {
    try withTestFolder { folder in
      let found = MemoryTable<String>()
      try Data().write(to: URL(fileURLWithPath: folder + "/a.txt"))
      try lines(of: folder + "/a.txt", into: found)
      #expect(found.elements.isEmpty)
    }
  }
  @Test func aFileThatGrewIsGoneOnWith() throws {
    try withTestFolder { folder in
      let found = MemoryTable<String>()
      let path = folder + "/a.txt"
      try Data("one\ntwo\n".utf8).write(to: URL(fileURLWithPath: path))
      try lines(of: path, checkpoint: folder + "/state", into: found)
      let file = try #require(FileHandle(forWritingAtPath: path))
      try file.seekToEnd()
      try file.write(contentsOf: Data("three\n".utf8))
      try file.close()
      try lines(of: path, checkpoint: folder + "/state", into: found)
      #expect(found.elements == ["one", "two", "three"])
    }
  }
  @Test func aFileThatIsMissingEndsTheRun() throws {
    try withTestFolder { folder in
      let error = try #require(throws: FileError.self) {
        try lines(of: folder + "/none.txt", into: MemoryTable<String>())
      }
      #expect("\(error)".contains("none.txt"))
    }
  }
  @Test func theBatchIntervalIsATrigger() {
    #expect(StreamingContext(batchIntervalMilliseconds: 250).options.trigger == .interval(milliseconds: 250))
  }
}
