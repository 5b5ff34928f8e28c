import CZstd

/// Decompresses the frames of snapshot files, one block at a time, straight into their final place.
///
/// Guarantees: nothing is decoded unless the frame itself declares exactly the raw size expected, carries a content
/// checksum, needs no dictionary and ends exactly where the table says; the checksum is verified; at most the raw
/// size is written.
/// Cost: one context (about 160 KB) and a scratch buffer for compressed bytes, reused; 1–2 GB/s.
@safe final class FrameDecoder {
  private let context: OpaquePointer
  private var scratch = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)

  init() throws(SnapshotError) {
    guard let context = unsafe ZSTD_createDCtx() else {
      throw SnapshotError(
        .limitExceeded, "no memory for a zstd decompression context", advice: "give the process more memory")
    }
    unsafe self.context = unsafe context
  }

  deinit {
    unsafe ZSTD_freeDCtx(context)
    unsafe scratch.deallocate()
  }

  /// Decodes one frame into `output`, which has exactly the block's raw size.
  func decode(
    _ frame: SnapshotSection.Frame, of source: SnapshotSource, into output: UnsafeMutableRawBufferPointer
  ) throws(SnapshotError) {
    if unsafe scratch.count < frame.byteCount {
      unsafe scratch.deallocate()
      unsafe scratch = .allocate(byteCount: frame.byteCount, alignment: 64)
    }
    let bytes = try unsafe source.read(frame.offset, frame.byteCount, scratch: scratch)
    func damaged(_ problem: String) -> SnapshotError {
      .malformed("block \(frame.blockIndex): \(problem)", path: source.path, offset: frame.offset)
    }
    let declared = unsafe ZSTD_getFrameContentSize(bytes.baseAddress, bytes.count)
    guard declared == UInt64(output.count) else {
      throw damaged("not a zstd frame of \(output.count) raw bytes")
    }
    // RFC 8878, 3.1.1.1: of the frame header descriptor, bit 2 is the checksum flag, bits 0–1 the dictionary's size,
    // bits 3–4 unused
    guard bytes.count > 5, unsafe bytes[4] & 0b11111 == 0b00100 else {
      throw damaged("its zstd frame has no content checksum or wants a dictionary")
    }
    guard unsafe ZSTD_findFrameCompressedSize(bytes.baseAddress, bytes.count) == bytes.count else {
      throw damaged("its zstd frame does not end where the section table says")
    }
    let written = unsafe ZSTD_decompressDCtx(context, output.baseAddress, output.count, bytes.baseAddress, bytes.count)
    guard ZSTD_isError(written) == 0 else {
      throw damaged(unsafe "zstd finds it damaged (\(String(cString: ZSTD_getErrorName(written))))")
    }
    guard written == output.count else { throw damaged("decodes to \(written) bytes instead of \(output.count)") }
  }
}
