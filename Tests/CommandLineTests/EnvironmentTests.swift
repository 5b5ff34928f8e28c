import ArgumentParser
import EventFormats
import Replay
import Testing

@testable import thalweg

/// Every option can come from the environment, and flags win.
@Suite struct EnvironmentTests {
  private static let commands: [(name: String, type: any (ParsableCommand & EnvironmentConfigurable).Type)] = [
    ("replay", ReplayCommand.self), ("generate", GenerateCommand.self),
  ]

  /// The long options that a command's help lists.
  private static func helpOptions(_ command: any ParsableCommand.Type) -> Set<String> {
    var names: Set<String> = []
    for line in command.helpMessage(columns: 200).split(separator: "\n") where line.hasPrefix("  -") {
      for word in line.split(whereSeparator: { $0 == " " || $0 == "," }).prefix(2) where word.hasPrefix("--") {
        names.insert(String(word.dropFirst(2)))
      }
    }
    return names.subtracting(["help", "version"])
  }

  @Test(arguments: [0, 1]) func everyOptionIsListed(_ command: Int) {
    let (name, type) = EnvironmentTests.commands[command]
    let listed = Set(type.environmentOptions.map(\.name))
    let help = EnvironmentTests.helpOptions(type)
    #expect(help.count > 10)
    #expect(listed == help, "\(name): environmentOptions and the help differ")
    #expect(listed.count == type.environmentOptions.count, "\(name): an option is listed twice")
  }

  /// The configuration that arguments and variables give.
  private func configuration(_ given: [String], _ environment: [String: String]) throws -> ReplayCommand {
    let arguments = EnvironmentOptions(environment).adding(to: given)
    return try #require(try Thalweg.parseAsRoot(arguments) as? ReplayCommand)
  }

  @Test func variablesAreOptions() throws {
    let command = try configuration(
      ["replay", "a.log"],
      [
        "THALWEG_GAP": "10m", "THALWEG_WATERMARK_DELAY": "1h", "THALWEG_FIELDS": "user=a,time=b",
        "THALWEG_SPLIT_ON_CAMPAIGN": "yes", "THALWEG_QUIET": "0", "THALWEG_OUTPUT": "s.csv", "GAP": "1s",
        "THALWEG_THREADS": "",
      ])
    let c = try command.makeConfiguration()
    #expect(c.inputs == ["a.log"])
    #expect(c.gapMilliseconds == 600_000)
    #expect(c.watermarkDelayMilliseconds == 3_600_000)
    #expect(c.format.fields == [.user: "a", .time: "b"])
    #expect(c.splitOnCampaign)
    #expect(c.sessionsPath == "s.csv")
    #expect(!command.running.quiet)
    #expect(c.threads == 0)
  }

  @Test(arguments: [["--gap", "5m"], ["--gap=5m"]]) func flagsWin(_ flag: [String]) throws {
    let c = try configuration(["replay"] + flag + ["a.log"], ["THALWEG_GAP": "10m"]).makeConfiguration()
    #expect(c.gapMilliseconds == 300_000)
    let output = ["THALWEG_OUTPUT": "s.csv"]
    #expect(try configuration(["replay", "--output", "r.html"], output).makeConfiguration().sessionsPath == nil)
  }

  @Test func otherCommandsAreLeftAlone() {
    let environment = EnvironmentOptions(["THALWEG_GAP": "10m"])
    for given in [["state", "list", "x"], ["--version"], [], ["generate"]] {
      #expect(environment.adding(to: given) == given)
    }
  }
}
