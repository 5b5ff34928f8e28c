import Foundation
import Synchronization

/// A row of the rate source.
public struct RateRow: BitwiseCopyable, Hashable, Sendable {
  /// When the row was due: milliseconds since 1970 UTC.
  public var timestamp: Int64
  /// 0, 1, 2…
  public var value: Int64
  public init(timestamp: Int64, value: Int64) { (self.timestamp, self.value) = (timestamp, value) }
}

/// So many rows a second, for load tests: Spark's rate source.
///
/// Guarantees: row v is the same on every run and after every restart that goes on from a checkpoint (its timestamp
/// depends on v and on when the stream began only). In the second s, `valueAt(s + 1) - valueAt(s)` rows are due, evenly
/// spaced; the rate climbs by equal steps over the ramp-up. Rows become available as the clock reaches them; time in
/// which the job did not run is not made up for.
/// Cost: two multiplications and a division a row.
/// Method: the table of Spark's RateStreamProvider (`valueAtSecond`), with rows spread over the second by millisecond.
public final class RateSource: ElementSource, @unchecked Sendable {
  public typealias Element = RateRow
  private struct State {
    var next: UInt64 = 0
    /// Timestamp of the stream's beginning; nil before the first read.
    var start: Int64?
    /// Reading of the clock at the stream's beginning.
    var clockStart: Int64?
    /// Rows that are due later are not given by this run.
    var clockEnd = Int64.max
  }
  public let name: String
  private let rowsPerSecond: Int64
  private let rampUpSeconds: Int64
  private let rowsMax: UInt64
  private let givenStart: Int64?
  private let clock: any ProcessingClock
  private let state = Mutex(State())

  /// - Parameters:
  ///   - rampUpSeconds: how long the rate climbs before it is reached.
  ///   - startMilliseconds: timestamp of the beginning, milliseconds since 1970 UTC; now by default.
  ///   - rowsMax: the stream ends after so many.
  public init(
    rowsPerSecond: Int, rampUpSeconds: Int = 0, startMilliseconds: Int64? = nil, rowsMax: UInt64 = .max,
    name: String = "rate", clock: any ProcessingClock = SystemClock()
  ) {
    precondition(rowsPerSecond > 0, "rowsPerSecond is \(rowsPerSecond); it must be positive")
    precondition(rampUpSeconds >= 0, "rampUpSeconds is \(rampUpSeconds); it cannot be negative")
    self.name = name
    self.rowsPerSecond = Int64(rowsPerSecond)
    self.rampUpSeconds = Int64(rampUpSeconds)
    self.rowsMax = rowsMax
    givenStart = startMilliseconds
    self.clock = clock
  }

  public var identity: String? { "rate \(rowsPerSecond)/s, ramp-up \(rampUpSeconds) s" }

  /// Rows due before second `s`.
  func value(atSecond s: Int64) -> Int64 {
    let step = rowsPerSecond / (rampUpSeconds + 1)
    let climbing = min(s, rampUpSeconds)
    // the climb's sum step × (1 + … + climbing)
    let climbed = climbing % 2 == 1 ? (climbing + 1) / 2 * climbing : climbing / 2 * (climbing + 1)
    return step * climbed + max(0, s - rampUpSeconds) * rowsPerSecond
  }
  /// The second in which a row is due.
  private func second(of value: Int64) -> Int64 {
    let top = self.value(atSecond: rampUpSeconds)
    if value >= top { return rampUpSeconds + (value - top) / rowsPerSecond }
    var (low, high) = (Int64(0), rampUpSeconds)
    while high - low > 1 {
      let middle = (low + high) / 2
      if self.value(atSecond: middle) <= value { low = middle } else { high = middle }
    }
    return low
  }
  /// Milliseconds from the beginning until a row is due.
  func dueMilliseconds(_ value: Int64) -> Int64 {
    let s = second(of: value)
    let first = self.value(atSecond: s)
    return s * 1000 + (value - first) * 1000 / (self.value(atSecond: s + 1) - first)
  }

  public func read(into output: PartitionBuffer<RateRow>, countMax: Int) throws -> SourceStatus {
    return state.withLock { s in
      if s.next >= rowsMax { return .ended }
      let now = min(clock.nowMilliseconds, s.clockEnd)
      let start = s.start ?? givenStart ?? Int64(Date().timeIntervalSince1970 * 1000)
      s.start = start
      // after a restart, the next row is due now
      let clockStart = s.clockStart ?? now - (s.next == 0 ? 0 : dueMilliseconds(Int64(s.next)))
      s.clockStart = clockStart
      var left = min(countMax, Int(clamping: rowsMax - s.next))
      var v = Int64(s.next)
      var second = second(of: v)
      while left > 0 {
        let first = value(atSecond: second)
        let n = value(atSecond: second + 1) - first
        // rows of this second whose time has come
        let elapsed = min(now - clockStart - second * 1000, 999)
        let due = elapsed < 0 ? 0 : min(n, ((elapsed + 1) * n + 999) / 1000)
        let end = min(first + due, v + Int64(left))
        left -= Int(max(0, end - v))
        while v < end {
          output.append(RateRow(timestamp: start + second * 1000 + (v - first) * 1000 / n, value: v))
          v += 1
        }
        if v < first + n { break }
        second += 1
        if elapsed < 999 { break }
      }
      s.next = UInt64(v)
      if s.next >= rowsMax { return .ended }
      return left == 0 ? .more : .idle
    }
  }

  public var position: SourcePosition {
    state.withLock { SourcePosition(offset: $0.next, detail: $0.start.map(String.init) ?? "") }
  }

  /// A run that takes only what is there gets the rows that are due now.
  public func prepare(for trigger: Trigger) {
    let end = trigger.isBounded ? clock.nowMilliseconds : .max
    state.withLock { $0.clockEnd = end }
  }

  public func seek(to position: SourcePosition) throws {
    guard position.detail.isEmpty || Int64(position.detail) != nil else {
      throw SourceError(
        source: name, problem: "was to go on from a position it cannot read: '\(position.detail)'",
        advice: "the checkpoint is of another source; start over with --fresh")
    }
    state.withLock {
      $0 = State(next: position.offset, start: Int64(position.detail) ?? givenStart, clockStart: nil)
    }
  }
}
