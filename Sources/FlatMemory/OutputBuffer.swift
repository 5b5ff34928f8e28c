public import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An append-only byte buffer for rows of text: reused, grown by doubling, padded for wide copies.
///
/// Guarantees: `capacity - count >= bytePadding` after every ``reserve(_:)``; the append functions do not check,
/// so a writer reserves once a row.
/// Cost: integers 2–5 ns, fields 16 bytes a step. Digits by multiplication in a word (SWAR).
@safe public struct OutputBuffer: @unchecked Sendable {
  public private(set) var base: UnsafeMutablePointer<UInt8>
  public var count = 0
  public private(set) var capacity: Int
  private let alignment: Int

  /// - Parameter alignment: of ``base``, a power of two.
  public init(capacity: Int = 1 << 16, alignment: Int = 16) {
    self.capacity = capacity + bytePadding
    self.alignment = alignment
    unsafe base = unsafe OutputBuffer.resize(nil, 0, to: self.capacity, alignment)
  }
  public func deallocate() { unsafe free(base) }

  /// From the C library, which makes room for a large buffer without touching its pages again.
  private static func resize(
    _ p: UnsafeMutablePointer<UInt8>?, _ used: Int, to byteCount: Int, _ alignment: Int
  ) -> UnsafeMutablePointer<UInt8> {
    var new: UnsafeMutableRawPointer?
    if alignment <= 16 {
      unsafe new = unsafe realloc(p, byteCount)
    } else if unsafe posix_memalign(&new, alignment, byteCount) == 0, let p = unsafe p {
      unsafe new!.copyMemory(from: p, byteCount: used)
      unsafe free(p)
    }
    guard let new = unsafe new else { fatalError("no memory for a buffer of \(byteCount) bytes") }
    return unsafe new.assumingMemoryBound(to: UInt8.self)
  }

  /// Makes room for `extra` more bytes and the padding.
  @inlinable @inline(__always)
  public mutating func reserve(_ extra: Int) {
    if count &+ extra &+ bytePadding > capacity { grow(extra) }
  }
  @inline(never) @usableFromInline
  mutating func grow(_ extra: Int) {
    capacity = max(capacity * 2, count + extra + bytePadding)
    unsafe base = unsafe OutputBuffer.resize(base, count, to: capacity, alignment)
    if capacity >= 8 << 20 { unsafe preferHugePages(base, capacity) }
  }

  /// Makes room for `extra` more bytes and touches their pages, so that filling them later costs no page faults.
  public mutating func reserveTouched(_ extra: Int) {
    reserve(extra)
    let page = 4096
    for i in stride(from: count, to: count + extra, by: page) { unsafe (base + i).initialize(to: 0) }
  }
  /// Fills up with zeros to a multiple of `alignment`, a power of two.
  public mutating func align(to alignment: Int) {
    let padding = -count & (alignment - 1)
    reserve(padding)
    unsafe (base + count).initialize(repeating: 0, count: padding)
    count += padding
  }

  @inlinable @inline(__always)
  public mutating func byte(_ b: UInt8) {
    unsafe base[count] = b
    count &+= 1
  }
  /// Raw bytes; reads up to 15 past the end of the source.
  @inlinable @inline(__always)
  public mutating func bytes(_ p: UnsafePointer<UInt8>, _ n: Int) {
    unsafe tw_copy16(base + count, p, n)
    count &+= n
  }
  /// The same where 16 bytes are mostly enough, without a look at how many they are.
  @inlinable @inline(__always)
  public mutating func bytes16(_ p: UnsafePointer<UInt8>, _ n: Int) {
    unsafe tw_copy_at_least16(base + count, p, n)
    count &+= n
  }
  /// The same where 48 bytes are mostly enough; reads and writes up to 48 past the end.
  @inlinable @inline(__always)
  public mutating func bytes48(_ p: UnsafePointer<UInt8>, _ n: Int) {
    unsafe tw_copy_at_least48(base + count, p, n)
    count &+= n
  }
  @inlinable
  public mutating func text(_ s: StaticString) { unsafe bytesExact(s.utf8Start, s.utf8CodeUnitCount) }
  @inlinable
  public mutating func text(_ s: String) {
    var s = s
    s.withUTF8 { u in
      reserve(u.count)
      if let p = u.baseAddress { unsafe bytesExact(p, u.count) }
    }
  }
  /// Raw bytes that have no padding after them.
  @inlinable
  public mutating func bytesExact(_ p: UnsafePointer<UInt8>, _ n: Int) {
    unsafe (base + count).update(from: p, count: n)
    count &+= n
  }

  /// A CSV field (RFC 4180): quoted when it holds a quote, comma or line break. Reserve `2 n + 2` first.
  @inlinable @inline(__always)
  public mutating func csvField(_ p: UnsafePointer<UInt8>, _ n: Int) {
    var i = 0
    var special: UInt32 = 0
    while i < n {
      var m = unsafe tw_any16(p + i, 34, 44, 10, 13)
      if n &- i < 16 { m &= (1 &<< UInt32(truncatingIfNeeded: n &- i)) &- 1 }
      special |= m
      unsafe tw_copy16(base + count + i, p + i, 16)
      i &+= 16
    }
    if special == 0 { count &+= n } else { unsafe quotedCSVField(p, n) }
  }
  @inline(never) @usableFromInline
  mutating func quotedCSVField(_ p: UnsafePointer<UInt8>, _ n: Int) {
    byte(34)
    for i in 0..<n {
      if unsafe p[i] == 34 { byte(34) }
      unsafe byte(p[i])
    }
    byte(34)
  }

