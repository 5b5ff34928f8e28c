/// Arbitrary stateful processing by key: Spark's `transformWithState` and `flatMapGroupsWithState`, Flink's process
/// function.
extension DStream {
  /// Calls `process` for each element of a key in the order of positions, with the key's state, and `onTimer` for each
  /// timer that the key set.
  ///
  /// Guarantees: a timer in event time fires before the first element whose watermark reaches it, and without any; one in
  /// processing time at the end of the interval that reaches it, after the interval's elements, and after a crash at the
  /// same one (see ``TimeMode``). State and timers are in every checkpoint under `name`.
  /// Cost: a table look-up an element; a key costs its state and 15 bytes, a timer 90.
  ///
  /// - Parameters:
  ///   - name: of the operator's state.
  ///   - newState: the state of a key that has none.
  ///   - output: what is given out, where the compiler is not told by the type of the result.
  ///   - timeMode: whether the functions may ask for processing time.
  ///   - schema: how the state is written, its version, and how older ones are read.
  ///   - initialState: keys that have state when the job is first started.
  @inlinable
  public func processKeyed<Key: StreamKey, Value, State: Codable & Sendable, Output>(
    name: String, startingWith newState: @escaping @autoclosure @Sendable () -> State,
    giving output: Output.Type = Output.self, timeMode: TimeMode = .eventTime,
    schema: StateSchema<State> = StateSchema(), initialState: [(Key, State)] = [],
    _ process: @escaping @Sendable (KeyedContext<Key, Output>, Value, inout State) -> Void,
    onTimer: (@Sendable (KeyedContext<Key, Output>, KeyedTimer, inout State) -> Void)? = nil
  ) -> DStream<Output> where Element == (Key, Value) {
    declare(timeMode)
    return groupedByKeyGroup(name: name).operate { instance in
      let table = ProcessTable<Key, State, Output>(schema: schema, timeMode)
      for (key, state) in initialState where instance.owns(key.stableHash) { table.load(key, state) }
      instance.register(table, name: name)
      let fire = { (t: FiredTimer, position: Position, batch: Batch, output: PartitionBuffer<Output>) in
        table.fire(t, .eventTime, position, batch, output, onTimer)
      }
      // EventTimeClock.drive(…) would do the same at a call of a captured closure an element: a third slower here
      return PartitionOperator { batch, output in
        // at the end of the input, while the watermark still stands where the elements left it
        if batch.isEnd { table.fireProcessingTimers(batch, output, onTimer) }
        // a stream without event time takes no notice of that of others
        if table.clock.watermark > .min || batch.isEnd {
          table.clock.endBatch(instance.watermark(after: batch)) { fire($0, $1, batch, output) }
        }
        if batch.closesInterval { table.fireProcessingTimers(batch, output, onTimer) }
        instance.heldCount = table.count
      } process: { run, batch, output in
        guard run.count > 0 else { return }
        // references are counted once a run
        let context = table.context(for: unsafe run.elements[0].0, batch)
        let ordinals = unsafe run.ordinals
        for i in 0..<run.count {
          let e = unsafe run.elements[i]
          if run.isTimed {
            let position = run.position(i)
            table.clock.advance(to: position) { fire($0, $1, batch, output) }
            table.process(context, e.0, e.1, position, -1, batch, output, newState, process)
            table.clock.settle(at: position) { fire($0, $1, batch, output) }
          } else {
            let ordinal = unsafe ordinals.map { unsafe Int64($0[i]) } ?? -1
            table.process(context, e.0, e.1, nil, ordinal, batch, output, newState, process)
          }
        }
      }
    }
  }

  /// Says that an operator's timers need intervals to be closed when nothing comes.
  public func needIdleIntervals() { context.needsIdleIntervals = true }
}

/// State, timers and context of one partition.
@usableFromInline
final class ProcessTable<Key: StreamKey, State: Codable & Sendable, Output>: CheckpointedState {
  @exclusivity(unchecked) @usableFromInline var table = KeyedTable<Key, State>()
  @usableFromInline let clock = EventTimeClock()
  @usableFromInline let processing = ProcessingTimeClock()
  @usableFromInline let schema: StateSchema<State>
  @usableFromInline let timeMode: TimeMode
  @exclusivity(unchecked) @usableFromInline var context: KeyedContext<Key, Output>?

