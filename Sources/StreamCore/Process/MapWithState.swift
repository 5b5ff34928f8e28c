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

public enum MapWithStateOutput<Key, State, Mapped> {
  case mapped(Mapped)
  case state(Key, State)
}

/// State by key that every element may change.
extension DStream {
  /// Calls `map` for each element with the state of its key, and gives out what it gives, where that is not nil.
  ///
  /// Guarantees: with a timeout, a key for which nothing came for that long (processing time) is given up at the end of
  /// the first interval that is closed after it, after that interval's elements (a key that has some is not): `map` is
  /// called once more, with no value and ``KeyState/isTimingOut``. Timeouts are timers: they cost the keys that time
  /// out, wait for no data, and outlive restarts.
  /// Cost: a table look-up an element.
  ///
  /// - Parameter initialState: keys that have state when the job is first started.
  @inlinable
  public func mapWithState<Key: StreamKey, Value, State: Codable & Sendable, Mapped>(
    name: String, schema: StateSchema<State> = StateSchema(), timeoutMilliseconds: Int64? = nil,
    initialState: [(Key, State)] = [],
    _ map: @escaping (_ key: Key, _ value: Value?, _ state: inout KeyState<State>) -> Mapped?
  ) -> MapWithStateStream<Key, State, Mapped> where Element == (Key, Value) {
    precondition(timeoutMilliseconds ?? 1 > 0, "a timeout is positive")
    if timeoutMilliseconds != nil { needIdleIntervals() }
    let wantsSnapshots = Held(false)
    let outputs: DStream<MapWithStateOutput<Key, State, Mapped>> = groupedByKeyGroup(name: name).operate { instance in
      let state = TimedStateByKey<Key, State>(schema: schema)
      for (key, value) in initialState where instance.owns(key.stableHash) { state.load(key, value) }
      instance.register(state, name: name)
      return PartitionOperator { batch, output in
        if batch.closesInterval {
          state.timeOut(batch, timeoutMilliseconds) { key, state in
            var held = KeyState(value: state, isTimingOut: true)
            if let m = map(key, nil, &held) { output.append(.mapped(m)) }
          }
          if unsafe wantsSnapshots.value {
            unsafe state.table.visit { _, key, value in output.append(.state(key, value)) }
          }
        }
      } process: { run, batch, output in
        for i in 0..<run.count {
          let e = unsafe run.elements[i]
          let hash = e.0.stableHash
          let slot = unsafe state.table.find(e.0, hash: hash)
          var held = KeyState(value: slot.map { unsafe state.table[$0] }, isTimingOut: false)
          if let m = map(e.0, e.1, &held) {
            output.append(.mapped(m))
            run.copyPosition(i, to: output)
          }
          state.put(e.0, hash, slot, held.value, due: timeoutMilliseconds.map { batch.processingTime &+ $0 })
        }
      }
    }
    return MapWithStateStream(outputs, wantsSnapshots)
  }
}

/// States with a timeout each, of one partition.
@usableFromInline
final class TimedStateByKey<Key: StreamKey, State: Codable & Sendable>: CheckpointedState {
  @exclusivity(unchecked) @usableFromInline var table = KeyedTable<Key, State>()
  @exclusivity(unchecked) @usableFromInline var timers = TimerQueue()
  /// Slots of keys that had state from the start: their timeout begins with the first batch.
  @usableFromInline var loaded: [UInt32] = []
  /// When the interval before the open one was closed.
  @exclusivity(unchecked) @usableFromInline var lastClose = Int64.min
  @usableFromInline let schema: StateSchema<State>
  /// Number of the timer of a key that is given up unless it comes again before: its timeout passed in an interval in
  /// which it came, or it has not come yet.
  @usableFromInline static var postponed: Int64 { 1 }
  @inlinable
  init(schema: StateSchema<State>) { self.schema = schema }

  @inlinable
  func load(_ key: Key, _ state: State) { unsafe loaded.append(table.insertNew(key, hash: key.stableHash, state)) }

  @inlinable
  func put(_ key: Key, _ hash: UInt64, _ slot: UInt32?, _ value: State?, due: Int64?) {
    if let value {
      let place: UInt32
      if let slot {
        unsafe table[slot] = value
        place = slot
      } else {
        place = unsafe table.insertNew(key, hash: hash, value)
      }
      if let due { unsafe timers.set(owner: place, due: due) }
    } else if let slot {
      unsafe timers.cancelAll(owner: slot)
      unsafe table.remove(at: slot, hash: hash)
    }
  }
  @inlinable
  func timeOut(_ batch: Batch, _ timeoutMilliseconds: Int64?, _ body: (Key, State) -> Void) {
    guard let timeoutMilliseconds else { return }
    for slot in loaded where unsafe table.contains(slot: slot) && timers.due(owner: slot) == nil {
      unsafe timers.set(
        owner: slot, number: TimedStateByKey.postponed, due: batch.intervalTime &+ timeoutMilliseconds)
    }
    loaded = []
    let openedAt = unsafe lastClose
    unsafe lastClose = batch.intervalTime
    while let t = unsafe timers.popDue(at: batch.intervalTime) {
      if t.number == TimedStateByKey.postponed {
        // the key has come since
        if unsafe timers.due(owner: t.owner) != nil { continue }
      } else if t.due &- timeoutMilliseconds >= openedAt {
        // the key came in this interval: given up with the next one, if it does not come again
        unsafe timers.set(
          owner: t.owner, number: TimedStateByKey.postponed, due: batch.intervalTime &+ 1)
        continue
      }
      unsafe body(table.key(at: t.owner), table[t.owner])
      unsafe timers.cancelAll(owner: t.owner)
      unsafe table.remove(at: t.owner)
    }
  }

  @usableFromInline
  var stateSize: StateSize { unsafe StateSize(rows: table.count, bytes: table.byteCount + timers.byteCount) }
  @usableFromInline
  func snapshot(into snapshot: StateSnapshot) {
    unsafe table.snapshot("state", into: snapshot, keys: .automatic(), values: schema)
    unsafe timers.snapshot("timeouts", into: snapshot)
    unsafe snapshot.addCount("last-close", Int(lastClose))
  }
  @usableFromInline
  func restore(from state: RestoredState) throws {
    unsafe try table.restore("state", from: state, keys: .automatic(), values: schema)
    unsafe try timers.restore("timeouts", from: state)
    unsafe lastClose = Int64(try state.count("last-close"))
    // keys that have no timer yet, or come from a release without a timeout
    loaded = []
    unsafe table.visit { slot, _, _ in
      if unsafe timers.due(owner: slot) == nil && timers.due(owner: slot, number: TimedStateByKey.postponed) == nil {
        loaded.append(slot)
      }
    }
  }
}
