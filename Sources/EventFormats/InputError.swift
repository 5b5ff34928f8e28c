/// Why an input could not be opened or read: what, where, and what to do about it.
public struct InputError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Kind: Sendable {
    case notFound, isFolder, noPermission
    /// The system failed to open or read it.
    case readFailed
    /// A zstd or gzip stream that ends too early.
    case truncated
    /// A zstd or gzip stream with wrong content.
    case corrupt
  }
  public var kind: Kind
  public var message: String
  public var description: String { message }

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }
}
