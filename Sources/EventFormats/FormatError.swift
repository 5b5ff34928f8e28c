/// Why no decoding plan could be made; the text says what was found and which option to try.
public struct FormatError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Kind: Sendable {
    /// An option names an unknown role, field or format.
    case badOption
    /// The input holds no record to learn from.
    case emptyInput
    /// The content is none of the known formats.
    case unknownFormat
    /// The time or the user was not found among the fields.
    case fieldNotFound
  }
  public var kind: Kind
  public var message: String
  public var description: String { message }

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }
  static func badOption(_ message: String) -> FormatError { FormatError(.badOption, message) }
  static func emptyInput(_ message: String) -> FormatError { FormatError(.emptyInput, message) }
  static func unknownFormat(_ message: String) -> FormatError { FormatError(.unknownFormat, message) }
  static func fieldNotFound(_ message: String) -> FormatError { FormatError(.fieldNotFound, message) }
}
