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
  private let head: InputSample
  private var headCursor = 0
  static let sampleByteCount = InputSample.byteCountMax

  /// Opens an input and finds its format. Throws ``EventFormats/InputError`` or ``EventFormats/FormatError``.
  init(path: String, options: FormatOptions) throws {
    let input = try openInput(path: path)
    name = input.name
    self.input = input
    let sample = InputSample()
    while sample.count < LogFileSource.sampleByteCount {
      let n = try unsafe input.read(into: sample.base + sample.count, LogFileSource.sampleByteCount - sample.count)
      if n == 0 { break }
      sample.count += n
    }
    // the last line of a whole file is a line even if it lacks its end
    let n = sample.count
    let isWhole = n < LogFileSource.sampleByteCount
    let sampled = unsafe isWhole && n > 0 && sample.base[n - 1] != 10 ? n + 1 : n
    if sampled > n { unsafe sample.base[n] = 10 }
    plan = unsafe try FormatDetector.plan(
      sample: UnsafeRawBufferPointer(start: sample.base, count: sampled), name: input.name, options: options)
    var digest = RunningDigest()
    unsafe digest.append(sample.base, sample.bytes.firstIndex(of: 10) ?? n)
    identity = "first line \(String(digest.value, radix: 16))"
    head = sample
  }

  /// The head that was read for detection; none once it has been read from here.
  var sample: InputSample { head }
  /// Compressed bytes read of how many, for progress.
  var consumedBytes: UInt64 { input.bytesConsumed }
  var sizeInBytes: UInt64? { input.sizeInBytes }

  func read(into p: UnsafeMutableRawPointer, count: Int) throws -> Int {
    if headCursor < head.count {
      let n = min(count, head.count - headCursor)
      unsafe p.copyMemory(from: head.base + headCursor, byteCount: n)
      headCursor += n
      if headCursor == head.count { head.release() }
      return n
    }
    return try unsafe input.read(into: p, count)
  }
  func seek(to offset: UInt64) throws {
    if offset <= UInt64(head.count) {
      headCursor = Int(offset)
    } else {
      headCursor = head.count
      try input.skip(to: offset)
    }
  }
  func completeRecords(in bytes: UnsafePointer<UInt8>, count: Int, isEnd: Bool) -> Int {
    let n = unsafe plan.framing.completeRecords(in: bytes, count: count, lineByteCountMax: plan.lineByteCountMax)
    // a line beyond the limit is taken in pieces, each of which is rejected as too long
    return n == 0 && count > plan.lineByteCountMax + (1 << 16) ? count : n
  }
}
