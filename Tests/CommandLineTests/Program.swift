import Dispatch
import Foundation
import Testing

/// The built `thalweg`, run as a process of its own.
///
/// Found beside the test bundle, or named by the variable `THALWEG_BINARY`.
enum Program {
  /// The folder of the package.
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static let path: String = {
    if let named = ProcessInfo.processInfo.environment["THALWEG_BINARY"] { return named }
    // on Linux the bundle is an executable in the folder of products, on macOS it is a folder there
    var folder = URL(fileURLWithPath: CommandLine.arguments[0])
    for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") {
      folder = URL(fileURLWithPath: bundle.bundlePath)
    }
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let candidate = folder.appendingPathComponent("thalweg")
      var isFolder: ObjCBool = false
      if unsafe FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder), !isFolder.boolValue {
        return candidate.path
      }
    }
    return root.appendingPathComponent(".build/debug/thalweg").path
  }()

  /// What a process wrote and how it ended.
  struct Outcome: Equatable {
    var output: [UInt8]
    var error: [UInt8]
    /// As a shell gives it: 128 + the signal, if one ended it.
    var code: Int32

    var outputText: String { String(decoding: output, as: UTF8.self) }
    var errorText: String { String(decoding: error, as: UTF8.self) }
  }

  /// The environment of a test: nothing of the machine's settings, the program on the path.
  static let environment: [String: String] = {
    let own = ProcessInfo.processInfo.environment
    var clean = own.filter { !$0.key.hasPrefix("THALWEG_") && !["NO_COLOR", "COLUMNS"].contains($0.key) }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    clean["PATH"] = folder + ":" + (own["PATH"] ?? "/usr/bin:/bin")
    clean["LC_ALL"] = "C"
    clean["TZ"] = "UTC"
    return clean
  }()

  /// Runs a script of the shell to its end in a folder.
  static func shell(_ script: String, in folder: URL) throws -> Outcome {
    let running = try Running(executable: "/bin/bash", ["-c", script], in: folder)
    return try running.outcome()
  }

  /// Starts the program without waiting for it.
  static func start(_ arguments: [String], in folder: URL) throws -> Running {
    try Running(executable: path, arguments, in: folder)
  }

  /// A process under way. What it writes goes to files, so that it never waits for its reader.
  final class Running {
    private let process = Process()
    private let folder: URL
    private let ended = DispatchSemaphore(value: 0)

    init(executable: String, _ arguments: [String], in folder: URL) throws {
      self.folder = try Scratch.make("streams")
      process.executableURL = URL(fileURLWithPath: executable)
      process.arguments = arguments
      process.environment = Program.environment
      process.currentDirectoryURL = folder
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = try stream("out")
      process.standardError = try stream("err")
      process.terminationHandler = { [ended] _ in ended.signal() }
      try process.run()
    }
    deinit { try? FileManager.default.removeItem(at: folder) }

    private func stream(_ name: String) throws -> FileHandle {
      let url = folder.appendingPathComponent(name)
      try Data().write(to: url)
      return try FileHandle(forWritingTo: url)
    }

    /// Whether it ends by itself within this time.
    func ends(within seconds: Double) -> Bool {
      guard ended.wait(timeout: .now() + seconds) == .success else { return false }
      ended.signal()
      return true
    }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits for the end.
    func outcome() throws -> Outcome {
      _ = ends(within: 600)
      process.waitUntilExit()
      let code = process.terminationStatus
      return Outcome(
        output: Array(try Data(contentsOf: folder.appendingPathComponent("out"))),
        error: Array(try Data(contentsOf: folder.appendingPathComponent("err"))),
        code: process.terminationReason == .uncaughtSignal ? 128 + code : code)
    }
  }
}

/// Folders of their own for tests.
enum Scratch {
  static func make(_ name: String) throws -> URL {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("thalweg-tests/\(name)-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }

  static func remove(_ url: URL) { try? FileManager.default.removeItem(at: url) }
}
