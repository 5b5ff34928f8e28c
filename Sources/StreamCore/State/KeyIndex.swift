import FlatMemory

/// From 32-bit hashes to 32-bit slots: extendible hashing (Fagin, Nievergelt, Pippenger & Strong 1979). A directory,
/// indexed by the hash's highest bits, of small open-addressing segments: linear probing from the hash's lowest bits,
/// backward-shift removal (no tombstones), at most three quarters full.
///
/// Invariants: a word is `hash << 32 | slot + 1`, 0 is empty; every word is reachable from its home position without
/// crossing an empty one; a segment of depth d stands in 2^(depth − d) neighbouring places of the directory.
/// Cost: one cache line a look-up beside the directory's (16 bytes a segment, so it stays in the cache). A full segment
/// splits in two, an emptied one joins its neighbour: 10 µs at most, so growth never holds processing up and never
/// needs old and new index at once. 15 bytes a key on average, 21 at worst. Keys that hash alike make long probes, not
/// endless splits: the directory is bounded by the count.
@safe @usableFromInline struct KeyIndex: ~Copyable {
  @safe @usableFromInline struct Segment {
    /// `mask + 1` words; the count is the word before the first (behind padding that keeps cache lines whole).
    @usableFromInline var words: UnsafeMutablePointer<UInt64>
    @usableFromInline var mask: UInt32
    @usableFromInline var depth: UInt32

    @usableFromInline var count: Int {
      @inline(__always) get { unsafe Int(truncatingIfNeeded: words[-1]) }
      @inline(__always) nonmutating set { unsafe words[-1] = UInt64(truncatingIfNeeded: newValue) }
    }
    @usableFromInline var capacity: Int {
      @inline(__always) get { Int(mask) &+ 1 }
    }
  }
  @usableFromInline var directory: UnsafeMutablePointer<Segment>
  /// The directory has 2^depth places; `shift` = 32 − depth.
  @usableFromInline var depth: UInt32 = 0
  @usableFromInline var shift: UInt64 = 32
  @usableFromInline var count = 0
  private(set) var byteCount = 0

  static let padding = 8
  @usableFromInline static let firstCapacity = 16
  /// Words of a segment that splits instead of growing.
  static let splitCapacity = 4096
  static let depthMax: UInt32 = 20

  init() {
    unsafe directory = .allocate(capacity: 1)
    byteCount = MemoryLayout<Segment>.stride
    unsafe directory.initialize(to: makeSegment(capacity: KeyIndex.firstCapacity, depth: 0))
  }
  @inlinable deinit { deallocate() }
  @inline(never) @usableFromInline
  func deallocate() {
    var i = 0
    while i < 1 << Int(depth) {
      let s = unsafe directory[i]
      unsafe (s.words - KeyIndex.padding).deallocate()
      i += 1 << Int(depth - s.depth)
    }
    unsafe directory.deallocate()
  }

  @inlinable @inline(__always)
  func segment(_ hash: UInt32) -> Segment { unsafe directory[Int(truncatingIfNeeded: UInt64(hash) &>> shift)] }

  @inlinable @inline(__always)
  mutating func insert(_ hash: UInt32, slot: UInt32) {
    var s = segment(hash)
    while (s.count &+ 1) &* 4 > s.capacity &* 3 {
      makeRoom(hash)
      s = segment(hash)
    }
    KeyIndex.place(UInt64(hash) &<< 32 | UInt64(slot &+ 1), in: s)
    count &+= 1
  }

  @inlinable @inline(__always)
  static func place(_ word: UInt64, in s: Segment) {
    let mask = Int(s.mask)
    var i = Int(truncatingIfNeeded: word &>> 32) & mask
    while unsafe s.words[i] != 0 { i = (i &+ 1) & mask }
    unsafe s.words[i] = word
    s.count &+= 1
  }

