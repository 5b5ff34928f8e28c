/// Which of the elements 0 ..< `count` belong to a subset: a bit for each, none at all when every one does.
///
/// Guarantees: immutable, shared by copies; bits from `count` on are zero.
/// Cost: a bit per element; set operations work on 64 at a time.
@usableFromInline
struct VertexBitmap: Sendable {
  /// How many elements there are to choose from.
  @usableFromInline let count: Int
  /// How many belong to the subset.
  @usableFromInline let memberCount: Int
  private let words: SharedBuffer<UInt64>?

  /// All of them.
  @usableFromInline
  init(full count: Int) {
    (self.count, memberCount, words) = (count, count, nil)
  }

  fileprivate init(_ words: SharedBuffer<UInt64>, count: Int) {
    let memberCount = words.reduce(0) { $0 + $1.nonzeroBitCount }
    self.count = count
    self.memberCount = memberCount
    self.words = memberCount == count ? nil : words
  }

  @usableFromInline var isFull: Bool { words == nil }
  /// The bits, valid as long as the bitmap; nil when all are set.
  @usableFromInline var pointer: UnsafePointer<UInt64>? { unsafe words?.base }
  var wordCount: Int { (count + 63) / 64 }

  @usableFromInline
  func contains(_ element: Int) -> Bool {
    precondition(element >= 0 && element < count, "element \(element) is outside 0 ..< \(count)")
    return words.map { $0[element >> 6] >> UInt64(element & 63) & 1 == 1 } ?? true
  }

  func word(_ number: Int) -> UInt64 { words.map { $0[number] } ?? VertexBitmap.fullWord(number, count: count) }

  /// The words of two bitmaps over the same elements, combined.
  private func combined(_ other: VertexBitmap, _ combine: (UInt64, UInt64) -> UInt64) -> VertexBitmap {
    precondition(count == other.count, "bitmaps of \(count) and \(other.count) elements")
    let bits = BitmapBuilder(count: count)
    for number in 0..<wordCount { unsafe bits.base[number] = combine(word(number), other.word(number)) }
    return bits.finish()
  }

  @usableFromInline
  func intersection(_ other: VertexBitmap) -> VertexBitmap {
    if isFull { return other }
    return other.isFull ? self : combined(other, &)
  }

  @usableFromInline
  func subtracting(_ other: VertexBitmap) -> VertexBitmap { combined(other) { $0 & ~$1 } }

  /// The bits of a word whose elements exist.
  @usableFromInline
  static func fullWord(_ number: Int, count: Int) -> UInt64 {
    count - number * 64 >= 64 ? ~0 : (1 << UInt64(max(0, count - number * 64))) - 1
  }

  /// Calls `body` for the members in a range, which begins at a multiple of 64.
  @inlinable @inline(__always)
  static func forEach(_ bits: UnsafePointer<UInt64>?, in range: Range<Int>, _ body: (Int) -> Void) {
    guard let bits = unsafe bits else {
      var element = range.lowerBound
      while element < range.upperBound {
        body(element)
        element &+= 1
      }
      return
    }
    var number = range.lowerBound &>> 6
    let end = (range.upperBound &+ 63) &>> 6
    while number < end {
      var word = unsafe bits[number]
      while word != 0 {
        let element = number &<< 6 &+ word.trailingZeroBitCount
        if element >= range.upperBound { return }
        body(element)
        word &= word &- 1
      }
      number &+= 1
    }
  }

  /// Whether a bit is set; all are when there are none.
  @inlinable @inline(__always)
  static func isSet(_ bits: UnsafePointer<UInt64>?, _ element: Int) -> Bool {
    guard let bits = unsafe bits else { return true }
    return unsafe bits[element &>> 6] &>> UInt64(truncatingIfNeeded: element & 63) & 1 == 1
  }
}

/// A bitmap while it is written: no bit set at first.
@usableFromInline
@safe struct BitmapBuilder {
  @usableFromInline let base: UnsafeMutablePointer<UInt64>
  @usableFromInline let count: Int
  private let buffer: FreshBuffer<UInt64>

  @usableFromInline
  init(count: Int) {
    buffer = FreshBuffer(count: (count + 63) / 64)
    unsafe base = unsafe buffer.base
    self.count = count
  }

  @inlinable @inline(__always)
  func set(_ element: Int) { unsafe base[element &>> 6] |= 1 &<< UInt64(truncatingIfNeeded: element & 63) }

  /// Clears every bit.
  @usableFromInline
  func clear() { unsafe base.update(repeating: 0, count: (count + 63) / 64) }

  /// The number of set bits.
  @usableFromInline
  var memberCount: Int { (0..<(count + 63) / 64).reduce(0) { unsafe $0 + base[$1].nonzeroBitCount } }

  /// Nothing may be set any more afterwards.
  @usableFromInline
  func finish() -> VertexBitmap { VertexBitmap(buffer.frozen(), count: count) }
}
