import Foundation
import Testing

/// The commands of the README, run as they stand: each line with `$ ` in a block of `console`, in order, in one folder
/// that holds the fixtures. Commands of `tools` set up machines or run for minutes; they only have to be there. The
/// examples are run by the tests of their own package.
@Suite struct ReadMeTests {
  private static let commands: [String] = {
    let path = Program.root.appendingPathComponent("README.md")
    guard let text = try? String(contentsOf: path, encoding: .utf8) else { return [] }
    var commands: [String] = []
    var isConsole = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        isConsole = line == "```console"
      } else if isConsole, line.hasPrefix("$ ") {
        commands.append(String(line.dropFirst(2)))
      }
    }
    return commands
  }()

  @Test func commandsWork() throws {
    let scratch = try Scratch.make("readme")
    defer { Scratch.remove(scratch) }
    try FileManager.default.copyItem(
      at: Program.root.appendingPathComponent("Fixtures"), to: scratch.appendingPathComponent("Fixtures"))
    var count = 0
    for command in ReadMeTests.commands {
      if command.hasPrefix("git clone") || command.hasPrefix("cd ") { continue }
      if command.contains("swift run --package-path tools/examples ") { continue }
      if command.hasPrefix("./tools/") || command.hasPrefix("tools/") {
        let tool = Program.root.appendingPathComponent(String(command.prefix { $0 != " " })).standardizedFileURL.path
        #expect(FileManager.default.isExecutableFile(atPath: tool), "\(command): there is no such program")
        continue
      }
      let outcome = try Program.shell(command, in: scratch)
      #expect(outcome.code == 0, "\(command)\n\(outcome.errorText)")
      count += 1
    }
    #expect(count >= 5, "the README's commands were not found")
  }
}
