import Foundation
import Simulator
import Synchronization
import Testing

/// The simulator's seeds, as many as a test may take; `tools/simulate` runs the rest. `THALWEG_SEEDS` sets how many,
/// `THALWEG_SEED` the first.
@Suite struct SimulatorTests {
  private func check(_ seed: UInt64) throws -> Int {
    var simulation = Simulation(seed: seed)
    if let wrong = try simulation.run() {
      Issue.record(
        """
        \(simulation.history.joined(separator: "\n"))
        seed \(seed): \(wrong)
        replay: tools/simulate --seed \(seed)
        """)
    }
    return simulation.resumes
  }

  @Test func outputsDoNotShowFaults() throws {
    let environment = ProcessInfo.processInfo.environment
    let first = environment["THALWEG_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1..<1_000_000)
    let count = environment["THALWEG_SEEDS"].flatMap { UInt64($0) } ?? 200
    print("seeds \(first)..<\(first + count)")
    var resumes = 0
    for seed in first..<first + count { resumes += try check(seed) }
    #expect(count < 50 || resumes > 0, "no run went on from a checkpoint")
  }

  /// Seeds that failed once.
  @Test(arguments: Self.failedOnce) func seedThatFailedOnce(_ seed: UInt64) throws { _ = try check(seed) }
  private static let failedOnce: [UInt64] = [
    137, 525, 758, 1250, 1384, 1402, 1623, 1631, 1892, 2024, 2236, 2535, 3705, 4481,
  ]

  /// A seed of one worker makes the same calls to the disk in the same order.
  @Test func aSeedRepeatsItself() throws {
    var compared = 0
    for seed in UInt64(1)...30 where Simulation(seed: seed).isDeterministic {
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
