/// The state of one key in ``DStream/mapWithState(name:schema:timeoutMilliseconds:initialState:_:)``.
public struct KeyState<State> {
  /// The state, or nil: it may be set, changed and, by setting nil, removed.
  public var value: State?
  /// The key is given up because nothing came for it; its state is removed after the call.
  public let isTimingOut: Bool
  @inlinable
  init(value: State?, isTimingOut: Bool) { (self.value, self.isTimingOut) = (value, isTimingOut) }
}

/// What ``DStream/mapWithState(name:schema:timeoutMilliseconds:initialState:_:)`` gives.
public struct MapWithStateStream<Key: StreamKey, State: Codable & Sendable, Mapped> {
  @usableFromInline let outputs: DStream<MapWithStateOutput<Key, State, Mapped>>
  @usableFromInline let wantsSnapshots: Held<Bool>
  @inlinable
  init(_ outputs: DStream<MapWithStateOutput<Key, State, Mapped>>, _ wantsSnapshots: Held<Bool>) {
    self.outputs = outputs
    self.wantsSnapshots = wantsSnapshots
  }

  /// What the function gave, in order.
  @inlinable
  public var mapped: DStream<Mapped> {
    outputs.compactMap { if case .mapped(let m) = $0 { m } else { nil } }
  }
  /// The states of all keys, at the end of every interval. Costs a pass over them.
  @inlinable
  public var stateSnapshots: DStream<(Key, State)> {
    unsafe wantsSnapshots.value = true
    outputs.markWorksByInterval()
    return outputs.compactMap { if case .state(let key, let state) = $0 { (key, state) } else { nil } }
  }
}

/// What the operator gives, before ``MapWithStateStream`` sorts it out.
public enum MapWithStateOutput<Key, State, Mapped> {
  /// What the function gave.
  case mapped(Mapped)
  /// The state of a key at the end of an interval.
  case state(Key, State)
}

/// State by key that every element may change.
extension DStream {
  /// Calls `map` for each element with the state of its key, and gives out what it gives, where that is not nil.
  ///
  /// Guarantees: with a timeout, a key for which nothing came for that long (processing time, from the end of the
  /// interval in which it last came) is given up at the end of the first interval that is closed then, after that
  /// interval's elements (a key that has some is not): `map` is called once more, with no value and
  /// ``KeyState/isTimingOut``. Timeouts are timers: they cost the keys that came and those that time out, wait for no
  /// data, and outlive restarts.
  /// Cost: a table look-up an element; with a timeout, a timer set for each key that an interval brought.
  ///
  /// - Parameter initialState: keys that have state when the job is first started.
  @inlinable
  public func mapWithState<Key: StreamKey, Value, State: Codable & Sendable, Mapped>(
    name: String, schema: StateSchema<State> = StateSchema(), timeoutMilliseconds: Int64? = nil,
    initialState: [(Key, State)] = [],
    _ map: @escaping @Sendable (_ key: Key, _ value: Value?, _ state: inout KeyState<State>) -> Mapped?
  ) -> MapWithStateStream<Key, State, Mapped> where Element == (Key, Value) {
    precondition(timeoutMilliseconds ?? 1 > 0, "a timeout is positive")
    if timeoutMilliseconds != nil {
      needIdleIntervals()
      // which keys time out depends on where intervals end
      markWorksByInterval()
    }
    let wantsSnapshots = Held(false)
    let outputs: DStream<MapWithStateOutput<Key, State, Mapped>> = groupedByKeyGroup(name: name).operate { instance in
      let state = TimedStateByKey<Key, State>(schema: schema, timeoutMilliseconds: timeoutMilliseconds)
      for (key, value) in initialState where instance.owns(key.stableHash) { state.load(key, value) }
      instance.register(state, name: name)
      return PartitionOperator { batch, output in
        if batch.closesInterval {
          let position = unsafe state.isTimed ? timeoutPosition(instance.watermark(after: batch)) : nil
          state.timeOut(at: batch.intervalTime) { key, state in
            var held = KeyState(value: state, isTimingOut: true)
            guard let m = map(key, nil, &held) else { return }
            if let position { output.append(.mapped(m), at: position) } else { output.append(.mapped(m)) }
          }
          if unsafe wantsSnapshots.value {
            unsafe state.table.visit { _, key, value in
              if let position {
                output.append(.state(key, value), at: position)
              } else {
                output.append(.state(key, value))
              }
            }
          }
        }
      } process: { run, _, output in
        if run.isTimed { unsafe state.isTimed = true }
        for i in 0..<run.count {
          let e = unsafe run.elements[i]
          let hash = e.0.stableHash
          let slot = unsafe state.table.find(e.0, hash: hash)
          var held = KeyState(value: slot.map { unsafe state.table[$0] }, isTimingOut: false)
          if let m = map(e.0, e.1, &held) {
            output.append(.mapped(m))
            run.copyPosition(i, to: output)
          }
          state.put(e.0, hash, slot, held.value)
        }
      }
    }
    return MapWithStateStream(outputs, wantsSnapshots)
  }
}

