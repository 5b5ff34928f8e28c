import EventFormats
import FlatMemory
public import PropertyGraph
public import StreamCore

/// An edge list in a file, or standard input, as a source of a stream: its bytes (compression undone) and how its
/// lines are read.
///
/// The head is read first to find that out; reading then begins with the head again, so that standard input works like
/// a file. Resumes at any offset; a file may grow between runs, but not change its first line.
public final class EdgeFileSource: ByteSource, @unchecked Sendable {
  public let name: String
  public let plan: TimedEdgePlan
  public let identity: String?
  private let input: any ByteInput
  private var head: [UInt8]
  private var headCursor = 0
  private static let sampleByteCount = 1 << 20

  /// Opens an input (`-` is standard input) and finds out how it is written. Throws ``EventFormats/InputError`` or
  /// ``PropertyGraph/GraphFileError``.
  public init(path: String, isWeighted: Bool = false) throws {
    let input = try openInput(path: path)
    self.input = input
    name = input.name
    var sample = [UInt8](repeating: 0, count: EdgeFileSource.sampleByteCount)
    var count = 0
    while count < sample.count {
      let read = try unsafe sample.withUnsafeMutableBytes { buffer in
        try unsafe input.read(into: buffer.baseAddress! + count, buffer.count - count)
      }
      if read == 0 { break }
      count += read
    }
    sample.removeSubrange(count...)
    head = sample
    plan = try TimedEdgePlan(sample: sample, isWeighted: isWeighted, sourceName: name)
    var digest = RunningDigest()
    let line = sample.prefix { $0 != UInt8(ascii: "\n") }
    unsafe line.withUnsafeBufferPointer { if let p = $0.baseAddress { unsafe digest.append(p, $0.count) } }
    identity = "first line \(String(digest.value, radix: 16))"
  }

  /// Compressed bytes read, and of how many, for progress.
  public var consumedBytes: UInt64 { input.bytesConsumed }
  public var sizeInBytes: UInt64? { input.sizeInBytes }

  /// The first lines of the head, each with its end.
  func firstLines(_ limit: Int) -> [UInt8] {
    var end = 0
    var lines = 0
    while lines < limit, let newline = head[end...].firstIndex(of: UInt8(ascii: "\n")) {
      end = newline + 1
      lines += 1
    }
    if lines < limit, head.count < EdgeFileSource.sampleByteCount, end < head.count {
      return head + [UInt8(ascii: "\n")]
    }
    return Array(head[..<end])
  }

  public func read(into p: UnsafeMutableRawPointer, count: Int) throws -> Int {
    if headCursor == head.count { return try unsafe input.read(into: p, count) }
    let n = min(count, head.count - headCursor)
    unsafe head.withUnsafeBytes { unsafe p.copyMemory(from: $0.baseAddress! + headCursor, byteCount: n) }
    headCursor += n
    return n
  }

  public func seek(to offset: UInt64) throws {
    headCursor = Int(min(offset, UInt64(head.count)))
    if offset > UInt64(head.count) { try input.skip(to: offset) }
  }

  public func completeRecords(in bytes: UnsafePointer<UInt8>, count: Int, isEnd: Bool) -> Int {
    var n = count
    while n > 0, unsafe bytes[n - 1] != UInt8(ascii: "\n") { n -= 1 }
    // a line beyond the limit is taken in pieces
    return n == 0 && count > 2 * TimedEdgePlan.lineByteCountMax ? count : n
  }
}
