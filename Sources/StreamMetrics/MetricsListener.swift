import Metrics
public import Logging
public import StreamCore

/// Hands a job's progress to swift-metrics and its course to swift-log.
///
/// Metrics, each with the dimension `job`: counters `thalweg_rows_in`, `thalweg_rows_out`, `thalweg_intervals`; gauges
/// `thalweg_state_rows`, `thalweg_state_bytes`, `thalweg_event_time_lag_milliseconds`,
/// `thalweg_scheduling_delay_milliseconds`; timers `thalweg_interval_duration`, `thalweg_reading_duration`,
/// `thalweg_source_duration`, `thalweg_stages_duration`, `thalweg_checkpoint_duration`.
/// Log: start (with what became of the state) and end at info, intervals at debug, a failed run at error.
/// Cost: a call of each metric an interval.
public final class MetricsListener: StreamingListener {
  private let logger: Logger
  private let rowsIn: Counter
  private let rowsOut: Counter
  private let intervals: Counter
  private let stateRows: Gauge
  private let stateBytes: Gauge
  private let lag: Gauge
  private let schedulingDelay: Gauge
  private let duration: Metrics.Timer
  private let reading: Metrics.Timer
  private let source: Metrics.Timer
  private let stages: Metrics.Timer
  private let checkpoint: Metrics.Timer

  /// - Parameters:
  ///   - job: tells jobs of one process apart.
  ///   - logger: the program's; one with the label `thalweg` by default.
  public init(job: String, logger: Logger = Logger(label: "thalweg")) {
    var logger = logger
    logger[metadataKey: "job"] = "\(job)"
    self.logger = logger
    let dimensions = [("job", job)]
    func counter(_ name: String) -> Counter { Counter(label: "thalweg_" + name, dimensions: dimensions) }
    func gauge(_ name: String) -> Gauge { Gauge(label: "thalweg_" + name, dimensions: dimensions) }
    func timer(_ name: String) -> Metrics.Timer {
      Metrics.Timer(label: "thalweg_" + name + "_duration", dimensions: dimensions)
    }
    rowsIn = counter("rows_in")
    rowsOut = counter("rows_out")
    intervals = counter("intervals")
    stateRows = gauge("state_rows")
    stateBytes = gauge("state_bytes")
    lag = gauge("event_time_lag_milliseconds")
    schedulingDelay = gauge("scheduling_delay_milliseconds")
    duration = timer("interval")
    reading = timer("reading")
    source = timer("source")
    stages = timer("stages")
    checkpoint = timer("checkpoint")
  }

  public func started(isResumed: Bool, report: RecoveryReport?) {
    logger.info("\(isResumed ? "goes on from a checkpoint" : "starts")\(report.map { "; \($0)" } ?? "")")
  }

  public func processed(_ interval: IntervalProgress) {
    rowsIn.increment(by: interval.rowsIn)
    rowsOut.increment(by: interval.rowsOut)
    intervals.increment()
    stateRows.record(interval.stateRows)
    stateBytes.record(interval.stateBytes)
    if let milliseconds = interval.eventTimeLagMilliseconds { lag.record(milliseconds) }
    schedulingDelay.record(interval.schedulingMilliseconds)
    duration.recordMicroseconds(interval.durations.totalMicroseconds)
    reading.recordMicroseconds(interval.durations.readingMicroseconds)
    source.recordMicroseconds(interval.durations.sourceMicroseconds)
    stages.recordMicroseconds(interval.durations.stagesMicroseconds)
    checkpoint.recordMicroseconds(interval.durations.checkpointMicroseconds)
    logger.debug(
      "interval \(interval.batchID): \(interval.rowsIn) in, \(interval.rowsOut) out",
      metadata: ["microseconds": "\(interval.durations.totalMicroseconds)", "state": "\(interval.stateRows)"])
  }

  public func terminated(_ result: Result<RunOutcome, any Error>) {
    switch result {
    case .success(let outcome): logger.info("\(outcome == .finished ? "finished" : "stopped")")
    case .failure(let error): logger.error("failed: \(error)")
    }
  }
}
