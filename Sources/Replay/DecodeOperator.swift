import EventFormats
import FlatMemory
import StreamCore

/// Turns blocks of bytes into log events, one instance a worker; malformed lines go to the side.
///
/// With several sources each has its own plan (its own header, its own time format), so an instance keeps a decoder for
/// each source it has met.
final class DecodeOperator: Consumer<UInt8>, @unchecked Sendable {
  private let next: Consumer<LogEvent>
  private let plans: [DecodingPlan]
  private var decoders: [LogDecoder?]
  private let rejects: SideOutput<DeadLetter>
  private let instance: StageInstance
  private static let stretchByteCount = 64 << 10
  private var events = FlatArray<LogEvent>(capacity: 1024)
  private var rejected = FlatArray<RejectedLine>(capacity: 16)

  init(
    plans: [DecodingPlan], rejects: SideOutput<DeadLetter>, instance: StageInstance, next: Consumer<LogEvent>
  ) {
    self.plans = plans
    decoders = plans.map { _ in nil }
    self.rejects = rejects
    self.instance = instance
    self.next = next
    super.init()
  }
  deinit {
    events.deallocate()
    rejected.deallocate()
  }

  override func consume(_ run: PartitionRun<UInt8>, _ batch: Batch) {
    let source = batch.source
    if decoders[source] == nil { decoders[source] = LogDecoder(plan: plans[source]) }
    let decoder = decoders[source]!
    // unescaped text goes behind the block, where it never outgrows the raw text
    _ = unsafe batch.block.reserve(run.elements.count + 4 * bytePadding)
    let bytes = unsafe batch.block.base
    var start = batch.start
    var maximum = Int64.min
    while start < batch.end {
      let end = unsafe plans[source].framing == .newline ? stretchEnd(bytes, start, batch.end) : batch.end
      events.removeAll()
      rejected.removeAll()
      unsafe decoder.decode(
        bytes, start: start, end: end, spareStart: start &- batch.start &+ batch.end &+ 2 &* bytePadding,
        events: &events, rejected: &rejected)
      if rejected.count > 0 { unsafe writeRejected(batch, bytes, maximumBefore: maximum) }
      for i in 0..<events.count { maximum = unsafe max(maximum, (events.base + i).pointee.time) }
      unsafe next.consume(
        PartitionRun(
          elements: events.elements, runningMaxima: nil, maximumBefore: .min, bytes: UnsafePointer(bytes),
          origin: batch),
        batch)
      start = end
    }
  }
  /// Just behind the first line end that is far enough: lines are handed on while they are still in the nearest cache.
  private func stretchEnd(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    var i = start + DecodeOperator.stretchByteCount
    while i < end, unsafe bytes[i &- 1] != 10 { i &+= 1 }
    return min(i, end)
  }
  override func endBatch(_ batch: Batch) { next.endBatch(batch) }

  private func writeRejected(_ batch: Batch, _ bytes: UnsafePointer<UInt8>, maximumBefore: Int64) {
    let b = rejects.buffer(batch, instance)
    // the running maximum where each line stands: both lists are in line order
    var running = maximumBefore
    var i = 0
    for k in 0..<rejected.count {
      let r = rejected[k]
      while i < events.count, unsafe (events.base + i).pointee.lineOffset < r.offset {
        running = unsafe max(running, (events.base + i).pointee.time)
        i += 1
      }
      b.arena.reserve(Int(r.length) + 16)
      let span = ByteSpan(offset: b.arena.count, length: Int(r.length))
      unsafe b.arena.bytes(bytes + Int(r.offset), Int(r.length))
      b.append(
        DeadLetter(
          maximum: running, offset: batch.sourceOffset + UInt64(r.offset), source: Int32(batch.source),
          reason: r.reason.rawValue, column: r.column, raw: span))
    }
  }
}
