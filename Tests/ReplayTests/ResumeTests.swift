import Foundation
import Replay
import StreamCore
import Synchronization
import Testing
import TestSupport

/// Replays that are stopped, damaged or given more input go on to the bytes of an undisturbed run.
@Suite struct ResumeTests {
  /// A log with disorder, late events, malformed lines; and its configuration.
  private func makeJob(_ r: inout SeededRandom, _ folder: ScratchFolder, inputs: Int) -> ReplayConfiguration {
    let gap: Int64 = 600_000
    let clicks = randomClicks(&r, count: Int.random(in: 200...2500, using: &r), gap: gap)
    var parts = [[String]](repeating: [], count: inputs)
    for (i, e) in delayed(clicks, by: 3 * gap, &r).enumerated() {
      parts[i % inputs].append(e.json)
      if i % 61 == 7 { parts[i % inputs].append("{\"broken\": \(i)") }
    }
    var c = ReplayConfiguration()
    c.inputs = parts.enumerated().map { folder.write($1.joined(separator: "\n") + "\n", "in\($0).ndjson") }
    c.gapMilliseconds = gap
    c.watermarkDelayMilliseconds = gap / 2
    c.blockByteCount = 2000
    c.maxEvents = Bool.random(using: &r) ? 7 : nil
    return c
  }
  private func outputs(_ c: inout ReplayConfiguration, _ folder: ScratchFolder, _ prefix: String) {
    c.sessionsPath = folder.file(prefix + ".csv")
    c.reportPath = folder.file(prefix + ".json")
    c.deadLettersPath = folder.file(prefix + ".dead")
  }
  private func same(_ folder: ScratchFolder, _ seed: UInt64) {
    for e in [".csv", ".json", ".dead"] {
      // the bytes are compared, the message names the first line that differs
      let (a, b) = (folder.read("a" + e), folder.read("b" + e))
      let differs = a != b
      #expect(!differs, "seed \(seed): \(e): \(firstDifference(a, b))")
      #expect(!folder.read("a" + e).isEmpty)
    }
  }
  private func firstDifference(_ a: [UInt8], _ b: [UInt8]) -> String {
    let (x, y) = (a.split(separator: 10), b.split(separator: 10))
    let i = zip(x, y).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(x.count, y.count)
    func line(_ l: [ArraySlice<UInt8>]) -> String { i < l.count ? String(decoding: l[i], as: UTF8.self) : "(end)" }
    return "line \(i + 1) of \(x.count) and \(y.count): \(line(x)) | \(line(y))"
  }
  /// Runs with checkpoints as often as possible and stops after about `batches`; true when it came to its end.
  private func runUntil(_ batches: Int, _ c: ReplayConfiguration) throws -> Bool {
    let job = try ReplayJob(c)
    let done = Atomic<Bool>(false)
    let watcher = Thread {
      while !done.load(ordering: .relaxed) {
        if job.progress.stream.batches >= batches { job.requestStop() }
      }
    }
    watcher.start()
    defer { done.store(true, ordering: .relaxed) }
    return try job.run() != nil
  }

  @Test(arguments: [1, 3]) func stoppedAnywhere(inputs: Int) throws {
    for seed in seeds(12) {
      var r = SeededRandom(seed: seed)
      let folder = ScratchFolder()
      var c = makeJob(&r, folder, inputs: inputs)
      outputs(&c, folder, "a")
      _ = try ReplayJob(c).run()
      outputs(&c, folder, "b")
      c.checkpointDirectory = folder.file("state")
      c.checkpointIntervalMilliseconds = 0
      var runs = 0
      repeat {
        c.threads = Int.random(in: 1...3, using: &r)
        runs += 1
      } while try !runUntil(Int.random(in: 1...20, using: &r), c) && runs < 2000
      same(folder, seed)
      // once more: the same again
      _ = try ReplayJob(c).run()
      same(folder, seed)
    }
  }

  @Test func grownInput() throws {
    for seed in seeds(12) {
      var r = SeededRandom(seed: seed)
      let folder = ScratchFolder()
      var c = makeJob(&r, folder, inputs: 1)
      let whole = folder.read("in0.ndjson")
      let lines = whole.split(separator: 10, omittingEmptySubsequences: false)
      let part = lines.prefix(lines.count / 2).joined(separator: [10]) + [10]
      outputs(&c, folder, "a")
      _ = try ReplayJob(c).run()
      outputs(&c, folder, "b")
      c.checkpointDirectory = folder.file("state")
      folder.write([UInt8](part), folder.file("in0.ndjson"))
      _ = try ReplayJob(c).run()
      #expect(folder.read("a.csv") != folder.read("b.csv"))
      folder.write(whole, folder.file("in0.ndjson"))
      let job = try ReplayJob(c)
      _ = try job.run()
      #expect(job.isResumed)
      same(folder, seed)
    }
  }

  @Test func damagedCheckpointsArePassedOver() throws {
    for seed in seeds(25) {
      var r = SeededRandom(seed: seed)
      let folder = ScratchFolder()
      var c = makeJob(&r, folder, inputs: 1)
      outputs(&c, folder, "a")
      _ = try ReplayJob(c).run()
      outputs(&c, folder, "b")
      c.checkpointDirectory = folder.file("state")
      c.checkpointIntervalMilliseconds = 0
      // at least two checkpoints, the newest damaged
      var files: [String] = []
      for _ in 0..<50 where files.count < 2 {
        if try runUntil(2, c) { break }
        files = try checkpoints(folder)
      }
      guard files.count >= 2, let newest = files.last else { continue }
      var bytes = [UInt8](FileManager.default.contents(atPath: newest)!)
      if Bool.random(using: &r) {
        bytes[Int.random(in: 0..<bytes.count, using: &r)] ^= 1 << UInt8.random(in: 0..<8, using: &r)
      } else {
        bytes.removeLast(Int.random(in: 1...bytes.count, using: &r))
      }
      folder.write(bytes, newest)
      let job = try ReplayJob(c)
      _ = try job.run()
      #expect(job.warnings.contains { $0.contains((newest as NSString).lastPathComponent) }, "seed \(seed)")
      same(folder, seed)
    }
  }
  private func checkpoints(_ folder: ScratchFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.file("state")).filter { $0.hasSuffix(".snapshot") }
      .sorted().map { folder.file("state") + "/" + $0 }
  }

  @Test func aDifferentJobIsRefused() throws {
    var r = SeededRandom(seed: 7)
    let folder = ScratchFolder()
    var c = makeJob(&r, folder, inputs: 1)
    outputs(&c, folder, "a")
    c.checkpointDirectory = folder.file("state")
    _ = try ReplayJob(c).run()
    c.gapMilliseconds = 1234
    #expect {
      _ = try ReplayJob(c).run()
    } throws: { "\($0)".contains("gap was 600000 ms, now 1234 ms") }
    c.isFresh = true
    #expect(try ReplayJob(c).run() != nil)
  }
}
