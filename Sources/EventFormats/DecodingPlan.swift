/// Everything a decoder needs to know about one input: plain data, decided once, kept in checkpoints.
public struct DecodingPlan: Codable, Sendable, Equatable {
  public var format: LogFormat
  public var timeFormat: TimeFormat
  /// NDJSON: the path of each role (`\.` is a dot inside a key). CSV, TSV: the name of its column. Logs: empty.
  public var fields: [FieldRole: String]
  /// CSV, TSV: the column of each role, from 0.
  public var columns: [FieldRole: Int]
  /// CSV, TSV: the names in the first record; such a record is skipped wherever it comes again. Empty: no header.
  public var header: [String]
  /// CSV, TSV: columns of a record.
  public var columnCount: Int
  /// CSV, TSV: the byte between columns.
  public var delimiter: UInt8
  /// Longest line (without its newline) that is decoded.
  public var lineByteCountMax: Int

  public init(
    format: LogFormat, timeFormat: TimeFormat, fields: [FieldRole: String] = [:], columns: [FieldRole: Int] = [:],
    header: [String] = [], columnCount: Int = 0, delimiter: UInt8 = 44, lineByteCountMax: Int = 1 << 20
  ) {
    self.format = format
    self.timeFormat = timeFormat
    self.fields = fields
    self.columns = columns
    self.header = header
    self.columnCount = columnCount
    self.delimiter = delimiter
    self.lineByteCountMax = lineByteCountMax
  }

  /// How records are told apart.
  public var framing: RecordFraming { format == .csv ? columnFraming : .newline }

  /// The columns of a table: those up to the time's and the user's must be there, the rest may be missing at the end.
  var columnFraming: RecordFraming {
    let least = max(columns[.time] ?? 0, columns[.user] ?? 0) + 1
    return .quotedCSV(delimiter: delimiter, columnsMin: least, columnsMax: max(columnCount, least))
  }
}
