import ArgumentParser
import ClickstreamGenerator
import EventFormats
import Foundation
import PropertyGraph
import Replay
import Snapshots
import StreamCore

/// A failure as the user sees it: one clear message on stderr and an exit code of sysexits.h.
struct CommandFailure: Error {
  enum Code: Int32 {
    case usage = 64
    case data = 65
    case noInput = 66
    case unavailable = 69
    case `internal` = 70
    case cannotCreate = 73
    case inputOutput = 74
    case configuration = 78
  }
  /// What to print; nil when everything has been said.
  var message: String?
  var code: Int32
  /// Whether the message was asked for (`--help`, `--version`) and goes to stdout.
  var isHelp = false

  init(_ code: Code, _ message: String) {
    self.code = code.rawValue
    self.message = message
  }
  /// Ends the process with a code when everything has been said.
  init(silently code: Int32) { self.code = code }

  /// Any error of the parser or of the engine.
  init(_ error: any Error, root: any ParsableCommand.Type, note: String? = nil) {
    if let failure = error as? CommandFailure {
      self = failure
    } else if let (code, message) = CommandFailure.engineFailure(error) {
      self.init(code, message)
    } else {
      self.init(parserError: error, root: root, note: note)
    }
  }

  private init(parserError error: any Error, root: any ParsableCommand.Type, note: String?) {
    let exitCode = root.exitCode(for: error)
    if exitCode != .validationFailure {
      self.init(.internal, root.fullMessage(for: error))
      isHelp = exitCode == .success
      if isHelp { code = 0 }
      return
    }
    // "Error: …\nUsage: …\n  See 'thalweg replay --help' for more information."
    let full = root.fullMessage(for: error)
    let help = full.split(separator: "\n").last { $0.contains("--help") }.map { $0.drop { $0 == " " } }
    var text = root.message(for: error)
    if let note { text += "\n\(note)" }
    if let help { text += "\n\(help)" }
    self.init(.usage, text)
  }

  private static func engineFailure(_ error: any Error) -> (Code, String)? {
    switch error {
    case let e as InputError:
      switch e.kind {
      case .notFound, .isFolder, .noPermission: (.noInput, e.description)
      case .corrupt: (.data, e.description)
      case .readFailed, .truncated: (.inputOutput, e.description)
      }
    case let e as FormatError: (e.kind == .badOption ? .usage : .data, e.description)
    case let e as BadInputError: (.data, e.description)
    case let e as GraphFileError: (e.kind == .badOption ? .usage : .data, e.description)
    case let e as GraphVerificationError: (.internal, e.description)
    case let e as GraphCapacityError: (.data, e.description)
    case let e as GraphStateError: (.configuration, "\(e.description); start over with --fresh")
    case let e as ComponentStateError: (.configuration, "\(e.description), or start over with --fresh")
    case let e as OutputError: (e.kind == .cannotCreate ? .cannotCreate : .inputOutput, e.description)
    case let e as ReplayConfigurationError: (.configuration, e.description)
    case let e as CheckpointError: (.configuration, e.description)
    case let e as StateError: (.configuration, e.description)
    case let e as GeneratorError: (.usage, "--\(e.description)")
    case let e as SnapshotError: (code(of: e), e.description)
    default: nil
    }
  }

  private static func code(of error: SnapshotError) -> Code {
    switch error.kind {
    case .malformed, .unusableBase: .data
    case .unsupportedVersion, .limitExceeded: .configuration
    case .inputOutput(let number):
      [EACCES, EPERM, ENOENT, ENOTDIR, EROFS, EEXIST].contains(number) ? .cannotCreate : .inputOutput
    case .locked: .unavailable
    case .invalidArgument: .usage
    case .notFound: .noInput
    }
  }

  func exit() -> Never {
    if let message {
      if isHelp { Terminal.write(message + "\n", to: 1) } else { Terminal.say(message) }
    }
    Foundation.exit(code)
  }
}
