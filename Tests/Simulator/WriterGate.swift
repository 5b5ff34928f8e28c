import Foundation
import StreamCore

/// Decides when the thread that writes checkpoints goes on, so that a run of one worker is the same every time: that
/// thread makes a call to the disk only when the worker lets it, at points where the worker holds no lock.
final class WriterGate: @unchecked Sendable {
  private let condition = NSCondition()
  private var worker: Thread?
  /// Whether there is a writer, and it is waiting here.
  private var isActive = false
  private var isParked = false
  private var permits = 0
  private var isOpen = false

  init() {}

  /// The calling thread is the worker of the run to come.
  func enter() {
    condition.withLock { (worker, isActive, isParked, permits, isOpen) = (Thread.current, false, false, 0, false) }
  }
  /// For ``CheckpointOptions/onWriting``.
  func note(_ event: CheckpointWriting) {
    condition.withLock {
      switch event {
      case .begins: (isActive, isParked, permits, isOpen) = (true, false, 0, false)
      case .isAwaited: isOpen = true
      case .ended: isActive = false
      }
      condition.broadcast()
    }
  }
  /// Called before each call to the disk.
  func pass() {
    condition.withLock {
      guard isActive, Thread.current != worker else { return }
      while permits == 0, !isOpen {
        isParked = true
        condition.broadcast()
        condition.wait()
      }
      isParked = false
      if !isOpen { permits -= 1 }
    }
  }
  /// Lets the writer make so many calls (nil: all it wants to) and waits until it has.
  func step(_ callCount: Int?) {
    condition.withLock {
      guard isActive, Thread.current == worker else { return }
      if let callCount { permits = callCount } else { isOpen = true }
      condition.broadcast()
      while isActive, isOpen || !(isParked && permits == 0) { condition.wait() }
    }
  }
}