  @inlinable
  init(schema: StateSchema<State>, _ timeMode: TimeMode) {
    self.schema = schema
    self.timeMode = timeMode
  }

  @inlinable var count: Int { unsafe table.count }

  @inlinable
  func load(_ key: Key, _ state: State) { unsafe table[key: key] = state }

  @inlinable @inline(__always)
  func context(for key: Key, _ batch: Batch) -> KeyedContext<Key, Output> {
    if let c = unsafe context { return c }
    let call = KeyedCall(key, 0, .min, .min, nil, -1, batch)
    let c = KeyedContext<Key, Output>(call, clock: clock, processingTimers: processing, timeMode)
    unsafe context = c
    return c
  }

  @inlinable @inline(__always)
  func process<Value>(
    _ c: KeyedContext<Key, Output>, _ key: Key, _ value: Value, _ position: Position?, _ ordinal: Int64,
    _ batch: Batch, _ output: PartitionBuffer<Output>, _ newState: () -> State,
    _ body: (KeyedContext<Key, Output>, Value, inout State) -> Void
  ) {
    let (slot, _) = unsafe table.findOrInsert(key, newState())
    let eventTime = position?.eventTime ?? .min
    c.enter(KeyedCall(key, slot, eventTime, clock.watermark, position, ordinal, batch), output)
    unsafe body(c, value, &table[slot])
    if unsafe c.isRemoved { remove(slot) }
  }
  @inlinable
  func remove(_ slot: UInt32) {
    unsafe table.remove(at: slot)
    unsafe clock.timers.cancelAll(owner: slot)
    unsafe processing.timers.cancelAll(owner: slot)
  }

  @inlinable
  func fire(
    _ t: FiredTimer, _ domain: KeyedTimer.Domain, _ position: Position?, _ batch: Batch,
    _ output: PartitionBuffer<Output>, _ body: ((KeyedContext<Key, Output>, KeyedTimer, inout State) -> Void)?
  ) {
    guard let body else { return }
    let key = unsafe table.key(at: t.owner)
    let c = context(for: key, batch)
    let eventTime = domain == .eventTime ? t.due : .min
    c.enter(KeyedCall(key, t.owner, eventTime, clock.watermark, position, -1, batch), output)
    unsafe body(c, KeyedTimer(number: Int(t.number), due: t.due, domain: domain), &table[t.owner])
    if unsafe c.isRemoved { remove(t.owner) }
  }
  @inlinable
  func fireProcessingTimers(
    _ batch: Batch, _ output: PartitionBuffer<Output>,
    _ body: ((KeyedContext<Key, Output>, KeyedTimer, inout State) -> Void)?
  ) {
    // outputs stand where the partition stands; without event time nowhere
    let watermark = clock.watermark
    let position =
      watermark == .min || watermark == .max
      ? nil : Position(watermark: watermark, sequence: Position.lastSequence, eventTime: watermark)
    while let t = unsafe processing.timers.popDue(at: batch.intervalTime) {
      fire(t, .processingTime, position, batch, output, body)
    }
    // timers in event time that they set for a time that has passed
    if let position { clock.settle(at: position) { fire($0, .eventTime, $1, batch, output, body) } }
  }

  @usableFromInline
  var stateSize: StateSize {
    unsafe StateSize(rows: table.count, bytes: table.byteCount + clock.timers.byteCount + processing.timers.byteCount)
  }
  @usableFromInline
  func snapshot(into snapshot: StateSnapshot) {
    unsafe table.snapshot("state", into: snapshot, keys: .automatic(), values: schema)
    clock.snapshot(into: snapshot)
    unsafe processing.timers.snapshot("processing-timers", into: snapshot)
  }
  @usableFromInline
  func restore(from state: RestoredState) throws {
    unsafe try table.restore("state", from: state, keys: .automatic(), values: schema)
    try clock.restore(from: state)
    unsafe try processing.timers.restore("processing-timers", from: state)
  }
}
