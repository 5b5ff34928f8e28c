public import CKernels
public import FlatMemory
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A count of distinct 32-bit fingerprints (never 0) in 24 bytes: four inline, then an exact set in the slab, and past
/// 1,024 values a HyperLogLog of 1,024 registers (standard error 3.3%; Flajolet et al. 2007, small-range correction).
///
/// A trivial value; the slab that holds the rest is passed in. Cost: 2 ns while inline. Adding the same values in any
/// order gives the same count.
public struct DistinctItems: BitwiseCopyable, Sendable {
  /// Values, or the flag below.
  @usableFromInline var n: UInt32 = 0
  /// Slab handle of the set or the registers, 0 while inline.
  @usableFromInline var more: UInt32 = 0
  @usableFromInline var cells: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)

  @usableFromInline static let sketched: UInt32 = 0x8000_0000
  @usableFromInline static let exactMax: UInt32 = 1024
  static let registerCount = 1024

  @inlinable public init() {}

  /// Whether part of the set is in the slab, and where: for prefetching.
  @inlinable public var hasMore: Bool { more != 0 }
  @inlinable public var handle: UInt32 { more }

  @inlinable @inline(__always)
  static func cellPointer(_ s: UnsafeMutablePointer<DistinctItems>) -> UnsafeMutablePointer<UInt32> {
    (UnsafeMutableRawPointer(s) + MemoryLayout<DistinctItems>.offset(of: \DistinctItems.cells)!)
      .assumingMemoryBound(to: UInt32.self)
  }
  @inlinable @inline(__always)
  public static func add(_ s: UnsafeMutablePointer<DistinctItems>, _ v: UInt32, _ slab: inout Slab) {
    let c = cellPointer(s)
    if tw_has4(c, v) != 0 { return }
    let n = s.pointee.n
    if n < 4 {
      c[Int(n)] = v
      s.pointee.n = n &+ 1
    } else {
      addMore(s, v, &slab)
    }
  }

  /// A set is `[log2 capacity, count]` and the cells.
  static func setByteCount(_ log: Int) -> Int { 8 + 4 << log }

  @inline(never) @usableFromInline
  static func addMore(_ s: UnsafeMutablePointer<DistinctItems>, _ v: UInt32, _ slab: inout Slab) {
    if s.pointee.n & sketched != 0 {
      observe(s.pointee.more, v, slab)
      return
    }
    if s.pointee.more == 0 { s.pointee.more = makeSet(3, &slab) }
    var p = UnsafeMutableRawPointer(slab.pointer(s.pointee.more)).assumingMemoryBound(to: UInt32.self)
    var mask = (1 << Int(p[0])) - 1
    if contains(p, mask, v) { return }
    if p[1] * 4 >= UInt32(mask) * 3 {
      if s.pointee.n >= exactMax {
        sketch(s, &slab)
        observe(s.pointee.more, v, slab)
        return
      }
      let bigger = makeSet(Int(p[0]) + 1, &slab)
      p = UnsafeMutableRawPointer(slab.pointer(s.pointee.more)).assumingMemoryBound(to: UInt32.self)
      let q = UnsafeMutableRawPointer(slab.pointer(bigger)).assumingMemoryBound(to: UInt32.self)
      let wider = mask * 2 + 1
      for i in 0...mask where p[2 + i] != 0 { insert(q, wider, p[2 + i]) }
      slab.release(s.pointee.more, byteCount: setByteCount(Int(p[0])))
      s.pointee.more = bigger
      p = q
      mask = wider
    }
    insert(p, mask, v)
    s.pointee.n += 1
  }
  private static func home(_ v: UInt32, _ mask: Int) -> Int { Int((v &* 0x9e37_79b1) >> 12) & mask }
  private static func contains(_ p: UnsafeMutablePointer<UInt32>, _ mask: Int, _ v: UInt32) -> Bool {
    var i = home(v, mask)
    while p[2 + i] != 0 {
      if p[2 + i] == v { return true }
      i = (i + 1) & mask
    }
    return false
  }
  private static func insert(_ p: UnsafeMutablePointer<UInt32>, _ mask: Int, _ v: UInt32) {
    var i = home(v, mask)
    while p[2 + i] != 0 { i = (i + 1) & mask }
    p[2 + i] = v
    p[1] += 1
  }
  private static func makeSet(_ log: Int, _ slab: inout Slab) -> UInt32 {
    let h = slab.allocate(byteCount: setByteCount(log))
    let p = UnsafeMutableRawPointer(slab.pointer(h)).assumingMemoryBound(to: UInt32.self)
    p.update(repeating: 0, count: setByteCount(log) / 4)
    p[0] = UInt32(log)
    return h
  }
  private static func sketch(_ s: UnsafeMutablePointer<DistinctItems>, _ slab: inout Slab) {
    let h = slab.allocate(byteCount: registerCount)
    slab.pointer(h).update(repeating: 0, count: registerCount)
    let p = UnsafeMutableRawPointer(slab.pointer(s.pointee.more)).assumingMemoryBound(to: UInt32.self)
    let log = Int(p[0])
    for i in 0..<(1 << log) where p[2 + i] != 0 { observe(h, p[2 + i], slab) }
    let c = cellPointer(s)
    for i in 0..<4 where c[i] != 0 { observe(h, c[i], slab) }
    slab.release(s.pointee.more, byteCount: setByteCount(log))
    s.pointee.more = h
    s.pointee.n |= sketched
  }
  private static func observe(_ handle: UInt32, _ v: UInt32, _ slab: Slab) {
    let x = UInt64(v) &* 0x9e37_79b9_7f4a_7c15
    let y = (x ^ x >> 29) &* 0xbf58_476d_1ce4_e5b9
    let r = slab.pointer(handle) + Int(y & 1023)
    let rank = UInt8((y >> 10 | 1).leadingZeroBitCount - 9)
    if rank > r.pointee { r.pointee = rank }
  }

  /// The number of distinct values.
  public func count(in slab: Slab) -> UInt32 {
    if n & DistinctItems.sketched == 0 { return n }
    let r = slab.pointer(more)
    // registers are added in their order: the same set gives the same sum
    var sum = 0.0
    var zeros = 0
    for i in 0..<DistinctItems.registerCount {
      sum += 1 / Double(UInt64(1) << UInt64(r[i]))
      if r[i] == 0 { zeros += 1 }
    }
    let m = Double(DistinctItems.registerCount)
    let e = 0.7213 / (1 + 1.079 / m) * m * m / sum
    if e < 2.5 * m, zeros > 0 { return UInt32(m * log(m / Double(zeros)) + 0.5) }
    return UInt32(e + 0.5)
  }

  /// Adds another set's values and releases that one.
  public static func merge(
    _ a: UnsafeMutablePointer<DistinctItems>, _ b: UnsafeMutablePointer<DistinctItems>, _ slab: inout Slab
  ) {
    if b.pointee.n & sketched != 0 {
      // both as registers, the greater of each
      if a.pointee.n & sketched == 0 {
        if a.pointee.more == 0 { a.pointee.more = makeSet(3, &slab) }
        sketch(a, &slab)
      }
      let p = slab.pointer(a.pointee.more)
      let q = slab.pointer(b.pointee.more)
      for i in 0..<registerCount { p[i] = max(p[i], q[i]) }
    } else {
      let c = cellPointer(b)
      for i in 0..<min(4, Int(b.pointee.n)) { add(a, c[i], &slab) }
      if b.pointee.more != 0 {
        let log = Int(load4(slab.pointer(b.pointee.more)))
        for i in 0..<(1 << log) {
          let v = load4(slab.pointer(b.pointee.more) + 8 + 4 * i)
          if v != 0 { add(a, v, &slab) }
        }
      }
    }
    b.pointee.drop(&slab)
  }

  /// Gives the slab's memory back.
  public func drop(_ slab: inout Slab) {
    guard more != 0 else { return }
    let isSketch = n & DistinctItems.sketched != 0
    slab.release(
      more,
      byteCount: isSketch ? DistinctItems.registerCount : DistinctItems.setByteCount(Int(load4(slab.pointer(more)))))
  }
}
