#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import Synchronization

/// Processing time, handed in so that tests never sleep.
public protocol ProcessingClock: Sendable {
  /// Milliseconds that never go back: of the machine's clock since 1970 UTC when the program began, and what has passed
  /// since. (Timers in processing time outlive restarts, so the start is not arbitrary.)
  var nowMilliseconds: Int64 { get }
  /// Waits; a manual clock jumps instead.
  func sleep(milliseconds: Int64)
}

/// The machine's clock as it was when the program began, moved on by its monotonic one: steps of the former do not show.
public struct SystemClock: ProcessingClock {
  public init() {}
  private static let startMilliseconds: Int64 = {
    var t = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &t)
    return Int64(t.tv_sec) * 1000 + Int64(t.tv_nsec) / 1_000_000 - SystemClock().nowNanoseconds / 1_000_000
  }()
  public var nowMilliseconds: Int64 { SystemClock.startMilliseconds + nowNanoseconds / 1_000_000 }
  /// Nanoseconds of the monotonic clock, from an arbitrary start: for durations.
  public var nowNanoseconds: Int64 {
    var t = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &t)
    return Int64(t.tv_sec) * 1_000_000_000 + Int64(t.tv_nsec)
  }
  public func sleep(milliseconds: Int64) {
    if milliseconds > 0 { usleep(UInt32(clamping: milliseconds * 1000)) }
  }
}

/// A clock that stands still until it is told to move.
public final class ManualClock: ProcessingClock {
  private let now: Mutex<Int64>
  /// - Parameter milliseconds: what it shows at first.
  public init(milliseconds: Int64 = 0) { now = Mutex(milliseconds) }
  public var nowMilliseconds: Int64 { now.withLock { $0 } }
  public func sleep(milliseconds: Int64) { advance(milliseconds: milliseconds) }
  /// Moves it on; it does not go back.
  public func advance(milliseconds: Int64) { now.withLock { $0 += max(0, milliseconds) } }
}

/// Processors that are online.
func processorCount() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
