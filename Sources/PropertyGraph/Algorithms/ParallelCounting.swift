import Dispatch
import Foundation
import Synchronization

/// Runs tasks on all cores, each thread with scratch memory of its own: for results that do not depend on which thread
/// did what, such as sums of integers.
///
/// Guarantees: every task runs once. Cost: some 30 µs to wake the threads, a `Scratch` per thread.
enum ParallelCounting {
  /// Runs `body` for every range with the scratch of its thread; returns all scratches, in no particular order.
  static func run<Scratch>(
    _ ranges: VertexRanges, scratch: () -> Scratch, _ body: (inout Scratch, Range<Int>) -> Void
  ) -> [Scratch] {
    let threads = max(1, min(ranges.count, ProcessInfo.processInfo.activeProcessorCount))
    var scratches = (0..<threads).map { _ in scratch() }
    if threads == 1 || !ranges.isParallel {
      for number in 0..<ranges.count { body(&scratches[0], ranges[number]) }
      return scratches
    }
    let next = Atomic<Int>(0)
    unsafe scratches.withUnsafeMutableBufferPointer { scratches in
      withoutActuallyEscaping(body) { body in
        nonisolated(unsafe) let body = body
        nonisolated(unsafe) let scratches = unsafe scratches
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
          while true {
            let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
            if number >= ranges.count { return }
            unsafe body(&scratches[thread], ranges[number])
          }
        }
      }
    }
    return scratches
  }
}
