import CKernels
import FlatMemory

/// NDJSON to events.
///
/// Method: one pass lists the bytes that may end a string (quote, backslash, control). A line of the usual layout is
/// then told by its literals and cut into fields at once (``LayoutTrace``); another is walked along the layouts learned
/// so far, proving every literal by a compare (``LearnedLayouts``); one that leaves the known ways is read by
/// ``JSONLineScanner``, which teaches its skeleton. All three accept the same lines and give the same fields.
/// Cost: 18 ns for a line of six fields and 157 bytes (26 ns without AVX-512); twice that when layouts alternate.
@safe final class JSONLinesDecoder {
  private var trace: LayoutTrace
  private var layouts = LearnedLayouts()
  private var scanner: JSONLineScanner
  private var assembler: EventAssembler
  private var stops = StopList()
  private let row = unsafe FieldRow.allocate()
  private let lineByteCountMax: Int
  private let learns: Bool

  init(plan: DecodingPlan, learns: Bool = true, isPortable: Bool = false) {
    self.learns = learns
    trace = LayoutTrace(isPortable: isPortable)
    let paths = JSONFieldPaths(plan.fields)
    scanner = JSONLineScanner(paths: paths)
    assembler = EventAssembler(plan: plan, aliases: paths.aliases)
    lineByteCountMax = plan.lineByteCountMax
  }
  deinit {
    trace.deallocate()
    layouts.deallocate()
    scanner.deallocate()
    assembler.deallocate()
    stops.deallocate()
    unsafe row.deallocate()
  }

  /// What changes from line to line: a local of ``decode(_:start:end:spareStart:events:rejected:)``, so that no access
  /// is checked for exclusivity.
  private struct Progress {
    var trace: LayoutTrace
    var scanner: JSONLineScanner
    var assembler: EventAssembler
    var events: FlatArray<LogEvent>
    var rejected: FlatArray<RejectedLine>
    /// Next free byte for unescaped text.
    var spare: Int
    /// Some line of the block is not UTF-8: each must be looked at.
    var checksUTF8 = false
  }

  func decode(
    _ b: UnsafeMutablePointer<UInt8>, start: Int, end: Int, spareStart: Int, events: inout FlatArray<LogEvent>,
    rejected: inout FlatArray<RejectedLine>
  ) {
    var at = Progress(
      trace: trace, scanner: scanner, assembler: assembler, events: events, rejected: rejected, spare: spareStart)
    var stops = self.stops
    var lineStart = start
    var isASCII = true
    stops.begin(at: start)
    while unsafe stops.advance(b, end: end) {
      if isASCII, stops.hasMetHigh {
        // once, for all the rest of the block
        isASCII = false
        at.checksUTF8 = unsafe tw_utf8_valid(b + lineStart, end - lineStart) == 0
      }
      let walk = unsafe LayoutWalk(
        b: b, stops: stops.positions, end: end, edges: layouts.edges, tails: layouts.tails, row: row)
      let positions = unsafe UnsafePointer(stops.positions)
      let stopsEnd = stops.lineEnd
      var k = 0
      while k < stopsEnd {
        let left = unsafe UnsafeBufferPointer(start: positions + k, count: stopsEnd &- k)
        let linesMax = at.trace.linesMax(checksUTF8: at.checksUTF8)
        var taken = unsafe at.trace.take(
          b, left, lineStart: lineStart, byteCountMax: lineByteCountMax, linesMax: linesMax)
        if at.checksUTF8 { taken = unsafe linesInUTF8(b, left, lineStart, taken, at.trace.stopCount) }
        if taken > 0 {
          at.trace.noteHits(taken)
          unsafe at.assembler.add(
            b, rows: at.trace.rows, count: taken, lineStart: lineStart,
            newlines: positions + (k &+ at.trace.stopCount &- 1), newlineStride: at.trace.stopCount,
            events: &at.events, rejected: &at.rejected)
          k &+= taken &* at.trace.stopCount
          lineStart = unsafe Int(positions[k &- 1]) &+ 1
          if taken == linesMax || k == stopsEnd { continue }
        }
        k = unsafe otherLine(b, positions, k, lineStart, walk, &at)
        lineStart = unsafe Int(positions[k &- 1]) &+ 1
      }
    }
    (trace, scanner, assembler, self.stops) = (at.trace, at.scanner, at.assembler, stops)
    (events, rejected) = (at.events, at.rejected)
  }

  /// What the grammar says nothing about: the line's length and its encoding.
  @inline(__always)
  private func isAcceptable(_ b: UnsafePointer<UInt8>, _ lineStart: Int, _ lineEnd: Int, _ checksUTF8: Bool) -> Bool {
    let n = lineEnd &- lineStart
    return unsafe n <= lineByteCountMax && (!checksUTF8 || tw_utf8_valid(b + lineStart, n) != 0)
  }

  /// How many of the first lines, of as many stops each, are well encoded.
  @inline(never)
  private func linesInUTF8(
    _ b: UnsafePointer<UInt8>, _ stops: UnsafeBufferPointer<UInt32>, _ lineStart: Int, _ count: Int, _ lineStops: Int
  ) -> Int {
    var start = lineStart
    for i in 0..<count {
      let end = unsafe Int(stops[(i + 1) * lineStops - 1])
      if unsafe tw_utf8_valid(b + start, end - start) == 0 { return i }
      start = end + 1
    }
    return count
  }

