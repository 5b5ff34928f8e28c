/// How the records of an input are written. A nil format in ``FormatOptions`` means: find out from the content.
public enum LogFormat: String, Codable, Sendable, CaseIterable {
  /// One JSON object a line.
  case ndjson
  /// Comma- or semicolon-separated values, quoted as in RFC 4180.
  case csv
  /// Tab-separated values.
  case tsv
  /// Combined access log of Apache and nginx: the Common log plus referrer and user agent.
  case combined
  /// Common log format (NCSA).
  case common
}

/// How an input is compressed; recognised by its first bytes, never by its name.
public enum CompressionFormat: String, Codable, Sendable, CaseIterable {
  case none, zstd, gzip

  /// What the first bytes of an input say (four are enough).
  public init(head: UnsafeRawBufferPointer) {
    // RFC 8878: frames start with 0xFD2FB528, skippable frames with 0x184D2A5?; RFC 1952: 1f 8b.
    if head.count >= 4, unsafe head[1] == 0xb5, unsafe head[2] == 0x2f, unsafe head[3] == 0xfd, unsafe head[0] == 0x28 {
      self = .zstd
    } else if head.count >= 4, unsafe head[0] & 0xf0 == 0x50, unsafe head[1] == 0x2a, unsafe head[2] == 0x4d,
      unsafe head[3] == 0x18
    {
      self = .zstd
    } else if head.count >= 2, unsafe head[0] == 0x1f, unsafe head[1] == 0x8b {
      self = .gzip
    } else {
      self = .none
    }
  }
}
