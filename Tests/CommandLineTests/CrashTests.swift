import Foundation
import Testing
import TestSupport

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Real processes, killed and stopped: what they publish is byte for byte what an undisturbed run publishes.
@Suite(.serialized) struct CrashTests {
  /// `kill -9` at random moments, resumed each time with other threads and speed. `THALWEG_KILLS` sets how many.
  @Test func killedReplaysGoOn() throws {
    var random = SeededRandom()
    print("seed \(random.seed): set THALWEG_SEED to repeat it")
    let wanted = ProcessInfo.processInfo.environment["THALWEG_KILLS"].flatMap { Int($0) } ?? 15
    let bench = try ReplayBench(events: 20_000, seed: random.seed)
    defer { bench.remove() }
    var kills = 0
    var resumed = 0
    var finished = 0
    // a run that gets to its end begins the next from nothing; the bound only ends a test that hangs
    for _ in 0..<wanted * 20 where kills < wanted {
      let isSlow = Int.random(in: 0..<4, using: &random) > 0
      let threads = Int.random(in: 1...4, using: &random)
      let process = try bench.start(["--threads", "\(threads)"] + (isSlow ? ReplayBench.slowly : []))
      // some while starting, most while reading
      let isEarly = Int.random(in: 0..<5, using: &random) == 0
      let moment = Double.random(in: isEarly ? 0..<0.15 : 0.15..<0.7, using: &random)
      if process.ends(within: moment * bench.duration) {
        let outcome = try process.outcome()
        #expect(outcome.code == 0, "\(outcome.errorText)")
        #expect(bench.missing() == [])
        finished += 1
      } else {
        process.send(SIGKILL)
        kills += 1
        let outcome = try process.outcome()
        if outcome.errorText.contains("going on from the checkpoint") { resumed += 1 }
      }
      #expect(bench.differences() == [], "seed \(random.seed), after \(kills) kills")
      if bench.missing() == [] { try bench.clear() }
    }
    let last = try bench.start().outcome()
    #expect(last.code == 0, "\(last.errorText)")
    #expect(bench.missing() == [])
    #expect(bench.differences() == [], "seed \(random.seed), after \(kills) kills")
    #expect(try bench.names == (ReplayBench.outputs + ["state"]).sorted(), "something is left over")
    print("\(kills) kills, \(resumed) of them of resumed runs, \(finished) runs to the end")
    #expect(kills == wanted)
    #expect(resumed > 0)
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func stoppedReplaysGoOn(_ signal: Int32) throws {
    let bench = try ReplayBench(events: 8000, seed: 1)
    defer { bench.remove() }
    let process = try bench.start(ReplayBench.slowly)
    #expect(bench.wait(for: process, ending: ".snapshot", in: "state"))
    process.send(signal)
    let stopped = try process.outcome()
    #expect(stopped.code == 128 + signal)
    #expect(stopped.errorText.hasSuffix("run the same command to go on from the checkpoint in 'state'\n"))
    #expect(bench.missing() == ReplayBench.outputs)
    let resumed = try bench.start().outcome()
    #expect(resumed.code == 0)
    #expect(resumed.errorText.contains("going on from the checkpoint in 'state'"), "\(resumed.errorText)")
    #expect(bench.missing() == [])
    #expect(bench.differences() == [])
  }

  @Test func stoppedWithoutCheckpointLeavesNothing() throws {
    let bench = try ReplayBench(events: 8000, seed: 2)
    defer { bench.remove() }
    let process = try Program.start(ReplayBench.options + ReplayBench.slowly, in: bench.folder)
    #expect(bench.wait(for: process, ending: ".partial"))
    process.send(SIGINT)
    let stopped = try process.outcome()
    #expect(stopped.code == 130)
    #expect(stopped.errorText.hasSuffix("thalweg: stopped; nothing was published\n"), "\(stopped.errorText)")
    #expect(try bench.names == [])
  }

  /// A replay that waits for input that does not come can be stopped too.
  @Test func stoppedWhileWaitingForInput() throws {
    let bench = try ReplayBench(events: 8000, seed: 3)
    defer { bench.remove() }
    // more than the head that is read before anything else, then nothing while the shell holds the pipe open
    let script = """
      mkfifo in; exec 9<>in; thalweg replay - --sessions s.csv < in 9>&- & echo $! > pid
      cat log.ndjson > in; touch fed; wait $(cat pid)
      """
    let shell = try Program.Running(executable: "/bin/bash", ["-c", script], in: bench.folder)
    #expect(bench.wait(for: shell, ending: "fed"))
    let pid = try String(contentsOf: bench.folder.appendingPathComponent("pid"), encoding: .utf8)
    kill(try #require(pid_t(pid.filter(\.isNumber))), SIGTERM)
    let outcome = try shell.outcome()
    #expect(outcome.code == 143)
    #expect(outcome.errorText.contains("stopped; nothing was published"), "\(outcome.errorText)")
    #expect(!bench.exists("s.csv") && !bench.exists("s.csv.partial"))
  }

  /// A log that grows between runs gives what one run over all of it gives.
  @Test func grownInputGoesOn() throws {
    var random = SeededRandom()
    print("seed \(random.seed): set THALWEG_SEED to repeat it")
    let bench = try ReplayBench(events: 12_000, seed: random.seed)
    defer { bench.remove() }
    let log = bench.folder.appendingPathComponent("log.ndjson")
    let bytes = try Data(contentsOf: log)
    let ends = bytes.indices.filter { bytes[$0] == 10 }.map { $0 + 1 }
    // the head holds all fields, so that every run finds the same
    var cuts = (0..<4).map { _ in ends[Int.random(in: 4000..<ends.count, using: &random)] }.sorted()
    cuts.append(bytes.count)
    for cut in cuts {
      try bytes[..<cut].write(to: log)
      let outcome = try bench.start().outcome()
      #expect(outcome.code == 0, "seed \(random.seed): \(outcome.errorText)")
      #expect(bench.missing() == [])
    }
    #expect(bench.differences() == [], "seed \(random.seed), cuts \(cuts)")
  }
}
