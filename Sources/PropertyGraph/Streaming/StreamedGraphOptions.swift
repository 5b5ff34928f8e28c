/// How a graph follows a stream of edges, and what is said about it.
public struct StreamedGraphOptions: Sendable, Equatable {
  /// Edges older than this, against the highest event time so far, expire; nil: none do.
  public var windowMilliseconds: Int64?
  /// Changes in a batch; nil: any number.
  public var batchChangeCount: Int? = 1000
  /// Batches end at multiples of this in event time, counted from 1970; nil: they do not.
  public var batchMilliseconds: Int64?
  /// The certified error asked for: the L1 distance to the exact ranks, relative to their sum.
  public var tolerance = 1e-4
  public var damping = 0.85
  public var isWeighted = false
  /// Every edge is one in both directions.
  public var isUndirected = false
  /// How many of the highest ranks each batch tells.
  public var topCount = 10
  /// Changes of a rank (of ranks that sum to 1) from this on are told; nil: none are.
  public var rankChangeMin: Double?
  /// Whether each batch tells which vertices came to another component.
  public var reportsComponentChanges = false
  /// Whether every batch is computed from scratch as well, and compared.
  public var verifies = false
  /// Threads for a scan of the whole graph; results do not depend on it. Nil: one per core.
  public var workers: Int?

  public init() {}

  /// Why these options cannot be used; nil when they can. `hasRemovals`: edges may be taken away before they expire.
  public func problem(hasRemovals: Bool) -> String? {
    if batchChangeCount == nil, batchMilliseconds == nil {
      return "a batch needs an end: a number of changes or a time"
    }
    if let n = batchChangeCount, n < 1 { return "a batch holds at least 1 change" }
    if let n = batchMilliseconds, n < 1 { return "a batch lasts at least 1 ms" }
    if let n = windowMilliseconds, n < 1 { return "the window is at least 1 ms long" }
    if !(tolerance > 0 && tolerance < 1) { return "the tolerance must be above 0 and below 1" }
    if !(damping >= 0 && damping < 1) { return "the damping must be 0 or more and below 1" }
    if hasRemovals, isUndirected, isWeighted || windowMilliseconds != nil {
      return "edges without direction that are removed one by one can have neither weights nor a window: "
        + "it could not be told which of several parallel edges is meant"
    }
    return nil
  }
}
