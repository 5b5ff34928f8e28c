import CKernels
import FlatMemory

/// Decides how an input is to be decoded, from its first bytes.
///
/// The format is told from the content: a JSON object a line, lines that read as an access log, else the delimiter that
/// gives all lines the same number of columns. Fields are found by name (``FieldNames``), times by value too.
/// Cost: a few milliseconds, once per input. Deterministic: the same sample and options give the same plan.
public enum FormatDetector {
  /// Lines looked at.
  static let linesMax = 1000

  /// The plan for an input.
  ///
  /// - Parameters:
  ///   - sample: the decompressed head of the input, at most 1 MiB; a last line without its newline is left aside,
  ///     unless it is the only one.
  ///   - name: what the input is called in messages.
  ///   - options: what is known already.
  /// - Throws: ``FormatError`` when the format, the time or the user cannot be found; its text lists what is there and
  ///   names the option to try.
  public static func plan(
    sample: UnsafeRawBufferPointer, name: String, options: FormatOptions
  ) throws(FormatError) -> DecodingPlan {
    let head = unsafe wholeLines(sample)
    guard unsafe head.contains(where: { $0 > 32 }) else {
      throw .emptyInput("\(name): the input is empty; nothing to learn its format from")
    }
    let format: LogFormat
    if let given = options.format { format = given } else { format = try unsafe detect(head, sample, name) }
    switch format {
    case .ndjson: return try unsafe jsonPlan(head, name, options)
    case .csv: return try unsafe tablePlan(head, name, options, .csv)
    case .tsv: return try unsafe tablePlan(head, name, options, .tsv)
    case .combined, .common:
      if let role = options.fields.keys.min(by: { $0.index < $1.index }) {
        throw .badOption(
          "\(name): --fields \(role.rawValue)=…: the fields of an access log are fixed by its format; "
            + "leave the option out, or name another --format")
      }
      return DecodingPlan(format: format, timeFormat: .clf, lineByteCountMax: options.lineByteCountMax)
    }
  }

  // MARK: Which format

  private static func detect(
    _ head: UnsafeRawBufferPointer, _ sample: UnsafeRawBufferPointer, _ name: String
  ) throws(FormatError) -> LogFormat {
    if let format = try unsafe foreign(sample, name) { return format }
    if let log = unsafe accessLog(head) { return log }
    if let table = unsafe bestTable(head, [44, 9, 59, 124]) { return table.delimiter == 9 ? .tsv : .csv }
    let line = unsafe String(decoding: lines(head, max: 1).first.map(Array.init) ?? [], as: UTF8.self)
    throw .unknownFormat(
      "\(name): the format was not recognised; its first line is\n  \(line.prefix(100))\n"
        + "Known are NDJSON, CSV, TSV, and Common and Combined access logs; "
        + "name one with --format \(LogFormat.allCases.map(\.rawValue).joined(separator: "|"))")
  }

  /// JSON or an access log, when some lines read as one of them beyond doubt.
  static func clearFormat(of sample: UnsafeRawBufferPointer) -> LogFormat? {
    let outline = unsafe jsonOutline(sample, linesMax: 20)
    if outline.objectCount > 0, outline.objectCount == outline.lineCount { return .ndjson }
    return unsafe accessLog(sample)
  }

  /// What the first bytes alone give away: JSON, or a kind of file that is not read here.
  private static func foreign(_ head: UnsafeRawBufferPointer, _ name: String) throws(FormatError) -> LogFormat? {
    func begins(_ bytes: [UInt8]) -> Bool { unsafe head.starts(with: bytes) }
    func refuse(_ what: String, _ advice: String) -> FormatError {
      .unknownFormat("\(name): this is \(what); \(advice)")
    }
    if begins([0x50, 0x41, 0x52, 0x31]) {
      throw refuse("a Parquet file", "export it first, for example with duckdb: COPY (FROM '\(name)') TO 'x.csv'")
    }
    if begins([0x50, 0x4b, 3, 4]) { throw refuse("a zip archive", "unpack it first: unzip -p \(name) | …") }
    if begins([0x42, 0x5a, 0x68]) { throw refuse("compressed with bzip2", "unpack it first: bzcat \(name) | …") }
    if begins([0xfd, 0x37, 0x7a, 0x58, 0x5a]) {
      throw refuse("compressed with xz", "unpack it first: xzcat \(name) | …")
    }
    if begins([0xff, 0xfe]) || begins([0xfe, 0xff]) {
      throw refuse("UTF-16 text", "convert it first: iconv -f UTF-16 -t UTF-8 \(name) | …")
    }
    if unsafe head.prefix(4096).contains(0) { throw refuse("a binary file", "text with one event a line is wanted") }
    let start = unsafe head.firstIndex { $0 > 32 && $0 != 0xef && $0 != 0xbb && $0 != 0xbf } ?? 0
    if unsafe head[start] == 91 {
      let next = unsafe head[(start + 1)...].first { $0 > 32 }
      if next == 123 {
        throw refuse("a JSON array", "one object a line is wanted: jq -c '.[]' \(name) | …")
      }
    }
    if unsafe head[start] == 123 {
      let outline = unsafe jsonOutline(head, linesMax: 20)
      if outline.objectCount > 0 { return .ndjson }
      throw refuse("JSON, but not one object a line", "put each event on a line of its own: jq -c . \(name) | …")
    }
    return nil
  }

