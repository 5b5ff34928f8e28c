/// The open tumbling or sliding windows of one partition: a table by (key, window start), a timer each.
@usableFromInline
final class TimeWindowState<Key: StreamKey, Aggregate: Codable & Sendable>: CheckpointedState {
  @usableFromInline typealias WindowKey = PairKey<Key, Int64>
  @usableFromInline let length: Int64
  @usableFromInline let slide: Int64
  @usableFromInline let offset: Int64
  @usableFromInline let lateness: Int64
  @usableFromInline let mode: OutputMode
  @usableFromInline let schema: StateSchema<Aggregate>
  @exclusivity(unchecked) @usableFromInline var table = KeyedTable<WindowKey, Aggregate>()
  @usableFromInline let clock = EventTimeClock()
  /// Slots that the open interval changed, with ``OutputMode/update``.
  @exclusivity(unchecked) @usableFromInline var changed: Set<UInt32> = []

  @inlinable
  init(_ windows: TimeWindows, lateness: Int64, mode: OutputMode, schema: StateSchema<Aggregate>) {
    (length, slide, offset) = windows.shape
    self.lateness = lateness
    self.mode = mode
    self.schema = schema
  }

  @inlinable
  func makeOperator<Value>(
    _ instance: StageInstance, _ create: @escaping @Sendable (Value) -> Aggregate,
    _ add: @escaping @Sendable (inout Aggregate, Value) -> Void
  ) -> PartitionOperator<(Key, Value), WindowOutput<Key, Value, Aggregate>> {
    clock.drive(
      instance, orElse: "windows of event time need withWatermark(delayMilliseconds:_:) before the exchange"
    ) { [self] in
      close($0, $1, $2)
    } finish: { [self] batch, output in
      if batch.closesInterval { emitInterval(output) }
      instance.heldCount = unsafe table.count
    } put: { [self] (e: (Key, Value), position, output) in
      if !put(e.0, e.1, position.eventTime, create, add) {
        output.append(.late(e.0, e.1), at: position.lagging(milliseconds: lateness))
      }
    }
  }

  /// Adds an element to its windows that are open; false when there is none.
  @inlinable
  func put<Value>(
    _ key: Key, _ value: Value, _ time: Int64, _ create: (Value) -> Aggregate, _ add: (inout Aggregate, Value) -> Void
  ) -> Bool {
    var start = TimeWindows.lastStart(time, slide: slide, offset: offset)
    var isIn = false
    while start &+ length > time {
      let due = start &+ length &+ lateness
      // nothing is forgotten with complete results
      if mode == .complete || due > clock.watermark {
        let windowKey = WindowKey(key, start)
        let hash = windowKey.stableHash
        let slot: UInt32
        if let found = unsafe table.find(windowKey, hash: hash) {
          slot = found
          unsafe add(&table[slot], value)
        } else {
          slot = unsafe table.insertNew(windowKey, hash: hash, create(value))
          if mode != .complete { clock.set(owner: slot, due: due) }
        }
        if mode == .update { unsafe changed.insert(slot) }
        isIn = true
      }
      start &-= slide
    }
    return isIn
  }

  @inlinable
  func close<Value>(
    _ timer: FiredTimer, _ position: Position, _ output: PartitionBuffer<WindowOutput<Key, Value, Aggregate>>
  ) {
    if unsafe mode == .append || changed.remove(timer.owner) != nil { emit(timer.owner, position, output) }
    unsafe table.remove(at: timer.owner)
  }
  @inlinable
  func emit<Value>(
    _ slot: UInt32, _ position: Position, _ output: PartitionBuffer<WindowOutput<Key, Value, Aggregate>>
  ) {
    let key = unsafe table.key(at: slot)
    let window = TimeWindow(start: key.second, end: key.second &+ length)
    var p = position.lagging(milliseconds: lateness)
    p.eventTime = window.end &- 1
    unsafe output.append(.result(key.first, Windowed(window: window, value: table[slot])), at: p)
  }
  @inlinable
  func emitInterval<Value>(_ output: PartitionBuffer<WindowOutput<Key, Value, Aggregate>>) {
    let now = Position(watermark: clock.watermark, sequence: Position.lastSequence, eventTime: 0)
    switch mode {
    case .append: break
    case .update:
      for slot in unsafe changed.sorted() { emit(slot, now, output) }
      unsafe changed.removeAll(keepingCapacity: true)
    case .complete:
      var next = unsafe table.slot(from: 0)
      while let slot = next {
        emit(slot, now, output)
        next = unsafe table.slot(from: slot &+ 1)
      }
    }
  }

  @usableFromInline
  var stateSize: StateSize { unsafe StateSize(rows: table.count, bytes: table.byteCount + clock.timers.byteCount) }
  @usableFromInline
  func snapshot(into snapshot: StateSnapshot) {
    unsafe table.snapshot("windows", into: snapshot, keys: .automatic(), values: schema)
    clock.snapshot(into: snapshot)
  }
  @usableFromInline
  func restore(from state: RestoredState) throws {
    unsafe try table.restore("windows", from: state, keys: .automatic(), values: schema)
    try clock.restore(from: state)
  }
}
