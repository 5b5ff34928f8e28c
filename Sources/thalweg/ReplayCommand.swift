public import ArgumentParser
import EventFormats
import Foundation
import Replay
public import Sessions

extension GapBoundary: ExpressibleByArgument {}

/// `thalweg replay`: recorded logs into sessions and a report.
struct ReplayCommand: ParsableCommand, EnvironmentConfigurable {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Turn recorded event logs into sessions and a session report.",
    discussion: """
      Reads NDJSON, CSV, TSV, and Common and Combined access logs, also compressed with zstd or gzip; what they are \
      is found out from their content. Without an output the report is printed as text.

      Examples:
        thalweg replay access.log --report report.html
        thalweg replay clicks.ndjson --sessions sessions.csv --gap 20m
        thalweg replay eu.csv us.csv --fields user=visitor,time=ts
        thalweg replay clicks.csv --split-at-midnight Europe/Berlin
        curl -s $URL | thalweg replay --sessions - --since 2026-01-01
        thalweg replay huge.zst --report r.html --checkpoint state

      With --checkpoint, the same command goes on where a stopped run was.

      Lengths of time: 250ms, 90s, 30m, 1h30m, 60d. Every option can be set by an environment variable: --gap by \
      THALWEG_GAP, --watermark-delay by THALWEG_WATERMARK_DELAY; flags win.
      """)

  @Argument(help: "Files to read; - or none is standard input. Several files are read side by side, in event time.")
  var inputs: [String] = []

  @OptionGroup(title: "Input") var input: InputOptions
  @OptionGroup(title: "Sessions") var session: SessionSplitOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Running") var presentation: PresentationOptions
  @OptionGroup(title: "Running") var running: ExecutionOptions

  struct InputOptions: ParsableArguments {
    @Option(help: "How the log is written.")
    var format = Choice<LogFormat>.auto
    @Option(
      help: ArgumentHelp(
        "Fields by role, e.g. user=visitor.id,time=ts.",
        discussion:
          "Roles: \(FieldRole.allCases.map(\.rawValue).joined(separator: ", ")). A field is a column's name or "
          + "number, or a path of JSON keys. The others are found by their usual names.", valueName: "role=field,…"))
    var fields: String?
    @Option(help: "How times are written.")
    var timeFormat = Choice<TimeFormat>.auto
    @Option(
      help: ArgumentHelp("Leave out events before this time (ISO 8601 or Unix).", valueName: "time"),
      transform: Instant.init(argument:))
    var since: Instant?
    @Option(
      help: ArgumentHelp("Leave out events at or after this time.", valueName: "time"),
      transform: Instant.init(argument:))
    var until: Instant?
    @Option(
      help: ArgumentHelp(
        "Stop when more lines than this are malformed. (default: 50% of the first 1,000)", valueName: "share"),
      transform: Percentage.init(argument:))
    var maxBad: Percentage?
    @Option(help: ArgumentHelp("Longest line that is read; longer ones are malformed.", valueName: "bytes"))
    var maxLine = 1 << 20
  }

  struct SessionSplitOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp("A pause longer than this ends a session. (default: 30m)", valueName: "time"),
      transform: TimeSpan.init(argument:))
    var gap = TimeSpan(milliseconds: 1_800_000)
    @Option(help: "What a pause of exactly the gap does.")
    var gapBoundary = GapBoundary.merge
    @Option(
      help: ArgumentHelp("Longest session; a longer one is split.", valueName: "time"),
      transform: TimeSpan.init(argument:))
    var maxDuration: TimeSpan?
    @Option(help: ArgumentHelp("Most events in a session; a longer one is split.", valueName: "count"))
    var maxEvents: Int?
    @Option(help: ArgumentHelp("End sessions at midnight in this time zone, e.g. Europe/Berlin.", valueName: "zone"))
    var splitAtMidnight: String?
    @Flag(help: "A change of campaign (utm_… of the URL) begins a new session.")
    var splitOnCampaign = false
    @Option(
      help: ArgumentHelp(
        "How far out of order events may come without being late. (default: as the log's own order requires)",
        valueName: "time"), transform: TimeSpan.init(argument:))
    var watermarkDelay: TimeSpan?
    @Option(
      help: ArgumentHelp("How long after its end a session still takes late events. (default: 0)", valueName: "time"),
      transform: TimeSpan.init(argument:))
    var allowedLateness = TimeSpan(milliseconds: 0)
  }

  struct OutputOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp("One row a session: .csv or .ndjson, with .zst compressed; - is stdout.", valueName: "path"))
    var sessions: String?
    @Option(help: ArgumentHelp("The session report: .html, .json, or text.", valueName: "path"))
    var report: String?
    @Option(help: ArgumentHelp("Lines that were malformed or late, as NDJSON.", valueName: "path"))
    var deadLetters: String?
    @Option(
      help: ArgumentHelp(
        "Sessions (.csv, .ndjson) or report (.html, .json, .txt), by extension; may be repeated.", valueName: "path"))
    var output: [String] = []
  }

  struct PresentationOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "Replay at max speed, or at a multiple of the recorded one, e.g. 60x. (default: max)", valueName: "speed"),
      transform: ReplaySpeed.init(argument:))
    var speed = ReplaySpeed.max
    @Option(help: "Colour the text report; auto: on a terminal, unless NO_COLOR is set.")
    var color = Display.auto
  }

  static let environmentOptions = options(
    """
    format fields time-format since until max-bad max-line gap gap-boundary max-duration max-events split-at-midnight \
    watermark-delay allowed-lateness sessions report dead-letters output speed threads checkpoint checkpoint-interval \
    progress color
    """, switches: "split-on-campaign fresh quiet")

  func validate() throws {
    if input.maxLine < 64 || input.maxLine > 64 << 20 {
      throw ValidationError("--max-line must be from 64 bytes to 64 MiB (67108864)")
    }
  }

  func run() throws {
    if inputs.isEmpty, Terminal.isInput {
      throw CommandFailure(
        .usage,
        "no input: name a file, or pipe a log to standard input\nSee 'thalweg replay --help' for more information.")
    }
    try ReplayDialogue(configuration: try makeConfiguration(), options: running, color: presentation.color).run()
  }

  /// The arguments as the engine wants them.
  func makeConfiguration() throws -> ReplayConfiguration {
    var c = ReplayConfiguration()
    c.inputs = inputs.isEmpty ? ["-"] : inputs
    c.format.format = input.format.value
    if let fields = input.fields { c.format.fields = try parseFieldsOption(fields) }
    c.format.timeFormat = input.timeFormat.value
    c.format.lineByteCountMax = input.maxLine
    c.sinceMilliseconds = input.since?.milliseconds
    c.untilMilliseconds = input.until?.milliseconds
    c.maxBadPercent = input.maxBad?.percent
    c.gapMilliseconds = session.gap.milliseconds
    c.boundary = session.gapBoundary
    c.maxDurationMilliseconds = session.maxDuration?.milliseconds
    c.maxEvents = session.maxEvents
    c.splitAtMidnightZone = session.splitAtMidnight
    c.splitOnCampaign = session.splitOnCampaign
    c.watermarkDelayMilliseconds = session.watermarkDelay?.milliseconds
    c.allowedLatenessMilliseconds = session.allowedLateness.milliseconds
    c.sessionsPath = output.sessions
    c.reportPath = output.report
    c.deadLettersPath = output.deadLetters
    for path in output.output { try assign(path, to: &c) }
    c.speed = presentation.speed.factor
    c.threads = running.threads
    c.checkpointDirectory = running.checkpoint
    c.checkpointIntervalMilliseconds = running.checkpointInterval.milliseconds
    c.isFresh = running.fresh
    return c
  }

  /// Takes a path of `--output` for what its extension says it is.
  private func assign(_ path: String, to c: inout ReplayConfiguration) throws {
    let plain = path.lowercased().hasSuffix(".zst") ? String(path.dropLast(4)) : path
    switch (plain as NSString).pathExtension.lowercased() {
    case "csv", "ndjson", "jsonl":
      guard c.sessionsPath == nil else {
        throw CommandFailure(.usage, "--output \(path): the sessions go to two files")
      }
      c.sessionsPath = path
    case "html", "htm", "json", "txt":
      guard c.reportPath == nil else { throw CommandFailure(.usage, "--output \(path): the report goes to two files") }
      guard plain == path else {
        throw CommandFailure(.usage, "--output \(path): a report is not compressed; drop .zst")
      }
      c.reportPath = path
    default:
      throw CommandFailure(
        .usage,
        "--output \(path): its extension does not say what to write; use .csv or .ndjson for sessions, .html, .json or "
          + ".txt for the report, or --sessions and --report")
    }
  }
}
