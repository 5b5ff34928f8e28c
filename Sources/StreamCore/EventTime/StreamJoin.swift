/// Joins of two streams over event time.
extension DStream {
  /// The pairs of elements of the same key whose event times are within bounds of each other.
  ///
  /// Guarantees: every pair is given once, when the later of the two has come; an element without a partner, where the
  /// join gives it out, when the watermark has passed every time a partner could have; both depend on the elements alone.
  /// A result's event time is the later one of the pair (its own, without a partner); operators behind an outer join see
  /// a watermark that stays behind by the bounds, so results are not late for them. An element behind the watermark is
  /// late, because partners of it may have been forgotten: it is not joined, but given out by ``JoinedStreams/late``.
  /// Cost: a look-up an element and a pass over the key's waiting partners. State: each element until the watermark has
  /// passed its bounds.
  ///
  /// - Parameters:
  ///   - name: of the operator's state.
  ///   - bounds: of the right element's event time from the left one's.
  @inlinable
  public func join<Key: StreamKey, Left: Codable & Sendable, Right: Codable & Sendable>(
    _ right: DStream<(Key, Right)>, name: String, within bounds: TimeBounds
  ) -> JoinedStreams<Key, Left, Right, (Left, Right)> where Element == (Key, Left) {
    joined(right, name: name, within: bounds, .inner) { ($0!, $1!) }
  }

  /// The pairs, and left elements without a partner; see ``join(_:name:within:)``.
  @inlinable
  public func leftOuterJoin<Key: StreamKey, Left: Codable & Sendable, Right: Codable & Sendable>(
    _ right: DStream<(Key, Right)>, name: String, within bounds: TimeBounds
  ) -> JoinedStreams<Key, Left, Right, (Left, Right?)> where Element == (Key, Left) {
    joined(right, name: name, within: bounds, .leftOuter) { ($0!, $1) }
  }

  /// The pairs, and right elements without a partner; see ``join(_:name:within:)``.
  @inlinable
  public func rightOuterJoin<Key: StreamKey, Left: Codable & Sendable, Right: Codable & Sendable>(
    _ right: DStream<(Key, Right)>, name: String, within bounds: TimeBounds
  ) -> JoinedStreams<Key, Left, Right, (Left?, Right)> where Element == (Key, Left) {
    joined(right, name: name, within: bounds, .rightOuter) { ($0, $1!) }
  }

  /// The pairs, and elements of either side without a partner; see ``join(_:name:within:)``.
  @inlinable
  public func fullOuterJoin<Key: StreamKey, Left: Codable & Sendable, Right: Codable & Sendable>(
    _ right: DStream<(Key, Right)>, name: String, within bounds: TimeBounds
  ) -> JoinedStreams<Key, Left, Right, (Left?, Right?)> where Element == (Key, Left) {
    joined(right, name: name, within: bounds, .fullOuter) { ($0, $1) }
  }

  /// The left elements that have a partner, each once; see ``join(_:name:within:)``.
  @inlinable
  public func leftSemiJoin<Key: StreamKey, Left: Codable & Sendable, Right: Codable & Sendable>(
    _ right: DStream<(Key, Right)>, name: String, within bounds: TimeBounds
  ) -> JoinedStreams<Key, Left, Right, Left> where Element == (Key, Left) {
    joined(right, name: name, within: bounds, .leftSemi) { left, _ in left! }
  }

  /// The one operator behind them: `result` puts the sides that there are into what the join gives.
  @inlinable
  package func joined<Key: StreamKey, Left: Codable & Sendable, Right: Codable & Sendable, Joined>(
    _ right: DStream<(Key, Right)>, name: String, within bounds: TimeBounds, _ type: JoinType,
    _ result: @escaping @Sendable (Left?, Right?) -> Joined
  ) -> JoinedStreams<Key, Left, Right, Joined> where Element == (Key, Left) {
    let lefts: DStream<(Key, JoinSide<Left, Right>)> = map { ($0.0, .left($0.1)) }
    let rights: DStream<(Key, JoinSide<Left, Right>)> = right.map { ($0.0, .right($0.1)) }
    let outputs: DStream<JoinOutput<Key, Left, Right>> = lefts.union(rights).groupedByKeyGroup(name: name).operate {
      instance in
      let state = JoinState<Key, Left, Right>(bounds, type)
      instance.register(state, name: name)
      // bounds on one side of zero: an element may have nothing to wait for, and expires at once
      return state.clock.drive(
        instance,
        orElse: "a join of streams needs withWatermark(delayMilliseconds:_:) before the exchange on both"
      ) {
        state.expire($0, $1, $2)
      } put: { (e: (Key, JoinSide<Left, Right>), position, output) in
        state.put(e.0, e.1, position, output)
      }
    }
    return JoinedStreams(outputs.lagging(milliseconds: bounds.lagMilliseconds(type)), result)
  }

