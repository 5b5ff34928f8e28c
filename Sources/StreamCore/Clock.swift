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
  /// Milliseconds that never go back while a job runs. Timers and intervals' times are kept in checkpoints, so the start
  /// is the same for all runs of a job.
  var nowMilliseconds: Int64 { get }
  /// Waits; a manual clock jumps instead.
  func sleep(milliseconds: Int64)
}

/// The machine's clock: milliseconds since 1970 UTC when the process began, and from there monotonic, so that neither a
/// reboot nor setting the clock makes timers wait or go off all at once.
public struct SystemClock: ProcessingClock {
  public init() {}
  public var nowMilliseconds: Int64 { SystemClock.start + nowNanoseconds / 1_000_000 }
  /// The time of day when the monotonic clock stood at 0.
  private static let start: Int64 = {
    var t = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &t)
    return Int64(t.tv_sec) * 1000 + Int64(t.tv_nsec) / 1_000_000 - SystemClock().nowNanoseconds / 1_000_000
  }()
  /// Monotonic, from an arbitrary start: for durations.
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
  public init(milliseconds: Int64 = 0) { now = Mutex(milliseconds) }
  public var nowMilliseconds: Int64 { now.withLock { $0 } }
  public func sleep(milliseconds: Int64) { advance(milliseconds: milliseconds) }
  public func advance(milliseconds: Int64) { now.withLock { $0 += max(0, milliseconds) } }
}

/// Processors that are online.
func processorCount() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
