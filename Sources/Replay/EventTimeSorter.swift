import EventFormats
import FlatMemory
import StreamCore

/// Holds events back until the watermark reaches them and gives them out in event-time order: what splits that depend
/// on order (maximum duration, maximum events, campaigns) need.
///
/// An event is released at `max(its time, the watermark when it came)`; events with the same release time keep their
/// order of arrival. At its release the watermark is that time, so the operator behind it sees a stream that is sorted
/// but for late events. Memory: the events (with their lines) within the watermark delay.
final class EventTimeSorter: @unchecked Sendable {
  private struct Entry: BitwiseCopyable {
    var release: Int64
    var sequence: UInt64
    var maximum: Int64
    var event: LogEvent
  }
  private var entries = FlatArray<Entry>(capacity: 64)
  private var arena = OutputBuffer(capacity: 1 << 12)
  private var spareEntries = FlatArray<Entry>(capacity: 64)
  private var spareArena = OutputBuffer(capacity: 1 << 12)
  private var sequence: UInt64 = 0
  private var released = FlatArray<LogEvent>(capacity: 64)
  private var maxima = FlatArray<Int64>(capacity: 64)
  private let delay: Int64

  init(delayMilliseconds: Int64) { delay = delayMilliseconds }
  deinit {
    entries.deallocate()
    spareEntries.deallocate()
    released.deallocate()
    maxima.deallocate()
    arena.deallocate()
    spareArena.deallocate()
  }

  /// Takes a run of events with their lines.
  func add(_ run: PartitionRun<LogEvent>) {
    let source = UInt64(run.origin.source)
    for i in unsafe 0..<run.elements.count {
      let maximum = unsafe max(run.maximumBefore, run.runningMaxima?[i] ?? .min)
      let e = unsafe run.elements.baseAddress! + i
      let n = unsafe lineLength(e, run.bytes, blockEnd: run.origin.end)
      let at = unsafe run.origin.sourceOffset + UInt64(e.pointee.lineOffset)
      let copy = unsafe append(e, run.bytes, lineLength: n, source: source, offset: at, to: &arena)
      unsafe entries.append(
        Entry(release: max(e.pointee.time, maximum &- delay), sequence: sequence, maximum: maximum, event: copy))
      sequence += 1
    }
  }

  /// What stands before a line in the arena.
  static func origin(
    of e: UnsafePointer<LogEvent>, _ bytes: UnsafePointer<UInt8>
  ) -> (lineLength: Int, source: UInt64, offset: UInt64) {
    let line = unsafe bytes + Int(e.pointee.lineOffset)
    return unsafe (Int(truncatingIfNeeded: load8(line - 24)), load8(line - 16), load8(line - 8))
  }

  /// Copies an event's line and texts behind 24 bytes that say how long the line is and where it came from.
  private func append(
    _ e: UnsafePointer<LogEvent>, _ bytes: UnsafePointer<UInt8>, lineLength n: Int, source: UInt64, offset: UInt64,
    to arena: inout OutputBuffer
  ) -> LogEvent {
    var copy = unsafe e.pointee
    let line = unsafe Int(e.pointee.lineOffset)
    arena.reserve(24 + n + 1)
    unsafe withUnsafeBytes(of: (UInt64(n), source, offset)) {
      unsafe arena.bytesExact($0.baseAddress!.assumingMemoryBound(to: UInt8.self), 24)
    }
    let to = arena.count
    unsafe arena.bytesExact(bytes + line, n)
    arena.byte(10)
    func move(_ o: inout UInt32, _ length: Int) {
      let from = Int(o)
      if length == 0 {
        o = 0
      } else if from >= line, from + length <= line + n {
        o = UInt32(truncatingIfNeeded: to + from - line)
      } else {
        // unescaped text behind the block
        arena.reserve(length)
        o = UInt32(truncatingIfNeeded: arena.count)
        unsafe arena.bytesExact(bytes + from, length)
      }
    }
    move(&copy.userOffset, Int(copy.userLength))
    move(&copy.urlOffset, Int(copy.urlLength))
    move(&copy.referrerOffset, Int(copy.referrerLength))
    move(&copy.agentOffset, Int(copy.agentLength))
    move(&copy.eventOffset, Int(copy.eventLength))
    copy.lineOffset = UInt32(truncatingIfNeeded: to)
    return copy
  }

  /// Gives out, in order, what the watermark has reached. `body` gets the events, their running maxima (such that the
  /// watermark at each is its release time), the bytes they point into and how far those go.
  func drain(
    to watermark: Int64,
    _ body: (UnsafePointer<LogEvent>, Int, UnsafePointer<Int64>, UnsafePointer<UInt8>, Int) -> Void
  ) {
    guard entries.count > 0 else { return }
    var due = unsafe UnsafeMutableBufferPointer(start: entries.base, count: entries.count)
    var split = unsafe due.partition { $0.release >= watermark }
    if split == 0 { return }
    var ready = unsafe UnsafeMutableBufferPointer(rebasing: due[0..<split])
    unsafe ready.sort { (a: Entry, b: Entry) -> Bool in
      if a.release != b.release { return a.release < b.release }
      return a.sequence < b.sequence
    }
    released.removeAll()
    maxima.removeAll()
    for i in 0..<split {
      unsafe released.append(due[i].event)
      unsafe maxima.append(due[i].release &+ delay)
    }
    arena.reserve(bytePadding)
    unsafe body(released.base, split, maxima.base, UnsafePointer(arena.base), arena.count)
    // what is left moves to a fresh arena
    spareEntries.removeAll()
    spareArena.count = 0
    while split < entries.count {
      var e = unsafe due[split]
      let bytes = unsafe UnsafePointer(arena.base)
      e.event = unsafe withUnsafePointer(to: e.event) {
        let from = unsafe EventTimeSorter.origin(of: $0, bytes)
        return unsafe append(
          $0, bytes, lineLength: from.lineLength, source: from.source, offset: from.offset, to: &spareArena)
      }
      spareEntries.append(e)
      split += 1
    }
    swap(&entries, &spareEntries)
    swap(&arena, &spareArena)
  }

  func snapshot(into snapshot: StateSnapshot) {
    unsafe [Int64(bitPattern: sequence)].withUnsafeBufferPointer { unsafe snapshot.add("held-sequence", values: $0) }
    unsafe snapshot.add("held-events", entries.rawBytes)
    unsafe snapshot.add("held-texts", UnsafeRawBufferPointer(start: arena.base, count: arena.count))
  }
  func restore(from snapshot: RestoredState) throws {
    let s = try snapshot.values("held-sequence", of: Int64.self)
    guard s.count == 1 else { throw StateError.size("held-sequence", s.count * 8) }
    sequence = UInt64(bitPattern: s[0])
    entries.removeAll()
    for e in try snapshot.values("held-events", of: Entry.self) { entries.append(e) }
    let texts = try unsafe snapshot.section("held-texts")
    arena.count = 0
    arena.reserve(texts.count)
    if let p = texts.baseAddress { unsafe arena.bytesExact(p.assumingMemoryBound(to: UInt8.self), texts.count) }
  }
}
