import StreamCore
import TestSupport
import Testing

/// mapWithState: the behaviours that Spark's MapWithStateSuite checks.
@Suite(.timeLimit(.minutes(3))) struct MapWithStateTests {
  private func count(
    _ batches: [[String]], shape: RunShape = RunShape(), timeoutMilliseconds: Int64? = nil,
    initialState: [(String, Int)] = [], snapshots: Bool = false
  ) throws -> [[String]] {
    try runMarbles(batches, shape: shape) { s -> DStream<String> in
      let states = s.map { ($0, 1) }.mapWithState(
        name: "count", timeoutMilliseconds: timeoutMilliseconds, initialState: initialState
      ) { (key: String, value: Int?, state: inout KeyState<Int>) -> String? in
        if state.isTimingOut { return "\(key) gone at \(state.value!)" }
        state.value = (state.value ?? 0) + value!
        return "\(key)\(state.value!)"
      }
      return snapshots ? states.stateSnapshots.map { "\($0.0)=\($0.1)" } : states.mapped
    }.intervals
  }
  private func sorted(_ intervals: [[String]]) -> [[String]] { intervals.map { $0.sorted() } }

  @Test(arguments: [1, 3])
  func everyElementSeesTheStateOfItsKey(threads: Int) throws {
    let shape = RunShape(threads: threads, blockElementCount: 2)
    let found = try count([["a"], ["a", "b"], [], ["a", "b", "c", "a"]], shape: shape)
    #expect(sorted(found) == [["a1"], ["a2", "b1"], [], ["a3", "a4", "b2", "c1"]])
  }
  @Test func whatIsNilIsNotGivenOut() throws {
    let found = try runMarbles([[1, 2, 3, 4]]) { s in
      s.map { (0, $0) }.mapWithState(name: "m") { (_: Int, value: Int?, state: inout KeyState<Int>) -> Int? in
        state.value = (state.value ?? 0) + value!
        return value! % 2 == 0 ? state.value : nil
      }.mapped
    }.intervals
    #expect(found == [[3, 10]])
  }
  @Test func theInitialStateCounts() throws {
    let found = try count([["a", "c"], ["b"]], initialState: [("a", 5), ("b", 10), ("c", -20), ("d", 1)])
    #expect(sorted(found) == [["a6", "c-19"], ["b11"]])
  }
  /// The last state that is given for a key is its state.
  @Test func theInitialStateMayNameAKeyTwice() throws {
    let found = try count([["a"], ["a"]], initialState: [("a", 5), ("a", 7)], snapshots: true)
    #expect(found == [["a=8"], ["a=9"]])
  }
  @Test func snapshotsAreOfAllKeysAtTheEndOfEachInterval() throws {
    let found = try count([["a"], ["a", "b"], [], ["b", "b"]], initialState: [("x", 0)], snapshots: true)
    #expect(sorted(found) == [["a=1", "x=0"], ["a=2", "b=1", "x=0"], ["a=2", "b=1", "x=0"], ["a=2", "b=3", "x=0"]])
  }
  @Test func bothStreamsAreToBeHad() throws {
    let found = try runMarbles([["a"], ["a", "b"]]) { s -> DStream<String> in
      let states = s.map { ($0, 1) }.mapWithState(name: "m") {
        (key: String, value: Int?, state: inout KeyState<Int>) -> String? in
        state.value = (state.value ?? 0) + value!
        return key
      }
      return states.mapped.union(states.stateSnapshots.map { "\($0.0)=\($0.1)" })
    }.intervals
    #expect(sorted(found) == [["a", "a=1"], ["a", "a=2", "b", "b=1"]])
  }
  @Test func removedStateIsGone() throws {
    // every third time a key comes it is forgotten
    let found = try runMarbles([["a", "a"], ["a", "b"], ["a"]]) { s -> DStream<String> in
      let states = s.map { ($0, 1) }.mapWithState(name: "m", timeoutMilliseconds: 100_000) {
        (key: String, value: Int?, state: inout KeyState<Int>) -> String? in
        state.value = state.value == 2 ? nil : (state.value ?? 0) + 1
        return "\(key):\(state.value ?? 0)"
      }
      return states.mapped.union(states.stateSnapshots.map { "\($0.0)=\($0.1)" })
    }.intervals
    #expect(sorted(found) == [["a:1", "a:2", "a=2"], ["a:0", "b:1", "b=1"], ["a:1", "a=1", "b=1"]])
  }

  // MARK: timeouts; intervals of a second

  @Test func aKeyThatDoesNotComeTimesOut() throws {
    let found = try count([["a", "b"], ["b"], ["b"], ["b"], ["a"]], timeoutMilliseconds: 2000)
    #expect(sorted(found) == [["a1", "b1"], ["b2"], ["a gone at 1", "b3"], ["b4"], ["a1"]])
  }
  /// Spark sees timeouts only when it scans the state, and only when data comes.
  @Test func timeoutsWaitForNoData() throws {
    let found = try count([["a"], [], [], []], timeoutMilliseconds: 1000)
    #expect(found == [["a1"], ["a gone at 1"], [], []])
  }
  @Test func aKeyWithDataInTheIntervalDoesNotTimeOut() throws {
    // the timeout is shorter than an interval, or just one
    for timeout: Int64 in [1, 999, 1000] {
      let found = try count([["a"], ["a"], ["a", "a"], [], ["a"]], timeoutMilliseconds: timeout)
      #expect(found == [["a1"], ["a2"], ["a3", "a4"], ["a gone at 4"], ["a1"]], "timeout \(timeout)")
    }
  }
  @Test func initialStateTimesOutToo() throws {
    let found = try count([["b"], [], [], []], timeoutMilliseconds: 2000, initialState: [("a", 1), ("b", 1)])
    #expect(sorted(found) == [["b2"], [], ["a gone at 1", "b gone at 2"], []])
  }
  @Test func removedKeysDoNotTimeOut() throws {
    let found = try runMarbles([["a", "b"], [], [], []]) { s in
      s.map { ($0, 1) }.mapWithState(name: "m", timeoutMilliseconds: 1000) {
        (key: String, value: Int?, state: inout KeyState<Int>) -> String? in
        if state.isTimingOut { return "\(key) gone" }
        state.value = key == "a" ? nil : 1
        return key
      }.mapped
    }.intervals
    #expect(sorted(found) == [["a", "b"], ["b gone"], [], []])
  }
  /// What is set while a key times out does not stay.
  @Test func aTimeoutIsFinal() throws {
    let found = try runMarbles([["a"], [], [], ["a"]]) { s in
      s.map { ($0, 1) }.mapWithState(name: "m", timeoutMilliseconds: 1000) {
        (key: String, value: Int?, state: inout KeyState<Int>) -> String? in
        defer { state.value = 7 }
        return "\(state.value ?? 0) \(value ?? 0)"
      }.mapped
    }.intervals
    #expect(found == [["0 1"], ["7 0"], [], ["0 1"]])
  }
  /// Without any data a job closes idle intervals so that keys time out.
  @Test func idleIntervalsAreClosedForTimeouts() throws {
    var options = StreamingOptions()
    (options.threads, options.idleIntervalMilliseconds) = (1, 100)
    let clock = ManualClock()
    let context = StreamingContext(options: options, clock: clock)
    let queue = QueueSource([["a"]])
    let collector = IntervalCollector<String>()
    let mapped = context.stream([queue]).map { ($0, 1) }.mapWithState(name: "m", timeoutMilliseconds: 250) {
      (key: String, value: Int?, state: inout KeyState<Int>) -> String? in
      state.value = value
      return "\(key) \(value ?? 0)"
    }.mapped
    mapped.sink("collected") { _ in collector }
    mapped.filter { $0 == "a 0" }.sink("stop") { [unowned context] _ in
      Collector<String> { [unowned context] batch in if batch.intervalTime >= 400 { context.requestStop() } }
    }
    #expect(try context.run() == .stopped)
    #expect(collector.all == ["a 1", "a 0"])
    // nothing came for 250 ms: seen by the first idle interval after that
    let at = try #require(collector.intervals.firstIndex(of: ["a 0"]))
    #expect(collector.times[at] >= 250 && collector.times[at] <= 350)
  }

  /// Elements of streams with event time keep it; what a timeout gives out stands at the watermark.
  @Test func eventTimeIsKept() throws {
    let collector = try runMarbles([[("a", 5000)], [("b", 9000), ("b", 7000)], [("c", 12_000)]]) { s in
      s.withWatermark(delayMilliseconds: 500) { Int64($0.1) }.mapWithState(name: "m", timeoutMilliseconds: 1000) {
        (key: String, value: Int?, state: inout KeyState<Int>) -> String? in
        state.value = value
        return "\(key) \(value ?? 0)"
      }.mapped
    }
    #expect(collector.intervals.map { Set($0) } == [["a 5000"], ["b 9000", "b 7000", "a 0"], ["c 12000", "b 0"]])
    #expect(collector.eventTimes.sorted() == [5000, 7000, 8500, 9000, 11_500, 12_000])
  }

  // MARK: random intervals

  /// What happens to each key, interval by interval, computed from the batches.
  private func expected(
    _ batches: [[Int]], timeout: Int64?, initial: [(Int, Int)]
  ) -> [[Int: [String]]] {
    var states = Dictionary(uniqueKeysWithValues: initial)
    var seen = states.mapValues { _ in Int64(1000) }
    return batches.enumerated().map { i, batch in
      let time = Int64(i + 1) * 1000
      var given: [Int: [String]] = [:]
      for e in batch {
        let (key, value) = (e % 100, e / 100)
        let sum = (states[key] ?? 0) + value
        states[key] = value == 0 ? nil : sum
        given[key, default: []].append("\(key):\(value == 0 ? "removed" : "\(sum)")")
        seen[key] = time
      }
      if let timeout {
        for (key, state) in states where seen[key]! + timeout <= time {
          given[key, default: []].append("\(key):timed out at \(state)")
          states[key] = nil
        }
      }
      for (key, state) in states { given[key, default: []].append("\(key)=\(state)") }
      return given
    }
  }
  private func build(_ s: DStream<Int>, timeout: Int64?, initial: [(Int, Int)]) -> DStream<String> {
    let states = s.map { ($0 % 100, $0 / 100) }.mapWithState(
      name: "sum", timeoutMilliseconds: timeout, initialState: initial
    ) { (key: Int, value: Int?, state: inout KeyState<Int>) -> String? in
      guard let value else { return "\(key):timed out at \(state.value!)" }
      let sum = (state.value ?? 0) + value
      state.value = value == 0 ? nil : sum
      return "\(key):\(value == 0 ? "removed" : "\(sum)")"
    }
    return states.mapped.union(states.stateSnapshots.map { "\($0.0)=\($0.1)" })
  }
  private func grouped(_ intervals: [[String]]) -> [[Int: [String]]] {
    intervals.map { Dictionary(grouping: $0) { Int($0.prefix { $0.isNumber })! } }
  }
  private func difference(_ found: [[Int: [String]]], _ expected: [[Int: [String]]]) -> String? {
    firstDifference(
      found.map { $0.sorted { $0.key < $1.key }.flatMap(\.value) },
      expected.map { $0.sorted { $0.key < $1.key }.flatMap(\.value) })
  }
  private func makeCase(
    _ random: inout SeededRandom
  ) -> (batches: [[Int]], timeout: Int64?, initial: [(Int, Int)]) {
    let keys = 1 + random.below(15)
    let batches = (0..<(1 + random.below(14))).map { _ in
      (0..<(random.one(in: 3) ? 0 : random.below(12))).map { _ in random.below(keys) + 100 * random.below(5) }
    }
    let initial = (0..<random.below(5)).map { ($0 * 3, 50 + $0) }
    return (batches, random.pick([nil, 1, 1000, 1500, 2000, 5000]), initial)
  }

  @Test func randomIntervalsAgainstASimulation() throws {
    try forRandomCases("mapWithState", count: 120) { random in
      let (batches, timeout, initial) = makeCase(&random)
      let shape = RunShape.random(&random)
      let program = IntervalProgram(batches: batches) { build($0, timeout: timeout, initial: initial) }
      let found = grouped(try program.run(shape).intervals)
      return difference(found, expected(batches, timeout: timeout, initial: initial))
        .map { "\(shape), timeout \(timeout ?? 0): \($0)" }
    }
  }
  @Test func randomIntervalsOverRestarts() throws {
    var resumes = 0
    try forRandomCases("mapWithState over restarts", count: 60) { random in
      let (batches, timeout, initial) = makeCase(&random)
      let program = IntervalProgram(batches: batches) { build($0, timeout: timeout, initial: initial) }
      let (found, n) = try program.runDisturbed(keyGroups: 4, &random)
      resumes += n
      return difference(grouped(found.intervals), expected(batches, timeout: timeout, initial: initial))
        .map { "timeout \(timeout ?? 0): \($0)" }
    }
    #expect(resumes > 10)
  }
}
