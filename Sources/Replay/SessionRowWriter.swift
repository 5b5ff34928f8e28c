import FlatMemory
import Foundation
import Reports

/// Turns session rows into lines of CSV or NDJSON.
///
/// Columns: session_id,user,start,end,duration_ms,events,views,items,entry,exit,referrer,value,ended_by.
/// Cost: 40 ns a row.
struct SessionRowWriter {
  enum Format { case csv, ndjson }
  let format: Format
  private var times = TimestampText()
  private let numbers = SmallNumbers()

  static let columns = "session_id,user,start,end,duration_ms,events,views,items,entry,exit,referrer,value,ended_by"

  /// The format that a file name asks for: `.ndjson`, `.jsonl` or `.json` (with `.zst` or not) is NDJSON, else CSV.
  init(path: String) {
    var name = path.lowercased()
    if name.hasSuffix(".zst") { name.removeLast(4) }
    format = name.hasSuffix(".ndjson") || name.hasSuffix(".jsonl") || name.hasSuffix(".json") ? .ndjson : .csv
  }
  var head: [UInt8] { format == .csv ? Array((SessionRowWriter.columns + "\n").utf8) : [] }

  mutating func append(_ r: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, to b: inout OutputBuffer) {
    // an absent text counts as one of no bytes
    @inline(__always) func length(_ s: ByteSpan) -> Int { Int(s.length &+ 1) }
    let texts =
      unsafe length(r.pointee.user) &+ length(r.pointee.entry) &+ length(r.pointee.exit)
      &+ length(r.pointee.referrer)
    b.reserve(texts &* 6 &+ 512)
    switch format {
    case .csv: unsafe appendCSV(r, bytes, &b)
    case .ndjson: unsafe appendJSON(r, bytes, &b)
    }
  }

  @inline(__always)
  private mutating func appendCSV(
    _ r: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, _ b: inout OutputBuffer
  ) {
    // a copy, which stays in registers: no call below takes its address
    var out = b
    unsafe out.hexadecimal(r.pointee.id)
    out.byte(44)
    let user = unsafe r.pointee.user
    guard unsafe out.plainCSVField(bytes + Int(user.offset), user.isAbsent ? 0 : Int(user.length)) else {
      return unsafe appendQuotedCSV(r, bytes, &b)
    }
    unsafe appendFigures(r, &out)
    guard unsafe out.plainCSVFields3(SessionRowWriter.pages(r), in: bytes) else {
      return unsafe appendQuotedCSV(r, bytes, &b)
    }
    b.count = out.count
    unsafe appendEnd(r, &b)
  }
  /// A row with a text that needs quotes.
  @inline(never)
  private mutating func appendQuotedCSV(
    _ r: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, _ b: inout OutputBuffer
  ) {
    func text(_ s: ByteSpan, _ b: inout OutputBuffer) {
      if !s.isAbsent { unsafe b.csvField(bytes + Int(s.offset), Int(s.length)) }
      b.byte(44)
    }
    unsafe b.hexadecimal(r.pointee.id)
    b.byte(44)
    unsafe text(r.pointee.user, &b)
    unsafe appendFigures(r, &b)
    unsafe text(r.pointee.entry, &b)
    unsafe text(r.pointee.exit, &b)
    unsafe text(r.pointee.referrer, &b)
    unsafe appendEnd(r, &b)
  }
  /// Entry, exit and referrer, which stand one behind the other.
  @inline(__always)
  private static func pages(_ r: UnsafePointer<SessionRow>) -> UnsafePointer<ByteSpan> {
    unsafe (UnsafeRawPointer(r) + MemoryLayout<SessionRow>.offset(of: \.entry)!)
      .assumingMemoryBound(to: ByteSpan.self)
  }
  /// The columns between user and entry.
  @inline(__always)
  private mutating func appendFigures(_ r: UnsafePointer<SessionRow>, _ b: inout OutputBuffer) {
    unsafe times.append(r.pointee.start, to: &b)
    b.byte(44)
    unsafe times.append(r.pointee.end, to: &b)
    b.byte(44)
    unsafe b.integer(r.pointee.end &- r.pointee.start)
    b.byte(44)
    let (events, views, items) = unsafe (r.pointee.events, r.pointee.views, r.pointee.items)
    if events | views | items < SmallNumbers.limit {
      numbers.append(events, to: &b)
      numbers.append(views, to: &b)
      numbers.append(items, to: &b)
    } else {
      for n in [events, views, items] {
        b.integer(Int64(n))
        b.byte(44)
      }
    }
  }
  /// The columns behind the referrer.
  @inline(__always)
  private func appendEnd(_ r: UnsafePointer<SessionRow>, _ b: inout OutputBuffer) {
    unsafe appendNumber(r.pointee.value, &b)
    b.byte(44)
    if unsafe r.pointee.endedBy == .gap {
      // nearly all: "gap\n" in one store
      unsafe UnsafeMutableRawPointer(b.base + b.count).storeBytes(of: 0x0a70_6167, as: UInt32.self)
      b.count &+= 4
    } else {
      unsafe appendReason(r.pointee.endedBy, &b)
    }
  }

