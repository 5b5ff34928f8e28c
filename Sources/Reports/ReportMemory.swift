import FlatMemory

/// All memory of an accumulator but its labels': one zero-filled region, carved once and never moved.
///
/// Guarantees: the bound on it is ``byteCount``, whatever the input; that on the labels beside it is 7 MB.
/// Cost: a page fault a page, in pages of 2 MiB where the kernel grants them: first touches are most of what a short
/// run would otherwise pay.
struct ReportMemory {
  /// Everything an accumulator keeps fits; checked as it is carved.
  static let byteCount = 13 << 19

  private let memory: ReservedMemory
  private let byteCount: Int
  private(set) var used = 0

  init(byteCount: Int = Self.byteCount) {
    memory = ReservedMemory(byteCount: byteCount, hugePages: true)
    self.byteCount = byteCount
  }

  /// Zeroed room for `count` values, with ``bytePadding`` bytes behind it.
  mutating func take<T: BitwiseCopyable>(_ type: T.Type, count: Int) -> UnsafeMutablePointer<T> {
    let n = (count * MemoryLayout<T>.stride + bytePadding + 63) & ~63
    precondition(used + n <= byteCount, "the report's memory is too small for its tables")
    defer { used += n }
    return unsafe (memory.base + used).bindMemory(to: T.self, capacity: count)
  }

  func release() { memory.release() }
}
