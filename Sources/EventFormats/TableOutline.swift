import CKernels
import FlatMemory

/// The columns of the head of a CSV or TSV file, with values: what detection looks at.
struct TableOutline {
  let delimiter: UInt8
  let rows: [[String]]
  /// The first record names the columns: none of its cells is empty, a number or a time, and no two are the same.
  let hasHeader: Bool

  /// Reads up to `rowsMax` records of whole lines; nil when the first one has a single column.
  init?(_ sample: UnsafeRawBufferPointer, delimiter: UInt8, rowsMax: Int = 200) {
    self.delimiter = delimiter
    rows = unsafe TableOutline.rows(sample, delimiter, rowsMax)
    guard let first = rows.first, first.count > 1 else { return nil }
    let isNamed = first.allSatisfy { !$0.isEmpty && Double($0) == nil && TimeFormat(sample: $0) == nil }
    hasHeader = isNamed && Set(first).count == first.count
  }

  var columnCount: Int { rows[0].count }
  var header: [String] { hasHeader ? rows[0] : [] }

  /// How well the delimiter explains the sample: columns, if nearly all rows have the same number of them.
  var score: Int {
    let agreeing = rows.count { $0.count == columnCount }
    return agreeing * 10 >= rows.count * 8 ? columnCount : 0
  }

  var fields: [SampledField] {
    (0..<columnCount).map { column in
      let name = hasHeader ? rows[0][column].trimmingSpaces : String(column + 1)
      let values = rows.dropFirst(hasHeader ? 1 : 0).lazy.filter { column < $0.count && !$0[column].isEmpty }
        .map { $0[column] }.prefix(SampledField.valuesMax)
      return SampledField(keys: [name], name: name, values: Array(values))
    }
  }

  private static func rows(_ sample: UnsafeRawBufferPointer, _ delimiter: UInt8, _ rowsMax: Int) -> [[String]] {
    let bytes = unsafe PaddedBytes(sample)
    let b = unsafe bytes.base
    let n = sample.count
    let columnsMax = 4096
    let stops = UnsafeMutablePointer<UInt32>.allocate(capacity: n + 16)
    let spans = UnsafeMutablePointer<ByteSpan>.allocate(capacity: columnsMax + 1)
    defer {
      bytes.deallocate()
      unsafe stops.deallocate()
      unsafe spans.deallocate()
    }
    let quote: UInt8 = delimiter == 9 ? 10 : 34
    let stopCount = unsafe tw_positions(b, n, delimiter, 10, quote, quote, 0, stops)
    let walk = CSVRecordWalk(delimiter: delimiter, columnsMin: 1, columnsMax: columnsMax, lineByteCountMax: 1 << 20)
    var rows: [[String]] = []
    var p = 0
    var k = 0
    while p < n, rows.count < rowsMax {
      let outcome = unsafe walk.next(
        b, p, end: n, isWhole: true, stops: stops, stopCount: stopCount, k: &k, spans: spans)
      if outcome.status == .incomplete { break }
      if outcome.status == .record {
        rows.append((0..<outcome.columns).map { unsafe cell(b, spans[$0]) })
      }
      p = outcome.end + 1
    }
    return rows
  }

  private static func cell(_ b: UnsafePointer<UInt8>, _ span: ByteSpan) -> String {
    let n = Int(span.length & ~CSVRecordWalk.doubledQuotes)
    let raw = unsafe String(decoding: UnsafeBufferPointer(start: b + Int(span.offset), count: n), as: UTF8.self)
    if span.length & CSVRecordWalk.doubledQuotes != 0 { return raw.replacing("\"\"", with: "\"") }
    if raw.count >= 2, raw.hasPrefix("\""), raw.hasSuffix("\"") { return String(raw.dropFirst().dropLast()) }
    return raw
  }
}

extension String {
  var trimmingSpaces: String {
    let from = drop(while: { $0 == " " })
    return String(from.reversed().drop(while: { $0 == " " }).reversed())
  }
}
