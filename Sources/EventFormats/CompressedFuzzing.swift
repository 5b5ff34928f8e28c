import CZlib
import CZstd

// Entry points for fuzzers of the decompressing inputs: arbitrary bytes as compressed ones, and arbitrary bytes that
// were compressed and then damaged.

/// Feeds arbitrary bytes to the inputs, which choose by the magic number.
public func fuzzInflate(_ bytes: UnsafeRawBufferPointer) {
  _ = try? fuzzUnpacked(Array(bytes), stride: .max)
}

/// Feeds arbitrary bytes to the zstd reader: the magic number is put in front.
public func fuzzInflateZstd(_ bytes: UnsafeRawBufferPointer) { fuzzInflate(behind: [0x28, 0xb5, 0x2f, 0xfd], bytes) }

/// Feeds arbitrary bytes to the gzip reader: the fixed header is put in front.
public func fuzzInflateGzip(_ bytes: UnsafeRawBufferPointer) {
  fuzzInflate(behind: [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], bytes)
}

/// Compresses arbitrary bytes, checks that they come back, then damages the compressed ones: a cut or a changed byte
/// either is an error or changes nothing.
public func fuzzDamagedStream(_ bytes: UnsafeRawBufferPointer) {
  var chance = FuzzChance(bytes)
  let content = Array(bytes)
  let cut = chance.below(content.count + 1)
  for pack in [fuzzZstd, fuzzGzip] {
    // two frames, or members, one after the other
    let packed = pack(Array(content[..<cut])) + pack(Array(content[cut...]))
    let stride = 1 + chance.below(packed.count)
    precondition((try? fuzzUnpacked(packed, stride: stride)) == content, "what was packed comes back")
    var damaged = packed
    // the magic number stays: without it these are bytes like any other
    damaged[4 + chance.below(packed.count - 4)] ^= 1 << UInt8(chance.below(8))
    if let got = try? fuzzUnpacked(damaged, stride: .max) { precondition(got == content, "damage went unseen") }
    let short = Array(packed.dropLast(1 + chance.below(packed.count - 4)))
    if let got = try? fuzzUnpacked(short, stride: stride) {
      precondition(got == Array(content[..<cut]), "a stream cut short went unseen")
    }
  }
}

private func fuzzInflate(behind magic: [UInt8], _ bytes: UnsafeRawBufferPointer) {
  _ = try? fuzzUnpacked(magic + Array(bytes), stride: .max)
}

/// What the input gives, up to 4 MiB.
private func fuzzUnpacked(_ bytes: [UInt8], stride: Int) throws(InputError) -> [UInt8] {
  // a small buffer, filled many times; no windows so large that asking for them is all that takes time
  let input = try input(from: MemoryBytes(bytes, stride: stride, bufferByteCount: 256), windowLogMax: 22)
  let blockByteCount = 1 << 14
  let block = UnsafeMutableRawPointer.allocate(byteCount: blockByteCount, alignment: 64)
  defer { block.deallocate() }
  var unpacked: [UInt8] = []
  while unpacked.count < 4 << 20 {
    let got = try input.read(into: block, blockByteCount)
    precondition(got >= 0 && got <= blockByteCount, "no more than was asked for")
    if got == 0 { break }
    unpacked.append(contentsOf: UnsafeRawBufferPointer(start: block, count: got))
  }
  precondition(input.bytesConsumed <= UInt64(bytes.count), "no more is consumed than there is")
  return unpacked
}

private func fuzzZstd(_ bytes: [UInt8]) -> [UInt8] {
  guard let context = ZSTD_createCCtx() else { fatalError("no memory left for zstd") }
  defer { ZSTD_freeCCtx(context) }
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  return [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(bytes.count)) { output, count in
    count = ZSTD_compress2(context, output.baseAddress, output.count, bytes, bytes.count)
    precondition(ZSTD_isError(count) == 0)
  }
}

private func fuzzGzip(_ bytes: [UInt8]) -> [UInt8] {
  // allocated, since zlib remembers where it stands
  let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  stream.initialize(to: z_stream())
  defer { stream.deallocate() }
  // 15: the largest window; 16: write the gzip wrapper
  let started = deflateInit2_(
    stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  precondition(started == Z_OK, "no memory left for zlib")
  defer { deflateEnd(stream) }
  var input = bytes
  return input.withUnsafeMutableBufferPointer { from in
    [UInt8](unsafeUninitializedCapacity: Int(deflateBound(stream, UInt(from.count)))) { output, count in
      stream.pointee.next_in = from.baseAddress
      stream.pointee.avail_in = UInt32(from.count)
      stream.pointee.next_out = output.baseAddress
      stream.pointee.avail_out = UInt32(output.count)
      precondition(deflate(stream, Z_FINISH) == Z_STREAM_END)
      count = output.count - Int(stream.pointee.avail_out)
    }
  }
}