  @inlinable
  mutating func remove(_ hash: UInt32, slot: UInt32) {
    let s = segment(hash)
    let mask = Int(s.mask)
    let want = UInt64(hash) &<< 32 | UInt64(slot &+ 1)
    var i = Int(hash) & mask
    while unsafe s.words[i] != want {
      precondition(unsafe s.words[i] != 0, "a slot that is not in the index: was the key changed?")
      i = (i &+ 1) & mask
    }
    var j = i
    while true {
      j = (j &+ 1) & mask
      let x = unsafe s.words[j]
      if x == 0 { break }
      if (j &- Int(truncatingIfNeeded: x &>> 32)) & mask >= (j &- i) & mask {
        unsafe s.words[i] = x
        i = j
      }
    }
    unsafe s.words[i] = 0
    s.count &-= 1
    count &-= 1
    if s.count &* 8 < s.capacity, s.capacity > KeyIndex.firstCapacity { shrink(hash) }
  }

  // MARK: growth

  private mutating func makeSegment(capacity: Int, depth: UInt32) -> Segment {
    let p = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity + KeyIndex.padding)
    unsafe p.initialize(repeating: 0, count: capacity + KeyIndex.padding)
    byteCount += (capacity + KeyIndex.padding) * 8
    return unsafe Segment(words: p + KeyIndex.padding, mask: UInt32(capacity - 1), depth: depth)
  }
  private mutating func free(_ s: Segment) {
    byteCount -= (s.capacity + KeyIndex.padding) * 8
    unsafe (s.words - KeyIndex.padding).deallocate()
  }
  private static func copyWords(of s: Segment, to target: (UInt64) -> Segment) {
    for i in 0..<s.capacity where unsafe s.words[i] != 0 {
      unsafe place(s.words[i], in: target(s.words[i]))
    }
  }
  /// Puts a segment at every place of the directory whose highest bits are those of the hash.
  private mutating func set(_ hash: UInt32, _ s: Segment) {
    let span = 1 << Int(depth - s.depth)
    let first = Int(UInt64(hash) >> shift) & ~(span - 1)
    for i in first..<first + span { unsafe directory[i] = s }
  }

  @inline(never) @usableFromInline
  mutating func makeRoom(_ hash: UInt32) {
    let s = segment(hash)
    let directoryMax = 64 + count / 128
    let isSplit = s.capacity >= KeyIndex.splitCapacity && s.depth < KeyIndex.depthMax
    if isSplit, s.depth < depth || 2 << Int(depth) <= directoryMax {
      split(s, hash)
    } else {
      resize(s, hash, to: s.capacity * 2)
    }
  }

  private mutating func resize(_ s: Segment, _ hash: UInt32, to capacity: Int) {
    let fresh = makeSegment(capacity: capacity, depth: s.depth)
    KeyIndex.copyWords(of: s) { _ in fresh }
    set(hash, fresh)
    free(s)
  }

  private mutating func split(_ s: Segment, _ hash: UInt32) {
    if s.depth == depth { doubleDirectory() }
    let bit = UInt32(1) << (31 - s.depth)
    let low = makeSegment(capacity: s.capacity, depth: s.depth + 1)
    let high = makeSegment(capacity: s.capacity, depth: s.depth + 1)
    KeyIndex.copyWords(of: s) { $0 >> 32 & UInt64(bit) == 0 ? low : high }
    set(hash & ~bit, low)
    set(hash | bit, high)
    free(s)
  }

  private mutating func doubleDirectory() {
    let n = 1 << Int(depth)
    let fresh = UnsafeMutablePointer<Segment>.allocate(capacity: 2 * n)
    for i in 0..<n {
      unsafe (fresh + 2 * i).initialize(to: directory[i])
      unsafe (fresh + 2 * i + 1).initialize(to: directory[i])
    }
    unsafe directory.deallocate()
    unsafe directory = unsafe fresh
    byteCount += n * MemoryLayout<Segment>.stride
    depth += 1
    shift -= 1
  }

  @inline(never) @usableFromInline
  mutating func shrink(_ hash: UInt32) {
    let s = segment(hash)
    guard s.depth > 0 else {
      resize(s, hash, to: s.capacity / 2)
      return
    }
    let bit = UInt32(1) << (32 - s.depth)
    let other = segment(hash ^ bit)
    // with room left, so that the next insertion does not split again
    guard other.depth == s.depth, (s.count + other.count) * 8 <= s.capacity * 3 else { return }
    let joined = makeSegment(capacity: s.capacity, depth: s.depth - 1)
    KeyIndex.copyWords(of: s) { _ in joined }
    KeyIndex.copyWords(of: other) { _ in joined }
    set(hash, joined)
    free(s)
    free(other)
  }
}
