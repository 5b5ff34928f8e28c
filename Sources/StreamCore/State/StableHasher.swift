public import FlatMemory

/// A hasher whose result never changes: the same values give the same 64 bits in every process, on every machine, in
/// every release, because key groups and checkpoints depend on them. (Swift's `Hasher` is seeded anew in each process.)
///
/// Cost: a multiplication a word, 16 bytes of text a multiplication (`hashBytes` and
/// `mix`). Not keyed: no defence against keys chosen to collide.
public struct StableHasher: Sendable {
  /// The hash of everything combined so far.
  public private(set) var value: UInt64

  @inlinable @inline(__always)
  public init() { self.init(value: 0x6c62_272e_07bb_0142) }
  @usableFromInline
  init(value: UInt64) { self.value = value }

  @inlinable @inline(__always)
  public mutating func combine(_ word: UInt64) { _value = mix(_value, word) }
  @inlinable @inline(__always)
  public mutating func combine<Key: StreamKey>(_ key: Key) { key.hash(into: &self) }
  /// Bytes and their number; nothing past the end is read.
  @inlinable
  public mutating func combine(bytes: UnsafeRawBufferPointer) { combine(unsafe StableHasher.hash(bytes)) }

  @usableFromInline var _value: UInt64 {
    @inline(__always) get { value }
    @inline(__always) set { value = newValue }
  }

  /// The hash of a run of bytes, that of `hashBytes`, but nothing past the end is read.
  @inlinable
  public static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    let n = bytes.count
    guard n > 0, let raw = bytes.baseAddress else { return hashWords(0, 0, 0) }
    let p = unsafe raw.assumingMemoryBound(to: UInt8.self)
    if n > 16 { return unsafe hashBytes(p, n) }
    if n >= 8 {
      // the last eight bytes overlap the first; those are shifted out
      let high = unsafe n == 8 ? 0 : load8(p + (n &- 8)) &>> UInt64(truncatingIfNeeded: 8 &* (16 &- n))
      return unsafe hashWords(load8(p), high, n)
    }
    var low: UInt64 = 0
    var i = n
    while i > 0 {
      i &-= 1
      low = unsafe low &<< 8 | UInt64(p[i])
    }
    return hashWords(low, 0, n)
  }
}
