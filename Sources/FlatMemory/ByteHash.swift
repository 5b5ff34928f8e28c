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
/// Used to recognise a file's prefix on resume. Two lanes take 16 bytes a multiply each, so that one multiply does not
/// wait for the other. Cost: about 20 GB/s.
public struct RunningDigest: Sendable, Equatable {
  public private(set) var count: UInt64 = 0
  private var lanes: (UInt64, UInt64) = (0x9e37_79b9_7f4a_7c15, 0x8ebc_6af0_9c88_c6e3)
  /// Bytes since the last multiple of 32, zero-padded.
  private var pending: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

  public init() {}

  /// Restores a digest from ``words``; nil when there are not ``wordCount`` of them.
  public init?(words: [UInt64]) {
    guard words.count == RunningDigest.wordCount else { return nil }
    count = words[0]
    lanes = (words[1], words[2])
    pending = (words[3], words[4], words[5], words[6])
  }
  public static let wordCount = 7

  /// All there is to keep to go on later.
  public var words: [UInt64] { [count, lanes.0, lanes.1, pending.0, pending.1, pending.2, pending.3] }

  public static func == (a: RunningDigest, b: RunningDigest) -> Bool { a.words == b.words }

  public mutating func append(_ p: UnsafePointer<UInt8>, _ n: Int) {
    // bytes up to the next multiple of the stripe in the whole stream
    let lead = min(n, Int(truncatingIfNeeded: (0 &- count) & 31))
    for i in 0..<lead { unsafe appendByte(p[i]) }
    var i = lead
    var (a, b) = lanes
    while i &+ 32 <= n {
      a = unsafe foldedProduct(a ^ load8(p + i), 0xe703_7ed1_a0b4_28db ^ load8(p + i + 8))
      b = unsafe foldedProduct(b ^ load8(p + i + 16), 0xa076_1d64_78bd_642f ^ load8(p + i + 24))
      i &+= 32
    }
    lanes = (a, b)
    count &+= UInt64(truncatingIfNeeded: i &- lead)
    while i < n { unsafe appendByte(p[i]); i &+= 1 }
  }

  private mutating func appendByte(_ byte: UInt8) {
    let bits = UInt64(byte) &<< (8 &* (count & 7))
    switch count & 31 {
    case 0..<8: pending.0 |= bits
    case 8..<16: pending.1 |= bits
    case 16..<24: pending.2 |= bits
    default: pending.3 |= bits
    }
    count &+= 1
    if count & 31 == 0 {
      lanes = folded
      pending = (0, 0, 0, 0)
    }
  }
  /// The lanes with what is pending.
  private var folded: (UInt64, UInt64) {
    (
      foldedProduct(lanes.0 ^ pending.0, 0xe703_7ed1_a0b4_28db ^ pending.1),
      foldedProduct(lanes.1 ^ pending.2, 0xa076_1d64_78bd_642f ^ pending.3)
    )
  }

  public var value: UInt64 {
    let (a, b) = folded
    return foldedProduct(a ^ 0x2d35_8dcc_aa6c_78a5, mix(b, count))
  }
}
