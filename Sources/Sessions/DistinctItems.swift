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
    unsafe (UnsafeMutableRawPointer(s) + MemoryLayout<DistinctItems>.offset(of: \DistinctItems.cells)!)
      .assumingMemoryBound(to: UInt32.self)
  }
  /// Adds a value. Up to 20 of them no branch depends on how many there are: nobody could foretell it.
  @inlinable @inline(__always)
  public static func add(_ s: UnsafeMutablePointer<DistinctItems>, _ v: UInt32, _ slab: inout Slab) {
    let n = unsafe s.pointee.n
    if n > inlineMax + listedMax {
      unsafe addMore(s, v, &slab)
      return
    }
    let c = unsafe cellPointer(s)
    let listed = max(n, inlineMax) &- inlineMax
    let list = unsafe listCells(s, slab)
    // behind the list's values, or where there is no list, stands anything
    if unsafe UInt32(bitPattern: tw_has4(c, v)) | (tw_equal16(list, v) & ((1 &<< listed) &- 1)) != 0 { return }
    if (fullCounts &>> n) & 1 != 0 {
      unsafe addGrowing(s, v, &slab)
      return
    }
    // all bits where the value goes to the list: a choice that is left to the compiler becomes a branch
    let toList = (Int(inlineMax) &- 1 &- Int(n)) &>> (Int.bitWidth &- 1)
    unsafe choose(c + Int(n), list + Int(listed), toList).pointee = v
    // a list's count stands before its cells
    let count = unsafe UnsafeMutableRawPointer(s).assumingMemoryBound(to: UInt32.self)
    unsafe choose(count, list - 1, toList).pointee = listed &+ 1
    unsafe s.pointee.n = n &+ 1
  }
  /// `b` where `mask` is all ones, `a` where it is 0.
  @inlinable @inline(__always)
  static func choose(
    _ a: UnsafeMutablePointer<UInt32>, _ b: UnsafeMutablePointer<UInt32>, _ mask: Int
  ) -> UnsafeMutablePointer<UInt32> {
    let (x, y) = (UnsafeMutableRawPointer(a), UnsafeMutableRawPointer(b))
    return unsafe (x + ((y - x) & mask)).assumingMemoryBound(to: UInt32.self)
  }
  @usableFromInline static let inlineMax: UInt32 = 4
  @usableFromInline static let listedMax: UInt32 = 16
  /// A bit for each count at which there is no room: no list yet, and lists of 4, 8 and 16.
  @usableFromInline static let fullCounts: UInt32 = 1 << 4 | 1 << 8 | 1 << 12 | 1 << 20

  @inlinable @inline(__always)
  static func listCells(_ s: UnsafeMutablePointer<DistinctItems>, _ slab: Slab) -> UnsafeMutablePointer<UInt32> {
    unsafe UnsafeMutableRawPointer(slab.pointer(s.pointee.more) + 8).assumingMemoryBound(to: UInt32.self)
  }

  /// A set is `[log2 capacity, count]` and the cells: up to 16 of them in the order they came, more by their hash.
  static func setByteCount(_ log: Int) -> Int { 8 + 4 << log }

  /// A value that is not held, to a list that is full.
  @inline(never) @usableFromInline
  static func addGrowing(_ s: UnsafeMutablePointer<DistinctItems>, _ v: UInt32, _ slab: inout Slab) {
    let n = unsafe Int(s.pointee.n - inlineMax)
    let log = n == 0 ? 2 : n.trailingZeroBitCount + 1
    let bigger = makeSet(log, &slab)
    let from = unsafe listCells(s, slab)
    let to = unsafe UnsafeMutableRawPointer(slab.pointer(bigger)).assumingMemoryBound(to: UInt32.self)
    if n < listedMax {
      unsafe (to + 2).update(from: from, count: n)
      unsafe to[2 + n] = v
      unsafe to[1] = UInt32(n + 1)
    } else {
      for i in 0..<n { unsafe insert(to, 2 * n - 1, from[i]) }
      unsafe insert(to, 2 * n - 1, v)
    }
    if n > 0 { unsafe slab.release(s.pointee.more, byteCount: setByteCount(log - 1)) }
    unsafe s.pointee.more = bigger
    unsafe s.pointee.n += 1
  }

  /// A value to a table or a sketch; the first ones stay inline.
  @inline(never) @usableFromInline
  static func addMore(_ s: UnsafeMutablePointer<DistinctItems>, _ v: UInt32, _ slab: inout Slab) {
    if unsafe tw_has4(cellPointer(s), v) != 0 { return }
    if unsafe s.pointee.n & sketched != 0 {
      unsafe observe(s.pointee.more, v, slab)
      return
    }
    let p = unsafe UnsafeMutableRawPointer(slab.pointer(s.pointee.more)).assumingMemoryBound(to: UInt32.self)
    if unsafe addToTable(s, p, Int(p[0]), v, &slab) { unsafe s.pointee.n += 1 }
  }
  private static func addToTable(
    _ s: UnsafeMutablePointer<DistinctItems>, _ table: UnsafeMutablePointer<UInt32>, _ log: Int, _ v: UInt32,
    _ slab: inout Slab
  ) -> Bool {
    var p = unsafe table
    var mask = (1 << log) - 1
    if unsafe contains(p, mask, v) { return false }
    if unsafe p[1] * 4 >= UInt32(mask) * 3 {
      if unsafe s.pointee.n >= exactMax {
        unsafe sketch(s, &slab)
        unsafe observe(s.pointee.more, v, slab)
        return false
      }
      let bigger = makeSet(log + 1, &slab)
      unsafe p = unsafe UnsafeMutableRawPointer(slab.pointer(s.pointee.more)).assumingMemoryBound(to: UInt32.self)
      let q = unsafe UnsafeMutableRawPointer(slab.pointer(bigger)).assumingMemoryBound(to: UInt32.self)
      let wider = mask * 2 + 1
      for i in 0...mask where unsafe p[2 + i] != 0 { unsafe insert(q, wider, p[2 + i]) }
      unsafe slab.release(s.pointee.more, byteCount: setByteCount(log))
      unsafe s.pointee.more = bigger
      unsafe p = unsafe q
      mask = wider
    }
    unsafe insert(p, mask, v)
    return true
  }
  private static func home(_ v: UInt32, _ mask: Int) -> Int { Int((v &* 0x9e37_79b1) >> 12) & mask }
  private static func contains(_ p: UnsafeMutablePointer<UInt32>, _ mask: Int, _ v: UInt32) -> Bool {
    var i = home(v, mask)
    while unsafe p[2 + i] != 0 {
      if unsafe p[2 + i] == v { return true }
      i = (i + 1) & mask
    }
    return false
  }
  private static func insert(_ p: UnsafeMutablePointer<UInt32>, _ mask: Int, _ v: UInt32) {
    var i = home(v, mask)
    while unsafe p[2 + i] != 0 { i = (i + 1) & mask }
    unsafe p[2 + i] = v
    unsafe p[1] += 1
  }
  private static func makeSet(_ log: Int, _ slab: inout Slab) -> UInt32 {
    let h = slab.allocate(byteCount: setByteCount(log))
    let p = unsafe UnsafeMutableRawPointer(slab.pointer(h)).assumingMemoryBound(to: UInt32.self)
    unsafe p.update(repeating: 0, count: setByteCount(log) / 4)
    unsafe p[0] = UInt32(log)
    return h
  }
  private static func sketch(_ s: UnsafeMutablePointer<DistinctItems>, _ slab: inout Slab) {
    let h = slab.allocate(byteCount: registerCount)
    unsafe slab.pointer(h).update(repeating: 0, count: registerCount)
    let p = unsafe UnsafeMutableRawPointer(slab.pointer(s.pointee.more)).assumingMemoryBound(to: UInt32.self)
    let log = unsafe Int(p[0])
    for i in 0..<(1 << log) where unsafe p[2 + i] != 0 { unsafe observe(h, p[2 + i], slab) }
    let c = unsafe cellPointer(s)
    for i in 0..<4 where unsafe c[i] != 0 { unsafe observe(h, c[i], slab) }
    unsafe slab.release(s.pointee.more, byteCount: setByteCount(log))
    unsafe s.pointee.more = h
    unsafe s.pointee.n |= sketched
  }
  private static func observe(_ handle: UInt32, _ v: UInt32, _ slab: Slab) {
    let x = UInt64(v) &* 0x9e37_79b9_7f4a_7c15
    let y = (x ^ x >> 29) &* 0xbf58_476d_1ce4_e5b9
    let r = unsafe slab.pointer(handle) + Int(y & 1023)
    let rank = UInt8((y >> 10 | 1).leadingZeroBitCount - 9)
    if unsafe rank > r.pointee { unsafe r.pointee = rank }
  }

  /// The number of distinct values.
  @inlinable @inline(__always)
  public func count(in slab: Slab) -> UInt32 { n & DistinctItems.sketched == 0 ? n : estimate(in: slab) }
  @inline(never) @usableFromInline
  func estimate(in slab: Slab) -> UInt32 {
    let r = unsafe slab.pointer(more)
    // registers are added in their order: the same set gives the same sum
    var sum = 0.0
    var zeros = 0
    for i in 0..<DistinctItems.registerCount {
      unsafe sum += 1 / Double(UInt64(1) << UInt64(r[i]))
      if unsafe r[i] == 0 { zeros += 1 }
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
    if unsafe b.pointee.n & sketched != 0 {
      // both as registers, the greater of each
      if unsafe a.pointee.n & sketched == 0 {
        if unsafe a.pointee.more == 0 { unsafe a.pointee.more = makeSet(listedMax.trailingZeroBitCount + 1, &slab) }
        unsafe sketch(a, &slab)
      }
      let p = unsafe slab.pointer(a.pointee.more)
      let q = unsafe slab.pointer(b.pointee.more)
      for i in 0..<registerCount { unsafe p[i] = unsafe max(p[i], q[i]) }
    } else {
      let c = unsafe cellPointer(b)
      for i in unsafe 0..<Int(min(inlineMax, b.pointee.n)) { unsafe add(a, c[i], &slab) }
      if unsafe b.pointee.more != 0 {
        let log = unsafe Int(load4(slab.pointer(b.pointee.more)))
        for i in 0..<(1 << log) {
          let v = unsafe load4(slab.pointer(b.pointee.more) + 8 + 4 * i)
          if v != 0 { unsafe add(a, v, &slab) }
        }
      }
    }
    unsafe b.pointee.drop(&slab)
  }

  /// Gives the slab's memory back.
  public func drop(_ slab: inout Slab) {
    guard more != 0 else { return }
    let isSketch = n & DistinctItems.sketched != 0
    unsafe slab.release(
      more,
      byteCount: isSketch ? DistinctItems.registerCount : DistinctItems.setByteCount(Int(load4(slab.pointer(more)))))
  }
}
