import Foundation
import Testing

/// Command-line behaviour as data: each folder of `Cases` holds `cmd`, a script of the shell that is run in a copy of
/// the folder, and what it must write and give: `expout`, `experr`, `expcode` (missing: empty, empty, 0).
///
/// Comparisons are exact. `THALWEG_REGENERATE=1` writes what was found instead: look at the difference before you
/// commit it. A file `when` holds a condition of the shell without which the case cannot be run on a machine.
@Suite struct GoldenCaseTests {
  static let folder = Program.root.appendingPathComponent("Tests/CommandLineTests/Cases")
  static let isRegenerating = ProcessInfo.processInfo.environment["THALWEG_REGENERATE"] == "1"

  static let names: [String] = {
    let found = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return found.filter { !$0.hasPrefix(".") }.sorted()
  }()

  @Test(arguments: names) func `case`(_ name: String) throws {
    let source = GoldenCaseTests.folder.appendingPathComponent(name)
    let scratch = try Scratch.make(name)
    defer { Scratch.remove(scratch) }
    for file in try FileManager.default.contentsOfDirectory(atPath: source.path)
    where !["cmd", "when", "expout", "experr", "expcode"].contains(file) {
      try FileManager.default.copyItem(
        at: source.appendingPathComponent(file), to: scratch.appendingPathComponent(file))
    }
    if let condition = try? String(contentsOf: source.appendingPathComponent("when"), encoding: .utf8),
      try Program.shell(condition, in: scratch).code != 0
    {
      print("case \(name): left out, as here it does not hold that \(condition)")
      return
    }
    let script = try String(contentsOf: source.appendingPathComponent("cmd"), encoding: .utf8)
    let outcome = try Program.shell(script, in: scratch)
    if GoldenCaseTests.isRegenerating {
      try GoldenCaseTests.write(outcome, to: source)
      return
    }
    func expected(_ file: String) -> String {
      (try? String(contentsOf: source.appendingPathComponent(file), encoding: .utf8)) ?? ""
    }
    #expect(outcome.outputText == expected("expout"), "\(name): standard output of\n\(script)")
    #expect(outcome.errorText == expected("experr"), "\(name): standard error of\n\(script)")
    #expect(outcome.code == Int32(expected("expcode").filter(\.isNumber)) ?? 0, "\(name): exit code of\n\(script)")
  }

  /// Files for what is not empty and not 0.
  private static func write(_ outcome: Program.Outcome, to folder: URL) throws {
    let code = outcome.code == 0 ? "" : "\(outcome.code)\n"
    for (file, bytes) in [("expout", outcome.output), ("experr", outcome.error), ("expcode", Array(code.utf8))] {
      let url = folder.appendingPathComponent(file)
      if bytes.isEmpty { try? FileManager.default.removeItem(at: url) } else { try Data(bytes).write(to: url) }
    }
  }

  @Test func thereAreCases() {
    #expect(GoldenCaseTests.names.count >= 50, "are the cases missing from \(GoldenCaseTests.folder.path)?")
  }
}
