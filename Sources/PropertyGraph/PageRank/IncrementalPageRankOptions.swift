/// What ranks mean and how exact they are kept.
public struct IncrementalPageRankOptions: Sendable, Equatable {
  /// How a batch is brought under the tolerance. Anything but automatic is for measurements and tests.
  public enum Method: Sendable, Equatable { case automatic, push, sweep }

  /// d: the share of a vertex's rank that follows its edges; the rest goes where the teleport vector points.
  public var damping: Double
  /// The certified error asked for: the L1 distance to the exact ranks, relative to their sum.
  public var tolerance: Double
  /// The teleport vector of personalised ranks: a weight per seed. Nil: 1 for every vertex.
  public var seeds: [VertexIndex: Float]?
  /// The most threads a computation uses; results do not depend on it. Nil: one per core.
  public var workers: Int?
  public var method: Method

  public init(
    damping: Double = 0.85, tolerance: Double = 1e-4, seeds: [VertexIndex: Float]? = nil, workers: Int? = nil,
    method: Method = .automatic
  ) {
    precondition(damping >= 0 && damping < 1, "the damping must be at least 0 and below 1")
    precondition(tolerance > 0 && tolerance < 1, "the tolerance must be above 0 and below 1")
    self.damping = damping
    self.tolerance = tolerance
    self.seeds = seeds
    self.workers = workers
    self.method = method
  }
}

/// What bringing a batch under the tolerance took.
public struct PageRankUpdateReport: Sendable, Equatable {
  /// Edges that residual was pushed along, 4 more counted per push.
  public var pushedEdges = 0
  /// Scans of all edges: passes of residual, sweeps, and those that recompute the residuals.
  public var sweeps = 0
  /// The certified relative L1 error of the unnormalised ranks.
  public var errorBound = 0.0

  public init() {}
}
