import CKernels
import Dispatch
import Synchronization

/// Runs a computation of many short parallel phases on a few threads that are woken once for all of them.
///
/// Guarantees: all tasks of a phase have finished, and their writes are seen, before the step between two phases runs
/// (on one thread) and before any task of the next phase starts. Which thread runs a task is chance: tasks of one phase
/// must not touch what another one writes. One thread alone completes everything, so no thread is waited for that the
/// system did not start.
/// Cost: some 30 µs to wake the threads, below 1 µs a phase, and waiting threads spin.
/// Method: one atomic word holds the phase, its number of tasks and the next task; whoever finishes a phase's last task
/// makes the step and opens the next phase.
final class ParallelPhases: Sendable {
  /// phase << 40 | number of tasks << 20 | next task
  private let ticket = Atomic<UInt64>(0)
  private let finishedCount = Atomic<Int>(0)
  private static let fieldMask: UInt64 = 0xfffff

  private init() {}

  /// Runs a first phase of `taskCount` tasks and goes on with as many tasks as `next` returns, until it returns 0.
  /// `task` gets the number of a task in the current phase.
  static func run(workers: Int, first taskCount: Int, task: (Int) -> Void, next: () -> Int) {
    if workers <= 1 {
      var count = taskCount
      while count > 0 {
        for number in 0..<count { task(number) }
        count = next()
      }
      return
    }
    guard taskCount > 0 else { return }
    let phases = ParallelPhases()
    phases.open(phase: 1, taskCount: taskCount)
    withoutActuallyEscaping(task) { task in
      withoutActuallyEscaping(next) { next in
        nonisolated(unsafe) let task = task
        nonisolated(unsafe) let next = next
        DispatchQueue.concurrentPerform(iterations: workers) { _ in unsafe phases.help(task, next) }
      }
    }
  }

  private func open(phase: UInt64, taskCount: Int) {
    assert(taskCount < 1 << 19, "a phase has too many tasks")
    finishedCount.store(0, ordering: .relaxed)
    ticket.store(phase << 40 | UInt64(taskCount) << 20, ordering: .releasing)
  }

  /// Takes tasks until the last phase is over; phase 0 is the end.
  private func help(_ task: (Int) -> Void, _ next: () -> Int) {
    while true {
      let drawn = ticket.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
      let phase = drawn >> 40
      if phase == 0 { return }
      let count = Int(drawn >> 20 & Self.fieldMask)
      let number = Int(drawn & Self.fieldMask)
      if number >= count {
        var round: UInt32 = 0
        while ticket.load(ordering: .acquiring) >> 40 == phase {
          tw_spin_wait(round)
          round &+= 1
        }
        continue
      }
      task(number)
      let finished = finishedCount.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue
      if finished == count {
        let nextCount = next()
        open(phase: nextCount == 0 ? 0 : max(1, (phase + 1) & 0xffffff), taskCount: nextCount)
      }
    }
  }
}
