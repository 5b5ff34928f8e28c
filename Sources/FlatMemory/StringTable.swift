/// Counted strings: each distinct text is kept once, behind a 32-bit handle, for as long as something holds it.
///
/// Layout: in the slab, `[count u32][length u32]` and the bytes. Handle 0 is the empty (or absent) text.
/// Cost: a hash and a look-up to hold, 10 ns while the table fits the cache; copying into the slab only when new.
public struct StringTable: @unchecked Sendable {
  @usableFromInline var index = HashIndex()
  @usableFromInline static let headerByteCount = 8

  public init() {}
  public func deallocate() { index.deallocate() }

  @inlinable @inline(__always)
  static func hash(_ p: UnsafePointer<UInt8>, _ n: Int) -> UInt32 {
    unsafe UInt32(truncatingIfNeeded: hashBytes(p, n) &>> 16)
  }

  /// The handle of a text, held once more. Reads up to 15 bytes past the text.
  @inlinable @inline(__always)
  public mutating func hold(_ p: UnsafePointer<UInt8>, _ n: Int, in slab: inout Slab) -> UInt32 {
    n == 0 ? 0 : unsafe holdText(p, n, &slab)
  }
  @inline(never) @inlinable
  mutating func holdText(_ p: UnsafePointer<UInt8>, _ n: Int, _ slab: inout Slab) -> UInt32 {
    let hash = unsafe StringTable.hash(p, n)
    var i = Int(hash) & index.mask
    while true {
      let x = unsafe index.words[i]
      if x == 0 { break }
      if HashIndex.hash(of: x) == hash {
        let h = HashIndex.slot(of: x)
        let r = unsafe slab.pointer(h)
        if unsafe load4(r + 4) == UInt32(truncatingIfNeeded: n),
          unsafe equalBytes(r + StringTable.headerByteCount, p, n)
        {
          unsafe addCount(r, 1)
          return h
        }
      }
      i = (i &+ 1) & index.mask
    }
    return unsafe insert(p, n, hash, &slab)
  }
  @inline(never) @usableFromInline
  mutating func insert(_ p: UnsafePointer<UInt8>, _ n: Int, _ hash: UInt32, _ slab: inout Slab) -> UInt32 {
    let h = slab.allocate(byteCount: StringTable.headerByteCount + n)
    let r = unsafe UnsafeMutableRawPointer(slab.pointer(h))
    unsafe r.storeBytes(of: 1, as: UInt32.self)
    unsafe r.storeBytes(of: UInt32(truncatingIfNeeded: n), toByteOffset: 4, as: UInt32.self)
    unsafe (r + StringTable.headerByteCount).copyMemory(from: p, byteCount: n)
    index.insert(hash: hash, slot: h)
    return h
  }
  @inlinable @inline(__always)
  func addCount(_ r: UnsafeMutablePointer<UInt8>, _ n: UInt32) {
    unsafe UnsafeMutableRawPointer(r).storeBytes(of: load4(r) &+ n, as: UInt32.self)
  }

  /// Gives a hold back.
  @inlinable
  public mutating func release(_ h: UInt32, in slab: inout Slab) {
    if h == 0 { return }
    let r = unsafe slab.pointer(h)
    let count = unsafe load4(r)
    assert(count > 0, "a text released more often than held")
    if count > 1 { unsafe addCount(r, ~0) } else { remove(h, &slab) }
  }
  @inline(never) @usableFromInline
  mutating func remove(_ h: UInt32, _ slab: inout Slab) {
    let r = unsafe slab.pointer(h)
    let n = unsafe Int(load4(r + 4))
    index.remove(hash: unsafe StringTable.hash(r + StringTable.headerByteCount, n), slot: h)
    slab.release(h, byteCount: StringTable.headerByteCount + n)
  }

  /// The text behind a handle.
  @inlinable @inline(__always)
  public static func text(_ h: UInt32, in slab: Slab) -> (UnsafePointer<UInt8>, Int) {
    if h == 0 { return unsafe (UnsafePointer(slab.base), 0) }
    let r = unsafe slab.pointer(h)
    return unsafe (UnsafePointer(r + headerByteCount), Int(load4(r + 4)))
  }

  /// The index as words, and back: the texts themselves are in the slab's snapshot.
  public var words: UnsafeBufferPointer<UInt64> {
    unsafe UnsafeBufferPointer(start: index.words, count: index.mask + 1)
  }
  public mutating func restore(words: UnsafeRawBufferPointer) {
    var n = 0
    for k in stride(from: 0, to: words.count - 7, by: 8)
    where unsafe words.loadUnaligned(fromByteOffset: k, as: UInt64.self) != 0 {
      n += 1
    }
    index.deallocate()
    index = HashIndex(minimumCapacity: max(n, 1))
    for k in stride(from: 0, to: words.count - 7, by: 8) {
      let w = unsafe words.loadUnaligned(fromByteOffset: k, as: UInt64.self)
      if w != 0 { index.insert(hash: HashIndex.hash(of: w), slot: HashIndex.slot(of: w)) }
    }
  }
}
