import StreamCore
import TestSupport

/// Everything outside the process: what a run leaves and the next one finds.
final class World: Sendable {
  let disk: SimulatedDisk
  let outputs: Ledger
  let inputs: [Ledger]
  let memory = MemoryTable<String>()

  init(_ plan: Plan, _ disk: SimulatedDisk) {
    self.disk = disk
    outputs = Ledger(name: "results", isOrdered: plan.isOrdered && plan.kind != .byKey)
    inputs = plan.rows.indices.map { Ledger(name: "input \($0)", isOrdered: true) }
  }
}

/// How one run is made; results must not depend on it.
struct RunShape: Sendable, CustomStringConvertible {
  var threads = 1
  var blockElementCount = 1 << 15
  var trigger = Trigger.asFastAsPossible
  var recordsPerIntervalMax: Int?
  var checkpointIntervalMilliseconds: Int64 = 0
  var keep = 3
  var chainLengthMax = 8
  var description: String {
    "\(threads) threads, blocks of \(blockElementCount), \(trigger), \(recordsPerIntervalMax ?? -1) records an interval, "
      + "a checkpoint every \(checkpointIntervalMilliseconds) ms"
  }
}

extension Plan {
  /// Builds the job. `source` makes the sources.
  func build(
    _ context: StreamingContext, _ world: World, gate: WriterGate?, source: (Int) -> any ElementSource<Row>,
    onCommit: @escaping @Sendable () throws -> Void
  ) {
    let sources = rows.indices.map(source)
    var streams: [DStream<Row>] = separateStreams ? sources.map { context.stream([$0]) } : [context.stream(sources)]
    if kind == .byInterval {
      for (i, ledger) in world.inputs.enumerated() {
        streams[0].filter { $0.source == i }.map { "\($0.id)" }.forEachBatch(name: "input-\(i)") { rows, info in
          try onCommit()
          ledger.commit(info.batchID, rows)
        }
      }
    }
    if kind == .eventTime {
      streams = streams.map { $0.withWatermark(delayMilliseconds: delayMilliseconds) { $0.time } }
    }
    var rows = streams.dropFirst().reduce(streams[0]) { $0.union($1) }
    if habits.givesAgain { rows = rows.dropDuplicates(name: "redelivered") { $0.id } }
    var stream = rows.map { Event(key: $0.key, value: $0.value, id: $0.id) }
    var late: [DStream<Event>] = []
    for (i, operation) in operations.enumerated() {
      stream = operation.apply(to: stream, name: "op\(i)", late: &late)
    }
    let lines =
      kind == .byInterval ? intervalOperation.apply(to: stream, name: "interval") : stream.map(\.description)
    addSinks(context, lines, late, world, gate, onCommit)
  }

  private func addSinks(
    _ context: StreamingContext, _ lines: DStream<String>, _ late: [DStream<Event>], _ world: World,
    _ gate: WriterGate?,
    _ onCommit: @escaping @Sendable () throws -> Void
  ) {
    var options = FileSinkOptions()
    (options.rowsMax, options.bytesMax, options.writeByteCount) = (rowsAFileMax, bytesAFileMax, writeByteCount)
    options.isCheckpointed = context.isCheckpointed
    func files(_ stream: DStream<String>, _ folder: String) {
      stream.sink(folder) { [unowned context] instance in
        let sink = FileSink<String>(
          folder: "out/" + folder, format: .text { $0 }, options: options, clock: context.clock, files: world.disk
        ) { context.fail($0) }
        instance.register(sink, name: folder)
        return GatedSink(sink, gate)
      }
    }
    if hasFiles { files(lines, "files") }
    for (i, stream) in late.enumerated() { files(stream.map(\.description), "late-\(i)") }
    if hasMemory { lines.saveToMemory(world.memory) }
    if hasLedger {
      lines.forEachBatch(name: "ledger") { rows, info in
        try onCommit()
        world.outputs.commit(info.batchID, rows)
      }
    }
  }
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
