import FlatMemory

/// The bytes of a write-ahead log's segment: a header, then records.
///
/// Header, 24 bytes: `TWLOG`, two zeros, version 1; number of the first record (8 bytes); checksum of these 16 (8 bytes).
/// Record: length of the payload (4 bytes), checksum of payload, length and record number (8 bytes), payload. All
/// little-endian. The checksum is `hashBytes`, the same for ever on every machine; with the record's
/// number in it a record that was left over from another place does not pass.
enum LogRecords {
  static let headerByteCount = 24
  static let prefixByteCount = 12
  private static let magic: UInt64 = 0x0100_0047_4f4c_5754  // "TWLOG", two zeros, 1

  static func appendHeader(firstIndex: UInt64, to out: inout OutputBuffer) {
    out.reserve(headerByteCount)
    let start = out.count
    store(magic, &out)
    store(firstIndex, &out)
    unsafe store(mix(hashBytes(out.base + start, 16), firstIndex), &out)
  }
  private static func store(_ word: UInt64, _ out: inout OutputBuffer) {
    unsafe UnsafeMutableRawPointer(out.base + out.count).storeBytes(of: word.littleEndian, as: UInt64.self)
    out.count += 8
  }

  /// The number of the first record that a header names; nil when it is no whole header.
  static func firstIndex(_ p: UnsafePointer<UInt8>, _ count: Int) -> UInt64? {
    guard count >= headerByteCount, unsafe word(p) == magic else { return nil }
    let index = unsafe word(p + 8)
    return unsafe word(p + 16) == mix(hashBytes(p, 16), index) ? index : nil
  }

  /// Appends a record whose payload `payload` writes. What it throws leaves the buffer as it was.
  static func append(_ index: UInt64, to out: inout OutputBuffer, payload: (inout OutputBuffer) throws -> Void) rethrows
  {
    out.reserve(prefixByteCount)
    let start = out.count
    out.count += prefixByteCount
    do { try payload(&out) } catch {
      out.count = start
      throw error
    }
    // the hash may load beyond the payload
    out.reserve(0)
    let n = out.count - start - prefixByteCount
    let p = unsafe out.base + start
    let sum = unsafe checksum(p + prefixByteCount, n, index)
    unsafe UnsafeMutableRawPointer(p).storeBytes(of: UInt32(n).littleEndian, as: UInt32.self)
    unsafe UnsafeMutableRawPointer(p + 4).storeBytes(of: sum.littleEndian, as: UInt64.self)
  }
  private static func checksum(_ p: UnsafePointer<UInt8>, _ count: Int, _ index: UInt64) -> UInt64 {
    unsafe mix(hashBytes(p, count), mix(index, UInt64(count)))
  }

  enum Parsed: Equatable {
    /// A whole record with so many bytes of payload.
    case record(Int)
    /// More bytes are needed: so many in all.
    case incomplete(Int)
    case damaged
  }
  /// What stands at `p`. The bytes need padding behind them for wide loads.
  static func parse(_ p: UnsafePointer<UInt8>, _ count: Int, index: UInt64, payloadMax: Int) -> Parsed {
    if count < prefixByteCount { return .incomplete(prefixByteCount) }
    let n = Int(unsafe UInt32(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt32.self)))
    if n > payloadMax { return .damaged }
    if count < prefixByteCount + n { return .incomplete(prefixByteCount + n) }
    return unsafe word(p + 4) == checksum(p + prefixByteCount, n, index) ? .record(n) : .damaged
  }
  private static func word(_ p: UnsafePointer<UInt8>) -> UInt64 {
    unsafe UInt64(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt64.self))
  }
}

/// Walks the records of one segment from its header on.
///
/// Cost: reads of 256 KiB, or of a record that is longer.
final class SegmentWalk {
  let path: String
  private let files: any FileOperations
  private let payloadMax: Int
  /// Number of the next record, and where it begins in the file.
  private(set) var index: UInt64
  private(set) var offset: UInt64
  private var window = OutputBuffer(capacity: SegmentWalk.windowByteCount)
  private var cursor = 0
  private static let windowByteCount = 1 << 18

  /// Nil when the file has no whole header that names `firstIndex`.
  init?(path: String, firstIndex: UInt64, end: UInt64, payloadMax: Int, files: any FileOperations) throws {
    self.path = path
    self.files = files
    self.payloadMax = payloadMax
    index = firstIndex
    offset = 0
    try fill(LogRecords.headerByteCount, end: end)
    guard unsafe LogRecords.firstIndex(window.base, window.count) == firstIndex else { return nil }
    cursor = LogRecords.headerByteCount
    offset = UInt64(cursor)
  }
  deinit { window.deallocate() }

  /// Gets the bytes from the cursor on into the window, at least `count` of them if the file has them before `end`.
  private func fill(_ count: Int, end: UInt64) throws {
    let rest = window.count - cursor
    unsafe window.base.update(from: window.base + cursor, count: rest)
    (window.count, cursor) = (rest, 0)
    let from = offset + UInt64(rest)
    guard from < end else { return }
    let n = min(max(count, Self.windowByteCount) - rest, Int(end - from))
    window.reserve(n)
    window.count += try unsafe files.read(
      path, at: from, into: UnsafeMutableRawBufferPointer(start: window.base + rest, count: n))
  }

  enum Step { case record, end, damaged, torn }
  /// Gives the next record to `body`; what the file holds beyond `end` is not looked at.
  func next(end: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) throws -> Void) throws -> Step {
    while true {
      let have = window.count - cursor
      switch unsafe LogRecords.parse(window.base + cursor, have, index: index, payloadMax: payloadMax) {
      case .record(let n):
        let p = unsafe window.base + cursor + LogRecords.prefixByteCount
        try unsafe body(index, UnsafeRawBufferPointer(start: p, count: n))
        cursor += LogRecords.prefixByteCount + n
        offset += UInt64(LogRecords.prefixByteCount + n)
        index += 1
        return .record
      case .damaged: return .damaged
      case .incomplete(let needed):
        try fill(needed, end: end)
        if window.count == have { return have == 0 ? .end : .torn }
      }
    }
  }
}
