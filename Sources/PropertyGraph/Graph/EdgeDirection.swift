/// Which edges of a vertex are meant.
public enum EdgeDirection: Sendable, Hashable, CaseIterable {
  /// Those that arrive.
  case `in`
  /// Those that leave.
  case out
  /// Those that arrive or leave.
  case either
  /// Those for which both hold: with `pregel` the edges with two active ends, when neighbours are collected the ones
  /// with edges both ways.
  case both

  /// The direction of the same edges when all are turned round.
  public var reversed: EdgeDirection {
    switch self {
    case .in: .out
    case .out: .in
    case .either, .both: self
    }
  }
}
