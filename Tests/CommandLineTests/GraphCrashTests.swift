import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Real processes that follow a graph, killed at any moment: what they publish is byte for byte what an undisturbed
/// run publishes.
@Suite(.serialized) struct GraphCrashTests {
  private static let outputs = ["batches.ndjson", "report.json", "bad.ndjson"]
  private static let options = [
    "graph", "replay", "edges.txt", "--window", "2d", "--batch", "37", "--tolerance", "1e-6", "--timings", "omit",
    "--output", "batches.ndjson", "--report", "report.json", "--dead-letters", "bad.ndjson",
  ]

  private static func edges(_ random: inout SeededRandom) -> String {
    var text = ""
    var time = 1_700_000_000
    for i in 0..<30_000 {
      time += Int.random(in: 0...30, using: &random)
      func id() -> Int { min(Int.random(in: 0..<900, using: &random), Int.random(in: 0..<900, using: &random)) }
      text += i % 173 == 5 ? "\(id()) nothing\n" : "\(id()) user\(id()) \(time)\n"
    }
    return text
  }

  private func read(_ name: String, _ folder: URL) -> Data? {
    try? Data(contentsOf: folder.appendingPathComponent(name))
  }

  /// `kill -9` at random moments, resumed each time with other threads. `THALWEG_KILLS` sets how many.
  @Test func killedGraphReplaysGoOn() throws {
    var random = SeededRandom()
    print("seed \(random.seed): set THALWEG_SEED to repeat it")
    let wanted = ProcessInfo.processInfo.environment["THALWEG_KILLS"].flatMap { Int($0) } ?? 8
    let quiet = try Scratch.make("graph-reference")
    let folder = try Scratch.make("graph")
    defer {
      Scratch.remove(quiet)
      Scratch.remove(folder)
    }
    let text = GraphCrashTests.edges(&random)
    for place in [quiet, folder] {
      try text.write(to: place.appendingPathComponent("edges.txt"), atomically: true, encoding: .utf8)
    }
    let clock = ContinuousClock()
    let start = clock.now
    let reference = try Program.start(GraphCrashTests.options, in: quiet).outcome()
    let duration = start.duration(to: clock.now) / .seconds(1)
    try #require(reference.code == 0, "\(reference.errorText)")
    let checkpointing = GraphCrashTests.options + ["--checkpoint", "state", "--checkpoint-interval", "1ms"]
    var (kills, resumed, finished) = (0, 0, 0)
    // the bound only ends a test that hangs
    for _ in 0..<wanted * 20 where kills < wanted {
      let threads = Int.random(in: 1...4, using: &random)
      let process = try Program.start(checkpointing + ["--threads", "\(threads)"], in: folder)
      if process.ends(within: Double.random(in: 0.1..<0.9, using: &random) * duration) {
        let outcome = try process.outcome()
        #expect(outcome.code == 0, "\(outcome.errorText)")
        finished += 1
      } else {
        process.send(SIGKILL)
        kills += 1
        if try process.outcome().errorText.contains("going on from the checkpoint") { resumed += 1 }
      }
      for name in GraphCrashTests.outputs {
        if let bytes = read(name, folder) {
          let isSame = bytes == read(name, quiet)
          #expect(isSame, "seed \(random.seed), after \(kills) kills: \(name) differs")
        }
      }
      if finished > 0, read("report.json", folder) != nil {
        for name in GraphCrashTests.outputs + ["state"] {
          try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
      }
    }
    let last = try Program.start(checkpointing, in: folder).outcome()
    #expect(last.code == 0, "\(last.errorText)")
    for name in GraphCrashTests.outputs {
      let isSame = read(name, quiet) != nil && read(name, folder) == read(name, quiet)
      #expect(isSame, "seed \(random.seed): \(name) differs at the end")
    }
    print("\(kills) kills, \(resumed) of them of resumed runs, \(finished) runs to the end")
    #expect(kills == wanted)
    #expect(resumed > 0)
  }
}