  /// A line that has not the usual layout, whose first stop is `k`; returns the first stop of the next.
  @inline(never)
  private func otherLine(
    _ b: UnsafeMutablePointer<UInt8>, _ stops: UnsafePointer<UInt32>, _ k: Int, _ lineStart: Int, _ walk: LayoutWalk,
    _ at: inout Progress
  ) -> Int {
    let makesTrace = learns && at.trace.noteMiss()
    if !makesTrace {
      unsafe FieldRow.clear(row)
      let spare = at.spare
      let next = walk.line(lineStart, k, &at.scanner, &at.spare)
      if next > 0 {
        let lineEnd = unsafe Int(stops[next &- 1])
        if unsafe isAcceptable(b, lineStart, lineEnd, at.checksUTF8) {
          unsafe at.assembler.add(
            b, row, lineStart: lineStart, lineEnd: lineEnd, events: &at.events, rejected: &at.rejected)
          return next
        }
      }
      at.spare = spare
    }
    var newline = k
    while unsafe b[Int(stops[newline])] != 10 { newline &+= 1 }
    if unsafe scanLine(b, lineStart, Int(stops[newline]), &at), learns {
      if makesTrace {
        unsafe at.trace.learn(b, at.scanner.steps.elements, ending: at.scanner.ending)
      } else {
        unsafe layouts.learn(b, at.scanner.steps.elements, ending: at.scanner.ending)
      }
    }
    return newline &+ 1
  }

  /// One line in full; false when it is rejected for its form, or blank.
  private func scanLine(
    _ b: UnsafeMutablePointer<UInt8>, _ lineStart: Int, _ lineEnd: Int, _ at: inout Progress
  ) -> Bool {
    let n = lineEnd - lineStart
    func reject(_ reason: RejectionReason, _ column: Int) -> Bool {
      at.rejected.append(RejectedLine(offset: lineStart, length: n, column: column, reason: reason))
      return false
    }
    // before all else: a reader that skips an overlong line knows nothing of it but its length
    if n > lineByteCountMax { return reject(.lineTooLong, lineByteCountMax) }
    if unsafe JSONText.skipSpace(b, lineStart) >= lineEnd { return false }
    if at.checksUTF8, unsafe tw_utf8_valid(b + lineStart, n) == 0 {
      return unsafe reject(.notUTF8, utf8PrefixLength(b + lineStart, n))
    }
    unsafe FieldRow.clear(row)
    at.scanner.spare = at.spare
    guard unsafe at.scanner.scan(b, lineStart, lineEnd, row) else {
      return reject(.malformedJSON, at.scanner.errorAt - lineStart)
    }
    at.spare = at.scanner.spare
    unsafe at.assembler.add(
      b, row, lineStart: lineStart, lineEnd: lineEnd, events: &at.events, rejected: &at.rejected)
    return true
  }
}

/// The fast way through a line: along the edges of ``LearnedLayouts``.
@safe private struct LayoutWalk {
  let b: UnsafeMutablePointer<UInt8>
  /// See ``StopList``.
  let stops: UnsafeMutablePointer<UInt32>
  let end: Int
  let edges: UnsafeMutablePointer<KeyTransition>
  let tails: UnsafeMutablePointer<UInt8>
  let row: UnsafeMutablePointer<ByteSpan>

  /// The first stop of the next line, the row being filled; -1 when this line leaves the known ways. `k` is the first
  /// stop of this line.
  @inline(__always)
  func line(_ lineStart: Int, _ k: Int, _ scanner: inout JSONLineScanner, _ spare: inout Int) -> Int {
    var p = lineStart
    // the first stop that is not before p
    var k = k
    var edge = unsafe edges + 1
    while true {
      if unsafe !LearnedLayouts.matches(edge, b + p, end &- p, tails) {
        guard let other = unsafe LearnedLayouts.alternative(to: edge, edges, b + p, end &- p, tails) else { return -1 }
        unsafe edge = unsafe other
      }
      unsafe p &+= Int(edge.pointee.length)
      unsafe k &+= Int(edge.pointee.stopCount)
      let target = unsafe edge.pointee.target
      if target == 0 { return k }
      if unsafe edge.pointee.clears != 0 { unsafe FieldRow.clear(row, edge.pointee.clears) }
      let slot = unsafe Int(edge.pointee.slot)
      if unsafe b[p] == 34 {
        let e = unsafe Int(stops[k &+ 1])
        k &+= 2
        if unsafe b[e] == 34 {
          unsafe row[slot] = ByteSpan(offset: p &+ 1, length: e &- p &- 1)
          p = e &+ 1
        } else {
          scanner.spare = spare
          p = unsafe scanner.text(b, p &+ 1, slot, row)
          if p < 0 { return -1 }
          spare = scanner.spare
          while unsafe stops[k] < p { k &+= 1 }
        }
      } else {
        let isNested = unsafe b[p] | 0x20 == 123
        p = unsafe bareValue(p, slot, edge.pointee.descends)
        if p < 0 { return -1 }
        if isNested { while unsafe stops[k] < p { k &+= 1 } }
      }
      unsafe edge = unsafe edges + Int(target)
    }
  }

  /// A value without quotes at s: its end, or negative when it is malformed or for the scanner.
  @inline(__always)
  private func bareValue(_ s: Int, _ slot: Int, _ descends: Bool) -> Int {
    let c = unsafe b[s]
    if c == 123 || c == 91 {
      if descends { return -1 }
      unsafe row[slot] = .absent
      return unsafe JSONText.nestedEnd(b, s)
    }
    let p = unsafe JSONText.bareEnd(b, s)
    unsafe row[slot] = unsafe JSONText.isNull(b, s, p) ? .absent : ByteSpan(offset: s, length: p &- s)
    return p
  }
}
