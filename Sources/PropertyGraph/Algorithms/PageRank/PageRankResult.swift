/// Ranks and how good they are.
public struct PageRankResult: Sendable, Equatable {
  /// A rank per vertex; they sum to 1.
  public var ranks: [Double]
  /// The certified error: the sum of the differences to the exact ranks is at most this. It is above the tolerance
  /// only where 64-bit rounding forbids better.
  public var bound: Double
  /// How many times all edges were scanned.
  public var iterations: Int

  public init(ranks: [Double], bound: Double, iterations: Int) {
    (self.ranks, self.bound, self.iterations) = (ranks, bound, iterations)
  }
}
