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

  static let columns = "session_id,user,start,end,duration_ms,events,views,items,entry,exit,referrer,value,ended_by"

  /// The format that a file name asks for: `.ndjson`, `.jsonl` or `.json` (with `.zst` or not) is NDJSON, else CSV.
  init(path: String) {
    var name = path.lowercased()
    if name.hasSuffix(".zst") { name.removeLast(4) }
    format = name.hasSuffix(".ndjson") || name.hasSuffix(".jsonl") || name.hasSuffix(".json") ? .ndjson : .csv
  }
  var head: [UInt8] { format == .csv ? Array((SessionRowWriter.columns + "\n").utf8) : [] }

  mutating func append(_ r: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, to b: inout OutputBuffer) {
    func length(_ s: ByteSpan) -> Int { s.isAbsent ? 0 : Int(s.length) }
    let texts =
      unsafe length(r.pointee.user) + length(r.pointee.entry) + length(r.pointee.exit) + length(r.pointee.referrer)
    b.reserve(texts * 6 + 512)
    switch format {
    case .csv: unsafe appendCSV(r, bytes, &b)
    case .ndjson: unsafe appendJSON(r, bytes, &b)
    }
  }

  private mutating func appendCSV(
    _ r: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, _ b: inout OutputBuffer
  ) {
    @inline(__always) func text(_ s: ByteSpan, _ b: inout OutputBuffer) {
      if !s.isAbsent { unsafe b.csvField(bytes + Int(s.offset), Int(s.length)) }
      b.byte(44)
    }
    unsafe b.hexadecimal(r.pointee.id)
    b.byte(44)
    unsafe text(r.pointee.user, &b)
    unsafe times.append(r.pointee.start, to: &b)
    b.byte(44)
    unsafe times.append(r.pointee.end, to: &b)
    b.byte(44)
    unsafe b.integer(r.pointee.end &- r.pointee.start)
    b.byte(44)
    unsafe b.integer(Int64(r.pointee.events))
    b.byte(44)
    unsafe b.integer(Int64(r.pointee.views))
    b.byte(44)
    unsafe b.integer(Int64(r.pointee.items))
    b.byte(44)
    unsafe text(r.pointee.entry, &b)
    unsafe text(r.pointee.exit, &b)
    unsafe text(r.pointee.referrer, &b)
    unsafe appendNumber(r.pointee.value, &b)
    b.byte(44)
    unsafe b.text(r.pointee.endedBy.staticName)
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

  /// A sum of values: an integer when it is one, else the shortest decimal that reads back the same, rounded to a
  /// millionth so that a sum of prices has no tail of binary digits.
  private func appendNumber(_ v: Double, _ b: inout OutputBuffer) {
    if v == 0 {
      b.byte(48)
      return
    }
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
