import StreamCore
import Synchronization

/// A file of lines that outlives the runs that write it, and forgets what was not flushed when the power fails.
final class DurableLines: Sendable {
  private struct State {
    var lines: [String] = []
    var durableCount = 0
    var isPublished = false
    var complaint: String?
  }
  private let state = Mutex(State())

  var lines: [String] { state.withLock { $0.lines } }
  var isPublished: Bool { state.withLock { $0.isPublished } }
  /// The first thing that a checkpoint counted on and did not find.
  var complaint: String? { state.withLock { $0.complaint } }

  func create() { state.withLock { $0 = State(complaint: $0.complaint) } }
  func append(_ more: [String]) { state.withLock { $0.lines += more } }
  func publish() { state.withLock { $0.isPublished = true } }
  func flush() { state.withLock { $0.durableCount = $0.lines.count } }
  func failPower() { state.withLock { $0.lines.removeLast($0.lines.count - $0.durableCount) } }
  func cut(to count: Int) {
    state.withLock {
      if $0.durableCount < count { $0.complaint = $0.complaint ?? "\($0.durableCount) lines durable of \(count)" }
      $0.lines.removeLast(max(0, $0.lines.count - count))
      $0.durableCount = min($0.durableCount, count)
      $0.isPublished = false
    }
  }
}

/// A line with its place in the merged order.
struct MergedLine {
  var maximum: Int64
  var source: Int
  var offset: Int64
  var text: String
}

/// Writes lines in the merged order, as far as the frontier allows; what has to wait is read again after a crash.
final class MergedLineSink<Element>: Consumer<Element>, CheckpointedState, @unchecked Sendable {
  private let file: DurableLines
  private let context: StreamingContext
  /// Whether the elements come from the source stage, which sees blocks again that were partly consumed.
  private let isOfSourceStage: Bool
  private let line: (Element) -> MergedLine
  private let onBatch: (Batch) -> Void
  private var pending: [MergedLine] = []

  init(
    file: DurableLines, context: StreamingContext, isOfSourceStage: Bool, onBatch: @escaping (Batch) -> Void = { _ in },
    line: @escaping (Element) -> MergedLine
  ) {
    self.file = file
    self.context = context
    self.isOfSourceStage = isOfSourceStage
    self.onBatch = onBatch
    self.line = line
  }
  override func consume(_ run: PartitionRun<Element>, _ batch: Batch) {
    for i in 0..<run.elements.count {
      let e = unsafe run.elements[i]
      var l = line(e)
      if isOfSourceStage {
        l.maximum = max(l.maximum, run.maximumBefore)
        if run.origin.isReplay, Frontier(maximum: l.maximum, source: l.source) < context.resumeFrontier { continue }
      }
      pending.append(l)
    }
  }
  override func endBatch(_ batch: Batch) {
    pending.sort { ($0.maximum, $0.source, $0.offset) < ($1.maximum, $1.source, $1.offset) }
    let due = pending.prefix { batch.isEnd || Frontier(maximum: $0.maximum, source: $0.source) < batch.frontier }
    file.append(due.map(\.text))
    pending.removeFirst(due.count)
    if batch.isEnd { file.publish() }
    onBatch(batch)
  }
  func snapshot(into snapshot: StateSnapshot) {
    // only the source stage's lines are read again
    if !isOfSourceStage, !pending.isEmpty { context.fail(StateError.size("pending", pending.count)) }
    unsafe [Int64(file.lines.count)].withUnsafeBufferPointer { unsafe snapshot.add("state", values: $0) }
  }
  func restore(from snapshot: RestoredState) throws {
    file.cut(to: Int(try snapshot.values("state", of: Int64.self)[0]))
  }
  func makeDurable() throws { file.flush() }
}

/// A line that is not a tick.
struct Junk {
  var maximum: Int64
  var source: Int
  var offset: Int64
}

/// The counting job with its outputs in durable files, as one run of it.
struct DurableJob {
  let context: StreamingContext

  init(
    sources: [MemorySource], options: StreamingOptions, checkpoint: CheckpointOptions?, job: JobDescription = [:],
    counts: DurableLines, junk: DurableLines, onBatch: @escaping (StreamingContext, Batch) -> Void = { _, _ in },
    makeCounter: @escaping (Consumer<TickCount>) -> any CheckpointedState & Consumer<Tick> = { TickCounter(next: $0) }
  ) {
    let context = StreamingContext(options: options, job: job, checkpoint: checkpoint)
    self.context = context
    let lines = context.byteStream(sources)
    let rejects = context.sideOutput(of: lines, Junk.self)
    let ticks: DStream<Tick> = lines.transformPartitions { instance, next in
      let parser = TickParser(next: next)
      parser.onJunk = { batch, maximum, offset in
        rejects.buffer(batch, instance).append(Junk(maximum: maximum, source: batch.source, offset: offset))
      }
      return parser
    }
    let counted: DStream<TickCount> = ticks.keyed(name: "count").transformPartitions { instance, next in
      let counter = makeCounter(next)
      instance.register(counter, name: "count")
      return counter
    }
    counted.sink("counts") { [unowned context] instance in
      let sink = MergedLineSink<TickCount>(
        file: counts, context: context, isOfSourceStage: false, onBatch: { onBatch(context, $0) }
      ) { c in
        MergedLine(maximum: c.maximum, source: Int(c.tick.source), offset: c.tick.offset, text: c.description)
      }
      instance.register(sink, name: "counts")
      return sink
    }
    context.collect([], sideOutputs: [rejects], name: "junk") { [unowned context] instance in
      let sink = MergedLineSink<Junk>(file: junk, context: context, isOfSourceStage: true) { j in
        MergedLine(maximum: j.maximum, source: j.source, offset: j.offset, text: "\(j.source):\(j.offset)")
      }
      instance.register(sink, name: "junk")
      return sink
    }
    context.onStart = { isResumed in
      if !isResumed {
        counts.create()
        junk.create()
      }
    }
  }
}
