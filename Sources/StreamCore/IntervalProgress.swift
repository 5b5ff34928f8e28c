/// What one interval of a running job came to: Spark's query progress.
public struct IntervalProgress: Sendable, Equatable, Codable {
  /// Number of the interval, from 0, over restarts.
  public var batchID = 0
  /// When it was closed, in milliseconds of the job's clock.
  public var timeMilliseconds = Int64(0)
  /// Elements that the sources gave, and elements that arrived in sinks.
  public var rowsIn = 0
  /// Elements that arrived in sinks.
  public var rowsOut = 0
  /// Blocks it was read in.
  public var blockCount = 0
  /// The watermark by then; nil without event time.
  public var watermark: Int64?
  /// How far the watermark is behind the job's clock; nil without event time.
  public var eventTimeLagMilliseconds: Int64?
  /// Entries of all operators' state, and the bytes they take.
  public var stateRows = 0
  /// The bytes they take.
  public var stateBytes = 0
  /// What it took, by phase, in microseconds: `reading` and `source` (decoding, operators before the first exchange),
  /// `stages` (everything behind it), `checkpoint` (copying state), each summed over threads; `total`: from its first
  /// block until its last batch had passed every stage.
  public var durations = Durations()
  /// How long its first block waited for the interval before to be done.
  public var schedulingMilliseconds = Int64(0)

  /// Microseconds by phase.
  public struct Durations: Sendable, Equatable, Codable {
    /// Asking sources and copying from them.
    public var readingMicroseconds = 0
    /// Decoding and the operators before the first exchange.
    public var sourceMicroseconds = 0
    /// Everything behind it.
    public var stagesMicroseconds = 0
    /// Copying state for a checkpoint.
    public var checkpointMicroseconds = 0
    /// From the first block until the last batch had passed every stage.
    public var totalMicroseconds = 0
    public init() {}
  }
  public init() {}

  /// Elements read a second of processing; 0 before anything took time.
  public var rowsPerSecond: Double {
    durations.totalMicroseconds > 0 ? Double(rowsIn) * 1e6 / Double(durations.totalMicroseconds) : 0
  }
}

/// Hears what a job does. Called by one of the job's threads at a time, in order; be quick.
public protocol StreamingListener: AnyObject, Sendable {
  /// The first block is about to be read.
  func started(isResumed: Bool, report: RecoveryReport?)
  /// An interval is done: its results are in the sinks.
  func processed(_ interval: IntervalProgress)
  /// The run is over.
  func terminated(_ result: Result<RunOutcome, any Error>)
}

extension StreamingListener {
  public func started(isResumed: Bool, report: RecoveryReport?) {}
  public func processed(_ interval: IntervalProgress) {}
  public func terminated(_ result: Result<RunOutcome, any Error>) {}
}

/// Adds up what the intervals in flight cost. Under the scheduler's lock.
///
/// Cost: a few additions a task.
struct IntervalMeter {
  private var open: [Int: (progress: IntervalProgress, startedAt: Int64)] = [:]
  private var lastEnd = Int64(0)

  mutating func add(_ interval: Int, now: Int64, _ change: (inout IntervalProgress) -> Void) {
    var entry = open[interval] ?? (IntervalProgress(), now)
    change(&entry.progress)
    open[interval] = entry
  }
  /// The closing batch has passed every stage.
  mutating func close(_ batch: Batch, now: Int64, clockNow: Int64) -> IntervalProgress {
    var (p, startedAt) = open.removeValue(forKey: batch.interval) ?? (IntervalProgress(), now)
    p.batchID = batch.interval
    p.timeMilliseconds = batch.intervalTime
    if batch.alignedMaximum > .min {
      p.watermark = batch.alignedMaximum
      p.eventTimeLagMilliseconds = clockNow - batch.alignedMaximum
    }
    p.durations.totalMicroseconds = Int((now - startedAt) / 1000)
    p.schedulingMilliseconds = max(0, lastEnd - startedAt) / 1_000_000
    lastEnd = now
    return p
  }
}
