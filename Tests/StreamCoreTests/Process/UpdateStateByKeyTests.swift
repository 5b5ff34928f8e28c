import StreamCore
import TestSupport
import Testing

/// updateStateByKey: the behaviours that Spark's BasicOperationsSuite checks of it.
@Suite(.timeLimit(.minutes(2))) struct UpdateStateByKeyTests {
  private func sum(
    _ batches: [[String]], shape: RunShape = RunShape(), initialState: [(String, Int)] = []
  ) throws -> [[String: Int]] {
    try runMarbles(batches, shape: shape) {
      $0.map { ($0, 1) }.updateStateByKey(name: "sum", initialState: initialState) {
        (_: String, values: [Int], state: Int?) -> Int? in (state ?? 0) + values.reduce(0, +)
      }
    }.intervals.map(byKey)
  }
  private let words = [["a"], ["a", "b"], [], ["a", "b", "b"]]

  @Test(arguments: [1, 3])
  func allStatesAreGivenOutEveryInterval(threads: Int) throws {
    let found = try sum(words, shape: RunShape(threads: threads, blockElementCount: 1))
    #expect(found == [["a": 1], ["a": 2, "b": 1], ["a": 2, "b": 1], ["a": 3, "b": 3]])
  }
  @Test func theInitialStateCounts() throws {
    let found = try sum(words, initialState: [("a", 10), ("z", 1), ("z", 2)])
    #expect(
      found == [
        ["a": 11, "z": 2], ["a": 12, "b": 1, "z": 2], ["a": 12, "b": 1, "z": 2], ["a": 13, "b": 3, "z": 2],
      ])
  }
  /// A key whose update gives nil is forgotten, also when nothing came for it.
  @Test func keysAreForgotten() throws {
    let found = try runMarbles(words + [[], ["b"]]) {
      $0.map { ($0, 1) }.updateStateByKey(name: "s") { (_: String, values: [Int], state: [Int]?) -> [Int]? in
        values.isEmpty ? nil : (state ?? []) + [values.count]
      }
    }.intervals.map(byKey)
    #expect(found == [["a": [1]], ["a": [1, 1], "b": [1]], [:], ["a": [1], "b": [2]], [:], ["b": [1]]])
  }
  @Test func updateSeesTheKeyAndTheValuesInOrder() throws {
    let found = try runMarbles([[1, 2, 3, 4, 5, 6], [7]], shape: RunShape(blockElementCount: 2)) {
      $0.map { ($0 % 2 == 0 ? "even" : "odd", $0) }.updateStateByKey(name: "s") {
        (key: String, values: [Int], state: String?) -> String? in (state ?? key) + values.map { " \($0)" }.joined()
      }
    }.intervals.map(byKey)
    #expect(
      found == [
        ["even": "even 2 4 6", "odd": "odd 1 3 5"], ["even": "even 2 4 6", "odd": "odd 1 3 5 7"],
      ])
  }

  private static func build(_ s: DStream<Int>) -> DStream<String> {
    // forgets keys by value, keeps the order of values
    s.map { ($0 % 20, $0 / 20) }.updateStateByKey(name: "s", initialState: [(3, [1]), (4, [2])]) {
      (_: Int, values: [Int], state: [Int]?) -> [Int]? in
      let all = (state ?? []) + (values.isEmpty ? [-1] : values)
      return all.count > 8 || values.contains(0) ? nil : all
    }.map { "\($0)" }
  }
  private static func expected(_ batches: [[Int]]) -> [[String]] {
    var states = [3: [1], 4: [2]]
    return batches.map { batch in
      let came = Dictionary(grouping: batch) { $0 % 20 }.mapValues { $0.map { $0 / 20 } }
      for key in Set(states.keys).union(came.keys) {
        let values = came[key] ?? []
        let all = (states[key] ?? []) + (values.isEmpty ? [-1] : values)
        states[key] = all.count > 8 || values.contains(0) ? nil : all
      }
      return states.map { "\(($0.key, $0.value))" }.sorted()
    }
  }
  private func batches(_ random: inout SeededRandom) -> [[Int]] {
    let keys = 1 + random.below(20)
    return (0..<(1 + random.below(12))).map { _ in
      (0..<(random.one(in: 4) ? 0 : random.below(20))).map { _ in random.below(keys) + 20 * random.below(8) }
    }
  }
  @Test func randomIntervalsAgainstASimulation() throws {
    try forRandomCases("updateStateByKey", count: 80) { random in
      let batches = batches(&random)
      let program = IntervalProgram(batches: batches, build: Self.build)
      var (first, second) = (RunShape.random(&random), RunShape.random(&random))
      (first.keyGroups, second.keyGroups) = (4, 4)
      let (a, b) = (try program.run(first).intervals, try program.run(second).intervals)
      // the same order too
      return firstDifference(a.map { $0.sorted() }, Self.expected(batches)) ?? firstDifference(a, b)
    }
  }
  @Test func contentAndOrderDoNotDependOnRestarts() throws {
    var resumes = 0
    try forRandomCases("updateStateByKey over restarts", count: 50) { random in
      let program = IntervalProgram(batches: batches(&random), build: Self.build)
      let expected = try program.run(RunShape(keyGroups: 4)).intervals
      let (found, n) = try program.runDisturbed(keyGroups: 4, &random)
      resumes += n
      return firstDifference(found.intervals, expected)
    }
    #expect(resumes > 10)
  }
}
