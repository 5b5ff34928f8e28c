/// A value that only one thread at a time may touch, with waiting: for values of generic types, which need not be
/// `Sendable` and so cannot be kept in a `Mutex`.
///
/// Cost: 20 ns a lock; a wake-up some 30 µs.
final class Guarded<Value>: @unchecked Sendable {
  private let monitor = Monitor()
  private var value: Value

  init(_ value: Value) { self.value = value }

  func withLock<R>(_ body: (inout Value) throws -> R) rethrows -> R {
    monitor.lock()
    defer { monitor.unlock() }
    return try body(&value)
  }
  /// Waits until the condition holds, then runs the body under the same lock.
  func wait<R>(until condition: (Value) -> Bool, then body: (inout Value) throws -> R) rethrows -> R {
    monitor.lock()
    defer { monitor.unlock() }
    while !condition(value) { monitor.wait() }
    return try body(&value)
  }
  /// Changes the value and wakes whoever waits.
  func update<R>(_ body: (inout Value) throws -> R) rethrows -> R {
    monitor.lock()
    defer {
      monitor.broadcast()
      monitor.unlock()
    }
    return try body(&value)
  }
}
