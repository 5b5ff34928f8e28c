import FlatMemory
import Foundation

/// How keys and values of state become bytes in checkpoints, and values again.
///
/// ``automatic()`` is right for nearly everything: trivial values are their bytes in memory (and are written in the
/// background while processing goes on), texts are UTF-8, byte arrays themselves, and any other `Codable` type is JSON
/// with sorted keys, so that a checkpoint is readable and a newer type reads an older one by `Codable`'s own rules
/// (optional new fields, ignored old ones).
///
/// Cost: raw bytes 10 GB/s; texts 10 ns; JSON 1 to 10 µs a value.
@safe public struct StateCodec<Value>: Sendable {
  /// The form of the bytes; recorded in checkpoints.
  public enum Form: Int64, Sendable {
    /// The bytes of a trivial value in memory.
    case raw = 1
    /// Text.
    case utf8 = 2
    /// Bytes, as they are.
    case bytes = 3
    /// JSON with sorted keys.
    case json = 4
    /// A form of the program's own.
    case custom = 5
  }
  /// The form, which a checkpoint records.
  public let form: Form
  let encode: @Sendable (Value, inout OutputBuffer) throws -> Void
  let decode: @Sendable (UnsafeRawBufferPointer) throws -> Value

  init(
    _ form: Form, encode: @escaping @Sendable (Value, inout OutputBuffer) throws -> Void,
    decode: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Value
  ) {
    self.form = form
    self.encode = encode
    unsafe self.decode = unsafe decode
  }

  /// A form of the user's own.
  public init(
    encode: @escaping @Sendable (Value) throws -> [UInt8], decode: @escaping @Sendable ([UInt8]) throws -> Value
  ) {
    unsafe self.init(.custom) { value, buffer in
      buffer.append(try encode(value))
    } decode: { bytes in
      try decode(unsafe [UInt8](bytes))
    }
  }

  /// The value's bytes as they lie in memory. Whether they still mean the same is judged by ``StateLayout``.
  static var raw: StateCodec {
    precondition(_isPOD(Value.self), "\(Value.self) is not a trivial type")
    let n = MemoryLayout<Value>.size
    return unsafe StateCodec(.raw) { value, buffer in
      buffer.reserve(n)
      unsafe withUnsafeBytes(of: value) { unsafe buffer.append($0) }
    } decode: { bytes in
      guard bytes.count >= n else { throw StateError.undecodable("\(Value.self)", "\(bytes.count) bytes of \(n)") }
      return unsafe bytes.loadUnaligned(as: Value.self, checked: ())
    }
  }

  /// The value encoded (what a checkpoint holds of one value), for migrations and tests.
  public func encoded(_ value: Value) throws -> [UInt8] {
    var buffer = OutputBuffer(capacity: 64)
    defer { buffer.deallocate() }
    try encode(value, &buffer)
    return unsafe [UInt8](UnsafeBufferPointer(start: buffer.base, count: buffer.count))
  }
  /// The value that was encoded; a migration calls it on the codec of the older type. Throws what `Codable` throws, or
  /// ``StateError``.
  public func decoded(_ bytes: [UInt8]) throws -> Value {
    try unsafe bytes.withUnsafeBytes { try unsafe decode($0) }
  }
}

extension StateCodec where Value: BitwiseCopyable {
  /// The bytes in memory, for trivial types that are not `Codable` (tuples of numbers).
  public static var trivial: StateCodec { raw }
}

extension StateCodec where Value: Codable & Sendable {
  /// The cheapest form: raw for trivial types, UTF-8, bytes, else ``json()``.
  public static func automatic() -> StateCodec {
    if _isPOD(Value.self) { return raw }
    if Value.self == String.self { return utf8 }
    if Value.self == [UInt8].self { return bytes }
    return json()
  }

  private static var utf8: StateCodec {
    unsafe StateCodec(.utf8) { value, buffer in
      buffer.text(value as! String)
    } decode: { bytes in
      guard let text = unsafe String(validating: bytes, as: UTF8.self) else {
        throw StateError.undecodable("String", "its bytes are not UTF-8")
      }
      return text as! Value
    }
  }
  private static var bytes: StateCodec {
    unsafe StateCodec(.bytes) { value, buffer in
      buffer.append(value as! [UInt8])
    } decode: { bytes in
      unsafe [UInt8](bytes) as! Value
    }
  }

  /// JSON with sorted keys, for trivial types too: fields may come and go between releases, at the price of a
  /// checkpoint that holds processing up by a microsecond or more a value.
  public static func json() -> StateCodec {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return unsafe StateCodec(.json) { value, buffer in
      let data = try encoder.encode(value)
      buffer.reserve(data.count)
      unsafe data.withUnsafeBytes { unsafe buffer.append($0) }
    } decode: { bytes in
      try decoder.decode(Value.self, from: unsafe Data(bytes))
    }
  }
}

extension UnsafeRawBufferPointer {
  /// A trivial value from bytes of any alignment; `T` is known to be trivial, the compiler need not know it.
  func loadUnaligned<T>(as type: T.Type, checked: Void) -> T {
    unsafe withUnsafeTemporaryAllocation(of: T.self, capacity: 1) { one in
      let place = UnsafeMutableRawPointer(one.baseAddress!)
      unsafe place.copyMemory(from: baseAddress!, byteCount: MemoryLayout<T>.size)
      return unsafe one[0]
    }
  }
}

extension OutputBuffer {
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    reserve(bytes.count)
    if let p = bytes.baseAddress { unsafe bytesExact(p.assumingMemoryBound(to: UInt8.self), bytes.count) }
  }
  mutating func append(_ bytes: [UInt8]) { unsafe bytes.withUnsafeBytes { unsafe append($0) } }
}
