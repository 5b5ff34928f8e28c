/// Reductions by key over windows of intervals.
///
/// Guarantees: every slide, a pair for each key that some interval of the window has; a key is forgotten when the last
/// interval that has it leaves (Spark keeps it until a filter drops it). Without an inverse keys are in the order in which
/// they came to the window's partition; with one, a new key takes the place of one that was forgotten: both orders depend
/// on the input and the number of key groups alone.
/// Cost: with an inverse, a slide costs what came and what left; without it, a pass over the intervals' tables.
/// Memory: a table an interval of the window, and one of the whole with an inverse.
extension DStream {
  /// The values of each key in the window reduced, every slide.
  ///
  /// - Parameters:
  ///   - reduce: associative.
  ///   - inverse: takes a value that left the window out of the result again (`inverse(reduce(a, b), a) == b`).
  ///   - filter: pairs for which it does not hold are not given out.
  @inlinable
  public func reduceByKeyAndWindow<Key: StreamKey, Value: Codable & Sendable>(
    _ window: IntervalWindow, name: String, mapSideCombine: Bool? = nil,
    _ reduce: @escaping @Sendable (Value, Value) -> Value,
    inverse: (@Sendable (Value, Value) -> Value)? = nil, filter: (@Sendable (Key, Value) -> Bool)? = nil
  ) -> DStream<(Key, Value)> where Element == (Key, Value) {
    let combines = combinesFirst && (mapSideCombine ?? !(Value.self is any BinaryFloatingPoint.Type))
    let blocks: DStream<(Key, Value)> = combines ? combinedByBlock({ $0 }, { $0 = reduce($0, $1) }) : self
    return blocks.combinedByWindow(
      window, name: name, create: { $0 }, merge: { $0 = reduce($0, $1) }, combine: { $0 = reduce($0, $1) },
      inverse: inverse, filter: filter)
  }

  /// The base of the reductions over windows: `create` and `merge` make an interval's value of a key, `combine` puts the
  /// next interval's to it.
  @inlinable
  func combinedByWindow<Key: StreamKey, Value, Combined: Codable & Sendable>(
    _ window: IntervalWindow, name: String, create: @escaping @Sendable (Value) -> Combined,
    merge: @escaping @Sendable (inout Combined, Value) -> Void,
    combine: @escaping @Sendable (inout Combined, Combined) -> Void,
    inverse: (@Sendable (Combined, Combined) -> Combined)?, filter: (@Sendable (Key, Combined) -> Bool)?
  ) -> DStream<(Key, Combined)> where Element == (Key, Value) {
    let (length, slide) = window.resolved(context.options.trigger)
    markWorksByInterval()
    return groupedByKeyGroup(name: name).operate { instance in
      let state = WindowTables<Key, Combined>(length: length, isIncremental: inverse != nil)
      instance.register(state, name: name)
      return PartitionOperator { batch, output in
        guard batch.closesInterval else { return }
        state.close(combine, inverse)
        if (batch.interval + 1) % slide == 0 {
          state.forEach(combine) { key, value in if filter?(key, value) ?? true { output.append((key, value)) } }
        }
        state.trim()
      } process: { run, _, _ in
        unsafe state.open.put(run, create, merge)
      }
    }.givingOutByInterval()
  }

  /// All values of each key in the window, every slide, in the order they were read.
  @inlinable
  public func groupByKeyAndWindow<Key: StreamKey, Value: Codable & Sendable>(
    _ window: IntervalWindow, name: String
  ) -> DStream<(Key, [Value])> where Element == (Key, Value) {
    combinedByWindow(
      window, name: name, create: { [$0] }, merge: { $0.append($1) }, combine: { $0 += $1 }, inverse: nil, filter: nil)
  }
}

/// A value of the whole window and how many intervals of the window have its key.
@usableFromInline
struct WindowTotal<Value: Codable & Sendable>: Codable, Sendable {
  @usableFromInline var value: Value
  @usableFromInline var intervalCount: Int32
  @inlinable
  init(value: Value, intervalCount: Int32) {
    self.value = value
    self.intervalCount = intervalCount
  }
}

