import Foundation
import Replay
import Reports
import StreamCore

/// Runs a replay for a person or a script: says what it does on stderr, prints the report, gives the exit code.
///
/// What is said does not depend on time or machine unless progress is shown: scripts can compare it.
struct ReplayDialogue {
  let configuration: ReplayConfiguration
  let options: ExecutionOptions
  let color: Display

  /// Throws a ``CommandFailure`` or an error of the engine.
  func run() throws {
    let showsProgress = !options.quiet && (options.progress == .always || options.progress == .auto && Terminal.isError)
    let job = try ReplayJob(configuration)
    announce(job)
    let watched = ReplayMonitor.Job(
      progress: { job.progress }, requestStop: { job.requestStop() }, abandon: { job.abandon() },
      checkpointDirectory: configuration.checkpointDirectory)
    let (report, elapsed) = try ReplayMonitor.watching(watched, showsProgress: showsProgress, outputs: outputs) {
      try job.run()
    }
    if configuration.reportPath == nil, !outputs.contains(where: Terminal.isStandardOutput) {
      let isColored = Terminal.usesColor(color)
      let text = report.text(width: min(Terminal.width(of: 1), 120), color: isColored)
      if Terminal.write(Array(text.utf8)[...], to: 1) != 0 {
        if Terminal.isOutputReaderGone { throw CommandFailure(silently: 128 + SIGPIPE) }
        throw CommandFailure(.inputOutput, "cannot write the report to standard output")
      }
    }
    if !options.quiet { conclude(report, elapsed: showsProgress ? elapsed : nil, records: job.progress.stream.records) }
  }

  /// Outputs that are written while the log is read.
  private var rowOutputs: [String] { [configuration.sessionsPath, configuration.deadLettersPath].compactMap { $0 } }
  private var outputs: [String] { rowOutputs + [configuration.reportPath].compactMap { $0 } }

  /// What the inputs were taken for, what can be promised, where a run goes on.
  private func announce(_ job: ReplayJob) {
    let isQuiet = options.quiet
    if !isQuiet {
      for line in job.inputDescriptions { Terminal.say(line) }
      let streams = rowOutputs.filter { PublishedFile.isStream($0) && $0 != "/dev/null" }
      if let folder = configuration.checkpointDirectory, let stream = streams.first {
        Terminal.say(
          "\(Terminal.name(of: stream)) is at-least-once: going on from '\(folder)' may repeat rows; name a file to avoid it"
        )
      }
    }
    let folder = configuration.checkpointDirectory ?? ""
    job.onStart = { start in
      for warning in start.warnings { Terminal.say("warning: \(warning)") }
      if isQuiet { return }
      if start.isResumed { Terminal.say("going on from the checkpoint in '\(folder)'") }
      if start.attempt > 0 {
        let delay = start.watermarkDelayMilliseconds.map { "a watermark delay of \(TimeSpan(milliseconds: $0))" }
        Terminal.say(
          "events are further out of order; starting over with \(delay ?? "all sessions kept open to the end")")
      }
    }
  }

  /// The last lines: how much was read, what was left out and where it is, where the results are.
  private func conclude(_ report: SessionReport, elapsed: Double?, records: Int) {
    let quality = report.quality
    var line =
      "\(Terminal.counted(quality.eventsDecoded, "event")) in \(Terminal.counted(report.figures.sessions, "session"))"
    if let elapsed {
      let rate = ProgressLine.quantity(Double(records) / max(elapsed, 1e-6))
      line += String(format: ", %.2f s, ", elapsed) + rate + "events/s"
    }
    Terminal.say(line)
    if quality.malformedLines + quality.lateEvents > 0 {
      let kept =
        configuration.deadLettersPath.map { "they are in \(Terminal.name(of: $0))" }
        ?? "keep such with --dead-letters FILE"
      Terminal.say(
        "\(Terminal.counted(quality.malformedLines, "malformed line")) and \(Terminal.counted(quality.lateEvents, "late event")): \(kept)"
      )
    }
    if let path = configuration.sessionsPath, !Terminal.isStandardOutput(path) {
      Terminal.say("sessions are in '\(path)'")
    }
    if let path = configuration.reportPath, !Terminal.isStandardOutput(path) {
      Terminal.say("the report is in '\(path)'")
    }
  }
}