  /// A CSV field and a comma behind it; false when it needs quotes: then nothing is appended. Reserve `n + 1` first.
  @inlinable @inline(__always)
  public mutating func plainCSVField(_ p: UnsafePointer<UInt8>, _ n: Int) -> Bool {
    if unsafe tw_csv_copy(base + count, p, n) != 0 { return false }
    unsafe base[count &+ n] = 44
    count &+= n &+ 1
    return true
  }
  /// The same of three fields whose spans of `bytes` stand one behind the other.
  @inlinable @inline(__always)
  public mutating func plainCSVFields3(_ spans: UnsafePointer<ByteSpan>, in bytes: UnsafePointer<UInt8>) -> Bool {
    let n = unsafe tw_csv_fields3(
      base + count, bytes, UnsafeRawPointer(spans).assumingMemoryBound(to: UInt32.self))
    count &+= n
    return n > 0
  }

  /// A JSON string with its quotes. Bytes that are not UTF-8 are the caller's concern. Reserve `6 n + 2` first.
  @inlinable
  public mutating func jsonString(_ p: UnsafePointer<UInt8>, _ n: Int) {
    byte(34)
    var i = 0
    while i < n {
      var m = unsafe tw_stop16(p + i)
      let left = n &- i
      if left < 16 { m &= (1 &<< UInt32(truncatingIfNeeded: left)) &- 1 }
      unsafe tw_copy16(base + count, p + i, 16)
      let plain = m == 0 ? min(16, left) : m.trailingZeroBitCount
      count &+= plain
      i &+= plain
      if m != 0 {
        unsafe jsonEscape(p[i])
        i &+= 1
      }
    }
    byte(34)
  }
  @inline(never) @usableFromInline
  mutating func jsonEscape(_ b: UInt8) {
    byte(92)
    switch b {
    case 34, 92: byte(b)
    case 10: byte(110)
    case 13: byte(114)
    case 9: byte(116)
    default:
      byte(117)
      byte(48)
      byte(48)
      byte(48 + (b >> 4))
      byte(b & 15 < 10 ? 48 + (b & 15) : 87 + (b & 15))
    }
  }

  @inlinable @inline(__always)
  public mutating func integer(_ v: Int64) { count &+= unsafe OutputBuffer.writeInteger(v, at: base + count) }

  /// Writes up to 24 bytes, of which the given number count.
  @inline(never) @usableFromInline
  static func writeInteger(_ v: Int64, at p: UnsafeMutablePointer<UInt8>) -> Int {
    if UInt64(bitPattern: v) < 100_000_000 { return unsafe writeLeading(UInt64(bitPattern: v), at: p) }
    var n = 0
    if v < 0 {
      unsafe p[0] = 45
      n = 1
    }
    let x = v.magnitude
    let high = x / 100_000_000
    if high >= 100_000_000 {
      unsafe n &+= writeLeading(high / 100_000_000, at: p + n)
      unsafe store(eightDigits(high % 100_000_000) | 0x3030_3030_3030_3030, at: p + n)
      n &+= 8
    } else if high > 0 {
      unsafe n &+= writeLeading(high, at: p + n)
    } else {
      return unsafe n &+ writeLeading(x, at: p + n)
    }
    unsafe store(eightDigits(x % 100_000_000) | 0x3030_3030_3030_3030, at: p + n)
    return n &+ 8
  }
  /// Below 10^8, without leading zeros; without branches, since how many digits there are cannot be foretold.
  @inline(__always)
  static func writeLeading(_ v: UInt64, at p: UnsafeMutablePointer<UInt8>) -> Int {
    let digits = eightDigits(v)
    // the first of eight bytes that is no zero, the last one at the latest
    let bits = (digits | 1 &<< 56).trailingZeroBitCount & ~7
    unsafe store((digits | 0x3030_3030_3030_3030) &>> UInt64(truncatingIfNeeded: bits), at: p)
    return 8 &- bits &>> 3
  }
  @inline(__always)
  static func store(_ x: UInt64, at p: UnsafeMutablePointer<UInt8>) {
    unsafe UnsafeMutableRawPointer(p).storeBytes(of: x, as: UInt64.self)
  }
  /// The 8 digits of a number below 10^8, the first in the lowest byte.
  @inline(__always)
  static func eightDigits(_ v: UInt64) -> UInt64 {
    let high = v / 10000
    let low = v &- high &* 10000
    var x = high | low &<< 32
    let h2 = ((x &* 10486) &>> 20) & 0x0000_007f_0000_007f
    x = h2 | (x &- h2 &* 100) &<< 16
    let h1 = ((x &* 103) &>> 10) & 0x000f_000f_000f_000f
    return h1 | (x &- h1 &* 10) &<< 8
  }

  /// `v` as exactly `digits` decimal digits (zero-padded; for dates).
  @inlinable
  public mutating func padded(_ v: Int64, digits: Int) {
    var x = v
    var i = digits
    while i > 0 {
      i &-= 1
      unsafe base[count &+ i] = 48 &+ UInt8(truncatingIfNeeded: x % 10)
      x /= 10
    }
    count &+= digits
  }
  /// 16 lower-case hexadecimal digits.
  @inlinable @inline(__always)
  public mutating func hexadecimal(_ v: UInt64) {
    unsafe tw_hexadecimal16(base + count, v)
    count &+= 16
  }
}
