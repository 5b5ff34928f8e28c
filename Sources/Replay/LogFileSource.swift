import EventFormats
import FlatMemory
import StreamCore

/// One input of a replay as a source partition: its bytes (compression undone) and how they are to be decoded.
///
/// The head of the input is read first to find out what it is; reading then begins with that head again, so nothing
/// needs to be opened twice and standard input works like a file.
final class LogFileSource: ByteSource, @unchecked Sendable {
  let name: String
  let plan: DecodingPlan
  /// The first line's digest: a file may grow between runs, but not change its beginning.
  let identity: String?
  private let input: any ByteInput
  private var head: [UInt8]
  private var headCursor = 0
  private var headEnd: Int
  static let sampleByteCount = 1 << 20

  /// Opens an input and finds its format. Throws ``EventFormats/InputError`` or ``EventFormats/FormatError``.
  init(path: String, options: FormatOptions) throws {
    let input = try openInput(path: path)
    name = input.name
    self.input = input
    var sample = [UInt8](repeating: 0, count: LogFileSource.sampleByteCount + bytePadding)
    var n = 0
    while n < LogFileSource.sampleByteCount {
      let r = try unsafe sample.withUnsafeMutableBytes { b in
        try unsafe input.read(into: b.baseAddress! + n, LogFileSource.sampleByteCount - n)
      }
      if r == 0 { break }
      n += r
    }
    // the last line of a whole file is a line even if it lacks its end
    let isWhole = n < LogFileSource.sampleByteCount
    let sampled = isWhole && n > 0 && sample[n - 1] != 10 ? n + 1 : n
    if sampled > n { sample[n] = 10 }
    plan = try unsafe sample.withUnsafeBytes { b in
      try unsafe FormatDetector.plan(
        sample: UnsafeRawBufferPointer(rebasing: b[0..<sampled]), name: input.name, options: options)
    }
    var digest = RunningDigest()
    let line = sample[0..<n].prefix { $0 != 10 }
    unsafe line.withUnsafeBufferPointer { if let p = $0.baseAddress { unsafe digest.append(p, $0.count) } }
    identity = "first line \(String(digest.value, radix: 16))"
    head = sample
    headEnd = n
  }

  /// The head that was read for detection.
  var sample: ArraySlice<UInt8> { head[0..<headEnd] }
  /// Compressed bytes read of how many, for progress.
  var consumedBytes: UInt64 { input.bytesConsumed }
  var sizeInBytes: UInt64? { input.sizeInBytes }

  func read(into p: UnsafeMutableRawPointer, count: Int) throws -> Int {
    if headCursor < headEnd {
      let n = min(count, headEnd - headCursor)
      unsafe head.withUnsafeBytes { unsafe p.copyMemory(from: $0.baseAddress! + headCursor, byteCount: n) }
      headCursor += n
      if headCursor == headEnd { head = [] }
      return n
    }
    return try unsafe input.read(into: p, count)
  }
  func seek(to offset: UInt64) throws {
    if offset <= UInt64(headEnd) {
      headCursor = Int(offset)
    } else {
      headCursor = headEnd
      try input.skip(to: offset)
    }
  }
  func completeRecords(in bytes: UnsafePointer<UInt8>, count: Int, isEnd: Bool) -> Int {
    let n = unsafe plan.framing.completeRecords(in: bytes, count: count, lineByteCountMax: plan.lineByteCountMax)
    // a line beyond the limit is taken in pieces, each of which is rejected as too long
    return n == 0 && count > plan.lineByteCountMax + (1 << 16) ? count : n
  }
}
