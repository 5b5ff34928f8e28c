import ArgumentParser

/// How a replay is run, of whatever kind: threads, checkpoints and what is said meanwhile.
struct ExecutionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Threads to use; 0 is one a core. Results do not depend on it.", valueName: "count"))
  var threads = 0
  @Option(help: ArgumentHelp("Keep checkpoints in this folder, and go on from the newest.", valueName: "folder"))
  var checkpoint: String?
  @Option(
    help: ArgumentHelp("Time between checkpoints. (default: 10s)", valueName: "time"),
    transform: TimeSpan.init(argument:))
  var checkpointInterval = TimeSpan(milliseconds: 10_000)
  @Flag(help: "Start over: forget the checkpoints in the folder.")
  var fresh = false
  @Option(help: "Show progress on stderr; auto: on a terminal.")
  var progress = Display.auto
  @Flag(name: [.customShort("q"), .long], help: "Say nothing on stderr but warnings and errors.")
  var quiet = false

  func validate() throws {
    if threads < 0 || threads > 1024 { throw ValidationError("--threads must be between 0 (one a core) and 1024") }
    if checkpoint == nil, fresh { throw ValidationError("--fresh starts over in a --checkpoint folder; name one") }
  }
}
