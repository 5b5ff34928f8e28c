public import FlatMemory

/// Which slots of a table are taken: a bit a slot, and a bit a full word of those.
///
/// Guarantees: ``takeLowestFree()`` gives the lowest free slot, so which slots are taken depends on the sequence of
/// operations alone, and a set that was written and read back goes on alike. ``top`` is one more than the highest taken
/// slot.
/// Cost: a few ns; the search reads a word for each 4,096 slots at worst. 1.02 bits a slot.
@safe @usableFromInline struct SlotSet: ~Copyable {
  @usableFromInline var words = FlatArray<UInt64>(capacity: 1)
  /// Bit i: word i is full.
  @usableFromInline var full = FlatArray<UInt64>(capacity: 1)
  /// All words of `full` below this one are full.
  @usableFromInline var hint = 0
  @usableFromInline var count = 0
  @usableFromInline var top = 0

  init() {}
  @inlinable deinit { deallocate() }
  @inline(never) @usableFromInline
  func deallocate() {
    words.deallocate()
    full.deallocate()
  }

  @inlinable @inline(__always)
  func contains(_ slot: Int) -> Bool { slot < top && words[slot &>> 6] &>> UInt64(slot & 63) & 1 != 0 }

  @inlinable @inline(__always)
  mutating func takeLowestFree() -> Int {
    let slot = count == top ? top : lowestFree()
    take(slot)
    return slot
  }

  @inlinable
  mutating func take(_ slot: Int) {
    let w = slot &>> 6
    while words.count <= w { words.append(0) }
    while full.count <= w &>> 6 { full.append(0) }
    words[w] |= 1 &<< UInt64(slot & 63)
    if words[w] == ~0 { full[w &>> 6] |= 1 &<< UInt64(w & 63) }
    count &+= 1
    if slot >= top { top = slot &+ 1 }
  }

  /// Precondition: some slot below `top` is free.
  @inline(never) @usableFromInline
  mutating func lowestFree() -> Int {
    while full[hint] == ~0 { hint += 1 }
    let w = hint << 6 + (~full[hint]).trailingZeroBitCount
    return w << 6 + (~words[w]).trailingZeroBitCount
  }

  @inlinable
  mutating func release(_ slot: Int) {
    let w = slot &>> 6
    words[w] &= ~(1 &<< UInt64(slot & 63))
    full[w &>> 6] &= ~(1 &<< UInt64(w & 63))
    hint = min(hint, w &>> 6)
    count &-= 1
    if slot &+ 1 == top { lowerTop() }
  }
  @inline(never) @usableFromInline
  mutating func lowerTop() {
    var w = (top - 1) >> 6
    while w >= 0, words[w] == 0 { w -= 1 }
    top = w < 0 ? 0 : w << 6 + 64 - words[w].leadingZeroBitCount
  }

  /// The first taken slot that is not below `slot`, or nil.
  @inlinable
  func next(from slot: Int) -> Int? {
    if slot >= top { return nil }
    var w = slot &>> 6
    var word = words[w] & ~0 &<< UInt64(slot & 63)
    while word == 0 {
      w &+= 1
      if w &<< 6 >= top { return nil }
      word = words[w]
    }
    return w &<< 6 &+ word.trailingZeroBitCount
  }

  mutating func removeAll() {
    words.removeAll()
    full.removeAll()
    (hint, count, top) = (0, 0, 0)
  }
  var byteCount: Int { (words.capacity + full.capacity) * 8 }

  /// The words that hold taken slots, for checkpoints.
  var usedWords: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: words.base, count: (top + 63) / 64 * 8) }
}
