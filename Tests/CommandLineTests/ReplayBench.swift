import Foundation
import Testing

/// A log, a replay of it that was not disturbed, and a folder for replays that are.
///
/// The log is out of order beyond the watermark delay and has malformed lines, so that all outputs have something in
/// them. The folder of the disturbed runs holds the log under the same name: reports name their inputs.
struct ReplayBench {
  /// Outputs that must be the same bytes whatever happens.
  static let outputs = ["sessions.csv", "report.json", "dead-letters.ndjson"]
  static let options = [
    "replay", "log.ndjson", "--sessions", "sessions.csv", "--report", "report.json", "--dead-letters",
    "dead-letters.ndjson", "--gap", "10m", "--watermark-delay", "2m",
  ]
  static let checkpointing = ["--checkpoint", "state", "--checkpoint-interval", "5ms"]
  /// Replays the log's 30 days in a second at least, however fast the machine and the build.
  static let slowly = ["--speed", "2600000x"]

  let folder: URL
  /// Seconds that an undisturbed run at the slow speed takes.
  let duration: Double
  private let reference: [String: Data]

  init(events: Int, seed: UInt64) throws {
    folder = try Scratch.make("replay")
    let quiet = try Scratch.make("reference")
    defer { Scratch.remove(quiet) }
    let generated = try Program.start(
      [
        "generate", "--events", "\(events)", "--seed", "\(seed % 1000)", "--out-of-order", "5%", "--out-of-order-max",
        "1h", "--malformed", "1%", "--output", "log.ndjson",
      ], in: folder
    ).outcome()
    try #require(generated.code == 0, "\(generated.errorText)")
    try FileManager.default.copyItem(
      at: folder.appendingPathComponent("log.ndjson"), to: quiet.appendingPathComponent("log.ndjson"))
    let clock = ContinuousClock()
    let start = clock.now
    let run = try Program.start(ReplayBench.options + ReplayBench.slowly, in: quiet).outcome()
    duration = start.duration(to: clock.now) / .seconds(1)
    try #require(run.code == 0, "\(run.errorText)")
    var files: [String: Data] = [:]
    for name in ReplayBench.outputs { files[name] = try Data(contentsOf: quiet.appendingPathComponent(name)) }
    reference = files
    #expect(files.values.allSatisfy { $0.count > 1000 }, "an output has next to nothing in it")
  }

  func remove() { Scratch.remove(folder) }

  func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
  }

  /// All files there, apart from the log.
  var names: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0 != "log.ndjson" }.sorted()
    }
  }

  /// Outputs that are there under their final names and differ from those of the undisturbed run.
  func differences() -> [String] {
    ReplayBench.outputs.filter { name in
      guard let bytes = try? Data(contentsOf: folder.appendingPathComponent(name)) else { return false }
      return bytes != reference[name]
    }
  }

  /// Outputs that are not there.
  func missing() -> [String] { ReplayBench.outputs.filter { !exists($0) } }

  /// Back to the log alone.
  func clear() throws {
    for name in try names { try FileManager.default.removeItem(at: folder.appendingPathComponent(name)) }
  }

  /// Starts a replay with checkpoints.
  func start(_ more: [String] = []) throws -> Program.Running {
    try Program.start(ReplayBench.options + ReplayBench.checkpointing + more, in: folder)
  }

  /// Waits until a file of this ending is somewhere in a folder of the bench, or the process has ended.
  func wait(for process: Program.Running, ending: String, in subfolder: String = ".") -> Bool {
    let place = folder.appendingPathComponent(subfolder).path
    repeat {
      let files = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
      if files.contains(where: { $0.hasSuffix(ending) }) { return true }
    } while !process.ends(within: 0.005)
    return false
  }
}
