import EventFormats
import FlatMemory
import Reports
import Sessions
import StreamCore

/// The sessionization operator of one partition as the stream core runs it: events in, session rows out, late events
/// to the side.
final class LogSessionOperator: PartitionTransform<LogEvent, SessionRow>, CheckpointedState, @unchecked Sendable {
  private var sessionizer: Sessionizer<LogSessionProgram>
  private let sorter: EventTimeSorter?
  private let late: SideOutput<DeadLetter>
  private let instance: StageInstance
  private let delay: Int64
  private let options: SessionOptions
  /// Called once when an event comes behind the watermark.
  var onDisorder: (() -> Void)?
  /// Events taken, late ones included.
  private(set) var eventCount: Int64 = 0

  init(
    options: SessionOptions, splits: LogSplits, late: SideOutput<DeadLetter>, instance: StageInstance,
    next: Consumer<SessionRow>
  ) {
    sessionizer = Sessionizer(options: options, program: LogSessionProgram(splits: splits))
    sorter = splits.isActive ? EventTimeSorter(delayMilliseconds: options.watermarkDelayMilliseconds) : nil
    self.options = options
    self.late = late
    self.instance = instance
    delay = options.watermarkDelayMilliseconds
    super.init(next: next)
  }
  deinit {
    sessionizer.program.deallocate()
    sessionizer.deallocate()
  }

  var lateCount: Int { sessionizer.lateCount }
  var mergedCount: Int { sessionizer.mergedCount }
  var outOfOrderCount: Int { sessionizer.outOfOrderCount }
  var openCount: Int { sessionizer.openCount }
  /// The watermark, or the input's last event when that is over.
  var watermark: Int64 { min(sessionizer.watermark, sessionizer.inputEnd) }

  override func transform(_ run: PartitionRun<LogEvent>, _ batch: Batch, into output: PartitionBuffer<SessionRow>) {
    unsafe eventCount &+= Int64(run.elements.count)
    if let sorter {
      sorter.add(run)
      return
    }
    guard let events = unsafe run.elements.baseAddress else { return }
    unsafe point(
      to: run.bytes, output,
      LateEventWriter(
        buffer: late.buffer(batch, instance), source: run.origin.source, sourceOffset: run.origin.sourceOffset,
        blockEnd: run.origin.end, isSorted: false))
    unsafe sessionizer.process(
      events, count: run.elements.count, maximumBefore: run.maximumBefore, runningMaxima: run.runningMaxima,
      delayMilliseconds: delay)
    reportDisorder()
  }
  private func reportDisorder() {
    if let report = onDisorder, sessionizer.outOfOrderCount + sessionizer.lateCount > 0 {
      onDisorder = nil
      report()
    }
  }
  private func point(
    to bytes: UnsafePointer<UInt8>, _ output: PartitionBuffer<SessionRow>, _ writer: LateEventWriter
  ) {
    unsafe sessionizer.program.bytes = unsafe bytes
    unsafe sessionizer.program.rows = .passUnretained(output)
    sessionizer.program.late = writer
  }

  override func finishBatch(_ batch: Batch, into output: PartitionBuffer<SessionRow>) {
    unsafe sessionizer.program.rows = .passUnretained(output)
    let isOver = batch.closingStep > 0
    unsafe sorter?.drain(to: isOver ? .max : options.watermark(of: batch)) { events, n, maxima, bytes, end in
      unsafe point(
        to: bytes, output,
        LateEventWriter(buffer: late.buffer(batch, instance), source: 0, sourceOffset: 0, blockEnd: end, isSorted: true)
      )
      unsafe sessionizer.process(
        events, count: n, maximumBefore: .min, runningMaxima: maxima, delayMilliseconds: delay)
      reportDisorder()
    }
    // what the whole input shows to be over ended by its gap, however long the watermark's delay
    if isOver { sessionizer.endInput(at: batch.alignedMaximum) }
    sessionizer.advance(to: options.watermark(of: batch))
    if batch.isEnd { sessionizer.finish() }
    instance.heldCount = sessionizer.openCount
    unsafe sessionizer.program.rows = nil
    sessionizer.program.late = nil
  }

  var stateSize: StateSize { StateSize(rows: sessionizer.openCount, bytes: copiedByteCount) }
  var copiedByteCount: Int { sessionizer.slotByteCount + sessionizer.program.stateByteCount }
  func snapshot(into snapshot: StateSnapshot) {
    unsafe [eventCount].withUnsafeBufferPointer { unsafe snapshot.add("events", values: $0) }
    sessionizer.snapshot(into: snapshot)
    sorter?.snapshot(into: snapshot)
  }
  func restore(from snapshot: RestoredState) throws {
    let n = try snapshot.values("events", of: Int64.self)
    guard n.count == 1 else { throw StateError.size("sessions/events", n.count * 8) }
    eventCount = n[0]
    try sessionizer.restore(from: snapshot)
    try sorter?.restore(from: snapshot)
  }
}
