import Foundation
import Replay
import Sessions
import Testing
import TestSupport

/// Whole replays of random logs against a naive computation from scratch: any order of arrival within the delay, any
/// batch size, any number of threads and inputs.
@Suite struct ReplayOracleTests {
  @Test func sessionsEqualTheNaiveOnes() throws {
    for seed in seeds(60) {
      var r = SeededRandom(seed: seed)
      let gap = Int64.random(in: 1000...3_600_000, using: &r)
      let clicks = randomClicks(&r, count: Int.random(in: 1...1500, using: &r), gap: gap)
      let delay = Int64.random(in: 0...(2 * gap), using: &r)
      let folder = ScratchFolder()
      var c = ReplayConfiguration()
      c.gapMilliseconds = gap
      c.boundary = Bool.random(using: &r) ? .merge : .split
      c.watermarkDelayMilliseconds = Bool.random(using: &r) ? delay : nil
      c.threads = Int.random(in: 1...3, using: &r)
      c.blockByteCount = [200, 5000, 1 << 20].randomElement(using: &r)!
      // one input, or several that share the events out
      let arrived = delayed(clicks, by: delay, &r)
      let inputs = Int.random(in: 1...3, using: &r)
      var parts = [[String]](repeating: [], count: inputs)
      for e in arrived { parts[Int.random(in: 0..<inputs, using: &r)].append(e.json) }
      c.inputs = parts.filter { !$0.isEmpty }.enumerated().map { i, lines in
        folder.write(lines.joined(separator: "\n"), "in\(i).ndjson")
      }
      c.sessionsPath = folder.file("s.csv")
      c.deadLettersPath = folder.file("d.ndjson")
      let report = try ReplayJob(c).run()
      let got = plain(readSessions(folder, "s.csv"))
      let want = plainSessions(clicks, gap: gap, merges: c.boundary == .merge)
      #expect(got == want, "seed \(seed)")
      #expect(folder.read("d.ndjson").isEmpty, "seed \(seed)")
      #expect(report != nil)
      #expect(folder.names.allSatisfy { !$0.hasSuffix(".partial") })
    }
  }

  @Test func splitsEqualTheNaiveOnes() throws {
    for seed in seeds(40) {
      var r = SeededRandom(seed: seed)
      let gap = Int64.random(in: 60_000...3_600_000, using: &r)
      let clicks = randomClicks(&r, count: Int.random(in: 1...800, using: &r), gap: gap)
      let delay = Int64.random(in: 0...gap, using: &r)
      let folder = ScratchFolder()
      var c = ReplayConfiguration()
      c.gapMilliseconds = gap
      c.watermarkDelayMilliseconds = delay
      c.blockByteCount = [300, 1 << 20].randomElement(using: &r)!
      c.threads = Int.random(in: 1...3, using: &r)
      let longest = Int64.random(in: gap...(4 * gap), using: &r)
      let most = Int.random(in: 1...10, using: &r)
      let kind = Int.random(in: 0..<4, using: &r)
      switch kind {
      case 0: c.maxDurationMilliseconds = longest
      case 1: c.maxEvents = most
      case 2: c.splitOnCampaign = true
      default: c.splitAtMidnightZone = "UTC"
      }
      c.inputs = [folder.write(delayed(clicks, by: delay, &r).map(\.json).joined(separator: "\n"), "in.ndjson")]
      c.sessionsPath = folder.file("s.csv")
      _ = try ReplayJob(c).run()
      let want = plainSessions(clicks, gap: gap, merges: true) { session, e in
        switch kind {
        case 0: return e.time - session[0].time > longest
        case 1: return session.count >= most
        case 2:
          guard let own = campaign(e) else { return false }
          return own != session.compactMap(campaign).last
        default: return e.time / 86_400_000 != session[0].time / 86_400_000
        }
      }
      #expect(plain(readSessions(folder, "s.csv")) == want, "seed \(seed) kind \(kind)")
    }
  }
  private func campaign(_ c: Click) -> String? { c.url?.split(separator: "?").dropFirst().first.map(String.init) }

  @Test func everyEndHasItsReason() throws {
    let folder = ScratchFolder()
    func line(_ user: String, _ minute: Int, _ url: String = "/a") -> String {
      "{\"timestamp\":\(1_767_225_600_000 + Int64(minute) * 60_000),\"user_id\":\"\(user)\",\"url\":\"\(url)\"}"
    }
    var lines = [line("gap", 0), line("gap", 60)]
    lines += (0..<4).map { line("events", 100 + $0) }
    lines += (0..<8).map { line("long", 200 + 20 * $0) }
    lines += [line("midnight", 1430), line("midnight", 1450)]
    lines += [line("campaign", 1500, "/?utm_campaign=x"), line("campaign", 1505, "/?utm_campaign=y")]
    lines += [line("end", 3000)]
    var c = ReplayConfiguration()
    c.inputs = [folder.write(lines.joined(separator: "\n"), "in.ndjson")]
    c.sessionsPath = folder.file("s.csv")
    c.maxEvents = 3
    c.maxDurationMilliseconds = 30 * 60_000
    c.splitAtMidnightZone = "UTC"
    c.splitOnCampaign = true
    _ = try ReplayJob(c).run()
    let rows = readSessions(folder, "s.csv")
    func reasons(_ user: String) -> [String] {
      rows.filter { $0["user"] == user }.sorted { $0["start"]! < $1["start"]! }.map { $0["ended_by"]! }
    }
    #expect(reasons("gap") == ["gap", "gap"])
    #expect(reasons("events") == ["max-events", "gap"])
    #expect(reasons("long") == ["max-duration", "max-duration", "max-duration", "gap"])
    #expect(reasons("midnight") == ["midnight", "gap"])
    #expect(reasons("campaign") == ["campaign", "gap"])
    #expect(reasons("end") == ["end-of-input"])
  }
}
