import EventFormats
package import FlatMemory
import Foundation
package import StreamCore

/// Why a line is in the dead-letter file.
package enum DeadLetterReason {
  /// Codes below are ``EventFormats/RejectionReason`` raw values.
  static let late: UInt8 = 255
  package static func name(_ code: UInt8) -> String {
    code == late ? "late" : RejectionReason(rawValue: code)?.name ?? "unknown"
  }
}

/// A line that did not become part of a session: malformed or late. Its raw bytes are in the arena beside it.
package struct DeadLetter: BitwiseCopyable {
  /// Running maximum of the source's event time where the line stands (within its block, for malformed ones).
  package var maximum: Int64
  /// Offset of the line in its source.
  package var offset: UInt64
  package var source: Int32
  package var reason: UInt8
  /// Byte in the line where it went wrong.
  package var column: UInt32
  package var raw: ByteSpan

  package init(maximum: Int64, offset: UInt64, source: Int32, reason: UInt8, column: UInt32, raw: ByteSpan) {
    (self.maximum, self.offset, self.source) = (maximum, offset, source)
    (self.reason, self.column, self.raw) = (reason, column, raw)
  }
}

/// Writes late events to the side output: one for each running operator.
struct LateEventWriter {
  let buffer: PartitionBuffer<DeadLetter>
  let source: Int
  let sourceOffset: UInt64
  /// End of the block's text; texts behind it were unescaped there.
  let blockEnd: Int
  /// Whether the line's length, source and offset stand before it (events that were sorted).
  let isSorted: Bool

  func write(_ e: UnsafePointer<LogEvent>, _ bytes: UnsafePointer<UInt8>, maximum: Int64) {
    let start = unsafe Int(e.pointee.lineOffset)
    var (from, at) = (source, sourceOffset + UInt64(start))
    var n = 0
    if isSorted {
      let origin = unsafe EventTimeSorter.origin(of: e, bytes)
      (n, from, at) = (origin.lineLength, Int(origin.source), origin.offset)
    } else {
      n = unsafe lineLength(e, bytes, blockEnd: blockEnd)
    }
    buffer.arena.reserve(n + 16)
    let span = ByteSpan(offset: buffer.arena.count, length: n)
    unsafe buffer.arena.bytes(bytes + start, n)
    buffer.append(
      DeadLetter(maximum: maximum, offset: at, source: Int32(from), reason: DeadLetterReason.late, column: 0, raw: span)
    )
  }
}

/// Length of an event's line without its line end. A quoted field may hold line breaks: the end is looked for behind
/// the event's last field.
func lineLength(_ e: UnsafePointer<LogEvent>, _ bytes: UnsafePointer<UInt8>, blockEnd: Int) -> Int {
  let start = unsafe Int(e.pointee.lineOffset)
  var end = start
  func include(_ offset: UInt32, _ length: Int) {
    let o = Int(offset)
    if length > 0, o >= start, o + length < blockEnd { end = max(end, o + length) }
  }
  unsafe include(e.pointee.userOffset, Int(e.pointee.userLength))
  unsafe include(e.pointee.urlOffset, Int(e.pointee.urlLength))
  unsafe include(e.pointee.referrerOffset, Int(e.pointee.referrerLength))
  unsafe include(e.pointee.agentOffset, Int(e.pointee.agentLength))
  while end < blockEnd, unsafe bytes[end] != 10 { end += 1 }
  if end > start, unsafe bytes[end - 1] == 13 { end -= 1 }
  return end - start
}

