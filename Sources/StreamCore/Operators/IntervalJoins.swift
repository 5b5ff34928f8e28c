/// Joins of the pairs that two streams brought in the same interval.
///
/// Guarantees: keys in the order in which they first came in their partition; the pairs of a key are all combinations,
/// in the order of the left values, then the right ones. Cost: the interval's values are kept until it closes; nothing
/// outlives it. For joins over time see ``DStream/join(_:name:within:)``.
extension DStream {
  /// For each key of either stream, its values in both.
  @inlinable
  public func cogroup<Key: StreamKey, Value, Other>(
    _ other: DStream<(Key, Other)>, name: String = "cogroup"
  ) -> DStream<(Key, ([Value], [Other]))> where Element == (Key, Value) {
    let left: DStream<(Key, JoinSide<Value, Other>)> = map { ($0.0, .left($0.1)) }
    let right: DStream<(Key, JoinSide<Value, Other>)> = other.map { ($0.0, .right($0.1)) }
    return left.union(right).combineByKey(
      name: name, mapSideCombine: false, createCombiner: { JoinSide.gather($0) }, mergeValue: { $1.add(to: &$0) },
      mergeCombiners: {
        $0.0 += $1.0
        $0.1 += $1.1
      })
  }

  /// The pairs of values whose keys are in both streams.
  @inlinable
  public func join<Key: StreamKey, Value, Other>(
    _ other: DStream<(Key, Other)>, name: String = "join"
  ) -> DStream<(Key, (Value, Other))> where Element == (Key, Value) {
    cogroup(other, name: name).flatMap { key, values in
      values.0.flatMap { l in values.1.map { (key, (l, $0)) } }
    }
  }

  /// The pairs of every left value with the right ones of its key, or with none.
  @inlinable
  public func leftOuterJoin<Key: StreamKey, Value, Other>(
    _ other: DStream<(Key, Other)>, name: String = "leftOuterJoin"
  ) -> DStream<(Key, (Value, Other?))> where Element == (Key, Value) {
    cogroup(other, name: name).flatMap { key, values -> [(Key, (Value, Other?))] in
      let right: [Other?] = values.1.isEmpty ? [nil] : values.1
      return values.0.flatMap { l in right.map { (key, (l, $0)) } }
    }
  }

  /// The pairs of every right value with the left ones of its key, or with none.
  @inlinable
  public func rightOuterJoin<Key: StreamKey, Value, Other>(
    _ other: DStream<(Key, Other)>, name: String = "rightOuterJoin"
  ) -> DStream<(Key, (Value?, Other))> where Element == (Key, Value) {
    cogroup(other, name: name).flatMap { key, values -> [(Key, (Value?, Other))] in
      let left: [Value?] = values.0.isEmpty ? [nil] : values.0
      return left.flatMap { l in values.1.map { (key, (l, $0)) } }
    }
  }

  /// The pairs of every value of either stream with those of its key in the other, or with none.
  @inlinable
  public func fullOuterJoin<Key: StreamKey, Value, Other>(
    _ other: DStream<(Key, Other)>, name: String = "fullOuterJoin"
  ) -> DStream<(Key, (Value?, Other?))> where Element == (Key, Value) {
    cogroup(other, name: name).flatMap { key, values -> [(Key, (Value?, Other?))] in
      let left: [Value?] = values.0.isEmpty ? [nil] : values.0
      let right: [Other?] = values.1.isEmpty ? [nil] : values.1
      return left.flatMap { l in right.map { (key, (l, $0)) } }
    }
  }

  /// The pairs of every value with what a table has for its key; the table is the same for the whole run.
  @inlinable
  public func join<Key: StreamKey, Value, Other: Sendable>(
    table: [Key: Other]
  ) -> DStream<(Key, (Value, Other))> where Element == (Key, Value) {
    compactMap { pair in table[pair.0].map { (pair.0, (pair.1, $0)) } }
  }
  /// The pairs of every value with what a table has for its key, or with none.
  @inlinable
  public func leftOuterJoin<Key: StreamKey, Value, Other: Sendable>(
    table: [Key: Other]
  ) -> DStream<(Key, (Value, Other?))> where Element == (Key, Value) {
    map { ($0.0, ($0.1, table[$0.0])) }
  }
}

/// A value of the left or the right stream of a join.
public enum JoinSide<Left, Right> {
  /// Of the stream that the operator was called on.
  case left(Left)
  /// Of the other one.
  case right(Right)

  @inlinable
  static func gather(_ side: JoinSide) -> ([Left], [Right]) {
    switch side {
    case .left(let l): ([l], [])
    case .right(let r): ([], [r])
    }
  }
  @inlinable
  func add(to values: inout ([Left], [Right])) {
    switch self {
    case .left(let l): values.0.append(l)
    case .right(let r): values.1.append(r)
    }
  }
}
extension JoinSide: Sendable where Left: Sendable, Right: Sendable {}
extension JoinSide: Equatable where Left: Equatable, Right: Equatable {}
extension JoinSide: Codable where Left: Codable, Right: Codable {}
