/// State by key that every interval brings up to date.
extension DStream {
  /// Calls `update` at the end of every interval for every key that has state or came in the interval, with the values
  /// it brought, and gives out all states that there then are; a key for which it gives nil is forgotten.
  ///
  /// As Spark's: the cost of an interval is that of all keys.
  /// ``mapWithState(name:schema:timeoutMilliseconds:initialState:_:)`` costs only the keys that came.
  @inlinable
  public func updateStateByKey<Key: StreamKey, Value, State: Codable & Sendable>(
    name: String, schema: StateSchema<State> = StateSchema(), initialState: [(Key, State)] = [],
    _ update: @escaping @Sendable (_ key: Key, _ values: [Value], _ state: State?) -> State?
  ) -> DStream<(Key, State)> where Element == (Key, Value) {
    markWorksByInterval()
    return groupedByKeyGroup(name: name).operate { instance in
      let state = StateByKey<Key, State>(schema: schema)
      for (key, value) in initialState where instance.owns(key.stableHash) { unsafe state.table[key: key] = value }
      instance.register(state, name: name)
      let came = CombinerTable<Key, [Value]>()
      return PartitionOperator { batch, output in
        guard batch.closesInterval else { return }
        var next = unsafe state.table.slot(from: 0)
        while let slot = next {
          let key = unsafe state.table.key(at: slot)
          if let value = unsafe update(key, came.table.removeValue(forKey: key) ?? [], state.table[slot]) {
            unsafe state.table[slot] = value
          } else {
            unsafe state.table.remove(at: slot)
          }
          next = unsafe state.table.slot(from: slot &+ 1)
        }
        unsafe came.table.visit { _, key, values in
          if let value = update(key, values, nil) { unsafe state.table[key: key] = value }
        }
        unsafe came.table.removeAll()
        unsafe state.table.visit { _, key, value in output.append((key, value)) }
      } process: { run, _, _ in
        came.put(run, { [$0] }, { $0.append($1) })
      }
    }.givingOutByInterval()
  }
}

/// A table of states as part of checkpoints.
@usableFromInline
final class StateByKey<Key: StreamKey, State: Codable & Sendable>: CheckpointedState {
  @exclusivity(unchecked) @usableFromInline var table = KeyedTable<Key, State>()
  @usableFromInline let schema: StateSchema<State>
  @inlinable
  init(schema: StateSchema<State>) { self.schema = schema }
  @usableFromInline
  var stateSize: StateSize { unsafe StateSize(rows: table.count, bytes: table.byteCount) }
  @usableFromInline
  func snapshot(into snapshot: StateSnapshot) {
    unsafe table.snapshot("state", into: snapshot, keys: .automatic(), values: schema)
  }
  @usableFromInline
  func restore(from state: RestoredState) throws {
    unsafe try table.restore("state", from: state, keys: .automatic(), values: schema)
  }
}
