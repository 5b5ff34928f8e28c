import CKernels
import FlatMemory

/// NDJSON to events.
///
/// Method: one pass marks the bytes that may end a string (quote, backslash, control) for the whole block; each line
/// is then walked along the layouts learned so far, proving every literal by a compare; a line that leaves the known
/// ways is read by ``JSONLineScanner``, which teaches its skeleton. Both accept the same lines and give the same
/// fields.
/// Cost: about 35 ns for a line of six fields and 157 bytes.
final class JSONLinesDecoder {
  private var layouts = LearnedLayouts()
  private var scanner: JSONLineScanner
  private var assembler: EventAssembler
  private let row = FieldRow.allocate()
  private var bits: UnsafeMutablePointer<UInt64>
  private var bitsCapacity = 0
  private let lineByteCountMax: Int

  init(plan: DecodingPlan) {
    let paths = JSONFieldPaths(plan.fields)
    scanner = JSONLineScanner(paths: paths)
    assembler = EventAssembler(plan: plan, aliases: paths.aliases)
    bits = .allocate(capacity: 1)
    lineByteCountMax = plan.lineByteCountMax
  }
  deinit {
    layouts.deallocate()
    scanner.deallocate()
    assembler.deallocate()
    row.deallocate()
    bits.deallocate()
  }

  func decode(
    _ b: UnsafeMutablePointer<UInt8>, start: Int, end: Int, spareStart: Int, events: inout FlatArray<LogEvent>,
    rejected: inout FlatArray<RejectedLine>
  ) {
    guard start < end else { return }
    markStops(b, start, end)
    let checksUTF8 = tw_any_high(b + start, end - start) != 0 && tw_utf8_valid(b + start, end - start) == 0
    let walk = LayoutWalk(
      b: b, bits: UnsafeRawPointer(bits).assumingMemoryBound(to: UInt8.self), end: end, edges: layouts.edges,
      tails: layouts.tails, row: row)
    // locals: no exclusivity checks, registers
    var assembler = self.assembler
    var scanner = self.scanner
    var decoded = events
    var spare = spareStart
    var p = start
    while p < end {
      FieldRow.clear(row)
      let lineSpare = spare
      let next = walk.line(p, &scanner, &spare)
      if next > 0, next &- p <= lineByteCountMax, !checksUTF8 || tw_utf8_valid(b + p, next &- p) != 0 {
        assembler.add(b, row, lineStart: p, lineEnd: next &- 1, events: &decoded, rejected: &rejected)
        p = next
        continue
      }
      spare = lineSpare
      p = scanLine(b, p, end, checksUTF8, &spare, &scanner, &assembler, &decoded, &rejected)
    }
    events = decoded
    self.assembler = assembler
    self.scanner = scanner
  }

  private func markStops(_ b: UnsafeMutablePointer<UInt8>, _ start: Int, _ end: Int) {
    let words = (end + 63) >> 6
    if words + 2 > bitsCapacity {
      bits.deallocate()
      bitsCapacity = words * 2 + 2
      bits = .allocate(capacity: bitsCapacity)
    }
    let first = start >> 6
    tw_stop_bitmap(b + first << 6, end - first << 6, bits + first)
  }

  /// One line in full; returns the start of the next.
  @inline(never)
  private func scanLine(
    _ b: UnsafeMutablePointer<UInt8>, _ lineStart: Int, _ end: Int, _ checksUTF8: Bool, _ spare: inout Int,
    _ scanner: inout JSONLineScanner, _ assembler: inout EventAssembler, _ events: inout FlatArray<LogEvent>,
    _ rejected: inout FlatArray<RejectedLine>
  ) -> Int {
    let lineEnd = lineEnd(b, lineStart, end)
    let n = lineEnd - lineStart
    func reject(_ reason: RejectionReason, _ column: Int) -> Int {
      rejected.append(RejectedLine(offset: lineStart, length: n, column: column, reason: reason))
      return lineEnd + 1
    }
    if JSONText.skipSpace(b, lineStart) >= lineEnd { return lineEnd + 1 }
    if n > lineByteCountMax { return reject(.lineTooLong, lineByteCountMax) }
    if checksUTF8, tw_utf8_valid(b + lineStart, n) == 0 { return reject(.notUTF8, utf8PrefixLength(b + lineStart, n)) }
    FieldRow.clear(row)
    scanner.spare = spare
    guard scanner.scan(b, lineStart, lineEnd, row) else { return reject(.malformedJSON, scanner.errorAt - lineStart) }
    spare = scanner.spare
    layouts.learn(b, scanner.steps.elements, ending: scanner.ending)
    assembler.add(b, row, lineStart: lineStart, lineEnd: lineEnd, events: &events, rejected: &rejected)
    return lineEnd + 1
  }
}

/// The fast way through a line: along the edges of ``LearnedLayouts``.
private struct LayoutWalk {
  let b: UnsafeMutablePointer<UInt8>
  /// A stop bit per byte of the block, addressed by byte.
  let bits: UnsafePointer<UInt8>
  let end: Int
  let edges: UnsafeMutablePointer<KeyTransition>
  let tails: UnsafeMutablePointer<UInt8>
  let row: UnsafeMutablePointer<ByteSpan>

  /// Start of the next line, the row being filled; -1 when this line leaves the known ways.
  @inline(__always)
  func line(_ lineStart: Int, _ scanner: inout JSONLineScanner, _ spare: inout Int) -> Int {
    var p = lineStart
    var edge = edges + 1
    while true {
      if !LearnedLayouts.matches(edge, b + p, end &- p, tails) {
        guard let other = LearnedLayouts.alternative(to: edge, edges, b + p, end &- p, tails) else { return -1 }
        edge = other
      }
      p &+= Int(edge.pointee.length)
      let target = edge.pointee.target
      if target == 0 { return p }
      if edge.pointee.clears != 0 { FieldRow.clear(row, edge.pointee.clears) }
      let slot = Int(edge.pointee.slot)
      if b[p] == 34 {
        let s = p &+ 1
        // a window of at least 57 bits from s on: a value seldom needs a second look
        var e = s
        var m = load8(bits + s &>> 3) &>> UInt64(truncatingIfNeeded: s & 7)
        while m == 0 {
          e = (e &+ 56) & ~7
          m = load8(bits + e &>> 3)
        }
        e &+= m.trailingZeroBitCount
        if b[e] == 34 {
          row[slot] = ByteSpan(offset: s, length: e &- s)
          p = e &+ 1
        } else {
          scanner.spare = spare
          p = scanner.text(b, s, slot, row)
          if p < 0 { return -1 }
          spare = scanner.spare
        }
      } else {
        let s = p
        p = bareValue(s, slot, edge.pointee.descends)
        if p < 0 { return -1 }
      }
      edge = edges + Int(target)
    }
  }

  /// A value without quotes at s: its end, or negative when it is malformed or for the scanner.
  @inline(__always)
  private func bareValue(_ s: Int, _ slot: Int, _ descends: Bool) -> Int {
    let c = b[s]
    if c == 123 || c == 91 {
      if descends { return -1 }
      row[slot] = .absent
      return JSONText.nestedEnd(b, s)
    }
    let p = JSONText.bareEnd(b, s)
    row[slot] = JSONText.isNull(b, s, p) ? .absent : ByteSpan(offset: s, length: p &- s)
    return p
  }
}
