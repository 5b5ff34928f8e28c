import Foundation
import Simulator
import Synchronization
import Testing

/// The simulator's seeds, as many as a test may take; `tools/simulate` runs the rest. `THALWEG_SEEDS` sets how many,
/// `THALWEG_SEED` the first.
@Suite struct SimulatorTests {
  @discardableResult
  private func check(_ plan: Plan, _ replay: String) throws -> Simulation {
    var simulation = Simulation(plan)
    if let wrong = try simulation.run() {
      Issue.record(
        """
        \(simulation.history.joined(separator: "\n"))
        \(wrong)
        replay: tools/simulate \(replay)
        """)
    }
    return simulation
  }

  @Test func outputsDoNotShowFaults() throws {
    let environment = ProcessInfo.processInfo.environment
    let first = environment["THALWEG_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1..<1_000_000)
    let count = environment["THALWEG_SEEDS"].flatMap { UInt64($0) } ?? 200
    print("seeds \(first)..<\(first + count)")
    for seed in first..<first + count { try check(Plan(seed: seed), "--seed \(seed)") }
  }

  /// A fault or an operator that the generator does not bring about is not tested, whatever the number of seeds.
  @Test func everyKindOccurs() throws {
    let tally = Tally()
    for seed in UInt64(1)...400 { tally.add(try check(Plan(seed: seed), "--seed \(seed)").tally) }
    for kind in Tally.kinds { #expect(tally[kind] > 0, "'\(kind)' never occurred in 400 seeds") }
    #expect(tally["compared from scratch"] > 50)
  }

  /// Plans that failed once, each with what was wrong then. A plan is the job and its faults as data, so it means the same
  /// when the generator has changed; `tools/simulate --seed S --plan` writes one.
  @Test(arguments: try Self.keptPlans()) func planThatFailedOnce(_ name: String) throws {
    let json = try Data(contentsOf: Self.folder.appending(path: name))
    try check(try Plan(json: json), "--run Tests/SimulatorTests/Plans/\(name)")
  }
  private static var folder: URL { URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Plans") }
  private static func keptPlans() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }.sorted()
  }

  /// What is not said in a kept plan is as in a plan that says nothing: fields may be added.
  @Test func plansAreKeptAsData() throws {
    for seed in UInt64(1)...50 {
      let plan = Plan(seed: seed)
      let again = try Plan(json: try plan.json)
      #expect(again.description == plan.description)
      #expect(try again.json == plan.json)
    }
    let text = #"{"kind": "by key", "rows": [[[1, 0, 2, 30, 4]]], "runs": [{"threads": 2}]}"#
    let short = try Plan(json: Data(text.utf8))
    #expect(try check(short, "").resumes == 0)
  }

  /// A plan of one worker makes the same calls to the disk in the same order.
  @Test func aPlanRepeatsItself() throws {
    var compared = 0
    for seed in UInt64(1)...30 where Plan(seed: seed).isDeterministic {
      func calls() throws -> [String] {
        let log = Mutex<[String]>([])
        var simulation = Simulation(seed: seed) { line in log.withLock { $0.append(line) } }
        _ = try simulation.run()
        // unused places of state are written as they lie in memory, and that compresses to other lengths
        let calls = log.withLock { $0 }.map { call in
          let words = call.split(separator: " ")
          return words.count == 4 && words[1] == "write" && words[3].hasPrefix("state/checkpoint-")
            ? "\(words[0]) write \(words[3])" : call
        }
        return calls + simulation.history
      }
      let (one, other) = (try calls(), try calls())
      let at = zip(one, other).enumerated().first { $0.element.0 != $0.element.1 }
      #expect(one == other, "seed \(seed): \(at.map { "\($0)" } ?? "one has more calls")")
      compared += 1
    }
    #expect(compared > 10)
  }
}
