import FlatMemory

/// Why a stored accumulator could not be read back.
public struct ReportStateError: Error, CustomStringConvertible, Sendable {
  /// What was being read, and what is wrong with it.
  public let reason: String
  /// Where in the stored bytes.
  public let byteOffset: Int

  public var description: String {
    "the stored report state is unreadable at byte \(byteOffset): \(reason); resume from an older checkpoint"
  }
}

/// Writes accumulator state: little-endian words, and LEB128 integers (7 bits a byte, low bits first).
///
/// Cost: about 1 ns a byte, straight into the buffer that keeps it.
struct StateWriter {
  private(set) var buffer: OutputBuffer
  /// The most bytes of an integer.
  private static let integerByteCountMax = 10

  init(appendingTo buffer: OutputBuffer) { self.buffer = buffer }

  mutating func word(_ v: UInt64) {
    buffer.reserve(8)
    unsafe UnsafeMutableRawPointer(buffer.base + buffer.count).storeBytes(of: v.littleEndian, as: UInt64.self)
    buffer.count &+= 8
  }
  mutating func unsigned(_ v: UInt64) {
    buffer.reserve(StateWriter.integerByteCountMax)
    var x = v
    while x >= 0x80 {
      buffer.byte(UInt8(truncatingIfNeeded: x) | 0x80)
      x &>>= 7
    }
    buffer.byte(UInt8(truncatingIfNeeded: x))
  }
  /// A signed integer, zigzag: small magnitudes stay short.
  mutating func signed(_ v: Int64) { unsigned(UInt64(bitPattern: (v << 1) ^ (v >> 63))) }
  mutating func count(_ v: Int) { unsigned(UInt64(v)) }
  mutating func raw(_ p: UnsafePointer<UInt8>, _ n: Int) {
    buffer.reserve(n)
    unsafe buffer.bytesExact(p, n)
  }
  /// Counters in a row, zeros run-length coded: zeros, then non-zeros, in turns.
  mutating func sparse(_ p: UnsafePointer<Int64>, _ n: Int) {
    var i = 0
    while i < n {
      let zerosFrom = i
      while i < n, unsafe p[i] == 0 { i += 1 }
      count(i - zerosFrom)
      let from = i
      while i < n, unsafe p[i] != 0 { i += 1 }
      count(i - from)
      for k in from..<i { unsafe signed(p[k]) }
    }
  }
  /// Bytes in a row, zeros run-length coded as in ``sparse(_:_:)``.
  mutating func sparseBytes(_ p: UnsafePointer<UInt8>, _ n: Int) {
    var i = 0
    while i < n {
      let zerosFrom = i
      while i < n, unsafe p[i] == 0 { i += 1 }
      count(i - zerosFrom)
      let from = i
      while i < n, unsafe p[i] != 0 { i += 1 }
      count(i - from)
      unsafe raw(p + from, i - from)
    }
  }
}

/// Reads what ``StateWriter`` wrote; every read is bounds-checked, so damaged bytes throw and never trap.
@safe struct StateReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = unsafe bytes }

  var remaining: Int { unsafe bytes.count - position }

  func failure(_ reason: String) -> ReportStateError { ReportStateError(reason: reason, byteOffset: position) }

  mutating func word() throws -> UInt64 {
    guard remaining >= 8 else { throw failure("8 bytes expected, \(remaining) left") }
    defer { position += 8 }
    return unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
  }
  mutating func unsigned() throws -> UInt64 {
    var v: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 64, unsafe position < bytes.count {
      let b = unsafe bytes[position]
      position += 1
      v |= UInt64(b & 0x7f) << shift
      if b < 0x80 { return v }
      shift += 7
    }
    throw failure("an integer that does not end")
  }
  mutating func signed() throws -> Int64 {
    let v = try unsigned()
    return Int64(bitPattern: v >> 1) ^ -Int64(bitPattern: v & 1)
  }
  /// A count of at most `limit`.
  mutating func count(atMost limit: Int, _ what: StaticString) throws -> Int {
    let v = try unsigned()
    guard v <= UInt64(limit) else { throw failure("\(v) \(what) where at most \(limit) fit") }
    return Int(v)
  }
  mutating func raw(into p: UnsafeMutablePointer<UInt8>, _ n: Int) throws {
    guard n <= remaining else { throw failure("\(n) bytes expected, \(remaining) left") }
    unsafe UnsafeMutableRawBufferPointer(start: p, count: n).copyMemory(
      from: UnsafeRawBufferPointer(rebasing: bytes[position..<position + n]))
    position += n
  }
  mutating func sparse(into p: UnsafeMutablePointer<Int64>, _ n: Int) throws {
    var i = 0
    while i < n {
      let zeros = try count(atMost: n - i, "counters")
      unsafe (p + i).update(repeating: 0, count: zeros)
      i += zeros
      let run = try count(atMost: n - i, "counters")
      guard zeros + run > 0 else { throw failure("an empty run of counters") }
      for k in i..<i + run { unsafe p[k] = try signed() }
      i += run
    }
  }
  mutating func sparseBytes(into p: UnsafeMutablePointer<UInt8>, _ n: Int) throws {
    var i = 0
    while i < n {
      let zeros = try count(atMost: n - i, "registers")
      unsafe (p + i).update(repeating: 0, count: zeros)
      i += zeros
      let run = try count(atMost: n - i, "registers")
      guard zeros + run > 0 else { throw failure("an empty run of registers") }
      try unsafe raw(into: p + i, run)
      i += run
    }
  }
}
