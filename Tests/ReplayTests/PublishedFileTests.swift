import FlatMemory
import Foundation
@testable import Replay
@testable import StreamCore
import TestSupport
import Testing

@Suite struct PublishedFileTests {
  /// The byte at an offset: no two blocks are alike.
  private static func byte(_ offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: (offset &* 0x9E37_79B9) >> 13) }

  /// A large file, most of which does not go through the system's cache, is what was appended, whatever was cut between
  /// checkpoints and wherever runs ended.
  @Test func largeFilesGoOnWhereACheckpointLeftThem() throws {
    try forRandomCases("large files", count: 5) { random in
      let folder = ScratchFolder()
      let path = folder.file("rows.csv")
      let byteCount = 5_000_000 + random.below(9_000_000)
      let snapshot = StateSnapshot(prefix: "file")
      var checkpoint: (sections: [String: [UInt8]], length: Int)?
      var file = PublishedFile(path: path)
      try file.create()
      var length = 0
      while length < byteCount {
        let n = min(1 + random.below(random.one(in: 8) ? 2_500_000 : 400_000), byteCount - length)
        file.withBuffer { buffer in
          buffer.reserve(n)
          for i in length..<length + n { buffer.byte(Self.byte(i)) }
        }
        length += n
        try file.flush()
        if random.one(in: 6) {
          snapshot.reset()
          file.snapshot(into: snapshot)
          try file.makeDurable()
          let sections = snapshot.finished.map { ($0.name, Array($0.bytes)) }
          checkpoint = (Dictionary(uniqueKeysWithValues: sections), length)
        }
        if random.one(in: 12), let (sections, then) = checkpoint {
          file = PublishedFile(path: path)
          try restore(file, sections)
          length = then
        }
      }
      try file.publish()
      let written = try Data(contentsOf: URL(filePath: path))
      if written.count != byteCount { return "\(written.count) bytes, not \(byteCount)" }
      let wrong = written.indices.first { written[$0] != Self.byte($0) }
      return wrong.map { "another byte at \($0) of \(byteCount)" }
    }
  }
  private func restore(_ file: PublishedFile, _ sections: [String: [UInt8]]) throws {
    let copies = sections.mapValues { bytes in
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + 64, alignment: 64)
      copy.copyBytes(from: bytes)
      return UnsafeRawBufferPointer(rebasing: copy[..<bytes.count])
    }
    defer { for c in copies.values { c.deallocate() } }
    try file.restore(from: RestoredState(prefix: "file") { copies[$0] })
  }

  /// Blocks that overlap: the later one stands.
  @Test func blocksAreWrittenInOrder() throws {
    let folder = ScratchFolder()
    let path = folder.file("blocks")
    let descriptor = open(path, O_RDWR | O_CREAT, 0o644)
    defer { close(descriptor) }
    guard let writer = DirectFileWriter(path: path, descriptor: descriptor) else { return }
    let block = DirectFileWriter.alignment * 3
    for i in 0..<50 {
      var buffer = writer.take()
      buffer.reserve(block)
      for _ in 0..<block { buffer.byte(UInt8(i)) }
      writer.write(buffer, byteCount: block, at: Int64(i * DirectFileWriter.alignment))
    }
    #expect(writer.drain() == 0)
    let written = try Data(contentsOf: URL(filePath: path))
    #expect(written.count == 49 * DirectFileWriter.alignment + block)
    for i in 0..<50 { #expect(written[i * DirectFileWriter.alignment] == UInt8(i)) }
  }
}
