import ArgumentParser
import Foundation
import GraphReplay
import PropertyGraph

/// `thalweg graph replay`.
struct GraphReplayCommand: ParsableCommand, EnvironmentConfigurable {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Follow a graph through time: ranks and components after every batch of edges.",
    discussion: """
      Reads edge lists with times ('source target [weight] time', Unix seconds, milliseconds or finer), several of \
      them merged by time. A column that a header calls 'op' may say 'delete' (or '-'). Prints a line of JSON per \
      batch. Ranks are kept up to date, not computed anew, with a certified error.

      Examples:
        thalweg graph replay messages.txt --window 30d
        thalweg graph replay messages.txt --window 30d --every 1d --report report.html --output days.ndjson
        thalweg graph replay follows.csv --batch 10000 --tolerance 1e-6 --verify
        thalweg graph replay messages.txt.zst --window 7d --checkpoint state --output out.ndjson
      """)

  enum Timings: String, ExpressibleByArgument, CaseIterable {
    case include, omit
  }

  @Argument(help: "Edge lists with times; - or none is standard input.")
  var edges: [String] = []
  @OptionGroup(title: "Graph") var graph: ModelOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Running") var running: ExecutionOptions

  struct ModelOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp("Edges older than this expire. (default: none do)", valueName: "time"),
      transform: TimeSpan.init(argument:))
    var window: TimeSpan?
    @Option(help: ArgumentHelp("Changes in a batch. (default: 1000, or any number with --every)", valueName: "count"))
    var batch: Int?
    @Option(
      help: ArgumentHelp("Batches end at multiples of this in event time.", valueName: "time"),
      transform: TimeSpan.init(argument:))
    var every: TimeSpan?
    @Option(help: ArgumentHelp("The certified error of the ranks, relative, in sum.", valueName: "share"))
    var tolerance = 1e-4
    @Option(help: ArgumentHelp("The chance to follow an edge rather than to start anew.", valueName: "share"))
    var damping = 0.85
    @Flag(help: "Take every edge in both directions.")
    var undirected = false
    @Flag(help: "Follow edges in proportion to their weights, which are read from the file.")
    var weighted = false
    @Flag(help: "Compute every batch from scratch too, and compare: slow. Exit code 70 if anything differs.")
    var verify = false
  }

  struct OutputOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The highest ranks in each line.", valueName: "count"))
    var top = 10
    @Option(help: ArgumentHelp("File to write, with .zst compressed. (default: stdout)", valueName: "path"))
    var output: String?
    @Option(help: ArgumentHelp("A report of the whole run: .html or .json.", valueName: "path"))
    var report: String?
    @Option(help: ArgumentHelp("Lines that were malformed, as NDJSON.", valueName: "path"))
    var deadLetters: String?
    @Option(
      help: ArgumentHelp(
        "Stop when more lines than this are malformed. (default: 50% of the first 1,000)", valueName: "share"),
      transform: Percentage.init(argument:))
    var maxBad: Percentage?
    @Option(help: "Say how long batches took; omit it to get equal bytes from equal inputs.")
    var timings = Timings.include
  }

  static let environmentOptions = options(
    """
    window batch every tolerance damping top output report dead-letters max-bad timings threads checkpoint \
    checkpoint-interval progress
    """, switches: "undirected weighted verify fresh quiet")

  func validate() throws {
    if !(graph.damping >= 0 && graph.damping < 1) { throw ValidationError("--damping must be 0 or more and below 1") }
    if !(graph.tolerance > 0 && graph.tolerance < 1) {
      throw ValidationError("--tolerance must be above 0 and below 1")
    }
    if let batch = graph.batch, batch < 1 { throw ValidationError("--batch must be at least 1") }
    if let every = graph.every, every.milliseconds < 1 { throw ValidationError("--every must be longer than 0") }
    if let window = graph.window, window.milliseconds < 1 { throw ValidationError("--window must be longer than 0") }
    if output.top < 0 { throw ValidationError("--top must be zero or more") }
  }

  func run() throws {
    if edges.isEmpty, Terminal.isInput {
      throw CommandFailure(
        .usage,
        "no input: name a file, or pipe edges to standard input\n"
          + "See 'thalweg graph replay --help' for more information.")
    }
    try GraphReplayDialogue(configuration: makeConfiguration(), options: running).run()
  }

  /// The arguments as the engine wants them.
  func makeConfiguration() -> GraphReplayConfiguration {
    var c = GraphReplayConfiguration()
    c.inputs = edges.isEmpty ? ["-"] : edges
    c.graph.windowMilliseconds = graph.window?.milliseconds
    c.graph.batchChangeCount = graph.batch ?? (graph.every == nil ? 1000 : nil)
    c.graph.batchMilliseconds = graph.every?.milliseconds
    c.graph.tolerance = graph.tolerance
    c.graph.damping = graph.damping
    c.graph.isUndirected = graph.undirected
    c.graph.isWeighted = graph.weighted
    c.graph.verifies = graph.verify
    c.graph.topCount = output.top
    c.outputPath = output.output ?? "-"
    c.reportPath = output.report
    c.deadLettersPath = output.deadLetters
    c.maxBadPercent = output.maxBad?.percent
    c.includesTimings = output.timings == .include
    c.threads = running.threads
    c.checkpointDirectory = running.checkpoint
    c.checkpointIntervalMilliseconds = running.checkpointInterval.milliseconds
    c.isFresh = running.fresh
    return c
  }
}
