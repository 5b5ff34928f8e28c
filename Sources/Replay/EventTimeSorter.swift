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
    for i in 0..<run.elements.count {
      let maximum = max(run.maximumBefore, run.runningMaxima?[i] ?? .min)
      let e = run.elements.baseAddress! + i
      let n = lineLength(e, run.bytes, blockEnd: run.origin.end)
      let at = run.origin.sourceOffset + UInt64(e.pointee.lineOffset)
      let copy = append(e, run.bytes, lineLength: n, source: source, offset: at, to: &arena)
      entries.append(
        Entry(release: max(e.pointee.time, maximum &- delay), sequence: sequence, maximum: maximum, event: copy))
      sequence += 1
    }
  }

  /// Copies an event's line and texts behind 16 bytes that say where it came from.
  private func append(
    _ e: UnsafePointer<LogEvent>, _ bytes: UnsafePointer<UInt8>, lineLength n: Int, source: UInt64, offset: UInt64,
    to arena: inout OutputBuffer
  ) -> LogEvent {
    var copy = e.pointee
    let line = Int(e.pointee.lineOffset)
    arena.reserve(16 + n + 5 * (1 << 16) / 16)
    withUnsafeBytes(of: (source, offset)) { arena.bytesExact($0.baseAddress!.assumingMemoryBound(to: UInt8.self), 16) }
    let to = arena.count
    arena.bytesExact(bytes + line, n)
    arena.byte(10)
    func move(_ o: inout UInt32, _ length: Int) {
      let from = Int(o)
      if from >= line, from + length <= line + n {
        o = UInt32(truncatingIfNeeded: to + from - line)
      } else {
        // unescaped text behind the block
        arena.reserve(length)
        o = UInt32(truncatingIfNeeded: arena.count)
        arena.bytesExact(bytes + from, length)
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
    var due = UnsafeMutableBufferPointer(start: entries.base, count: entries.count)
    var split = due.partition { $0.release > watermark }
    if split == 0 { return }
    var ready = UnsafeMutableBufferPointer(rebasing: due[0..<split])
    ready.sort { (a: Entry, b: Entry) -> Bool in
      if a.release != b.release { return a.release < b.release }
      return a.sequence < b.sequence
    }
    released.removeAll()
    maxima.removeAll()
    for i in 0..<split {
      released.append(due[i].event)
      maxima.append(due[i].release &+ delay)
    }
    arena.reserve(bytePadding)
    body(released.base, split, maxima.base, UnsafePointer(arena.base), arena.count)
    // what is left moves to a fresh arena
    spareEntries.removeAll()
    spareArena.count = 0
    while split < entries.count {
      var e = due[split]
      let line = Int(e.event.lineOffset)
      let n = withUnsafePointer(to: e.event) { lineLength($0, UnsafePointer(arena.base), blockEnd: arena.count) }
      e.event = withUnsafePointer(to: e.event) {
        append(
          $0, UnsafePointer(arena.base), lineLength: n, source: load8(arena.base + line - 16),
          offset: load8(arena.base + line - 8), to: &spareArena)
      }
      spareEntries.append(e)
      split += 1
    }
    swap(&entries, &spareEntries)
    swap(&arena, &spareArena)
  }

  func snapshot(into snapshot: StateSnapshot) {
    [Int64(bitPattern: sequence)].withUnsafeBufferPointer { snapshot.add("held-sequence", values: $0) }
    snapshot.add("held-events", entries.rawBytes)
    snapshot.add("held-texts", UnsafeRawBufferPointer(start: arena.base, count: arena.count))
  }
  func restore(from snapshot: RestoredState) throws {
    let s = try snapshot.values("held-sequence", of: Int64.self)
    guard s.count == 1 else { throw StateError.size("held-sequence", s.count * 8) }
    sequence = UInt64(bitPattern: s[0])
    entries.removeAll()
    for e in try snapshot.values("held-events", of: Entry.self) { entries.append(e) }
    let texts = try snapshot.section("held-texts")
    arena.count = 0
    arena.reserve(texts.count)
    if let p = texts.baseAddress { arena.bytesExact(p.assumingMemoryBound(to: UInt8.self), texts.count) }
  }
}