/// Where what no element caused stands: at the watermark, behind what came before it.
@usableFromInline
func timeoutPosition(_ watermark: Int64) -> Position {
  Position(watermark: watermark, sequence: Position.lastSequence, eventTime: watermark)
}

/// States with a timeout each, of one partition.
///
/// Timers are set when the interval is closed, once for each key that it brought.
@usableFromInline
final class TimedStateByKey<Key: StreamKey, State: Codable & Sendable>: CheckpointedState {
  @exclusivity(unchecked) @usableFromInline var table = KeyedTable<Key, State>()
  @exclusivity(unchecked) @usableFromInline var timers = TimerQueue()
  /// Slots of keys that came in the open interval, in order, and a bit for each slot that is among them.
  @exclusivity(unchecked) @usableFromInline var touched: [UInt32] = []
  @exclusivity(unchecked) @usableFromInline var marks: [UInt64] = []
  /// Whether the elements have positions.
  @exclusivity(unchecked) @usableFromInline var isTimed = false
  @usableFromInline let schema: StateSchema<State>
  @usableFromInline let timeoutMilliseconds: Int64?
  @inlinable
  init(schema: StateSchema<State>, timeoutMilliseconds: Int64?) {
    self.schema = schema
    self.timeoutMilliseconds = timeoutMilliseconds
  }

  /// Puts in state that a key has from the start; its timeout begins with the first interval.
  @inlinable
  func load(_ key: Key, _ state: State) {
    let hash = key.stableHash
    put(key, hash, unsafe table.find(key, hash: hash), state)
  }

  @inlinable
  func put(_ key: Key, _ hash: UInt64, _ slot: UInt32?, _ value: State?) {
    if let value {
      let place: UInt32
      if let slot {
        unsafe table[slot] = value
        place = slot
      } else {
        place = unsafe table.insertNew(key, hash: hash, value)
      }
      if timeoutMilliseconds != nil { touch(place) }
    } else if let slot {
      unsafe timers.cancelAll(owner: slot)
      unsafe table.remove(at: slot, hash: hash)
    }
  }
  @inlinable @inline(__always)
  func touch(_ slot: UInt32) {
    let word = Int(slot >> 6)
    while unsafe marks.count <= word { unsafe marks.append(0) }
    let bit = UInt64(1) << UInt64(slot & 63)
    if unsafe marks[word] & bit != 0 { return }
    unsafe marks[word] |= bit
    unsafe touched.append(slot)
  }
  @inlinable
  func timeOut(at time: Int64, _ body: (Key, State) -> Void) {
    guard let timeoutMilliseconds else { return }
    for i in unsafe touched.indices {
      let slot = unsafe touched[i]
      unsafe marks[Int(slot >> 6)] = 0
      // its state may have been removed since
      if unsafe table.contains(slot: slot) { unsafe timers.set(owner: slot, due: time &+ timeoutMilliseconds) }
    }
    unsafe touched.removeAll(keepingCapacity: true)
    while let t = unsafe timers.popDue(at: time) {
      unsafe body(table.key(at: t.owner), table[t.owner])
      unsafe table.remove(at: t.owner)
    }
  }

  @usableFromInline
  var stateSize: StateSize { unsafe StateSize(rows: table.count, bytes: table.byteCount + timers.byteCount) }
  @usableFromInline
  func snapshot(into snapshot: StateSnapshot) {
    unsafe table.snapshot("state", into: snapshot, keys: .automatic(), values: schema)
    unsafe timers.snapshot("timeouts", into: snapshot)
    unsafe snapshot.addCount("is-timed", isTimed ? 1 : 0)
  }
  @usableFromInline
  func restore(from state: RestoredState) throws {
    unsafe try table.restore("state", from: state, keys: .automatic(), values: schema)
    unsafe try timers.restore("timeouts", from: state)
    unsafe isTimed = try state.contains("is-timed") && state.count("is-timed") == 1
    unsafe (touched, marks) = ([], [])
    guard timeoutMilliseconds != nil else { return }
    // keys from before there was a timeout
    unsafe table.visit { slot, _, _ in if unsafe timers.due(owner: slot) == nil { touch(slot) } }
  }
}
