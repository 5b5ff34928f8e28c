import FlatMemory
import StreamCore
import TestSupport
import Testing

/// The order of elements without event time: a function of what the sources hold, at every operator and sink, whatever
/// blocks, threads and crashes.
@Suite(.timeLimit(.minutes(10))) struct OrderTests {
  typealias Program = @Sendable ([DStream<Int>]) -> DStream<String>

  /// An event for every element, and one more for some.
  static func counted(_ s: DStream<Int>, _ name: String) -> DStream<Int> {
    s.keyed { $0 % 13 }.processKeyed(name: name, startingWith: 0) {
      (c: KeyedContext<Int, Int>, value: Int, n: inout Int) in
      n += 1
      c.emit(value)
      if n % 3 == 0 { c.emit(-n) }
    }
  }
  private final class Echo: StatefulProcessor<Int, Int, Int> {
    private var count: ValueState<Int, Int>!
    override func declare(_ states: KeyedStates<Int>) { count = states.value("count") }
    override func process(_ value: Int, _ call: ProcessorCall<Int, Int>) {
      count.update(default: 0) { $0 += 1 }
      if count.value! % 4 != 0 { call.emit(value) }
    }
  }
  static let programs: [(name: String, build: Program)] = [
    ("a sink behind a keyed operator", { counted($0[0], "a").map { "\($0)" } }),
    (
      "three exchanges",
      {
        let mapped = counted($0[0], "a").keyed { $0 & 7 }.transformWithState(name: "b") { Echo() }
        return mapped.filter { $0 % 5 != 0 }.keyed { $0 % 11 }.mapWithState(name: "c") {
          (key: Int, value: Int?, state: inout KeyState<Int>) -> String? in
          state.value = (state.value ?? 0) + 1
          return "\(key) \(value!) \(state.value!)"
        }.mapped
      }
    ),
    (
      "a stream united with what was made of it",
      { s in
        let united = counted(s[0], "a").union(s[0].filter { $0 % 2 == 0 }).union(s[0].map { $0 + 1_000_000 })
        return counted(united, "b").flatMap { ["\($0)", "+"] }.repartition().map { $0 + "!" }
      }
    ),
    (
      "groups and reductions of intervals behind a keyed operator",
      { s in
        let mapped = counted(s[0], "a").dropDuplicates(name: "unique") { $0 }
        let texts = mapped.map { ($0 % 4, "\($0),") }
        return texts.reduceByKey(name: "texts", +).map { "\($0)" }
          .union(mapped.keyed { $0 % 3 }.groupByKey().map { "\($0)" })
          .union(mapped.map { "\($0);" }.reduce(name: "all", +))
          .union(mapped.window(.intervals(2), name: "window").map { "w\($0)" })
      }
    ),
    (
      "a union of two ways reduced",
      { s in
        s[0].map { ($0 % 7, "\($0),") }.union(s[0].filter { $0 % 3 == 0 }.map { ($0 % 7, "x") })
          .reduceByKey(name: "texts", +).map { "\($0)" }
      }
    ),
    (
      "several sources",
      { s in
        counted(s.dropFirst().reduce(s[0]) { $0.union($1) }, "a").map { "\($0)" }
          .union(s[0].map { "first \($0)" }).union(s[s.count - 1].map { "last \($0)" })
      }
    ),
    // a queue gives a batch an interval: which one a source is at after a crash, the log of intervals knows
    (
      "several sources by interval",
      { s in
        let united = s.dropFirst().reduce(s[0]) { $0.union($1) }
        united.markWorksByInterval()
        return counted(united, "a").map { "\($0)" }
          .union(united.map { ($0 % 7, "\($0),") }.reduceByKey(name: "texts", +).map { "\($0)" })
      }
    ),
  ]

  /// What a program gives, in order; of several runs when they fail.
  private func run(
    _ program: Program, _ queues: [QueueSource<Int>], _ shape: RunShape, folder: String? = nil,
    table: MemoryTable<String> = MemoryTable(), checkpointMilliseconds: Int64 = 0, reads: Int = .max
  ) throws -> [String] {
    var options = shape.options
    options.trigger = .asFastAsPossible
    options.turnElementCount = 30
    let context = StreamingContext(
      options: options,
      checkpoint: folder.map { CheckpointOptions(directory: $0, intervalMilliseconds: checkpointMilliseconds) },
      clock: ManualClock())
    let streams = queues.enumerated().map { i, queue in
      context.stream([DisturbedSource(queue, reads: i == queues.count - 1 ? reads : .max)])
    }
    program(streams).saveToMemory(table)
    try context.run()
    return table.elements
  }
  private func queues(_ count: Int, oneAtATime: Bool, _ random: inout SeededRandom) -> [QueueSource<Int>] {
    (0..<count).map { q in
      let batches = (0..<1 + random.below(3)).map { _ in (0..<random.below(200)).map { _ in random.below(5000) } }
      let queue = QueueSource(
        batches, name: "queue-\(q)", oneAtATime: oneAtATime && random.one(in: 2), isReplayable: true)
      queue.close()
      return queue
    }
  }

  @Test(arguments: programs.indices)
  func theOrderDependsOnTheElementsAlone(index: Int) throws {
    let (name, program) = Self.programs[index]
    try forRandomCases("order: \(name)", count: 25) { random in
      let sourceCount = name.hasPrefix("several") ? 2 + random.below(2) : 1
      let oneAtATime = name != "several sources"
      let start = random
      func make() -> [QueueSource<Int>] {
        var again = start
        return queues(sourceCount, oneAtATime: oneAtATime, &again)
      }
      _ = queues(sourceCount, oneAtATime: oneAtATime, &random)
      var shape = RunShape.random(&random)
      let expected = try run(program, make(), RunShape(threads: 1, keyGroups: shape.keyGroups))
      let found = try run(program, make(), shape)
      if found != expected { return "in \(shape): \(difference(found, expected))" }

      // power failures: the table is cut back and filled again
      let sources = make()
      let table = MemoryTable<String>()
      let resumed: [String]? = try withTemporaryFolder { folder in
        let groups = shape.keyGroups
        for attempt in 0..<4 {
          shape = RunShape.random(&random)
          shape.keyGroups = groups
          do {
            return try run(
              program, sources, shape, folder: folder, table: table, checkpointMilliseconds: random.pick([0, 1 << 40]),
              reads: attempt == 3 ? .max : random.below(40))
          } catch is DisturbedSource<Int>.PowerFailure {}
        }
        return nil
      }
      if resumed != expected { return "over restarts: \(difference(resumed ?? [], expected))" }
      return nil
    }
  }

  /// Lines of several files, and two operators over the same bytes.
  @Test func linesOfSeveralSources() throws {
    try forRandomCases("order of lines", count: 20) { random in
      let texts = (0..<3).map { s in
        (0..<random.below(300)).map { "\(s) \($0) " + String(repeating: "x", count: random.below(90)) + "\n" }.joined()
      }
      let turnByteCount = random.pick([1, 30, 500, 1 << 20])
      func run(_ shape: RunShape, blockByteCount: Int, pieceMax: Int) throws -> [String] {
        var options = shape.options
        (options.blockByteCount, options.turnByteCount) = (blockByteCount, turnByteCount)
        let context = StreamingContext(options: options, clock: ManualClock())
        let sources = texts.enumerated().map { MemorySource($1, name: "text-\($0)", pieceMax: pieceMax) }
        let lines = context.textLines(sources)
        let table = MemoryTable<String>()
        lines.keyed { String($0.suffix(2)) }.mapWithState(name: "count") {
          (_: String, line: String?, n: inout KeyState<Int>) -> String? in
          n.value = (n.value ?? 0) + 1
          return "\(line!) \(n.value!)"
        }.mapped.union(lines.map { "=" + $0 }).saveToMemory(table)
        try context.run()
        return table.elements
      }
      let expected = try run(RunShape(keyGroups: 8), blockByteCount: 1 << 20, pieceMax: .max)
      for _ in 0..<3 {
        var shape = RunShape.random(&random)
        shape.keyGroups = 8
        let bytes = random.pick([1, 40, 1000])
        let found = try run(shape, blockByteCount: bytes, pieceMax: random.pick([7, 100, .max]))
        if found != expected { return "blocks of \(bytes): \(difference(found, expected))" }
      }
      return nil
    }
  }
}

/// Where two lists differ first, with what is around.
private func difference(_ found: [String], _ expected: [String]) -> String {
  let i =
    zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(found.count, expected.count)
  let (f, e) = (found[max(0, i - 2)..<min(found.count, i + 4)], expected[max(0, i - 2)..<min(expected.count, i + 4)])
  return "place \(i) of \(found.count) (\(expected.count) expected): \(Array(f)) instead of \(Array(e))"
}
