/// Why a source cannot give what is asked of it: what, where, and what to do.
public struct SourceError: Error, Equatable, Sendable, CustomStringConvertible {
  public var source: String
  public var problem: String
  public var advice: String

  public init(source: String, problem: String, advice: String) {
    (self.source, self.problem, self.advice) = (source, problem, advice)
  }
  public var description: String { "the source '\(source)' \(problem); \(advice)" }
}
