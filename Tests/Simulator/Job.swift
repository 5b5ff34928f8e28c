import StreamCore
import Synchronization
import TestSupport

/// Everything outside the process: what a run leaves and the next one finds.
final class World: Sendable {
  let disk: SimulatedDisk
  let outputs: Ledger
  let inputs: [Ledger]
  let memory = MemoryTable<String>()
  /// What the first stateful operator gave.
  let tapped = MemoryTable<String>()
  let sender: Sender
  /// Whether the source that falls silent has spoken again: what it said then is there in later runs too.
  let silenceIsOver = Mutex(false)
  let tally: Tally

  init(_ plan: Plan, _ disk: SimulatedDisk, _ tally: Tally) {
    self.disk = disk
    self.tally = tally
    outputs = Ledger(name: "results", isOrdered: plan.isOrdered && plan.kind != .byKey && plan.kind != .receiver)
    inputs = plan.rows.indices.map { Ledger(name: "input \($0)", isOrdered: true) }
    sender = Sender(plan.rows.first ?? [])
  }
}

/// Builds the job of a plan.
struct JobBuilder {
  let plan: Plan
  let context: StreamingContext
  let world: World
  let gate: WriterGate?
  var edition = Plan.Edition(number: 0)
  /// Asked before each transaction.
  var onCommit: @Sendable () throws -> Void = {}

  func build(_ sources: [any ElementSource<Row>]) {
    var streams: [DStream<Row>] =
      plan.separateStreams ? sources.map { context.stream([$0]) } : [context.stream(sources)]
    if plan.recordsInputs {
      for (i, ledger) in world.inputs.enumerated() {
        store(streams[0].filter { $0.source == i }.map { "\($0.id)" }, in: ledger, name: "input-\(i)")
      }
    }
    if plan.isTimed {
      let delay = plan.delayMilliseconds
      streams = streams.map { $0.withWatermark(delayMilliseconds: delay) { $0.time } }
    }
    var rows = streams.dropFirst().reduce(streams[0]) { $0.union($1) }
    if plan.mayRepeatRows { rows = rows.dropDuplicates(name: edition.name("redelivered")) { $0.id } }
    var stream = rows.map { Event(key: $0.key, value: $0.value, id: $0.id) }
    if edition.hasWitness {
      stream =
        stream.map { ($0.key, $0) }.mapWithState(name: "witness") {
          (_: Int, e: Event?, state: inout KeyState<Int>) -> Event? in
          state.value = (state.value ?? 0) + 1
          return e
        }.mapped
    }
    var late: [DStream<Event>] = []
    let lines: DStream<String>
    if plan.kind == .idle {
      lines = idleWindows(stream, &late)
    } else {
      for (i, operation) in plan.operations.enumerated() {
        stream = operation.apply(to: stream, name: edition.name("op\(i)"), late: &late)
        if plan.kind == .eventTime, i == plan.firstStateful { tap(stream) }
      }
      switch plan.kind {
      case .byInterval: lines = plan.intervalOperation.apply(to: stream, name: "interval")
      case .byClosing: lines = plan.closingOperation.apply(to: stream, name: "closing", late: &late)
      default: lines = stream.map(\.description)
      }
    }
    addSinks(lines, late)
  }

  private func tap(_ stream: DStream<Event>) { stream.map(\.description).saveToMemory(world.tapped, name: "tapped") }

  /// Windows that show which rows they have.
  private func idleWindows(_ stream: DStream<Event>, _ late: inout [DStream<Event>]) -> DStream<String> {
    guard case .windows(let windows, let lateness)? = plan.operations.first else {
      preconditionFailure("a plan with idle sources has windows")
    }
    let results = stream.map { ($0.key, $0) }
      .windowed(by: windows.windows, name: "windows", allowedLatenessMilliseconds: lateness).groups()
    late.append(results.late.map { $0.1 })
    return results.results.map { key, w in
      "\(key) \(w.window.start) \(w.window.end) " + w.value.map { "\($0.id)" }.joined(separator: " ")
    }
  }

