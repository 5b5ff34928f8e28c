import CKernels
import FlatMemory

/// CSV and TSV to events.
///
/// Method: one pass lists the positions of all delimiters, quotes and newlines of the block; a record is then a walk
/// over that list. TSV has no quoting of its own: quotes are taken off a field only when they stand at both its ends.
/// Cost: about 4 ns a column, and 15 ns an event.
@safe final class DelimitedDecoder {
  private let walk: CSVRecordWalk
  private let isQuoted: Bool
  private var assembler: EventAssembler
  private let header: [[UInt8]]
  private let headerTime: PaddedBytes
  /// Column and row position of each role.
  private let wanted: FlatArray<WantedColumn>
  private let row = unsafe FieldRow.allocate()
  private let spans: UnsafeMutablePointer<ByteSpan>
  private var stops = FlatArray<UInt32>(capacity: 64)

  private struct WantedColumn: BitwiseCopyable {
    var column: Int
    var slot: Int
  }

  init(plan: DecodingPlan) {
    guard case .quotedCSV(let delimiter, let least, let most) = plan.columnFraming else { fatalError("not a table") }
    walk = CSVRecordWalk(
      delimiter: delimiter, columnsMin: least, columnsMax: most, lineByteCountMax: plan.lineByteCountMax)
    isQuoted = plan.format == .csv
    assembler = EventAssembler(plan: plan)
    header = plan.header.map { Array($0.utf8) }
    let timeColumn = plan.columns[.time] ?? 0
    let timeName = timeColumn < header.count ? header[timeColumn] : []
    headerTime = unsafe timeName.withUnsafeBytes { unsafe PaddedBytes($0) }
    var wanted = FlatArray<WantedColumn>(capacity: FieldRow.count)
    for (role, column) in plan.columns.sorted(by: { $0.value < $1.value }) {
      wanted.append(WantedColumn(column: column, slot: role.index))
    }
    self.wanted = wanted
    unsafe spans = .allocate(capacity: most + 1)
  }
  deinit {
    assembler.deallocate()
    headerTime.deallocate()
    wanted.deallocate()
    unsafe row.deallocate()
    unsafe spans.deallocate()
    stops.deallocate()
  }

  func decode(
    _ b: UnsafeMutablePointer<UInt8>, start: Int, end: Int, spareStart: Int, events: inout FlatArray<LogEvent>,
    rejected: inout FlatArray<RejectedLine>
  ) {
    stops.reserve(end - start + 16)
    let quote: UInt8 = isQuoted ? 34 : 10
    let stopCount = unsafe tw_positions(
      b + start, end - start, walk.delimiter, 10, quote, quote, UInt32(start), stops.base)
    let checksUTF8 = unsafe tw_any_high(b + start, end - start) != 0 && tw_utf8_valid(b + start, end - start) == 0
    let (walk, stops, spans, row, wanted) = unsafe (
      self.walk, UnsafePointer(self.stops.base), self.spans, self.row, self.wanted
    )
    let isQuoted = self.isQuoted
    let headerTimeLength = header.isEmpty ? UInt32.max : UInt32(headerTime.count)
    var assembler = self.assembler
    var decoded = events
    var spare = spareStart
    var p = start
    var k = 0
    while p < end {
      let outcome = unsafe walk.next(
        b, p, end: end, isWhole: true, stops: stops, stopCount: stopCount, k: &k, spans: spans)
      let lineStart = p
      p = outcome.end &+ 1
      if outcome.status == .blank { continue }
      if outcome.status != .record || checksUTF8 {
        if let line = unsafe rejection(b, lineStart, outcome, checksUTF8) {
          rejected.append(line)
          continue
        }
      }
      unsafe FieldRow.clear(row)
      for i in 0..<wanted.count {
        let column = unsafe wanted.base[i].column
        if column >= outcome.columns { break }
        var span = unsafe spans[column]
        if span.length >= CSVRecordWalk.doubledQuotes {
          span = unsafe withoutDoubledQuotes(b, span, &spare)
        } else if !isQuoted, span.length >= 2, unsafe b[Int(span.offset)] == 34 {
          span = unsafe withoutOuterQuotes(b, span, &spare)
        }
        unsafe row[wanted.base[i].slot] = span
      }
      if unsafe row[0].length == headerTimeLength, unsafe isHeader(b, columns: outcome.columns) { continue }
      unsafe assembler.add(b, row, lineStart: lineStart, lineEnd: outcome.end, events: &decoded, rejected: &rejected)
    }
    events = decoded
    self.assembler = assembler
  }

  /// The rejection of a record that is malformed or not UTF-8.
  @inline(never)
  private func rejection(
    _ b: UnsafePointer<UInt8>, _ start: Int, _ outcome: CSVRecordWalk.Outcome, _ checksUTF8: Bool
  ) -> RejectedLine? {
    let n = outcome.end - start
    if checksUTF8, outcome.reason != .lineTooLong || outcome.status == .record, unsafe tw_utf8_valid(b + start, n) == 0
    {
      return unsafe RejectedLine(offset: start, length: n, column: utf8PrefixLength(b + start, n), reason: .notUTF8)
    }
    if outcome.status == .record { return nil }
    return RejectedLine(offset: start, length: n, column: outcome.at - start, reason: outcome.reason)
  }

  /// Whether the record in `spans` repeats the header (files joined together).
  @inline(never)
  private func isHeader(_ b: UnsafePointer<UInt8>, columns: Int) -> Bool {
    guard columns == header.count else { return false }
    for i in 0..<columns {
      var cell = unsafe UnsafeBufferPointer(
        start: b + Int(spans[i].offset), count: Int(spans[i].length & ~CSVRecordWalk.doubledQuotes))[...]
      if !isQuoted, unsafe cell.count >= 2, unsafe cell.first == 34, unsafe cell.last == 34 {
        unsafe cell = unsafe cell.dropFirst().dropLast()
      }
      // a name with quotes of its own is as good as compared by the others
      if unsafe !cell.contains(34), unsafe !cell.elementsEqual(header[i]) { return false }
    }
    return true
  }

  @inline(never)
  private func withoutDoubledQuotes(_ b: UnsafeMutablePointer<UInt8>, _ span: ByteSpan, _ spare: inout Int) -> ByteSpan
  {
    let n = Int(span.length & ~CSVRecordWalk.doubledQuotes)
    let from = Int(span.offset)
    let to = spare
    var i = from
    while i < from + n {
      unsafe b[spare] = unsafe b[i]
      spare += 1
      unsafe i += b[i] == 34 ? 2 : 1
    }
    return ByteSpan(offset: to, length: spare - to)
  }

  /// TSV: `"a ""b"""` as spreadsheets write it; a field with a quote at one end only is taken as it is.
  @inline(never)
  private func withoutOuterQuotes(_ b: UnsafeMutablePointer<UInt8>, _ span: ByteSpan, _ spare: inout Int) -> ByteSpan {
    let from = Int(span.offset) + 1
    let n = Int(span.length) - 2
    guard unsafe b[from + n] == 34 else { return span }
    var i = from
    var doubled = false
    while i < from + n {
      if unsafe b[i] == 34 {
        guard i + 1 < from + n, unsafe b[i + 1] == 34 else { return span }
        doubled = true
        i += 1
      }
      i += 1
    }
    let inner = ByteSpan(offset: from, length: n | (doubled ? Int(CSVRecordWalk.doubledQuotes) : 0))
    return unsafe doubled ? withoutDoubledQuotes(b, inner, &spare) : inner
  }
}
