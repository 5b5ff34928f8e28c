import Dispatch
import FlatMemory
import Synchronization

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
    memory =
      Self.prepared.withLock { prepared in
        defer { prepared = .none }
        if case .ready(let memory) = prepared, memory.byteCount == byteCount { return memory }
        return nil
      } ?? ReservedMemory(byteCount: byteCount, hugePages: true)
    self.byteCount = byteCount
  }

  private enum Prepared {
    case none
    /// Asked for, and not yet begun.
    case wanted
    case ready(ReservedMemory)
  }
  private static let prepared = Mutex<Prepared>(.none)

  /// Has another thread make and touch the memory that is asked for next: where fresh memory is slow, zeroing it takes
  /// several milliseconds. Whoever asks meanwhile waits for that; whoever asks before it has begun gets memory of his own.
  static func prepare() {
    let isNew = prepared.withLock { prepared in
      guard case .none = prepared else { return false }
      prepared = .wanted
      return true
    }
    guard isNew else { return }
    DispatchQueue.global().async {
      prepared.withLock { prepared in
        guard case .wanted = prepared else { return }
        let memory = ReservedMemory(byteCount: byteCount, hugePages: true)
        for i in stride(from: 0, to: byteCount, by: 4096) {
          unsafe memory.base.storeBytes(of: 0, toByteOffset: i, as: UInt8.self)
        }
        prepared = .ready(memory)
      }
    }
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
