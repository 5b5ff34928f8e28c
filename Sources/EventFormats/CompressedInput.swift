import CZlib
import CZstd

/// A zstd stream: any number of frames, skippable ones included.
///
/// Guarantees: ends cleanly only at a frame's end; content checksums are verified by the library.
/// Cost: about 2 GB/s of output on one core. Windows of up to 2 GiB (`--long=31`) are accepted.
final class ZstdInput: ByteInput, @unchecked Sendable {
  private let source: RawBytes
  private let context: OpaquePointer
  private var produced: UInt64 = 0
  /// What the library last returned: 0 at a frame's end.
  private var hint = 0

  init(_ source: RawBytes) {
    self.source = source
    guard let context = ZSTD_createDCtx() else { fatalError("no memory left for zstd") }
    self.context = context
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 31)
  }
  deinit { ZSTD_freeDCtx(context) }

  var name: String { source.name }
  var compression: CompressionFormat { .zstd }
  var sizeInBytes: UInt64? { source.sizeInBytes }
  var bytesConsumed: UInt64 { source.consumed }

  func read(into bytes: UnsafeMutableRawPointer, _ count: Int) throws(InputError) -> Int {
    var output = ZSTD_outBuffer(dst: bytes, size: count, pos: 0)
    while output.pos == 0 {
      try source.fill(atLeast: 1)
      let ahead = source.ahead
      if ahead.count == 0, hint == 0 { return 0 }
      var input = ZSTD_inBuffer(src: ahead.baseAddress, size: ahead.count, pos: 0)
      hint = ZSTD_decompressStream(context, &output, &input)
      if ZSTD_isError(hint) != 0 {
        throw InputError(
          .corrupt,
          "\(name): damaged zstd stream near byte \(source.consumed) of the file (byte \(produced) unpacked): "
            + "\(String(cString: ZSTD_getErrorName(hint))); check with zstd -t")
      }
      source.take(input.pos)
      if ahead.count == 0, output.pos == 0, hint != 0 {
        throw InputError(
          .truncated,
          "\(name): the zstd stream ends too early, at byte \(source.consumed) of the file "
            + "(byte \(produced) unpacked); the file is incomplete")
      }
    }
    produced += UInt64(output.pos)
    return output.pos
  }

  func skip(to offset: UInt64) throws(InputError) { try skipByReading(to: offset, from: produced) }
}

/// A gzip stream: any number of members, and zero bytes after the last (as tape archives leave them).
///
/// Guarantees: ends cleanly only at a member's end; lengths and CRCs are verified by the library.
/// Cost: about 400 MB/s of output on one core.
final class GzipInput: ByteInput, @unchecked Sendable {
  private let source: RawBytes
  /// Allocated, since zlib remembers where it stands.
  private let stream: UnsafeMutablePointer<z_stream>
  private var produced: UInt64 = 0
  private var betweenMembers = false

  init(_ source: RawBytes) throws(InputError) {
    self.source = source
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15: the largest window; 16: expect the gzip wrapper
    guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw InputError(.readFailed, "\(source.name): zlib could not be started")
    }
  }
  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  var name: String { source.name }
  var compression: CompressionFormat { .gzip }
  var sizeInBytes: UInt64? { source.sizeInBytes }
  var bytesConsumed: UInt64 { source.consumed }

  func read(into bytes: UnsafeMutableRawPointer, _ count: Int) throws(InputError) -> Int {
    let limit = min(count, Int(UInt32.max))
    while true {
      if betweenMembers, try !startsMember() { return 0 }
      try source.fill(atLeast: 1)
      let ahead = source.ahead
      stream.pointee.next_in = UnsafeMutablePointer(mutating: ahead.baseAddress?.assumingMemoryBound(to: UInt8.self))
      stream.pointee.avail_in = UInt32(ahead.count)
      stream.pointee.next_out = bytes.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(limit)
      let status = inflate(stream, Z_NO_FLUSH)
      source.take(ahead.count - Int(stream.pointee.avail_in))
      let got = limit - Int(stream.pointee.avail_out)
      produced += UInt64(got)
      switch status {
      case Z_STREAM_END: betweenMembers = true
      case Z_OK: break
      case Z_BUF_ERROR where ahead.count == 0:
        throw InputError(
          .truncated,
          "\(name): the gzip stream ends too early, at byte \(source.consumed) of the file "
            + "(byte \(produced) unpacked); the file is incomplete")
      default:
        let why = stream.pointee.msg.map { String(cString: $0) } ?? "error \(status)"
        throw InputError(
          .corrupt,
          "\(name): damaged gzip stream near byte \(source.consumed) of the file (byte \(produced) unpacked): "
            + "\(why); check with gzip -t")
      }
      if got > 0 { return got }
    }
  }

  /// Behind a member: whether another one follows. Zero bytes are padding.
  private func startsMember() throws(InputError) -> Bool {
    while true {
      try source.fill(atLeast: 2)
      let ahead = source.ahead
      guard ahead.count > 0 else { return false }
      if ahead[0] == 0 {
        source.take(1)
        continue
      }
      guard ahead.count >= 2, ahead[0] == 0x1f, ahead[1] == 0x8b else {
        throw InputError(
          .corrupt,
          "\(name): something that is not gzip follows at byte \(source.consumed) of the file; "
            + "everything before it was read")
      }
      inflateReset(stream)
      betweenMembers = false
      return true
    }
  }

  func skip(to offset: UInt64) throws(InputError) { try skipByReading(to: offset, from: produced) }
}