  /// Common or Combined, when at least half of the first lines read as one of them.
  private static func accessLog(_ head: UnsafeRawBufferPointer) -> LogFormat? {
    let sampled = unsafe lines(head, max: 100)
    guard let last = unsafe sampled.last else { return nil }
    let count = unsafe last.endIndex
    let bytes = unsafe PaddedBytes(UnsafeRawBufferPointer(rebasing: head[..<count]), extra: count + 1 + 2 * bytePadding)
    defer { bytes.deallocate() }
    unsafe bytes.base[count] = 10
    var events = FlatArray<LogEvent>(capacity: 128)
    var rejected = FlatArray<RejectedLine>(capacity: 128)
    defer {
      events.deallocate()
      rejected.deallocate()
    }
    unsafe LogDecoder(plan: DecodingPlan(format: .combined, timeFormat: .clf)).decode(
      bytes.base, start: 0, end: count + 1, spareStart: count + 1 + bytePadding, events: &events, rejected: &rejected)
    guard events.count > 0, unsafe events.count * 2 >= sampled.count else { return nil }
    // the user of a line with a user agent stands in the spare space
    let withAgent = unsafe events.elements.count { Int($0.userOffset) > count }
    return withAgent * 2 >= events.count ? .combined : .common
  }

  private static func bestTable(_ head: UnsafeRawBufferPointer, _ delimiters: [UInt8]) -> TableOutline? {
    var best: TableOutline?
    for delimiter in delimiters {
      guard let table = unsafe TableOutline(head, delimiter: delimiter), table.score > best?.score ?? 1 else {
        continue
      }
      best = table
    }
    return best
  }

  // MARK: Plans

  private static func jsonPlan(
    _ head: UnsafeRawBufferPointer, _ name: String, _ options: FormatOptions
  ) throws(FormatError) -> DecodingPlan {
    let outline = unsafe jsonOutline(head, linesMax: linesMax)
    guard outline.objectCount > 0 else {
      throw .unknownFormat(
        "\(name): none of its first \(outline.lineCount) lines is a JSON object; "
          + "is it another --format (\(LogFormat.allCases.map(\.rawValue).joined(separator: ", ")))?")
    }
    let finder = FieldFinder(source: name, fields: outline.fields, options: options, isTable: false)
    let found = try finder.find()
    return DecodingPlan(
      format: .ndjson, timeFormat: found.timeFormat, fields: found.indexes.mapValues { outline.fields[$0].name },
      lineByteCountMax: options.lineByteCountMax)
  }

  private static func tablePlan(
    _ head: UnsafeRawBufferPointer, _ name: String, _ options: FormatOptions, _ format: LogFormat
  ) throws(FormatError) -> DecodingPlan {
    guard let table = unsafe bestTable(head, format == .tsv ? [9] : [44, 59, 124, 9]) else {
      throw .unknownFormat(
        "\(name): its lines do not split into columns at \(format == .tsv ? "tabs" : "commas or semicolons"); "
          + "is it another --format (\(LogFormat.allCases.map(\.rawValue).joined(separator: ", ")))?")
    }
    if !table.hasHeader, options.fields[.time] == nil || options.fields[.user] == nil {
      let cells = table.rows[0].enumerated().prefix(12).map { "\($0 + 1)=\($1.prefix(40))" }.joined(separator: ", ")
      throw .fieldNotFound(
        "\(name): its first line does not name the columns: \(cells)\n"
          + "Name the time and the user by number, for example --fields time=1,user=2")
    }
    let finder = FieldFinder(source: name, fields: table.fields, options: options, isTable: true)
    let found = try finder.find()
    return DecodingPlan(
      format: format, timeFormat: found.timeFormat, fields: found.indexes.mapValues { table.fields[$0].name },
      columns: found.indexes, header: table.header, columnCount: table.columnCount, delimiter: table.delimiter,
      lineByteCountMax: options.lineByteCountMax)
  }

  // MARK: Lines

  /// Everything up to the last newline; all of it when there is none.
  private static func wholeLines(_ sample: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard let last = unsafe sample.lastIndex(of: 10) else { return unsafe sample }
    return unsafe UnsafeRawBufferPointer(rebasing: sample[...last])
  }

  /// The first lines that are not blank, without their newlines.
  private static func lines(_ head: UnsafeRawBufferPointer, max: Int) -> [Slice<UnsafeRawBufferPointer>] {
    var lines: [Slice<UnsafeRawBufferPointer>] = unsafe []
    guard let start = head.baseAddress else { return unsafe lines }
    let b = unsafe start.assumingMemoryBound(to: UInt8.self)
    var from = 0
    while from < head.count, unsafe lines.count < max {
      let end = unsafe lineEnd(b, from, head.count)
      if unsafe head[from..<end].contains(where: { $0 > 32 }) { unsafe lines.append(head[from..<end]) }
      from = end + 1
    }
    return unsafe lines
  }

  /// What the first lines that are not blank hold as JSON.
  private static func jsonOutline(_ head: UnsafeRawBufferPointer, linesMax: Int) -> JSONOutline {
    var outline = JSONOutline()
    let samples = unsafe lines(head, max: linesMax)
    for i in unsafe samples.indices {
      let line = unsafe samples[i]
      if unsafe line.endIndex + bytePadding < head.count {
        // its newline and enough beyond it can be read where it stands
        unsafe outline.add((head.baseAddress! + line.startIndex).assumingMemoryBound(to: UInt8.self), line.count)
      } else {
        unsafe outline.add(UnsafeRawBufferPointer(rebasing: line))
      }
    }
    return outline
  }
}
