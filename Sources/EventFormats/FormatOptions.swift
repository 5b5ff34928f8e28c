/// What the user said about an input; everything left nil or empty is found out from its content.
public struct FormatOptions: Codable, Sendable, Equatable {
  public var format: LogFormat?
  /// Fields named by hand (`--fields user=visitor_id,time=ts`); the others are found by their usual names.
  public var fields: [FieldRole: String]
  public var timeFormat: TimeFormat?
  /// Longest line (without its newline) that is decoded; longer ones are rejected.
  public var lineByteCountMax: Int

  public init(
    format: LogFormat? = nil, fields: [FieldRole: String] = [:], timeFormat: TimeFormat? = nil,
    lineByteCountMax: Int = 1 << 20
  ) {
    self.format = format
    self.fields = fields
    self.timeFormat = timeFormat
    self.lineByteCountMax = lineByteCountMax
  }
}
