import Foundation

/// Options taken from the environment: `--watermark-delay` is also `THALWEG_WATERMARK_DELAY`.
///
/// Variables are turned into arguments before parsing, so they are read and checked like flags. A flag on the command
/// line wins over its variable. A switch such as `--fresh` is on for `1`, `true`, `yes` or `on`.
struct EnvironmentOptions {
  /// The value of a variable.
  private let value: (String) -> String?

  init(_ environment: [String: String]) { value = { environment[$0] } }

  /// Those of the process, asked for one by one: most runs have none.
  init() { value = { name in unsafe getenv(name).map { unsafe String(cString: $0) } } }

  static func variable(for option: String) -> String {
    let name = option.utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
    return "THALWEG_" + String(decoding: name, as: UTF8.self).uppercased()
  }

  /// The arguments with those of the environment put right after the subcommand's name.
  func adding(to given: [String]) -> [String] {
    guard let (command, names) = EnvironmentOptions.subcommand(of: given) else { return given }
    var added: [String] = []
    for option in command.environmentOptions where !isGiven(option.name, given) {
      guard let value = value(EnvironmentOptions.variable(for: option.name)), !value.isEmpty else { continue }
      if option.isSwitch {
        if ["1", "true", "yes", "on"].contains(value.lowercased()) { added.append("--\(option.name)") }
      } else {
        added.append("--\(option.name)=\(value)")
      }
    }
    return given[..<names] + added + given[names...]
  }

  /// Which variable an error is about, when its option was not given on the command line.
  func note(for message: String, given: [String]) -> String? {
    guard let (command, _) = EnvironmentOptions.subcommand(of: given) else { return nil }
    for option in command.environmentOptions where !isGiven(option.name, given) {
      let variable = EnvironmentOptions.variable(for: option.name)
      guard let value = value(variable), message.contains("'--\(option.name) ") else { continue }
      return "it comes from the environment: \(variable)=\(value)"
    }
    return nil
  }

  private func isGiven(_ name: String, _ given: [String]) -> Bool {
    given.prefix { $0 != "--" }.contains { $0 == "--\(name)" || $0.hasPrefix("--\(name)=") }
  }

  /// The subcommand named first, and the number of arguments that name it.
  private static func subcommand(of given: [String]) -> (command: any EnvironmentConfigurable.Type, names: Int)? {
    switch given.first {
    case "replay": (ReplayCommand.self, 1)
    case "generate": (GenerateCommand.self, 1)
    case "graph": GraphCommand.configurable(given[1...]).map { ($0.command, $0.names + 1) }
    default: nil
    }
  }
}

/// An option that can come from the environment.
struct EnvironmentOption {
  var name: String
  /// Whether it takes no value.
  var isSwitch = false
}

/// A command whose options can come from the environment.
protocol EnvironmentConfigurable {
  static var environmentOptions: [EnvironmentOption] { get }
}

extension EnvironmentConfigurable {
  /// Options by their names, separated by spaces.
  static func options(_ names: String, switches: String = "") -> [EnvironmentOption] {
    names.split(separator: " ").map { EnvironmentOption(name: String($0)) }
      + switches.split(separator: " ").map { EnvironmentOption(name: String($0), isSwitch: true) }
  }
}
