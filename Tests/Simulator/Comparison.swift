import StreamCore
import TestSupport

/// What the runs of a job have given, against what it should give: a run of the engine without faults, and what was
/// computed from scratch.
struct Comparison {
  let plan: Plan
  let world: World

  /// What is different first.
  func difference() throws -> String? {
    switch plan.kind {
    case .byClosing: return try compareIntervals() ?? compareClosing()
    case .idle:
      let wrong = plan.recordsInputs ? try compareIntervals() : nil
      return wrong ?? IdleCheck(plan: plan).difference(given, lateLines())
    case .receiver: return compareByKey()
    case .byKey: return try compareByKey() ?? compareWithEngine()
    case .byInterval: return try compareIntervals() ?? compareWithEngine()
    case .eventTime: return try compareReference() ?? compareWithEngine()
    }
  }

  /// Lines of a sink, files in the order of their names; nil if the plan has no such sink.
  private func given(_ sink: String) -> [String]? {
    switch sink {
    case "files": plan.hasFiles ? allLines(world.disk.contents(under: "out/files")) : nil
    case "memory": plan.hasMemory ? world.memory.elements : nil
    default: plan.hasLedger ? world.outputs.rows : nil
    }
  }
  private func lateLines() -> [String] { allLines(world.disk.contents(under: "out/late-0")) }

  // MARK: from scratch

  private func compareReference() -> String? {
    guard let expected = Reference(plan: plan).firstStateful() else { return nil }
    world.tally.count("compared from scratch")
    return different("first stateful operator", world.tapped.elements.sorted(), expected.outputs.sorted())
      ?? (plan.firstStatefulTellsLate
        ? different("late at the first stateful operator", lateLines().sorted(), expected.late.sorted()) : nil)
  }
  private func compareByKey() -> String? {
    let expected = normal(Reference(plan: plan).byKey())
    for sink in ["files", "memory", "ledger"] {
      if let rows = given(sink), let d = different(sink, normal(rows), expected) { return d }
    }
    return nil
  }
  /// Every row was in one interval, in order.
  private func compareIntervals() throws -> String? {
    for (i, ledger) in world.inputs.enumerated() {
      if let d = different("input \(i)", ledger.rows, plan.rows[i].map { "\($0.id)" }) { return d }
    }
    return nil
  }
  private func compareClosing() -> String? {
    let reference = ClosingReference(plan, inputs: world.inputs[0].batches, outputs: world.outputs.batches)
    let (outputs, late) = reference.expected()
    for (interval, rows) in zip(reference.intervals, outputs) {
      let found = world.outputs.batches.first { $0.id == interval.id }?.rows ?? []
      if let d = different("interval \(interval.id)", found.sorted(), rows.sorted()) { return d }
    }
    let all = outputs.flatMap { $0 }.sorted()
    for sink in ["files", "memory", "ledger"] {
      if let rows = given(sink), let d = different(sink, rows.sorted(), all) { return d }
    }
    return different("late", lateLines().sorted(), late.sorted())
  }

  // MARK: with a run without faults

  /// The same job without faults; by interval, with the intervals that there were.
  func expected() throws -> World {
    let disk = SimulatedDisk()
    let other = World(plan, disk, Tally())
    var options = StreamingOptions()
    (options.threads, options.keyGroups) = (1, plan.keyGroups)
    if plan.kind == .byInterval {
      options.trigger = .interval(milliseconds: 1000)
      options.pollMilliseconds = 500
    }
    let context = StreamingContext(options: options, clock: ManualClock(milliseconds: 1))
    var habits = SourceHabits()
    (habits.pauses, habits.rowsAReadMax) = (0, 50)
    var sources: [any ElementSource<Row>] = []
    for (i, rows) in plan.rows.enumerated() {
      if plan.kind == .byInterval {
        let byID = Dictionary(uniqueKeysWithValues: rows.map { ("\($0.id)", $0) })
        sources.append(
          ScriptedSource(name: "source-\(i)", intervals: world.inputs[i].batches.map { $0.rows.map { byID[$0]! } }))
      } else {
        sources.append(
          SimulatedSource(number: i, rows: rows, habits: habits, SeededRandom(seed: 1), tally: Tally()))
      }
    }
    JobBuilder(plan: plan, context: context, world: other, gate: nil).build(sources)
    try context.run()
    return other
  }

