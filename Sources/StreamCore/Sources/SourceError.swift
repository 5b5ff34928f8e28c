/// Why a source cannot give what is asked of it: what, where, and what to do.
public struct SourceError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Name of the source.
  public var source: String
  /// What is wrong, as the rest of a sentence that begins with the source.
  public var problem: String
  /// What to do about it.
  public var advice: String

  public init(source: String, problem: String, advice: String) {
    (self.source, self.problem, self.advice) = (source, problem, advice)
  }
  public var description: String { "the source '\(source)' \(problem); \(advice)" }
}
