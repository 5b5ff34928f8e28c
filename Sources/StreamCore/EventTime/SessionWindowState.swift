/// An open session of a key.
@usableFromInline
struct OpenSession<Aggregate: Codable & Sendable>: Codable, Sendable {
  /// Event times of its first and last element.
  @usableFromInline var start: Int64
  @usableFromInline var last: Int64
  /// Number of its timer.
  @usableFromInline var id: Int64
  @usableFromInline var aggregate: Aggregate
  @inlinable
  init(start: Int64, last: Int64, id: Int64, aggregate: Aggregate) {
    (self.start, self.last, self.id) = (start, last, id)
    self.aggregate = aggregate
  }
}

/// The open session windows of one partition: for each key the few that are open, in the order of their times.
///
/// An element extends the session within the gap of it, or bridges two; it is late only if the session it would make
/// alone was over, by more than the allowed lateness, before the watermark (Flink's merged-window rule). A session is
/// closed when no element that is not late could extend it: when the watermark has passed last + gap.
@usableFromInline
final class SessionWindowState<Key: StreamKey, Aggregate: Codable & Sendable>: CheckpointedState {
  @usableFromInline typealias Session = OpenSession<Aggregate>
  @usableFromInline let gap: Int64
  @usableFromInline let lateness: Int64
  @usableFromInline let mode: OutputMode
  @usableFromInline let schema: StateSchema<Aggregate>
  @exclusivity(unchecked) @usableFromInline var table = KeyedTable<Key, [Session]>()
  @usableFromInline let clock = EventTimeClock()
  @exclusivity(unchecked) @usableFromInline var nextID = Int64(1)
  /// Sessions that the open interval changed, with ``OutputMode/update``: slot and id.
  @exclusivity(unchecked) @usableFromInline var changed: Set<PairKey<UInt32, Int64>> = []

  @inlinable
  init(gap: Int64, lateness: Int64, mode: OutputMode, schema: StateSchema<Aggregate>) {
    self.gap = gap
    self.lateness = lateness
    self.mode = mode
    self.schema = schema
  }

  @inlinable
  func makeOperator<Value>(
    _ instance: StageInstance, _ create: @escaping @Sendable (Value) -> Aggregate,
    _ add: @escaping @Sendable (inout Aggregate, Value) -> Void,
    _ merge: @escaping @Sendable (inout Aggregate, Aggregate) -> Void
  ) -> PartitionOperator<(Key, Value), WindowOutput<Key, Value, Aggregate>> {
    clock.drive(
      instance, orElse: "windows of event time need withWatermark(delayMilliseconds:_:) before the exchange"
    ) { [self] in
      close($0, $1, $2)
    } finish: { [self] batch, output in
      if batch.closesInterval { emitInterval(output) }
      instance.heldCount = unsafe table.count
    } put: { [self] (e: (Key, Value), position, output) in
      if !put(e.0, e.1, position.eventTime, create, add, merge) {
        output.append(.late(e.0, e.1), at: position.lagging(milliseconds: SessionWindowState.lag(lateness)))
      }
    }
  }

  @inlinable
  func due(_ last: Int64) -> Int64 { last &+ gap &+ 1 &+ lateness }
  /// How far behind the watermark the last instant of a session is when it is closed.
  @inlinable
  static func lag(_ lateness: Int64) -> Int64 { lateness &+ 1 }

  @inlinable
  func put<Value>(
    _ key: Key, _ value: Value, _ time: Int64, _ create: (Value) -> Aggregate, _ add: (inout Aggregate, Value) -> Void,
    _ merge: (inout Aggregate, Aggregate) -> Void
  ) -> Bool {
    let hash = key.stableHash
    guard let slot = unsafe table.find(key, hash: hash) else {
      guard mode == .complete || due(time) > clock.watermark else { return false }
      let slot = unsafe table.insertNew(key, hash: hash, [])
      open(slot, at: 0, create(value), time)
      return true
    }
    // the first session that the element touches or comes before
    var k = 0
    while unsafe k < table[slot].count, unsafe table[slot][k].last &+ gap < time { k += 1 }
    guard unsafe k < table[slot].count, unsafe table[slot][k].start &- gap <= time else {
      guard mode == .complete || due(time) > clock.watermark else { return false }
      open(slot, at: k, create(value), time)
      return true
    }
    unsafe add(&table[slot][k].aggregate, value)
    unsafe table[slot][k].start = unsafe min(table[slot][k].start, time)
    unsafe table[slot][k].last = unsafe max(table[slot][k].last, time)
    if unsafe k + 1 < table[slot].count, unsafe table[slot][k + 1].start &- gap <= table[slot][k].last {
      let next = unsafe table[slot].remove(at: k + 1)
      unsafe merge(&table[slot][k].aggregate, next.aggregate)
      unsafe table[slot][k].last = unsafe max(table[slot][k].last, next.last)
      unsafe clock.timers.cancel(owner: slot, number: next.id)
      unsafe changed.remove(PairKey(slot, next.id))
    }
    touch(slot, k)
    return true
  }
  @inlinable
  func open(_ slot: UInt32, at k: Int, _ aggregate: Aggregate, _ time: Int64) {
    unsafe table[slot].insert(Session(start: time, last: time, id: nextID, aggregate: aggregate), at: k)
    unsafe nextID += 1
    touch(slot, k)
  }
  @inlinable
  func touch(_ slot: UInt32, _ k: Int) {
    let session = unsafe table[slot][k]
    if mode != .complete { clock.set(owner: slot, number: session.id, due: due(session.last)) }
    if mode == .update { unsafe changed.insert(PairKey(slot, session.id)) }
  }

