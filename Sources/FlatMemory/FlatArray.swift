/// A growable array of trivial values in one flat allocation: no reference counting, no uniqueness checks,
/// a stable base between growths.
///
/// Invariants: `0 <= count <= capacity`; elements are bitwise copyable, so nothing is ever deinitialised.
/// Cost: an append is a compare and a store. The owner calls ``deallocate()``.
@safe public struct FlatArray<Element: BitwiseCopyable>: @unchecked Sendable {
  public private(set) var base: UnsafeMutablePointer<Element>
  public var count = 0
  public private(set) var capacity: Int

  public init(capacity: Int = 64) {
    self.capacity = max(capacity, 1)
    unsafe base = .allocate(capacity: self.capacity)
  }
  public func deallocate() { unsafe base.deallocate() }

  @inlinable @inline(__always)
  public subscript(_ i: Int) -> Element {
    get {
      assert(i >= 0 && i < count)
      return unsafe base[i]
    }
    nonmutating set {
      assert(i >= 0 && i < count)
      unsafe (base + i).pointee = newValue
    }
  }

  @inlinable @inline(__always)
  public mutating func append(_ e: Element) {
    if count == capacity { grow(to: count &+ 1) }
    unsafe (base + count).initialize(to: e)
    count &+= 1
  }
  @inlinable
  public mutating func append(_ p: UnsafePointer<Element>, count n: Int) {
    if count &+ n > capacity { grow(to: count &+ n) }
    unsafe (base + count).update(from: p, count: n)
    count &+= n
  }
  @inlinable
  public mutating func reserve(_ n: Int) { if n > capacity { grow(to: n) } }
  @inlinable @inline(__always)
  public mutating func removeAll() { count = 0 }
  /// Asks for 2 MiB pages behind the present allocation, for arrays that are read at random: fewer address look-ups.
  public func preferHugePages() {
    unsafe FlatMemory.preferHugePages(base, capacity * MemoryLayout<Element>.stride)
  }

  @inline(never) @usableFromInline
  mutating func grow(to needed: Int) {
    capacity = max(capacity * 2, needed)
    let q = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
    unsafe q.update(from: base, count: count)
    unsafe base.deallocate()
    unsafe base = unsafe q
  }

  /// The elements; valid until the next growth.
  @inlinable
  public var elements: UnsafeBufferPointer<Element> { unsafe UnsafeBufferPointer(start: base, count: count) }
  @inlinable
  public var rawBytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: base, count: count * MemoryLayout<Element>.stride)
  }
}

/// A run of bytes inside a block: trivial, 8 bytes. An absent value has ``absent`` as its length.
public struct ByteSpan: BitwiseCopyable, Sendable, Equatable {
  public var offset: UInt32
  public var length: UInt32
  public static let absentLength = UInt32.max

  @inlinable @inline(__always)
  public init(offset: Int, length: Int) {
    self.offset = UInt32(truncatingIfNeeded: offset)
    self.length = UInt32(truncatingIfNeeded: length)
  }
  @inlinable @inline(__always)
  public static var absent: ByteSpan { ByteSpan(offset: 0, length: Int(absentLength)) }
  @inlinable @inline(__always)
  public var isAbsent: Bool { length == ByteSpan.absentLength }
}
