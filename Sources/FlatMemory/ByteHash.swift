public import CKernels

/// A 64-bit hash of bytes: the folded 128-bit product of masked words (the multiply-mix of Wang Yi's wyhash).
///
/// Guarantees: the same bytes give the same hash in every process, on every machine, for ever: key groups,
/// session ids and samples depend on it. Not keyed, so not a defence against chosen keys by itself; tables
/// built on it bound their probe lengths.
/// Cost: 1.5 ns up to 16 bytes, then 16 bytes a multiply. Reads up to 15 bytes past the end.
@inlinable @inline(__always)
func foldedProduct(_ a: UInt64, _ b: UInt64) -> UInt64 {
  let r = a.multipliedFullWidth(by: b)
  return r.high ^ r.low
}

/// Hash of a run of bytes. Reads up to 15 bytes past the end.
@inlinable @inline(__always)
public func hashBytes(_ p: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
  if count <= 16 {
    return unsafe hashWords(load8(p) & tw_mask_low(count), load8(p + 8) & tw_mask_high(count), count)
  }
  return unsafe hashLong(p, count)
}

/// Hash of a run of at most 16 bytes that was already loaded as two zero-padded words.
@inlinable @inline(__always)
public func hashWords(_ low: UInt64, _ high: UInt64, _ count: Int) -> UInt64 {
  foldedProduct(low ^ 0xa076_1d64_78bd_642f, high ^ 0xe703_7ed1_a0b4_28db ^ UInt64(truncatingIfNeeded: count))
}

@inline(never) @usableFromInline
func hashLong(_ p: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
  var h = UInt64(truncatingIfNeeded: count) ^ 0x8ebc_6af0_9c88_c6e3
  var i = 0
  while i &+ 16 < count {
    h = unsafe foldedProduct(load8(p + i) ^ 0xa076_1d64_78bd_642f, load8(p + i + 8) ^ h)
    i &+= 16
  }
  return unsafe foldedProduct(load8(p + count - 16) ^ 0xe703_7ed1_a0b4_28db, load8(p + count - 8) ^ h)
}

/// Mixes two words into one; for deriving ids from ids.
@inlinable @inline(__always)
public func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
  foldedProduct(a ^ 0x2d35_8dcc_aa6c_78a5, b ^ 0x8bb8_4b93_962e_acc9)
}

/// A running 64-bit digest of everything appended, however it was cut into pieces.
///
/// Used to recognise a file's prefix on resume. Cost: about 6 GB/s.
public struct RunningDigest: Sendable, Equatable {
  public private(set) var count: UInt64 = 0
  private var state: UInt64 = 0x9e37_79b9_7f4a_7c15
  private var pending: UInt64 = 0

  public init() {}

  /// Restores a digest from ``words``.
  public init(words: (UInt64, UInt64, UInt64)) { (count, state, pending) = words }

  /// All there is to keep to go on later.
  public var words: (UInt64, UInt64, UInt64) { (count, state, pending) }

  public mutating func append(_ p: UnsafePointer<UInt8>, _ n: Int) {
    var i = 0
    // bytes up to the next multiple of eight of the whole stream
    while i < n, count & 7 != 0 { unsafe appendByte(p[i]); i &+= 1 }
    var s = state
    while i &+ 8 <= n {
      s = unsafe foldedProduct(s ^ load8(p + i), 0xe703_7ed1_a0b4_28db)
      i &+= 8
      count &+= 8
    }
    state = s
    while i < n { unsafe appendByte(p[i]); i &+= 1 }
  }

  private mutating func appendByte(_ b: UInt8) {
    pending |= UInt64(b) &<< (8 &* (count & 7))
    count &+= 1
    if count & 7 == 0 {
      state = foldedProduct(state ^ pending, 0xe703_7ed1_a0b4_28db)
      pending = 0
    }
  }

  public var value: UInt64 { foldedProduct(state ^ pending, count ^ 0xa076_1d64_78bd_642f) }
}
