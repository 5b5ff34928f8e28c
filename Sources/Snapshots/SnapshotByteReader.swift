/// Reads back what ``SnapshotByteWriter`` laid out: a cursor that never leaves its bytes.
///
/// Guarantees: every read is checked against the bytes left before anything is allocated; a read that does not fit
/// throws ``SnapshotError/malformed(_:path:offset:advice:)`` with the name and offset and leaves the cursor in place.
/// Cost: a compare and a load a field. The bytes must outlive the reader, except for readers of a
/// ``RecoveredCheckpoint``, which keep it alive.
@safe public struct SnapshotByteReader {
  /// What is read: a section name or a path, for messages.
  public let name: String
  public let bytes: UnsafeRawBufferPointer
  @usableFromInline var cursor = 0
  /// Keeps the bytes alive, if this object does not only borrow them.
  private let owner: AnyObject?
  /// Added to offsets in messages: where ``bytes`` begins in the file.
  let origin: Int

  public init(_ bytes: UnsafeRawBufferPointer, name: String) { unsafe self.init(bytes, name: name, origin: 0) }

  init(_ bytes: UnsafeRawBufferPointer, name: String, origin: Int, owner: AnyObject? = nil) {
    self.owner = owner
    unsafe self.bytes = unsafe bytes
    self.name = name
    self.origin = origin
  }

  /// The next byte to read.
  @inlinable
  public var offset: Int { cursor }
  @inlinable
  public var remaining: Int { unsafe bytes.count &- cursor }

  /// A fixed-width integer.
  @inlinable
  public mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type = T.self
  ) throws(SnapshotError) -> T {
    let at = try advance(MemoryLayout<T>.size)
    return unsafe T(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: T.self))
  }

  /// An IEEE 754 double.
  @inlinable
  public mutating func double() throws(SnapshotError) -> Double { Double(bitPattern: try integer()) }

  /// One byte that is 0 or 1.
  public mutating func boolean() throws(SnapshotError) -> Bool {
    let at = offset
    let value = try integer(UInt8.self)
    guard value <= 1 else {
      cursor = at
      throw malformed("a boolean is \(value) instead of 0 or 1")
    }
    return value == 1
  }

  /// `count` bytes without any length; a view, nothing is copied.
  public mutating func rawBytes(_ count: Int) throws(SnapshotError) -> UnsafeRawBufferPointer {
    let at = try advance(count)
    return unsafe UnsafeRawBufferPointer(rebasing: bytes[at..<at + count])
  }

  /// The bytes after a 4-byte length; a view, nothing is copied.
  public mutating func lengthPrefixedBytes() throws(SnapshotError) -> UnsafeRawBufferPointer {
    let at = offset
    let count = Int(try integer(UInt32.self))
    guard count <= remaining else {
      cursor = at
      throw malformed("a length of \(count) bytes exceeds what is left (\(remaining - 4))")
    }
    return try unsafe rawBytes(count)
  }

  /// Length-prefixed UTF-8.
  public mutating func string() throws(SnapshotError) -> String {
    let at = offset
    let utf8 = try unsafe lengthPrefixedBytes()
    guard let text = unsafe String(validating: utf8, as: UTF8.self) else {
      cursor = at
      throw malformed("a string is not valid UTF-8")
    }
    return text
  }

  /// The elements written by ``SnapshotByteWriter/run(_:)`` as bytes (not aligned) and their count; nothing is copied.
  public mutating func runBytes<T: BitwiseCopyable>(
    of type: T.Type
  ) throws(SnapshotError) -> (bytes: UnsafeRawBufferPointer, count: Int) {
    let at = offset
    guard remaining >= 12 else { throw short(12) }
    let count = try integer(UInt64.self)
    let stride = try integer(UInt32.self)
    guard stride == UInt32(MemoryLayout<T>.stride) else {
      cursor = at
      throw malformed("a run has elements of \(stride) bytes, expected \(MemoryLayout<T>.stride) (\(T.self))")
    }
    guard count <= UInt64(remaining / MemoryLayout<T>.stride) else {
      cursor = at
      throw malformed("a run of \(count) elements of \(stride) bytes exceeds what is left (\(remaining - 12))")
    }
    return unsafe (try rawBytes(Int(count) * MemoryLayout<T>.stride), Int(count))
  }

  /// The elements written by ``SnapshotByteWriter/run(_:)`` as an array.
  public mutating func run<T: BitwiseCopyable>(of type: T.Type) throws(SnapshotError) -> [T] {
    let (raw, count) = unsafe try runBytes(of: type)
    return unsafe [T](unsafeUninitializedCapacity: count) { buffer, initialized in
      unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: raw)
      initialized = count
    }
  }

  /// Checks that everything was read.
  public func finish() throws(SnapshotError) {
    if remaining > 0 { throw malformed("\(remaining) bytes are left over after the last field") }
  }

  /// An error at the cursor, for readers that find a value they cannot accept.
  public func malformed(_ problem: String) -> SnapshotError {
    .malformed(problem, path: name, offset: origin + offset)
  }

  @inlinable @inline(__always)
  mutating func advance(_ count: Int) throws(SnapshotError) -> Int {
    let at = cursor
    guard count >= 0, unsafe count <= bytes.count &- at else { throw short(count) }
    cursor = at &+ count
    return at
  }
  @inline(never) @usableFromInline
  func short(_ count: Int) -> SnapshotError {
    malformed("\(count) bytes are needed and \(remaining) are left")
  }
}
