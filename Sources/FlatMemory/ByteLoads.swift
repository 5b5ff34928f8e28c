/// Unaligned loads and comparisons on raw bytes, in steps of eight.
///
/// Cost: a load each. Every function that reads past `count` says so; buffers handed in keep
/// ``bytePadding`` readable bytes after their data, which makes those reads safe.

/// Readable bytes that every buffer of events or text keeps after its data.
public let bytePadding = 64

@inlinable @inline(__always)
public func load8(_ p: UnsafePointer<UInt8>) -> UInt64 {
  unsafe UnsafeRawPointer(p).loadUnaligned(as: UInt64.self)
}

@inlinable @inline(__always)
public func load4(_ p: UnsafePointer<UInt8>) -> UInt32 {
  unsafe UnsafeRawPointer(p).loadUnaligned(as: UInt32.self)
}

/// The lowest `count` bytes set; more than 8 behaves as 8, less than 0 as 0.
@inlinable @inline(__always)
public func byteMask(_ count: Int) -> UInt64 {
  count >= 8 ? ~0 : (count <= 0 ? 0 : (1 &<< UInt64(truncatingIfNeeded: count &* 8)) &- 1)
}

/// Whether two runs of `count` bytes are equal. Reads up to 7 bytes past either end.
///
/// A free function on purpose: a non-mutating method of a large struct, called from a mutating one,
/// copies the struct.
@inlinable
public func equalBytes(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
  var i = 0
  while i &+ 8 <= count {
    if unsafe load8(a + i) != load8(b + i) { return false }
    i &+= 8
  }
  return unsafe (load8(a + i) ^ load8(b + i)) & byteMask(count &- i) == 0
}
