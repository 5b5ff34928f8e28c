import Foundation
import Replay
import Synchronization

/// Watches a running replay from a thread of its own: draws progress, stops the job on SIGINT and SIGTERM.
///
/// The first signal lets the batches in flight finish; a second one, or two seconds without a checkpoint to save, end
/// the process at once.
final class ReplayMonitor: Sendable {
  /// What is watched.
  struct Job: Sendable {
    var progress: @Sendable () -> ReplayProgress
    var requestStop: @Sendable () -> Void
    /// Removes partial files when the process ends at once.
    var abandon: @Sendable () -> Void
    var checkpointDirectory: String?
  }
  private let job: Job
  private let showsProgress: Bool
  private let signals = SignalPipe()
  private let stopSignal = Mutex<Int32?>(nil)
  private let ended = DispatchSemaphore(value: 0)
  private static let intervalMilliseconds: Int32 = 100

  /// Runs a job while watching it; gives what `run` gave and the seconds it took.
  ///
  /// Throws what `run` throws, or a ``CommandFailure``: when a signal stopped the job (`run` gives nil), and in silence
  /// when one of `outputs` is a pipe whose reader is gone, as other programs do (`replay | head`).
  static func watching<Outcome>(
    _ job: Job, showsProgress: Bool, outputs: [String], _ run: () throws -> Outcome?
  ) throws -> (outcome: Outcome, elapsedSeconds: Double) {
    let clock = ContinuousClock()
    let start = clock.now
    let monitor = ReplayMonitor(job: job, showsProgress: showsProgress)
    let outcome: Outcome?
    do {
      outcome = try run()
    } catch {
      _ = monitor.end()
      if error is OutputError, outputs.contains(where: Terminal.isStandardOutput), Terminal.isOutputReaderGone {
        throw CommandFailure(silently: 128 + SIGPIPE)
      }
      throw error
    }
    let signal = monitor.end()
    guard let outcome else { throw Terminal.stopped(by: signal, checkpointDirectory: job.checkpointDirectory) }
    return (outcome, start.duration(to: clock.now) / .seconds(1))
  }

  private init(job: Job, showsProgress: Bool) {
    self.job = job
    self.showsProgress = showsProgress
    let thread = Thread { [self] in
      watch()
      ended.signal()
    }
    thread.name = "thalweg monitor"
    thread.start()
  }

  /// Ends watching and clears the progress line. Gives the signal that the job was stopped by, if one came.
  private func end() -> Int32? {
    signals.wake()
    ended.wait()
    return stopSignal.withLock { $0 }
  }

  private func watch() {
    var line = ProgressLine(nowNanoseconds: DispatchTime.now().uptimeNanoseconds)
    var stoppedAt: UInt64?
    var isDrawn = false
    while true {
      let signal = signals.next(timeoutMilliseconds: ReplayMonitor.intervalMilliseconds)
      let now = DispatchTime.now().uptimeNanoseconds
      if signal == 0 { break }
      if let signal {
        if stoppedAt != nil { abandon(signal, clearing: isDrawn) }
        stopSignal.withLock { $0 = signal }
        stoppedAt = now
      }
      if let stoppedAt {
        // again and again: the job may not have been running yet
        job.requestStop()
        if job.checkpointDirectory == nil, now - stoppedAt > 2_000_000_000 {
          abandon(stopSignal.withLock { $0 ?? SIGINT }, clearing: isDrawn)
        }
      } else if showsProgress {
        Terminal.write(
          "\r\u{1b}[2K" + line.text(job.progress(), nowNanoseconds: now, width: Terminal.width(of: 2)), to: 2)
        isDrawn = true
      }
    }
    if isDrawn { Terminal.write("\r\u{1b}[2K", to: 2) }
  }

  /// Ends the process while the job still runs (it may be waiting for input that never comes).
  private func abandon(_ signal: Int32, clearing isDrawn: Bool) -> Never {
    if isDrawn { Terminal.write("\r\u{1b}[2K", to: 2) }
    if let folder = job.checkpointDirectory {
      Terminal.say("stopped at once; the last checkpoint is in '\(folder)': run the same command to go on from it")
    } else {
      job.abandon()
      Terminal.say("stopped; nothing was published")
    }
    _exit(128 + signal)
  }
}
