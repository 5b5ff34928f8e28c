/// Why a line could not be decoded. The names are part of the dead-letter format.
public enum RejectionReason: UInt8, BitwiseCopyable, Sendable, Codable, CaseIterable {
  case malformedJSON = 0
  case missingTime = 1
  case unreadableTime = 2
  case missingUser = 3
  case userTooLong = 4
  case lineTooLong = 5
  case notUTF8 = 6
  case malformedCSV = 7
  case wrongColumnCount = 8
  case malformedLogLine = 9

  public var name: String {
    switch self {
    case .malformedJSON: "malformed-json"
    case .missingTime: "missing-time"
    case .unreadableTime: "unreadable-time"
    case .missingUser: "missing-user"
    case .userTooLong: "user-too-long"
    case .lineTooLong: "line-too-long"
    case .notUTF8: "not-utf8"
    case .malformedCSV: "malformed-csv"
    case .wrongColumnCount: "wrong-column-count"
    case .malformedLogLine: "malformed-log-line"
    }
  }
}

/// One line that gave no event: where it stands in its block and where in it the trouble is.
public struct RejectedLine: BitwiseCopyable, Sendable, Equatable {
  /// First byte of the line in the block.
  public var offset: UInt32
  /// Bytes of the line without its newline.
  public var length: UInt32
  /// Byte in the line where it went wrong, from 0; at most `length`.
  public var column: UInt32
  public var reason: RejectionReason

  public init(offset: Int, length: Int, column: Int, reason: RejectionReason) {
    self.offset = UInt32(truncatingIfNeeded: offset)
    self.length = UInt32(truncatingIfNeeded: length)
    self.column = UInt32(truncatingIfNeeded: min(max(column, 0), length))
    self.reason = reason
  }
}
