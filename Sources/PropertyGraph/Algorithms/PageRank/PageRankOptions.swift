/// What ranks mean and how exact they shall be.
public struct PageRankOptions: Sendable, Equatable {
  /// When a computation ends.
  public enum Termination: Sendable, Equatable {
    /// After this many synchronous rounds from the start: the definition of LDBC Graphalytics.
    case iterations(Int)
    /// When the ranks differ from the exact ones by at most this much in sum (they sum to 1), as certified.
    case tolerance(Double)
  }

  /// d: the share of a vertex's rank that follows its edges; the rest goes where the walk starts anew.
  public var damping: Double
  public var termination: Termination
  /// Whether rank follows edges in proportion to their weights, which must not be negative.
  public var isWeighted: Bool
  /// Where walks start, and start anew, with their weights; nil: at every vertex alike. The rank of vertices without
  /// edges out goes there too.
  public var personalization: [VertexIndex: Double]?
  /// Ranks to begin with, for instance those of a similar graph; their scale does not matter. Nil: where walks start.
  public var initial: [Double]?

  public init(
    damping: Double = 0.85, termination: Termination = .tolerance(1e-6), weighted: Bool = false,
    personalization: [VertexIndex: Double]? = nil, initial: [Double]? = nil
  ) {
    precondition(damping >= 0 && damping < 1, "the damping must be at least 0 and below 1, not \(damping)")
    switch termination {
    case .iterations(let count): precondition(count >= 0, "\(count) iterations")
    case .tolerance(let tolerance): precondition(tolerance > 0, "the tolerance must be above 0, not \(tolerance)")
    }
    (self.damping, self.termination, isWeighted) = (damping, termination, weighted)
    (self.personalization, self.initial) = (personalization, initial)
  }
}
