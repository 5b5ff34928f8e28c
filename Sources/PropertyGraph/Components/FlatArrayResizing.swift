import FlatMemory

extension FlatArray {
  /// Appends copies of `element` until there are `newCount`; never shrinks. Amortised O(1) an element.
  /// For arrays that are read at random: large ones get large pages.
  mutating func extend(to newCount: Int, filling element: Element) {
    if newCount <= count { return }
    if newCount > capacity {
      reserve(newCount)
      preferHugePages()
    }
    unsafe (base + count).initialize(repeating: element, count: newCount - count)
    count = newCount
  }

  /// Removes and returns the last element, of which there must be one.
  @inline(__always)
  mutating func removeLast() -> Element {
    count &-= 1
    return unsafe base[count]
  }
}
