/// Lays out state little-endian, field after field, in one growing run of bytes.
///
/// Guarantees: what is written here in order is read back in the same order by ``SnapshotByteReader``; the layout is
/// the same on every machine (only little-endian hosts are supported, which ``run(_:)`` relies on).
/// Cost: a bounds check and a store a field; growth by doubling. ``bytes`` stays valid until the next write.
@safe public final class SnapshotByteWriter {
  @usableFromInline var base: UnsafeMutableRawPointer
  @usableFromInline var capacity: Int
  /// Bytes written so far.
  @inlinable
  public var count: Int { used }
  @usableFromInline var used = 0

  /// A writer with room for `capacity` bytes before its first growth.
  public init(capacity: Int = 4096) {
    self.capacity = max(capacity, 64)
    unsafe base = .allocate(byteCount: self.capacity, alignment: 64)
  }

  deinit { unsafe base.deallocate() }

  /// All bytes written; valid until the next write or the end of this writer.
  @inlinable
  public var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base, count: used) }

  /// Forgets what was written and keeps the memory.
  @inlinable
  public func removeAll() { used = 0 }

  /// A fixed-width integer, `MemoryLayout<T>.size` bytes.
  @inlinable
  public func integer<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
    let size = MemoryLayout<T>.size
    reserve(size)
    unsafe base.storeBytes(of: value.littleEndian, toByteOffset: used, as: T.self)
    used &+= size
  }

  /// An IEEE 754 double as its 8 bytes; NaN payloads are kept.
  @inlinable
  public func double(_ value: Double) { integer(value.bitPattern) }

  /// One byte, 0 or 1.
  @inlinable
  public func boolean(_ value: Bool) { integer(value ? 1 as UInt8 : 0) }

  /// A 4-byte length, then the bytes.
  ///
  /// Precondition: fewer than 2³² bytes.
  public func lengthPrefixedBytes(_ source: UnsafeRawBufferPointer) {
    integer(UInt32(source.count))
    unsafe rawBytes(source)
  }

  /// A string as its length-prefixed UTF-8.
  public func string(_ text: String) {
    var text = text
    text.withUTF8 { unsafe lengthPrefixedBytes(UnsafeRawBufferPointer($0)) }
  }

  /// An 8-byte count, a 4-byte element size, then the elements as they lie in memory.
  ///
  /// For types whose layout is fixed (integers, doubles, structs of them): the element size is checked on reading.
  public func run<T: BitwiseCopyable>(_ elements: UnsafeBufferPointer<T>) {
    #if _endian(big)
      #error("runs of values are stored as they lie in memory: a big-endian host needs byte swapping here")
    #endif
    integer(UInt64(elements.count))
    integer(UInt32(MemoryLayout<T>.stride))
    unsafe rawBytes(UnsafeRawBufferPointer(elements))
  }

  /// Bytes without any length.
  public func rawBytes(_ source: UnsafeRawBufferPointer) {
    guard let from = source.baseAddress, source.count > 0 else { return }
    reserve(source.count)
    unsafe (base + used).copyMemory(from: from, byteCount: source.count)
    used += source.count
  }

  @inlinable @inline(__always)
  func reserve(_ extra: Int) {
    if used &+ extra > capacity { grow(extra) }
  }

  @inline(never) @usableFromInline
  func grow(_ extra: Int) {
    let larger = max(capacity * 2, used + extra)
    let fresh = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 64)
    unsafe fresh.copyMemory(from: base, byteCount: used)
    unsafe base.deallocate()
    unsafe base = unsafe fresh
    capacity = larger
  }
}
