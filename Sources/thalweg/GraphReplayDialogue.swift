import Foundation
import GraphReplay
import Replay

/// Runs a replay of a graph for a person or a script: says what it does on stderr, gives the exit code.
///
/// What is said does not depend on time or machine unless progress is shown: scripts can compare it.
struct GraphReplayDialogue {
  let configuration: GraphReplayConfiguration
  let options: ExecutionOptions

  /// Throws a ``CommandFailure`` or an error of the engine.
  func run() throws {
    let showsProgress =
      !options.quiet
      && (options.progress == .always
        || options.progress == .auto && Terminal.isError
          && !(Terminal.isOutput && Terminal.isStandardOutput(outputPath)))
    let job = try GraphReplayJob(configuration)
    announce(job)
    let watched = ReplayMonitor.Job(
      progress: { job.progress }, requestStop: { job.requestStop() }, abandon: { job.abandon() },
      checkpointDirectory: configuration.checkpointDirectory)
    let (outcome, elapsed) = try ReplayMonitor.watching(watched, showsProgress: showsProgress, outputs: [outputPath]) {
      try job.run()
    }
    if !options.quiet { conclude(outcome, elapsed: showsProgress ? elapsed : nil) }
  }

  private var outputPath: String { configuration.outputPath }

  private func announce(_ job: GraphReplayJob) {
    let isQuiet = options.quiet
    if !isQuiet {
      for line in job.inputDescriptions { Terminal.say(line) }
      if let folder = configuration.checkpointDirectory, PublishedFile.isStream(outputPath), outputPath != "/dev/null" {
        Terminal.say(
          "\(Terminal.name(of: outputPath)) is at-least-once: going on from '\(folder)' may repeat lines; name a file with --output to avoid it"
        )
      }
    }
    let folder = configuration.checkpointDirectory ?? ""
    job.onStart = { isResumed, warnings in
      for warning in warnings { Terminal.say("warning: \(warning)") }
      if isResumed, !isQuiet { Terminal.say("going on from the checkpoint in '\(folder)'") }
    }
  }

  /// The last lines: how much was followed, how exactly, what was left out.
  private func conclude(_ outcome: GraphReplayOutcome, elapsed: Double?) {
    var line =
      "\(Terminal.counted(outcome.changes, "change")) in \(Terminal.counted(outcome.batches, "batch", "batches")), "
      + "\(Terminal.counted(outcome.expired, "edge")) expired; ranks are within \(Self.bound(outcome.boundMax))"
    if let trueError = outcome.trueErrorMax {
      line += ", in truth \(Self.bound(trueError)); components agree"
    }
    if let elapsed {
      let rate = ProgressLine.quantity(Double(outcome.changes) / max(elapsed, 1e-6))
      line += String(format: "; %.2f s, ", elapsed) + rate + "changes/s"
    }
    Terminal.say(line)
    if outcome.unmatched > 0 {
      Terminal.say(
        "\(Terminal.counted(outcome.unmatched, "removal")) of edges that were not there: counted as unmatched")
    }
    if outcome.malformedCount > 0 {
      let kept =
        configuration.deadLettersPath.map { "they are in '\($0)'" } ?? "keep such with --dead-letters FILE"
      Terminal.say("\(Terminal.counted(outcome.malformedCount, "malformed line")) left out: \(kept)")
    }
    if !Terminal.isStandardOutput(outputPath) { Terminal.say("the batches are in '\(outputPath)'") }
    if let path = configuration.reportPath, !Terminal.isStandardOutput(path) {
      Terminal.say("the report is in '\(path)'")
    }
  }

  private static func bound(_ value: Double) -> String { String(format: "%.1e", value) }
}
