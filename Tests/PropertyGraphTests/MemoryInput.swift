import EventFormats

/// Bytes in memory as an input, handed out in pieces of at most `stride`.
final class MemoryInput: ByteInput, @unchecked Sendable {
  private let bytes: [UInt8]
  private let stride: Int
  private var at = 0

  let name = "memory"
  let compression = CompressionFormat.none
  var sizeInBytes: UInt64? { UInt64(bytes.count) }
  var bytesConsumed: UInt64 { UInt64(at) }

  init(_ text: String, stride: Int = .max) { (bytes, self.stride) = (Array(text.utf8), stride) }
  init(bytes: [UInt8], stride: Int = .max) { (self.bytes, self.stride) = (bytes, stride) }

  func read(into target: UnsafeMutableRawPointer, _ count: Int) throws(InputError) -> Int {
    let n = min(count, stride, bytes.count - at)
    bytes.withUnsafeBytes { source in
      if n > 0, let base = source.baseAddress { target.copyMemory(from: base + at, byteCount: n) }
    }
    at += n
    return n
  }
  func skip(to offset: UInt64) throws(InputError) { at = Int(offset) }
}
