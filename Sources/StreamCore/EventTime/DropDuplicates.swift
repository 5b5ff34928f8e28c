/// Elements without those that were there before.
extension DStream {
  /// The first element of each key, for ever: every key stays in memory.
  @inlinable
  public func dropDuplicates<Key: StreamKey>(name: String, by key: @escaping @Sendable (Element) -> Key) -> DStream<
    Element
  > {
    let pairs: DStream<(Key, Element)> = keyed(by: key)
    return pairs.groupedByKeyGroup(name: name).operate { instance in
      let seen = StateByKey<Key, UInt8>(schema: StateSchema())
      instance.register(seen, name: name)
      return PartitionOperator { run, _, output in
        for i in 0..<run.count {
          let e = unsafe run.elements[i]
          if unsafe seen.table.findOrInsert(e.0, 0).isNew {
            output.append(e.1)
            run.copyPosition(i, to: output)
          }
        }
      }
    }
  }

  /// The first element of each key among those whose event times are within a horizon of it: keys are forgotten once the
  /// watermark has passed the first one's event time and the horizon.
  ///
  /// Guarantees: of elements of a key that lie within the horizon of the first, and are not late, one is given out.
  /// An element behind the watermark whose key is not known is late: its key may have been forgotten.
  /// Cost: a table look-up an element; a table entry and a timer for each key of the horizon.
  @inlinable
  public func dropDuplicatesWithinWatermark<Key: StreamKey>(
    name: String, horizonMilliseconds: Int64 = 0, by key: @escaping @Sendable (Element) -> Key
  ) -> DeduplicatedStream<Element> {
    precondition(horizonMilliseconds >= 0, "a horizon cannot be negative")
    let pairs: DStream<(Key, Element)> = keyed(by: key)
    let outputs: DStream<DeduplicatedOutput<Element>> = pairs.groupedByKeyGroup(name: name).operate { instance in
      let seen = SeenKeys<Key>()
      instance.register(seen, name: name)
      return seen.clock.drive(
        instance, orElse: "dropDuplicatesWithinWatermark needs withWatermark(delayMilliseconds:_:) before it"
      ) { t, _, _ in
        unsafe seen.table.remove(at: t.owner)
      } put: { (e: (Key, Element), position, output) in
        if position.eventTime < seen.clock.watermark {
          // a key that is still known is a duplicate, late or not
          if unsafe seen.table.find(e.0) == nil { output.append(.late(e.1), at: position) }
          return
        }
        let (slot, isNew) = unsafe seen.table.findOrInsert(e.0, 0)
        if isNew {
          seen.clock.set(owner: slot, due: position.eventTime &+ horizonMilliseconds &+ 1)
          output.append(.unique(e.1), at: position)
        }
      }
    }
    return DeduplicatedStream(outputs)
  }
}

/// What ``DStream/dropDuplicatesWithinWatermark(name:horizonMilliseconds:by:)`` gives.
public struct DeduplicatedStream<Element> {
  @usableFromInline let outputs: DStream<DeduplicatedOutput<Element>>
  @inlinable
  init(_ outputs: DStream<DeduplicatedOutput<Element>>) { self.outputs = outputs }
  /// The first ones.
  @inlinable
  public var unique: DStream<Element> { outputs.compactMap { if case .unique(let e) = $0 { e } else { nil } } }
  /// Those that came too late to tell.
  @inlinable
  public var late: DStream<Element> { outputs.compactMap { if case .late(let e) = $0 { e } else { nil } } }
}

/// What comes of an element, before ``DeduplicatedStream`` sorts it out.
public enum DeduplicatedOutput<Element> {
  /// The first one of its key.
  case unique(Element)
  /// It came too late to tell.
  case late(Element)
}

/// The keys of the horizon of one partition.
@usableFromInline
final class SeenKeys<Key: StreamKey>: CheckpointedState {
  @exclusivity(unchecked) @usableFromInline var table = KeyedTable<Key, UInt8>()
  @usableFromInline let clock = EventTimeClock()
  @inlinable
  init() {}
  @usableFromInline
  var stateSize: StateSize { unsafe StateSize(rows: table.count, bytes: table.byteCount + clock.timers.byteCount) }
  @usableFromInline
  func snapshot(into snapshot: StateSnapshot) {
    unsafe table.snapshot("keys", into: snapshot, keys: .automatic(), values: StateSchema())
    clock.snapshot(into: snapshot)
  }
  @usableFromInline
  func restore(from state: RestoredState) throws {
    unsafe try table.restore("keys", from: state, keys: .automatic(), values: StateSchema())
    try clock.restore(from: state)
  }
}
