/// An open-addressing index from 32-bit hashes to 32-bit slots: one word an entry, linear probing,
/// backward-shift deletion (no tombstones), at most half full, and a quarter while it is small.
///
/// Invariants: an entry is `hash << 32 | slot`; slot 0 is never stored, so 0 means empty; every entry is reachable
/// from its home position without crossing an empty one.
/// Cost: one cache line a look-up at half load; 16 bytes an entry. A small table is in the nearest cache, where what costs
/// is a branch that nobody could foretell, one an entry that stands where another belongs: so it is kept emptier.
@safe public struct HashIndex: @unchecked Sendable {
  public private(set) var words: UnsafeMutablePointer<UInt64>
  public private(set) var mask: Int
  public private(set) var count = 0
  /// Entries from which on the table grows.
  @usableFromInline var growCount: Int

  public init(minimumCapacity: Int = 64) {
    let n = max(256, (minimumCapacity * 2 - 1).nextPowerOfTwo)
    unsafe words = .allocate(capacity: n)
    unsafe words.initialize(repeating: 0, count: n)
    mask = n - 1
    growCount = HashIndex.growCount(n)
  }
  /// Words up to which a table is small: 32 KiB.
  private static func growCount(_ wordCount: Int) -> Int { wordCount <= 4096 ? wordCount / 4 : wordCount / 2 - 1 }
  public func deallocate() { unsafe words.deallocate() }

  @inlinable @inline(__always)
  public static func hash(of word: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: word &>> 32) }
  @inlinable @inline(__always)
  public static func slot(of word: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: word) }

  /// Inserts a slot under a hash; equal hashes may repeat.
  @inlinable
  public mutating func insert(hash: UInt32, slot: UInt32) {
    assert(slot != 0, "slot 0 means empty")
    if count >= growCount { grow() }
    var i = Int(hash) & mask
    while unsafe words[i] != 0 { i = (i &+ 1) & mask }
    unsafe words[i] = UInt64(hash) &<< 32 | UInt64(slot)
    _count &+= 1
  }
  @usableFromInline var _count: Int {
    get { count }
    set { count = newValue }
  }

  /// Points the entry (hash, slot) to another slot.
  @inlinable
  public mutating func replace(hash: UInt32, slot: UInt32, with other: UInt32) {
    unsafe words[position(hash, slot)] = UInt64(hash) &<< 32 | UInt64(other)
  }

  @inlinable
  func position(_ hash: UInt32, _ slot: UInt32) -> Int {
    let want = UInt64(hash) &<< 32 | UInt64(slot)
    var i = Int(hash) & mask
    while unsafe words[i] != want {
      unsafe assert(words[i] != 0, "no such entry in the index")
      i = (i &+ 1) & mask
    }
    return i
  }

  @inlinable
  public mutating func remove(hash: UInt32, slot: UInt32) { remove(at: position(hash, slot)) }

  /// Removes the entry (hash, slot); false when there is none.
  @inlinable
  public mutating func removeIfPresent(hash: UInt32, slot: UInt32) -> Bool {
    let want = UInt64(hash) &<< 32 | UInt64(slot)
    var i = Int(hash) & mask
    while unsafe words[i] != want {
      if unsafe words[i] == 0 { return false }
      i = (i &+ 1) & mask
    }
    remove(at: i)
    return true
  }

  @inlinable
  mutating func remove(at position: Int) {
    var i = position
    var j = i
    while true {
      j = (j &+ 1) & mask
      let x = unsafe words[j]
      if x == 0 { break }
      if (j &- Int(HashIndex.hash(of: x))) & mask >= (j &- i) & mask {
        unsafe words[i] = x
        i = j
      }
    }
    unsafe words[i] = 0
    _count &-= 1
  }

  public mutating func removeAll() {
    unsafe words.update(repeating: 0, count: mask + 1)
    count = 0
  }

  @inline(never) @usableFromInline
  mutating func grow() {
    let old = unsafe words
    let oldCount = mask + 1
    let n = oldCount * 2
    mask = n - 1
    growCount = HashIndex.growCount(n)
    unsafe words = .allocate(capacity: n)
    unsafe words.initialize(repeating: 0, count: n)
    for k in 0..<oldCount where unsafe old[k] != 0 {
      var i = unsafe Int(HashIndex.hash(of: old[k])) & mask
      while unsafe words[i] != 0 { i = (i &+ 1) & mask }
      unsafe words[i] = unsafe old[k]
    }
    unsafe old.deallocate()
  }
}

extension Int {
  /// The least power of two that is at least this (1 for anything below).
  @inlinable
  public var nextPowerOfTwo: Int { self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