  private func compareWithEngine() throws -> String? {
    let expected = try expected()
    if plan.kind == .byInterval {
      let ids = expected.outputs.batches.map(\.id)
      for id in 0..<max(ids.count, world.outputs.batches.count) {
        let found = world.outputs.batches.first { $0.id == id }?.rows ?? ["no such interval"]
        let wanted = expected.outputs.batches.first { $0.id == id }?.rows ?? ["no such interval"]
        if let d = different("interval \(id)", normal(found), normal(wanted)) { return d }
      }
    } else if plan.hasLedger,
      let d = different("ledger", normal(world.outputs.rows), normal(expected.outputs.rows))
    {
      return d
    }
    if plan.hasMemory, let d = different("memory", normal(world.memory.elements), normal(expected.memory.elements)) {
      return d
    }
    return compareFiles(world.disk.contents(under: "out"), expected.disk.contents(under: "out"))
  }
  /// What is wrong with the files that are published, at any time: by event time each is what it will be in the end.
  static func wrongPublished(_ found: [String: [UInt8]], _ wanted: [String: [UInt8]]) -> String? {
    for (path, bytes) in found.sorted(by: { $0.key < $1.key }) where path.contains("/part-") {
      if path.hasSuffix(".partial") || wanted[path] == bytes { continue }
      return "'\(path)' is published with \(bytes.count) bytes, in the end it has \(wanted[path]?.count ?? 0)"
    }
    return nil
  }
  private func compareFiles(_ found: [String: [UInt8]], _ wanted: [String: [UInt8]]) -> String? {
    if plan.kind == .eventTime || plan.isOrdered && plan.kind == .byInterval {
      if let d = different("files", found.keys.sorted(), wanted.keys.sorted()) { return d }
      for path in wanted.keys.sorted() {
        if let d = different(path, lines(found[path]!), lines(wanted[path]!)) { return d }
        if found[path] != wanted[path] { return "\(path) is not the same" }
      }
      return nil
    }
    return different("files", normal(allLines(found)), normal(allLines(wanted)))
  }

  // MARK: rows

  private func allLines(_ files: [String: [UInt8]]) -> [String] {
    files.keys.sorted().filter { !$0.hasSuffix(".json") }.flatMap { lines(files[$0]!) }
  }
  private func lines(_ bytes: [UInt8]) -> [String] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
  /// What may come in another order brought into one: without event time, the keys among each other.
  private func normal(_ rows: [String]) -> [String] {
    switch plan.kind {
    case .eventTime: rows
    case .byInterval: plan.isOrdered ? rows : rows.sorted()
    case .byClosing, .idle: rows.sorted()
    case .byKey, .receiver:
      rows.enumerated().sorted {
        let (a, b) = ($0.element.prefix { $0 != " " }, $1.element.prefix { $0 != " " })
        return a != b ? a < b : $0.offset < $1.offset
      }.map(\.element)
    }
  }
}

/// Where two lists differ first, or nil.
func different(_ name: String, _ found: [String], _ wanted: [String]) -> String? {
  if found == wanted { return nil }
  let at =
    zip(found, wanted).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(found.count, wanted.count)
  return "\(name), row \(at) of \(found.count) (\(wanted.count) wanted): "
    + "\(at < found.count ? found[at] : "nothing") instead of \(at < wanted.count ? wanted[at] : "nothing")"
}

extension Plan {
  /// Whether the first operator with state has a stream of late elements, which is the first there is then.
  var firstStatefulTellsLate: Bool {
    switch firstStateful.map({ operations[$0].name }) {
    case .windows, .dropDuplicatesWithin, .join: true
    default: false
    }
  }
}
