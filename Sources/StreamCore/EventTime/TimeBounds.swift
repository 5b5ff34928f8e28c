/// How far apart in event time two elements that join may be: the right one from `beforeMilliseconds` before the left one
/// to `afterMilliseconds` after it, both ends included. One of them may be negative, as long as the span is not empty.
public struct TimeBounds: Sendable, Equatable {
  /// How far before the left element the right one may be.
  public var beforeMilliseconds: Int64
  /// How far after it.
  public var afterMilliseconds: Int64
  /// Precondition: the span is not empty.
  public init(beforeMilliseconds: Int64, afterMilliseconds: Int64) {
    precondition(
      -beforeMilliseconds <= afterMilliseconds,
      "the right element from \(beforeMilliseconds) ms before to \(afterMilliseconds) ms after the left one: that is never"
    )
    self.beforeMilliseconds = beforeMilliseconds
    self.afterMilliseconds = afterMilliseconds
  }
  /// Within so much of each other.
  public static func within(milliseconds: Int64) -> TimeBounds {
    TimeBounds(beforeMilliseconds: milliseconds, afterMilliseconds: milliseconds)
  }
  /// How far the event time of a result may be behind the watermark at which it is given out: a pair is not, as neither
  /// of the two came late; an element without a partner is by the time it waited.
  @usableFromInline
  func lagMilliseconds(_ type: JoinType) -> Int64 {
    switch type {
    case .inner, .leftSemi: 0
    case .leftOuter: max(afterMilliseconds, 0)
    case .rightOuter: max(beforeMilliseconds, 0)
    case .fullOuter: max(beforeMilliseconds, afterMilliseconds, 0)
    }
  }
}

/// Which elements without a partner a join gives out.
@usableFromInline
package enum JoinType: Sendable, Equatable, CaseIterable {
  /// Neither: pairs only.
  case inner
  /// Left ones.
  case leftOuter
  /// Right ones.
  case rightOuter
  /// Both.
  case fullOuter
  /// Left elements that have a partner, each once.
  case leftSemi
}
