/// Why a file gave no graph: what, in which line, what to do about it. Errors of opening and reading are `InputError`s.
public struct GraphFileError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Kind: Sendable {
    /// The content is not what the format promises.
    case malformed
    /// More lines are malformed than are let pass.
    case tooManyMalformedLines
    /// An option does not go with the format.
    case badOption
    /// More vertices or edges than 32 bits number.
    case tooLarge
  }
  public var kind: Kind
  public var message: String
  public var description: String { message }

  public init(_ kind: Kind, _ message: String) {
    (self.kind, self.message) = (kind, message)
  }
}