  @inlinable
  func close<Value>(
    _ timer: FiredTimer, _ position: Position, _ output: PartitionBuffer<WindowOutput<Key, Value, Aggregate>>
  ) {
    guard let k = unsafe table[timer.owner].firstIndex(where: { $0.id == timer.number }) else { return }
    if unsafe mode == .append || changed.remove(PairKey(timer.owner, timer.number)) != nil {
      unsafe emit(timer.owner, table[timer.owner][k], position, output)
    }
    if unsafe table[timer.owner].count == 1 {
      unsafe table.remove(at: timer.owner)
    } else {
      unsafe table[timer.owner].remove(at: k)
    }
  }
  @inlinable
  func emit<Value>(
    _ slot: UInt32, _ session: Session, _ position: Position,
    _ output: PartitionBuffer<WindowOutput<Key, Value, Aggregate>>
  ) {
    let window = TimeWindow(start: session.start, end: session.last &+ gap)
    var p = position.lagging(milliseconds: SessionWindowState.lag(lateness))
    p.eventTime = window.end &- 1
    unsafe output.append(.result(table.key(at: slot), Windowed(window: window, value: session.aggregate)), at: p)
  }
  @inlinable
  func emitInterval<Value>(_ output: PartitionBuffer<WindowOutput<Key, Value, Aggregate>>) {
    if mode == .append { return }
    let now = Position(watermark: clock.watermark, sequence: Position.lastSequence, eventTime: 0)
    if mode == .update {
      for place in unsafe changed.sorted(by: { ($0.first, $0.second) < ($1.first, $1.second) }) {
        for session in unsafe table[place.first] where session.id == place.second {
          emit(place.first, session, now, output)
        }
      }
    } else {
      var next = unsafe table.slot(from: 0)
      while let slot = next {
        for session in unsafe table[slot] { emit(slot, session, now, output) }
        next = unsafe table.slot(from: slot &+ 1)
      }
    }
    unsafe changed.removeAll(keepingCapacity: true)
  }

  @usableFromInline
  var stateSize: StateSize { unsafe StateSize(rows: table.count, bytes: table.byteCount + clock.timers.byteCount) }
  @usableFromInline
  func snapshot(into snapshot: StateSnapshot) {
    unsafe table.snapshot("sessions", into: snapshot, keys: .automatic(), values: sessionSchema)
    clock.snapshot(into: snapshot)
    unsafe snapshot.addCount("next-id", Int(nextID))
  }
  @usableFromInline
  func restore(from state: RestoredState) throws {
    unsafe try table.restore("sessions", from: state, keys: .automatic(), values: sessionSchema)
    try clock.restore(from: state)
    unsafe nextID = Int64(try state.count("next-id"))
  }
  /// The aggregates' version stands for the sessions; an older one goes to the user's migration aggregate by aggregate.
  private var sessionSchema: StateSchema<[Session]> {
    let schema = schema
    let stored = StateCodec<[StoredSession]>.json()
    @Sendable func read(_ bytes: [UInt8], _ aggregate: ([UInt8]) throws -> Aggregate) throws -> [Session] {
      try stored.decoded(bytes).map { (s: StoredSession) -> Session in
        Session(start: s.start, last: s.last, id: s.id, aggregate: try aggregate(s.aggregate))
      }
    }
    let codec = StateCodec<[Session]>(
      encode: { (sessions: [Session]) throws -> [UInt8] in
        let list = try sessions.map { (s: Session) -> StoredSession in
          StoredSession(start: s.start, last: s.last, id: s.id, aggregate: try schema.codec.encoded(s.aggregate))
        }
        return try stored.encoded(list)
      },
      decode: { (bytes: [UInt8]) throws -> [Session] in try read(bytes) { try schema.codec.decoded($0) } })
    guard let migrate = schema.migrate else { return StateSchema<[Session]>(version: schema.version, codec: codec) }
    return StateSchema<[Session]>(version: schema.version, codec: codec) { (version: Int, bytes: [UInt8]) in
      try read(bytes) { try migrate(version, $0) }
    }
  }
}

/// An open session as checkpoints hold it.
struct StoredSession: Codable, Sendable {
  var start: Int64
  var last: Int64
  var id: Int64
  var aggregate: [UInt8]
}
