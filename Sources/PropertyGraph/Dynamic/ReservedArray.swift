import FlatMemory

/// A flat array that may grow up to a fixed capacity without ever moving: address space is reserved at once and
/// committed by touching it.
///
/// Guarantees: zero-filled; `base` never changes; elements are trivial. The owner calls ``release()``.
/// Cost: a page fault per page first touched; large arrays ask for 2 MiB pages, so random access rarely misses the TLB.
@safe struct ReservedArray<Element: BitwiseCopyable> {
  let base: UnsafeMutablePointer<Element>
  let capacity: Int
  private let memory: ReservedMemory

  /// Reserves room for `capacity` elements; `expectedCount` of them decide whether large pages pay.
  init(capacity: Int, expectedCount: Int) {
    let stride = MemoryLayout<Element>.stride
    let large = expectedCount * stride >= 1 << 20
    memory = ReservedMemory(byteCount: max(capacity, 1) * stride, hugePages: large)
    unsafe base = unsafe memory.base.bindMemory(to: Element.self, capacity: max(capacity, 1))
    self.capacity = capacity
  }

  func release() { memory.release() }

  @inline(__always)
  subscript(_ i: Int) -> Element {
    get {
      assert(i >= 0 && i < capacity)
      return unsafe base[i]
    }
    nonmutating set {
      assert(i >= 0 && i < capacity)
      unsafe base[i] = newValue
    }
  }
  @inline(__always)
  subscript(_ i: UInt32) -> Element {
    get { self[Int(i)] }
    nonmutating set { self[Int(i)] = newValue }
  }

  /// The bytes of the first `count` elements, for a snapshot.
  func bytes(count: Int) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: base, count: count * MemoryLayout<Element>.stride)
  }
}