  /// Says that the stream's positions are behind the sources' watermark by so much more.
  public func lagging(milliseconds: Int64) -> DStream<Element> {
    for branch in branches { branch.watermarkLagMilliseconds += milliseconds }
    return self
  }
}

/// What a join of streams gives.
public struct JoinedStreams<Key: StreamKey, Left: Codable & Sendable, Right: Codable & Sendable, Joined> {
  @usableFromInline let outputs: DStream<JoinOutput<Key, Left, Right>>
  @usableFromInline let result: @Sendable (Left?, Right?) -> Joined
  @inlinable
  init(_ outputs: DStream<JoinOutput<Key, Left, Right>>, _ result: @escaping @Sendable (Left?, Right?) -> Joined) {
    self.outputs = outputs
    self.result = result
  }

  /// Pairs, with an optional for a side that an outer join may leave without a partner; of a semi-join left elements.
  @inlinable
  public var results: DStream<(Key, Joined)> {
    outputs.compactMap { [result] in if case .pair(let key, let l, let r) = $0 { (key, result(l, r)) } else { nil } }
  }
  /// Elements of either side that came too late to be joined.
  @inlinable
  public var late: DStream<(Key, JoinSide<Left, Right>)> {
    outputs.compactMap { if case .late(let key, let side) = $0 { (key, side) } else { nil } }
  }
}

/// What a join gives, before ``JoinedStreams`` sorts it out.
public enum JoinOutput<Key, Left, Right> {
  /// A pair, or an element without a partner.
  case pair(Key, Left?, Right?)
  /// An element that came too late.
  case late(Key, JoinSide<Left, Right>)
}

/// An element that waits for partners.
@usableFromInline
struct Waiting<Value: Codable & Sendable>: Codable, Sendable {
  @usableFromInline var time: Int64
  /// Number of its timer: even for left elements, odd for right ones.
  @usableFromInline var id: Int64
  @usableFromInline var hasPartner: Bool
  @usableFromInline var value: Value
  @inlinable
  init(time: Int64, id: Int64, hasPartner: Bool, value: Value) {
    (self.time, self.id, self.hasPartner) = (time, id, hasPartner)
    self.value = value
  }
}

/// The waiting elements of one key, in the order they came.
@usableFromInline
struct JoinBuffers<Left: Codable & Sendable, Right: Codable & Sendable>: Codable, Sendable {
  @usableFromInline var left: [Waiting<Left>] = []
  @usableFromInline var right: [Waiting<Right>] = []
  @inlinable
  init() {}
}

/// The waiting elements of one partition, each with a timer for when no partner can come any more.
@usableFromInline
final class JoinState<Key: StreamKey, Left: Codable & Sendable, Right: Codable & Sendable>: CheckpointedState {
  @usableFromInline let bounds: TimeBounds
  @usableFromInline let type: JoinType
  @usableFromInline let lag: Int64
  @exclusivity(unchecked) @usableFromInline var table = KeyedTable<Key, JoinBuffers<Left, Right>>()
  @usableFromInline let clock = EventTimeClock()
  @exclusivity(unchecked) @usableFromInline var nextID = Int64(0)

  @inlinable
  init(_ bounds: TimeBounds, _ type: JoinType) {
    self.bounds = bounds
    self.type = type
    lag = bounds.lagMilliseconds(type)
  }

  @inlinable
  func emit(
    _ output: JoinOutput<Key, Left, Right>, _ position: Position, _ time: Int64,
    _ buffer: PartitionBuffer<JoinOutput<Key, Left, Right>>
  ) {
    var p = position.lagging(milliseconds: lag)
    p.eventTime = time
    buffer.append(output, at: p)
  }