  private func addSinks(_ lines: DStream<String>, _ late: [DStream<Event>]) {
    var options = FileSinkOptions()
    (options.rowsMax, options.bytesMax) = (plan.rowsAFileMax ?? .max, plan.bytesAFileMax ?? .max)
    options.writeByteCount = plan.writeByteCount
    options.isCheckpointed = context.isCheckpointed
    func files(_ stream: DStream<String>, _ folder: String) {
      stream.sink(folder) { [unowned context, options, world, gate] instance in
        let sink = FileSink<String>(
          folder: "out/" + folder, format: .text { $0 }, options: options, clock: context.clock, files: world.disk
        ) { context.fail($0) }
        instance.register(sink, name: folder)
        return GatedSink(sink, gate)
      }
    }
    if plan.hasFiles { files(lines, "files") }
    for (i, stream) in late.enumerated() { files(stream.map(\.description), "late-\(i)") }
    if plan.hasMemory { lines.saveToMemory(world.memory) }
    if plan.hasLedger || plan.recordsInputs { store(lines, in: world.outputs, name: "ledger") }
  }

  /// Stores the intervals of a stream in transactions; if the plan has no forEachBatch, then by a sink that does not make
  /// the program work by interval.
  private func store(_ lines: DStream<String>, in ledger: Ledger, name: String) {
    let commit: @Sendable ([String], Int, Int64) throws -> Void = { [onCommit] rows, interval, time in
      try onCommit()
      ledger.commit(interval, time, rows)
    }
    if plan.hasLedger {
      lines.forEachBatch(name: name) { rows, info in try commit(rows, info.batchID, info.timeMilliseconds) }
    } else {
      lines.sink(name) { [unowned context] _ in
        WatchingSink { rows, interval, time in
          do { try commit(rows, interval, time) } catch { context.fail(error) }
        }
      }
    }
  }
}

extension Plan {
  /// Whether the rows have event time.
  var isTimed: Bool {
    switch kind {
    case .eventTime, .idle: true
    case .byClosing: closingOperation.isTimed
    case .byKey, .byInterval, .receiver: false
    }
  }
  /// Whether what each interval brings is stored: in programs that work by interval, whose sinks are to get the same
  /// intervals again.
  var recordsInputs: Bool {
    switch kind {
    case .byInterval, .byClosing: true
    case .idle: hasLedger
    case .eventTime, .byKey, .receiver: false
    }
  }
  /// Whether a row may come twice, and the program has to see to it.
  var mayRepeatRows: Bool { habits.givesAgain || kind == .receiver && !receiver.resumesByCount }
  var firstStateful: Int? { operations.firstIndex(where: \.isStateful) }
}

/// Hands everything on, and lets the thread that writes checkpoints go on in between.
private final class GatedSink: Consumer<String>, @unchecked Sendable {
  private let sink: FileSink<String>
  private let gate: WriterGate?
  private var random = SeededRandom(seed: 7)
  init(_ sink: FileSink<String>, _ gate: WriterGate?) {
    self.sink = sink
    self.gate = gate
  }
  override func consume(_ run: PartitionRun<String>, _ batch: Batch) { sink.consume(run, batch) }
  override func endBatch(_ batch: Batch) {
    // what the end publishes waits for the checkpoint that is being written
    if batch.isLast || batch.isEnd { gate?.step(nil) } else { gate?.step(random.below(5)) }
    sink.endBatch(batch)
  }
}

/// Looks at what each interval brings, in a program that works by interval because of something else.
private final class WatchingSink: Consumer<String>, @unchecked Sendable {
  private let onInterval: (_ rows: [String], _ interval: Int, _ timeMilliseconds: Int64) -> Void
  private var rows: [String] = []
  init(_ onInterval: @escaping (_ rows: [String], _ interval: Int, _ timeMilliseconds: Int64) -> Void) {
    self.onInterval = onInterval
  }
  override func consume(_ run: PartitionRun<String>, _ batch: Batch) { rows += run.elements }
  override func endBatch(_ batch: Batch) {
    guard batch.closesInterval || batch.isLast && !rows.isEmpty else { return }
    onInterval(rows, batch.interval, batch.intervalTime)
    rows = []
  }
}
