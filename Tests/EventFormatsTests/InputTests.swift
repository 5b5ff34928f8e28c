import Foundation
import Testing

@testable import EventFormats

@Suite struct InputTests {
  // MARK: Streams made by hand

  /// A zstd frame of stored blocks (RFC 8878): header with an 8-byte content size, no checksum.
  private func zstdFrame(_ content: [UInt8]) -> [UInt8] {
    var frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0xe0]
    for i in 0..<8 { frame.append(UInt8(truncatingIfNeeded: content.count >> (8 * i))) }
    var from = 0
    repeat {
      let n = min(content.count - from, 100_000)
      let header = n << 3 | (from + n == content.count ? 1 : 0)
      for i in 0..<3 { frame.append(UInt8(truncatingIfNeeded: header >> (8 * i))) }
      frame += content[from..<from + n]
      from += n
    } while from < content.count
    return frame
  }
  private func zstdSkippable(_ n: Int) -> [UInt8] {
    [0x51, 0x2a, 0x4d, 0x18, UInt8(n), 0, 0, 0] + [UInt8](repeating: 7, count: n)
  }

  /// A gzip member of stored blocks (RFC 1952, RFC 1951).
  private func gzipMember(_ content: [UInt8]) -> [UInt8] {
    var member: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
    var from = 0
    repeat {
      let n = min(content.count - from, 65_535)
      member.append(from + n == content.count ? 1 : 0)
      for v in [n, ~n] { member += [UInt8(truncatingIfNeeded: v), UInt8(truncatingIfNeeded: v >> 8)] }
      member += content[from..<from + n]
      from += n
    } while from < content.count
    for v in [crc32(content), UInt32(content.count)] {
      for shift: UInt32 in [0, 8, 16, 24] { member.append(UInt8(truncatingIfNeeded: v >> shift)) }
    }
    return member
  }
  private func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xedb8_8320 }
    }
    return ~crc
  }

  private func readAll(_ input: any ByteInput, step: Int = 1 << 16) throws -> [UInt8] {
    var all: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: step)
    while true {
      let n = try piece.withUnsafeMutableBytes { try input.read(into: $0.baseAddress!, step) }
      if n == 0 { return all }
      all += piece[..<n]
    }
  }
  private func error(_ bytes: [UInt8], _ name: String = "x.gz") -> InputError? {
    do {
      _ = try readAll(try input(from: MemoryBytes(bytes, name: name)))
      return nil
    } catch { return error as? InputError }
  }

  private let text = Array(String(repeating: "some text, a line\n", count: 20_000).utf8)

  // MARK: Reading

  @Test(arguments: [1, 7, 4096, Int.max])
  func framesAndMembersFollowOneAnother(stride: Int) throws {
    let half = text.count / 2
    let (a, b) = (Array(text[..<half]), Array(text[half...]))
    let streams: [([UInt8], CompressionFormat)] = [
      (text, .none), (zstdFrame(a) + zstdSkippable(9) + zstdFrame([]) + zstdFrame(b), .zstd),
      (zstdSkippable(3) + zstdFrame(text), .zstd), (gzipMember(a) + gzipMember([]) + gzipMember(b), .gzip),
      (gzipMember(text) + [0, 0, 0], .gzip),
    ]
    for (bytes, format) in streams {
      let source = try input(from: MemoryBytes(bytes, stride: stride))
      #expect(source.compression == format)
      #expect(try readAll(source, step: 1000 + stride % 1000) == text)
      #expect(source.bytesConsumed == UInt64(bytes.count))
    }
  }

  @Test func emptyInputs() throws {
    for bytes in [[], zstdFrame([]), gzipMember([])] { #expect(try readAll(try input(from: MemoryBytes(bytes))) == []) }
    #expect(try readAll(try input(from: MemoryBytes([10]))) == [10])
  }

  @Test func skipping() throws {
    for bytes in [text, zstdFrame(text), gzipMember(text)] {
      let source = try input(from: MemoryBytes(bytes, stride: 5000))
      try source.skip(to: 3)
      var one: UInt8 = 0
      #expect(try source.read(into: &one, 1) == 1)
      #expect(one == text[3])
      try source.skip(to: 300_000)
      #expect(try readAll(source) == Array(text[300_000...]))
      #expect(throws: InputError.self) { try source.skip(to: 5) }
      #expect(throws: InputError.self) { try source.skip(to: UInt64(text.count) + 1) }
    }
  }

  @Test func files() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("formats-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("x.log").path
    try Data(text).write(to: URL(fileURLWithPath: path))
    let source = try openInput(path: path)
    #expect(source.name == path && source.sizeInBytes == UInt64(text.count) && source.compression == .none)
    try source.skip(to: 200_000)
    #expect(try readAll(source) == Array(text[200_000...]))

    #expect(
      throws: InputError(.isFolder, "\(folder.path) is a folder; name the files in it, for example \(folder.path)/*")
    ) {
      try openInput(path: folder.path)
    }
    let missing = folder.appendingPathComponent("nothing").path
    #expect(throws: InputError(.notFound, "\(missing): there is no such file; check the path (- reads stdin)")) {
      try openInput(path: missing)
    }
  }

  // MARK: Damage

  @Test func truncatedStreams() throws {
    let zstd = zstdFrame(text)
    let cut = try #require(error(Array(zstd[..<200_000]), "x.zst"))
    #expect(cut.kind == .truncated)
    #expect(cut.message.hasPrefix("x.zst: the zstd stream ends too early, at byte 200000 of the file (byte "))
    #expect(error(Array(zstd[..<7]), "x.zst")?.kind == .truncated)
    let gzip = gzipMember(text)
    let short = try #require(error(Array(gzip[..<200_000])))
    #expect(short.kind == .truncated)
    #expect(short.message.hasPrefix("x.gz: the gzip stream ends too early, at byte 200000 of the file (byte 1999"))
    #expect(error(Array(gzip[..<(gzip.count - 3)]))?.kind == .truncated)
    #expect(error(Array(gzip[..<5]))?.kind == .truncated)
  }

  @Test func damagedStreams() throws {
    var gzip = gzipMember(text)
    gzip[gzip.count - 8] ^= 1
    let wrongSum = try #require(error(gzip))
    #expect(wrongSum.kind == .corrupt && wrongSum.message.contains("incorrect data check; check with gzip -t"))
    #expect(
      error(gzipMember(text) + Array("more".utf8))?.message.contains("something that is not gzip follows at byte")
        == true)
    var zstd = zstdFrame(text)
    zstd[13] |= 6  // a reserved block type
    let block = try #require(error(zstd, "x.zst"))
    #expect(block.kind == .corrupt && block.message.hasPrefix("x.zst: damaged zstd stream near byte "))
    #expect(error(zstdFrame(text) + Array("more text".utf8), "x.zst")?.kind == .corrupt)
  }
}