  @inlinable
  func put(
    _ key: Key, _ side: JoinSide<Left, Right>, _ position: Position,
    _ output: PartitionBuffer<JoinOutput<Key, Left, Right>>
  ) {
    let time = position.eventTime
    let due: Int64
    switch side {
    case .left: due = time &+ bounds.afterMilliseconds &+ 1
    case .right: due = time &+ bounds.beforeMilliseconds &+ 1
    }
    guard time >= clock.watermark else {
      emit(.late(key, side), position, time, output)
      return
    }
    let (slot, _) = unsafe table.findOrInsert(key, JoinBuffers())
    var hasPartner = false
    switch side {
    case .left(let left):
      for i in unsafe table[slot].right.indices where unsafe isWithin(time, table[slot].right[i].time) {
        let first = !hasPartner
        hasPartner = true
        unsafe table[slot].right[i].hasPartner = true
        if type != .leftSemi || first {
          unsafe emitPair(key, left, table[slot].right[i].value, position, max(time, table[slot].right[i].time), output)
        }
      }
      // a left element that has been given out by a semi-join has nothing to wait for
      if type == .leftSemi, hasPartner { break }
      unsafe table[slot].left.append(Waiting(time: time, id: nextID &* 2, hasPartner: hasPartner, value: left))
      unsafe clock.set(owner: slot, number: nextID &* 2, due: due)
      unsafe nextID &+= 1
    case .right(let right):
      var i = 0
      while unsafe i < table[slot].left.count {
        if unsafe isWithin(table[slot].left[i].time, time) {
          let left = unsafe table[slot].left[i]
          hasPartner = true
          emitPair(key, left.value, right, position, max(time, left.time), output)
          if type == .leftSemi {
            unsafe clock.timers.cancel(owner: slot, number: left.id)
            unsafe table[slot].left.remove(at: i)
            continue
          }
          unsafe table[slot].left[i].hasPartner = true
        }
        i += 1
      }
      unsafe table[slot].right.append(Waiting(time: time, id: nextID &* 2 &+ 1, hasPartner: hasPartner, value: right))
      unsafe clock.set(owner: slot, number: nextID &* 2 &+ 1, due: due)
      unsafe nextID &+= 1
    }
    if unsafe table[slot].left.isEmpty, unsafe table[slot].right.isEmpty { unsafe table.remove(at: slot) }
  }
  @inlinable
  func isWithin(_ left: Int64, _ right: Int64) -> Bool {
    right >= left &- bounds.beforeMilliseconds && right <= left &+ bounds.afterMilliseconds
  }
  @inlinable
  func emitPair(
    _ key: Key, _ left: Left, _ right: Right, _ position: Position, _ time: Int64,
    _ output: PartitionBuffer<JoinOutput<Key, Left, Right>>
  ) {
    emit(.pair(key, left, type == .leftSemi ? nil : right), position, time, output)
  }

  /// No partner can come any more.
  @inlinable
  func expire(_ timer: FiredTimer, _ position: Position, _ output: PartitionBuffer<JoinOutput<Key, Left, Right>>) {
    let slot = timer.owner
    let key = unsafe table.key(at: slot)
    if timer.number & 1 == 0 {
      guard let i = unsafe table[slot].left.firstIndex(where: { $0.id == timer.number }) else { return }
      let e = unsafe table[slot].left.remove(at: i)
      if !e.hasPartner, type == .leftOuter || type == .fullOuter {
        emit(.pair(key, e.value, nil), position, e.time, output)
      }
    } else {
      guard let i = unsafe table[slot].right.firstIndex(where: { $0.id == timer.number }) else { return }
      let e = unsafe table[slot].right.remove(at: i)
      if !e.hasPartner, type == .rightOuter || type == .fullOuter {
        emit(.pair(key, nil, e.value), position, e.time, output)
      }
    }
    if unsafe table[slot].left.isEmpty, unsafe table[slot].right.isEmpty { unsafe table.remove(at: slot) }
  }

  @usableFromInline
  var stateSize: StateSize { unsafe StateSize(rows: table.count, bytes: table.byteCount + clock.timers.byteCount) }
  @usableFromInline
  func snapshot(into snapshot: StateSnapshot) {
    unsafe table.snapshot("waiting", into: snapshot, keys: .automatic(), values: StateSchema())
    clock.snapshot(into: snapshot)
    unsafe snapshot.addCount("next-id", Int(nextID))
  }
  @usableFromInline
  func restore(from state: RestoredState) throws {
    unsafe try table.restore("waiting", from: state, keys: .automatic(), values: StateSchema())
    try clock.restore(from: state)
    unsafe nextID = Int64(try state.count("next-id"))
  }
}
