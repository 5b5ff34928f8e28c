import CKernels
import FlatMemory
import Reports
import Sessions
import StreamCore

/// Puts closed sessions in their final order, writes them and adds them to the report.
///
/// Order: (closedAt, start, id). A row waits until every partition has closed everything before its `closedAt`, so the
/// order and with it every byte of the output depends on neither batches, threads nor crashes.
/// Cost: a sort of the few rows a batch closes, 40 ns to write a row, the report's share (see `Reports`).
/// State: rows that wait, the file's position, the report so far.
final class SessionRowSink: Consumer<SessionRow>, CheckpointedState, @unchecked Sendable {
  /// Rows of earlier batches that wait, with their texts.
  private var rows = FlatArray<SessionRow>(capacity: 1024)
  private var arena = OutputBuffer(capacity: 1 << 16)
  private var spareRows = FlatArray<SessionRow>(capacity: 1024)
  private var spareArena = OutputBuffer(capacity: 1 << 16)
  /// What the batch in hand brought; it stays where it is until the batch has ended.
  private var runs: [PartitionRun<SessionRow>] = []
  private var order = ReleaseOrder()
  private let file: PublishedFile?
  private var writer: SessionRowWriter
  private let options: SessionOptions
  private let context: StreamingContext
  private(set) var report: SessionReportAccumulator
  /// Set by a run that ended.
  private(set) var isFinished = false
  /// Sessions that were open when the input ended.
  private(set) var openAtEnd = 0
  private var latestWatermark = Int64.min

  init(file: PublishedFile?, writer: SessionRowWriter, options: SessionOptions, context: StreamingContext) {
    self.file = file
    self.writer = writer
    self.options = options
    self.context = context
    report = SessionReportAccumulator()
  }
  deinit {
    rows.deallocate()
    spareRows.deallocate()
    order.deallocate()
    arena.deallocate()
    spareArena.deallocate()
  }

  override func consume(_ run: PartitionRun<SessionRow>, _ batch: Batch) { runs.append(run) }

  /// Copies a row and its texts.
  private static func take(
    _ r: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, into rows: inout FlatArray<SessionRow>,
    _ arena: inout OutputBuffer
  ) {
    var row = unsafe r.pointee
    func move(_ s: inout ByteSpan) {
      if s.isAbsent || s.length == 0 { return }
      let n = Int(s.length)
      arena.reserve(n + 16)
      let at = arena.count
      unsafe arena.bytes(bytes + Int(s.offset), n)
      s.offset = UInt32(truncatingIfNeeded: at)
    }
    let sharesExit = row.exit == row.entry
    move(&row.user)
    move(&row.entry)
    if sharesExit { row.exit = row.entry } else { move(&row.exit) }
    move(&row.referrer)
    move(&row.agent)
    if row.pathCount > 0 {
      let spans = unsafe UnsafeRawPointer(bytes + Int(row.pathOffset))
      let count = Int(row.pathCount)
      var moved: [ByteSpan] = []
      for k in 0..<count {
        var s = unsafe spans.loadUnaligned(fromByteOffset: k * 8, as: ByteSpan.self)
        move(&s)
        moved.append(s)
      }
      arena.reserve(count * 8)
      row.pathOffset = UInt32(truncatingIfNeeded: arena.count)
      unsafe moved.withUnsafeBytes {
        unsafe arena.bytesExact($0.baseAddress!.assumingMemoryBound(to: UInt8.self), count * 8)
      }
    }
    rows.append(row)
  }

  override func endBatch(_ batch: Batch) {
    latestWatermark = max(latestWatermark, options.watermark(of: batch))
    release(before: batch.isEnd ? .max : options.completeBefore(watermark: latestWatermark))
    do {
      try file?.flush()
      if batch.isEnd {
        try file?.publish()
        isFinished = true
      }
    } catch { context.fail(error) }
  }

