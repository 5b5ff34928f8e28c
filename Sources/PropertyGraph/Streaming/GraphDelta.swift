/// What one batch of changes did to a graph that follows a stream: an element of the stream that
/// ``StreamCore/DStream/graphUpdates(_:options:)`` gives.
public struct GraphDelta: Sendable, Equatable {
  public struct RankedVertex: Sendable, Equatable {
    public var id: VertexID
    /// Of ranks that sum to 1.
    public var rank: Double

    public init(id: VertexID, rank: Double) { (self.id, self.rank) = (id, rank) }
  }
  public struct RankChange: Sendable, Equatable {
    public var id: VertexID
    /// What was last told; 0 for a vertex that was not there.
    public var before: Double
    /// 0 for a vertex that is gone.
    public var rank: Double

    public init(id: VertexID, before: Double, rank: Double) { (self.id, self.before, self.rank) = (id, before, rank) }
  }
  public struct ComponentChange: Sendable, Equatable {
    public var id: VertexID
    /// The lowest id of its component; nil for a vertex that is gone.
    public var component: VertexID?

    public init(id: VertexID, component: VertexID?) { (self.id, self.component) = (id, component) }
  }
  /// How the ranks were brought under the tolerance.
  public enum Method: String, Sendable {
    /// Residual was pushed along the edges near the changes, or nothing had to be done.
    case sparse
    /// Sweeps over all edges.
    case dense
  }
  /// The comparison with a computation from scratch.
  public struct Verification: Sendable, Equatable {
    /// The L1 distance of the unnormalised ranks to the exact ones, relative to the latter's sum.
    public var trueError: Double
    public var componentsAgree: Bool
  }

  /// From 1.
  public var number = 0
  /// Highest event time so far.
  public var timeMilliseconds = Int64.min
  public var insertedCount = 0
  public var removedCount = 0
  /// Removals of edges that were not there.
  public var unmatchedCount = 0
  public var expiredCount = 0
  /// After the batch. Vertices are those with an edge.
  public var edgeCount = 0
  public var vertexCount = 0
  public var componentCount = 0
  public var largestComponentVertexCount = 0
  /// The certified relative L1 error of the unnormalised ranks.
  public var errorBound = 0.0
  public var method = Method.sparse
  public var touchedEdgeCount = 0
  /// What the batch took; the only part that differs from run to run.
  public var updateNanoseconds: Int64 = 0
  /// Highest first; equal ones by id.
  public var top: [RankedVertex] = []
  public var rankChanges: [RankChange] = []
  public var componentChanges: [ComponentChange] = []
  public var verification: Verification?

  public init() {}
}
