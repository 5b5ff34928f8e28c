/// What went wrong with a snapshot: one sentence saying what, where and what to do.
///
/// Guarantees: every failure of this module is one of these; no input, however damaged or hostile, gives a crash
/// instead. The text is fit to be shown to a user as it is.
public struct SnapshotError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The class of a failure, for programs to branch on (exit codes, retries).
  public enum Kind: Sendable, Equatable {
    /// The bytes are not what the format asks for: damaged, truncated, appended to, or never a snapshot.
    case malformed
    /// A format version this build does not read.
    case unsupportedVersion(UInt32)
    /// The operating system refused; its error number.
    case inputOutput(Int32)
    /// Another writer holds the folder.
    case locked
    /// A declared or given size exceeds a limit.
    case limitExceeded
    /// The caller asked for something that has no meaning (a duplicate section name, say).
    case invalidArgument
    /// There is no such checkpoint.
    case notFound
    /// A delta cannot be used because a checkpoint it builds on is damaged or missing.
    case unusableBase
  }

  public var kind: Kind
  /// The file, folder or section concerned.
  public var path: String?
  /// Where in it, in bytes from its start.
  public var offset: Int?
  /// What is wrong.
  public var problem: String
  /// What to do about it.
  public var advice: String

  public init(_ kind: Kind, _ problem: String, path: String? = nil, offset: Int? = nil, advice: String) {
    self.kind = kind
    self.path = path
    self.offset = offset
    self.problem = problem
    self.advice = advice
  }

  /// Bytes that do not follow their format.
  public static func malformed(
    _ problem: String, path: String? = nil, offset: Int? = nil,
    advice: String = "restore the file from a copy, or remove it to go on from an earlier checkpoint"
  ) -> SnapshotError {
    SnapshotError(.malformed, problem, path: path, offset: offset, advice: advice)
  }

  static func invalidArgument(_ problem: String, path: String? = nil, advice: String) -> SnapshotError {
    SnapshotError(.invalidArgument, problem, path: path, advice: advice)
  }

  public var description: String {
    var text = ""
    if let path { text += path + ": " }
    if let offset { text += "at byte \(offset): " }
    text += problem
    return advice.isEmpty ? text : text + "; " + advice
  }
}