/// Keeps dead letters in the order of the merged sources, counts them by reason, and writes them to a file if asked.
///
/// Order: (running maximum, source, offset), written up to the frontier: the same bytes whatever the batches, threads
/// or crashes. Letters at or after the frontier are not part of a checkpoint: their lines are read again.
package final class DeadLetterSink: Consumer<DeadLetter>, CheckpointedState, @unchecked Sendable {
  private struct Pending: BitwiseCopyable {
    var maximum: Int64
    var source: Int32
    var offset: UInt64
    var reason: UInt8
    var raw: ByteSpan
  }
  private var pending: [Pending] = []
  private var arena = OutputBuffer(capacity: 1 << 12)
  private var line = OutputBuffer(capacity: 1 << 12)
  private let file: PublishedFile?
  private let names: [String]
  private let context: StreamingContext
  private let check: BadLineCheck
  package private(set) var counts = [Int64](repeating: 0, count: 256)
  /// What is before has been consumed.
  private var consumed = Frontier.start

  private let reasonName: (UInt8) -> String

  /// - Parameter reasonName: what a code is called in the file.
  package init(
    file: PublishedFile?, names: [String], context: StreamingContext, check: BadLineCheck,
    reasonName: @escaping (UInt8) -> String = DeadLetterReason.name
  ) {
    self.reasonName = reasonName
    self.file = file
    self.names = names
    self.context = context
    self.check = check
  }
  deinit {
    arena.deallocate()
    line.deallocate()
  }

  package override func consume(_ run: PartitionRun<DeadLetter>, _ batch: Batch) {
    for i in unsafe 0..<run.elements.count {
      let d = unsafe run.elements[i]
      let isLate = d.reason == DeadLetterReason.late
      // a late event's block may be another one, of another source; its maximum is complete
      let maximum = isLate ? d.maximum : max(d.maximum, run.maximumBefore)
      // what an earlier run already wrote is read again with the block it stands in
      if !isLate, run.origin.isReplay, Frontier(maximum: maximum, source: Int(d.source)) < context.resumeFrontier {
        continue
      }
      arena.reserve(Int(d.raw.length) + 16)
      let span = ByteSpan(offset: arena.count, length: Int(d.raw.length))
      unsafe arena.bytes(run.bytes + Int(d.raw.offset), Int(d.raw.length))
      pending.append(Pending(maximum: maximum, source: d.source, offset: d.offset, reason: d.reason, raw: span))
      if !isLate { unsafe check.noteBad(d, run.bytes) }
    }
  }

  package override func endBatch(_ batch: Batch) {
    check.noteRead(batch.recordCount)
    if let error = check.error(atEnd: batch.isEnd) {
      context.fail(error)
      return
    }
    consumed = batch.frontier
    guard !pending.isEmpty || batch.isEnd else { return }
    pending.sort { a, b in
      a.maximum != b.maximum
        ? a.maximum < b.maximum : a.source != b.source ? a.source < b.source : a.offset < b.offset
    }
    // an event that is held back to be sorted can still turn out late at the maximum all have reached
    let bound = Frontier(maximum: batch.alignedMaximum, source: -1)
    var kept: [Pending] = []
    var keptBytes = OutputBuffer(capacity: 1 << 12)
    for var d in pending {
      if batch.isEnd || Frontier(maximum: d.maximum, source: Int(d.source)) < bound {
        counts[Int(d.reason)] += 1
        write(d)
      } else {
        let n = Int(d.raw.length)
        keptBytes.reserve(n)
        let span = ByteSpan(offset: keptBytes.count, length: n)
        unsafe keptBytes.bytes(UnsafePointer(arena.base) + Int(d.raw.offset), n)
        d.raw = span
        kept.append(d)
      }
    }
    pending = kept
    swap(&arena, &keptBytes)
    keptBytes.deallocate()
    do {
      try file?.flush()
      if batch.isEnd { try file?.publish() }
    } catch { context.fail(error) }
  }

  private func write(_ d: Pending) {
    guard let file else { return }
    line.count = 0
    line.reserve(Int(d.raw.length) * 6 + 256)
    unsafe appendDeadLetter(
      to: &line, source: names[Int(d.source)], offset: d.offset, reason: reasonName(d.reason),
      raw: UnsafePointer(arena.base) + Int(d.raw.offset), rawLength: Int(d.raw.length))
    unsafe file.append(line.base, line.count)
  }

  // MARK: state

  /// Late events that wait are part of the state, and so are malformed lines before the frontier; those behind it stand
  /// in blocks that are read again.
  package func snapshot(into snapshot: StateSnapshot) {
    unsafe counts.withUnsafeBufferPointer { unsafe snapshot.add("state", values: $0) }
    let waiting = pending.filter {
      $0.reason == DeadLetterReason.late || Frontier(maximum: $0.maximum, source: Int($0.source)) < consumed
    }
    unsafe waiting.withUnsafeBufferPointer { unsafe snapshot.add("waiting", values: $0) }
    unsafe snapshot.add("waiting-texts", UnsafeRawBufferPointer(start: arena.base, count: arena.count))
    file?.snapshot(into: snapshot)
  }
  package func restore(from snapshot: RestoredState) throws {
    counts = try snapshot.values("state", of: Int64.self)
    guard counts.count == 256 else { throw StateError.size("dead-letters/state", counts.count * 8) }
    pending = try snapshot.values("waiting", of: Pending.self)
    let texts = try unsafe snapshot.section("waiting-texts")
    arena.count = 0
    arena.reserve(texts.count)
    if let p = texts.baseAddress { unsafe arena.bytesExact(p.assumingMemoryBound(to: UInt8.self), texts.count) }
    try file?.restore(from: snapshot)
  }
  package func makeDurable() throws { try file?.makeDurable() }
}
