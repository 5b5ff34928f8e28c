public import CKernels

/// Texts in a slab that know their length: two bytes of length, then at most 65,535 bytes of text.
///
/// Handle 0 is the empty text. Cost: whole words are copied; a text that is replaced by one of the same size class stays
/// where it is. Sources are read up to 15 bytes past their end.
extension Slab {
  @inlinable @inline(__always)
  public mutating func makeText(_ p: UnsafePointer<UInt8>, _ n: Int) -> UInt32 {
    if n == 0 { return 0 }
    let h = allocate(byteCount: n &+ 2)
    unsafe writeText(h, p, n)
    return h
  }

  /// Replaces a text; gives its handle.
  @inlinable @inline(__always)
  public mutating func replaceText(_ h: UInt32, by p: UnsafePointer<UInt8>, _ n: Int) -> UInt32 {
    if h == 0 { return unsafe makeText(p, n) }
    let former = unsafe text(h).1
    // as many granules are the same class, which is quicker to tell
    if n > 0, (n &+ 9) &>> 3 == (former &+ 9) &>> 3 || Slab.sizeClass(n &+ 2) == Slab.sizeClass(former &+ 2) {
      unsafe writeText(h, p, n)
      return h
    }
    // the new text may lie in this slab too, which does not move: it is copied before the old one is released
    let fresh = unsafe makeText(p, n)
    release(h, byteCount: former &+ 2)
    return fresh
  }

  @inlinable @inline(__always)
  public func text(_ h: UInt32) -> (UnsafePointer<UInt8>, Int) {
    let r = unsafe pointer(h)
    return unsafe (UnsafePointer(r + 2), h == 0 ? 0 : Int(load4(r) & 0xffff))
  }

  @inlinable @inline(__always)
  public mutating func releaseText(_ h: UInt32) {
    if h != 0 { unsafe release(h, byteCount: text(h).1 &+ 2) }
  }

  /// The length and six bytes in one word, then the rest, its last 16 bytes (or eight) whole and counted from the end:
  /// nothing behind the record is touched.
  @inlinable @inline(__always)
  func writeText(_ h: UInt32, _ p: UnsafePointer<UInt8>, _ n: Int) {
    assert(n > 0 && n < 1 << 16, "a text of \(n) bytes")
    let r = unsafe pointer(h)
    let first = unsafe UInt64(truncatingIfNeeded: n) | load8(p) &<< 16
    unsafe UnsafeMutableRawPointer(r).storeBytes(of: first, as: UInt64.self)
    if n > 21 { unsafe tw_copy16_exact(r + 8, p + 6, n &- 6) } else if n > 6 { unsafe tw_copy8(r + 8, p + 6, n &- 6) }
  }
}