/// The tables behind a window by key, of one partition.
@usableFromInline
final class WindowTables<Key: StreamKey, Value: Codable & Sendable>: CheckpointedState {
  @usableFromInline let length: Int
  @usableFromInline let isIncremental: Bool
  /// The interval that is open, and the latest ones that a window still covers, oldest first.
  @exclusivity(unchecked) @usableFromInline var open = CombinerTable<Key, Value>()
  @usableFromInline var recent: [CombinerTable<Key, Value>] = []
  /// With an inverse: the whole of `recent`; not if it has still to be made of it.
  @usableFromInline var isTotalled = true
  @exclusivity(unchecked) @usableFromInline var total = KeyedTable<Key, WindowTotal<Value>>()

  @inlinable
  init(length: Int, isIncremental: Bool) {
    self.length = length
    self.isIncremental = isIncremental
  }

  /// Puts the open interval into the window and takes the one that leaves out of it.
  @inlinable
  func close(_ combine: (inout Value, Value) -> Void, _ inverse: ((Value, Value) -> Value)?) {
    unsafe recent.append(open)
    unsafe open = CombinerTable()
    guard let inverse else { return }
    for i in (isTotalled ? recent.count - 1 : 0)..<recent.count { add(recent[i], combine) }
    isTotalled = true
    while recent.count > length {
      unsafe recent[0].table.visit { _, key, value in
        let hash = key.stableHash
        guard let slot = unsafe total.find(key, hash: hash) else { return }
        if unsafe total[slot].intervalCount == 1 {
          unsafe total.remove(at: slot, hash: hash)
        } else {
          unsafe total[slot].value = unsafe inverse(total[slot].value, value)
          unsafe total[slot].intervalCount -= 1
        }
      }
      recent.removeFirst()
    }
  }
  @inlinable
  func add(_ interval: CombinerTable<Key, Value>, _ combine: (inout Value, Value) -> Void) {
    unsafe interval.table.visit { _, key, value in
      let hash = key.stableHash
      if let slot = unsafe total.find(key, hash: hash) {
        unsafe combine(&total[slot].value, value)
        unsafe total[slot].intervalCount += 1
      } else {
        _ = unsafe total.insertNew(key, hash: hash, WindowTotal(value: value, intervalCount: 1))
      }
    }
  }
  /// Without an inverse, drops what no later window covers.
  @inlinable
  func trim() {
    if !isIncremental, recent.count >= length { recent.removeFirst(recent.count - length + 1) }
  }

  @inlinable
  func forEach(_ combine: (inout Value, Value) -> Void, _ body: (Key, Value) -> Void) {
    if isIncremental { return unsafe total.visit { _, key, t in body(key, t.value) } }
    if recent.count == 1 { return unsafe recent[0].table.visit { _, key, value in body(key, value) } }
    let whole = CombinerTable<Key, Value>()
    for interval in recent {
      unsafe interval.table.visit { _, key, value in whole.put(key, { $0 }, combine, value) }
    }
    unsafe whole.table.visit { _, key, value in body(key, value) }
  }

  @usableFromInline
  var stateSize: StateSize {
    unsafe recent.reduce(StateSize(rows: total.count, bytes: total.byteCount)) {
      unsafe $0 + StateSize(rows: $1.table.count, bytes: $1.table.byteCount)
    }
  }
  @usableFromInline
  func snapshot(into snapshot: StateSnapshot) {
    let keys = StateCodec<Key>.automatic()
    snapshot.addCount("intervals", recent.count)
    for i in recent.indices {
      unsafe recent[i].table.snapshot("interval-\(i)", into: snapshot, keys: keys, values: StateSchema<Value>())
    }
    if isIncremental {
      unsafe total.snapshot("total", into: snapshot, keys: keys, values: StateSchema<WindowTotal<Value>>())
    }
  }
  @usableFromInline
  func restore(from snapshot: RestoredState) throws {
    let keys = StateCodec<Key>.automatic()
    recent = try (0..<(try snapshot.count("intervals"))).map { i in
      let interval = CombinerTable<Key, Value>()
      unsafe try interval.table.restore("interval-\(i)", from: snapshot, keys: keys, values: StateSchema<Value>())
      return interval
    }
    // the window may have been longer when the checkpoint was written, or have had an inverse, or none
    trim()
    isTotalled = isIncremental && snapshot.contains("total/header")
    if isTotalled {
      unsafe try total.restore("total", from: snapshot, keys: keys, values: StateSchema<WindowTotal<Value>>())
    }
  }
}
