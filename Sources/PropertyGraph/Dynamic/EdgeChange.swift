/// A change asked for: one element of a batch.
public struct EdgeUpdate: BitwiseCopyable, Sendable, Equatable {
  public enum Kind: UInt8, BitwiseCopyable, Sendable {
    /// Adds an edge, parallel to those that already join the same vertices.
    case insert
    /// Removes one edge from source to target; ignored where there is none.
    case remove
    /// Gives one edge from source to target another weight; ignored where there is none.
    case reweight
  }
  public var kind: Kind
  public var source: VertexIndex
  public var target: VertexIndex
  /// The weight of an inserted or reweighted edge: finite and positive.
  public var weight: Float
  /// The time an inserted edge expires by, in graphs that expire.
  public var timeMilliseconds: Int64

  public init(
    _ kind: Kind, from source: VertexIndex, to target: VertexIndex, weight: Float = 1, timeMilliseconds: Int64 = 0
  ) {
    self.kind = kind
    self.source = source
    self.target = target
    self.weight = weight
    self.timeMilliseconds = timeMilliseconds
  }
}

/// A change that was made: what keepers of ranks and components are told, once per edge, in order.
public struct EdgeChange: BitwiseCopyable, Sendable, Equatable {
  public var kind: EdgeUpdate.Kind
  public var source: VertexIndex
  public var target: VertexIndex
  /// What was added to the weight between the two vertices: negative for a removal.
  public var weightDelta: Double
  /// The total weight of the source's edges (its out-degree without weights) before and after.
  public var outWeightBefore: Double
  public var outWeightAfter: Double
}
