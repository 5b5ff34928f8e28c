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
  /// Monotonic milliseconds from an arbitrary start.
  var nowMilliseconds: Int64 { get }
  /// Waits; a manual clock jumps instead.
  func sleep(milliseconds: Int64)
}

/// The machine's monotonic clock.
public struct SystemClock: ProcessingClock {
  public init() {}
  public var nowMilliseconds: Int64 { nowNanoseconds / 1_000_000 }
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
