import ArgumentParser
import Foundation

/// The command `thalweg`: parses arguments (flags win over `THALWEG_…` variables) and runs a subcommand.
///
/// Guarantees: data goes to stdout, everything else to stderr; every failure is one clear message that begins with
/// `thalweg:`, and a sysexits code (see ``CommandFailure``).
@main
struct Thalweg: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "thalweg",
    abstract: "Sessions and graphs from recorded and live event logs.",
    discussion: """
      Examples:
        thalweg replay access.log --report report.html
        thalweg replay clicks.ndjson.zst --sessions sessions.csv --gap 20m
        thalweg graph pagerank links.txt --top 10
        thalweg generate --events 1000000 --output clicks.ndjson
        thalweg state list checkpoints

      Every option can be set by an environment variable: --watermark-delay by THALWEG_WATERMARK_DELAY. Flags win.
      Exit codes: 0 done, 64 usage, 65 data, 66 no input, 69 unavailable, 70 internal, 73 can't create, 74 I/O, \
      78 configuration, 130 and 143 stopped by a signal.
      """,
    version: "0.1.0",
    subcommands: [ReplayCommand.self, GraphCommand.self, GenerateCommand.self, StateCommand.self])

  static func main() {
    let given = Array(CommandLine.arguments.dropFirst())
    let environment = EnvironmentOptions()
    let arguments = environment.adding(to: given)
    do {
      if let replay = replay(arguments) { return try replay.run() }
      try refuseUnknownCommand(given)
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch {
      CommandFailure(error, root: Thalweg.self, note: environment.note(for: message(for: error), given: given)).exit()
    }
  }

  /// A replay whose arguments are in order; nil leaves the arguments to the parser of all commands, which words what there
  /// is to say. It would take twice as long, a tenth of a short run.
  private static func replay(_ arguments: [String]) -> ReplayCommand? {
    guard arguments.first == ReplayCommand.configuration.commandName else { return nil }
    return try? ReplayCommand.parseAsRoot(Array(arguments.dropFirst())) as? ReplayCommand
  }

  /// The parser would only call it an unexpected argument.
  private static func refuseUnknownCommand(_ given: [String]) throws {
    var path = ""
    var command: any ParsableCommand.Type = Thalweg.self
    for name in given {
      let names = command.configuration.subcommands.compactMap { $0.configuration.commandName }
      if names.isEmpty || name.hasPrefix("-") || name == "help" { return }
      guard let next = command.configuration.subcommands.first(where: { $0.configuration.commandName == name }) else {
        throw CommandFailure(
          .usage,
          "there is no command '\(path)\(name)'; the commands are \(names.joined(separator: ", "))\n"
            + "See 'thalweg \(path)--help' for more information.")
      }
      command = next
      path += "\(name) "
    }
  }
}