  @inline(never)
  private func appendReason(_ reason: SessionEnd, _ b: inout OutputBuffer) {
    b.text(reason.staticName)
    b.byte(10)
  }

  private mutating func appendJSON(
    _ r: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, _ b: inout OutputBuffer
  ) {
    func text(_ s: ByteSpan, _ b: inout OutputBuffer) {
      if s.isAbsent { b.text("null") } else { unsafe b.jsonString(bytes + Int(s.offset), Int(s.length)) }
    }
    b.text("{\"session_id\":\"")
    unsafe b.hexadecimal(r.pointee.id)
    b.text("\",\"user\":")
    unsafe text(r.pointee.user, &b)
    b.text(",\"start\":\"")
    unsafe times.append(r.pointee.start, to: &b)
    b.text("\",\"end\":\"")
    unsafe times.append(r.pointee.end, to: &b)
    b.text("\",\"duration_ms\":")
    unsafe b.integer(r.pointee.end &- r.pointee.start)
    b.text(",\"events\":")
    unsafe b.integer(Int64(r.pointee.events))
    b.text(",\"views\":")
    unsafe b.integer(Int64(r.pointee.views))
    b.text(",\"items\":")
    unsafe b.integer(Int64(r.pointee.items))
    b.text(",\"entry\":")
    unsafe text(r.pointee.entry, &b)
    b.text(",\"exit\":")
    unsafe text(r.pointee.exit, &b)
    b.text(",\"referrer\":")
    unsafe text(r.pointee.referrer, &b)
    b.text(",\"value\":")
    unsafe appendNumber(r.pointee.value, &b)
    b.text(",\"ended_by\":\"")
    unsafe b.text(r.pointee.endedBy.staticName)
    b.text("\"}\n")
  }

  /// A sum of values; most sessions have none.
  @inline(__always)
  private func appendNumber(_ v: Double, _ b: inout OutputBuffer) {
    if v == 0 { b.byte(48) } else { appendSum(v, &b) }
  }
  /// An integer when it is one, else the shortest decimal that reads back the same, rounded to a millionth so that a sum
  /// of prices has no tail of binary digits.
  @inline(never)
  private func appendSum(_ v: Double, _ b: inout OutputBuffer) {
    let rounded = (v * 1_000_000).rounded() / 1_000_000
    if rounded == rounded.rounded(), abs(rounded) < 9e15 {
      b.integer(Int64(rounded))
    } else if rounded.isFinite {
      b.text("\(rounded)")
    } else {
      b.byte(48)
    }
  }
}

extension SessionEnd {
  var staticName: StaticString {
    switch self {
    case .gap: "gap"
    case .maxDuration: "max-duration"
    case .maxEvents: "max-events"
    case .midnight: "midnight"
    case .campaign: "campaign"
    case .endOfInput: "end-of-input"
    case .bot: "bot"
    }
  }
}