  /// Writes the rows that are final before `bound`, in order; keeps the others.
  private func release(before bound: Int64) {
    // in hand as locals: one access to the object's fields instead of one a row
    var (order, kept, keptTexts) = (self.order, spareRows, spareArena)
    order.removeAll()
    kept.removeAll()
    keptTexts.count = 0
    // rows go out from where they lie; only those that stay are copied, so the buffers are as small as what waits
    unsafe SessionRowSink.sort(
      rows.base, rows.count, UnsafePointer(arena.base), before: bound, into: &order, &kept, &keptTexts)
    for run in runs {
      if let first = unsafe run.elements.baseAddress {
        unsafe SessionRowSink.sort(
          first, run.elements.count, run.bytes, before: bound, into: &order, &kept, &keptTexts)
      }
    }
    runs.removeAll(keepingCapacity: true)
    if order.count > 0 {
      let sorted = unsafe order.sort()
      if let file { file.withBuffer { unsafe SessionRowSink.write(sorted, &writer, to: &$0) } }
      unsafe openAtEnd += SessionRowSink.count(sorted, in: &report)
    }
    self.order = order
    (rows, spareRows) = (kept, rows)
    (arena, spareArena) = (keptTexts, arena)
  }
  /// Rows to go out are noted in the order, the others copied aside.
  private static func sort(
    _ first: UnsafePointer<SessionRow>, _ n: Int, _ bytes: UnsafePointer<UInt8>, before bound: Int64,
    into order: inout ReleaseOrder, _ kept: inout FlatArray<SessionRow>, _ keptTexts: inout OutputBuffer
  ) {
    if unsafe order.append(first, n, bytes, before: bound) == n { return }
    for i in 0..<n where unsafe first[i].closedAt >= bound {
      unsafe take(first + i, bytes, into: &kept, &keptTexts)
    }
  }

  private static func write(
    _ order: UnsafeBufferPointer<PlacedRow>, _ writer: inout SessionRowWriter, to buffer: inout OutputBuffer
  ) {
    for i in 0..<order.count {
      // rows come in no regular order, and mostly from another core: each is fetched before its turn, then its texts
      if i &+ 8 < order.count { unsafe prefetch(order[i &+ 8].row) }
      if i &+ 4 < order.count { unsafe prefetchTexts(order[i &+ 4]) }
      let e = unsafe order[i]
      unsafe writer.append(e.row, e.bytes, to: &buffer)
    }
  }
  @inline(__always)
  private static func prefetch(_ row: UnsafePointer<SessionRow>) {
    unsafe tw_prefetch(row)
    unsafe tw_prefetch(UnsafeRawPointer(row) + 64)
  }
  /// A row's texts stand one behind the other, the user's first.
  @inline(__always)
  private static func prefetchTexts(_ e: PlacedRow) {
    let texts = unsafe e.bytes + Int(e.row.pointee.user.offset)
    unsafe tw_prefetch(texts)
    unsafe tw_prefetch(texts + 64)
    unsafe tw_prefetch(texts + 128)
  }
  /// Adds the rows to the report; gives how many the end of the input closed.
  private static func count(
    _ order: UnsafeBufferPointer<PlacedRow>, in report: inout SessionReportAccumulator
  ) -> Int {
    var open = 0
    for i in 0..<order.count where unsafe order[i].row.pointee.endedBy == .endOfInput { open += 1 }
    unsafe report.add(order)
    return open
  }

  // MARK: state

  func snapshot(into snapshot: StateSnapshot) {
    unsafe [latestWatermark, Int64(MemoryLayout<SessionRow>.stride)].withUnsafeBufferPointer {
      unsafe snapshot.add("state", values: $0)
    }
    unsafe snapshot.add("waiting-rows", rows.rawBytes)
    unsafe snapshot.add("waiting-texts", UnsafeRawBufferPointer(start: arena.base, count: arena.count))
    snapshot.add("report") { report.write(into: &$0) }
    file?.snapshot(into: snapshot)
  }
  func restore(from snapshot: RestoredState) throws {
    let h = try snapshot.values("state", of: Int64.self)
    guard h.count == 2, h[1] == Int64(MemoryLayout<SessionRow>.stride) else {
      throw StateError.size("session-rows/state", h.count * 8)
    }
    latestWatermark = h[0]
    rows.removeAll()
    for r in try snapshot.values("waiting-rows", of: SessionRow.self) { rows.append(r) }
    let texts = try unsafe snapshot.section("waiting-texts")
    arena.count = 0
    arena.reserve(texts.count)
    if let p = texts.baseAddress { unsafe arena.bytesExact(p.assumingMemoryBound(to: UInt8.self), texts.count) }
    report = try unsafe SessionReportAccumulator(restoring: try snapshot.section("report"))
    try file?.restore(from: snapshot)
  }
  func makeDurable() throws { try file?.makeDurable() }
}
