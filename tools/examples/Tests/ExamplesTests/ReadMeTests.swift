import Foundation
import Testing

/// The README's commands that run an example, as they stand but with the program that is built already; what is said to
/// come of a command is compared.
@Suite struct ReadMeTests {
  private static let runner = "swift run --package-path tools/examples "

  /// Commands, each with the block of text behind it, if there is one.
  private static func commands() throws -> [(command: String, output: [String]?)] {
    let readMe = Example.root.appendingPathComponent("README.md")
    var commands: [(command: String, output: [String]?)] = []
    var block = ""
    for line in try String(contentsOf: readMe, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
    {
      if line.hasPrefix("```") {
        block = block.isEmpty ? String(line.dropFirst(3)) : ""
        if block == "text", !commands.isEmpty, commands[commands.count - 1].output == nil {
          commands[commands.count - 1].output = []
        }
      } else if block == "console", line.hasPrefix("$ ") {
        commands.append((String(line.dropFirst(2)), nil))
      } else if block == "text", !commands.isEmpty {
        commands[commands.count - 1].output?.append(String(line))
      }
    }
    return commands.filter { $0.command.contains(runner) }
  }

  @Test func commandsWork() throws {
    let commands = try ReadMeTests.commands()
    #expect(commands.count >= 2, "the README's commands were not found")
    for (command, output) in commands {
      let direct = command.replacingOccurrences(of: ReadMeTests.runner, with: Example.folder.path + "/")
      let found = try Example.run(
        URL(fileURLWithPath: "/bin/sh"), ["-c", direct], in: Example.root, named: command)
      if let output { #expect(found == output, "\(command)") } else { #expect(!found.isEmpty, "\(command)") }
    }
  }
}
