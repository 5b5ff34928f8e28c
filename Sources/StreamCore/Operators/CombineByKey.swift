/// What an interval brought for each key, combined: the base of the reductions by key.
///
/// Guarantees: a pair a key that had elements in the interval, in the order in which the keys first came in their
/// partition; results stand at no position (they belong to the interval).
/// Cost: with map-side combining, each block is combined before the exchange, so the exchange carries a pair a key and
/// block; without it, every element. Memory: a table of the interval's keys. No state outlives the interval.
extension DStream {
  /// Combines the values of each key, interval by interval.
  ///
  /// - Parameters:
  ///   - createCombiner: of a key's first value.
  ///   - mergeValue: puts a further value in.
  ///   - mergeCombiners: of two blocks; only used with `mapSideCombine`.
  ///   - mapSideCombine: combine within blocks first. Only for functions that are associative to the last bit, as
  ///     blocks are cut anywhere; nil: yes, unless the combiner is a floating-point number. Not done where elements of a
  ///     block come by several ways (behind another exchange, or a union of a stream with itself), as their order would
  ///     be lost.
  @inlinable
  public func combineByKey<Key: StreamKey, Value, Combiner>(
    name: String = "combineByKey", mapSideCombine: Bool? = nil, createCombiner: @escaping @Sendable (Value) -> Combiner,
    mergeValue: @escaping @Sendable (inout Combiner, Value) -> Void,
    mergeCombiners: @escaping @Sendable (inout Combiner, Combiner) -> Void
  ) -> DStream<(Key, Combiner)> where Element == (Key, Value) {
    if combinesFirst, mapSideCombine ?? !(Combiner.self is any BinaryFloatingPoint.Type) {
      return combinedByBlock(createCombiner, mergeValue)
        .groupedByKeyGroup(name: name).combinedByInterval({ $0 }, mergeCombiners)
    }
    return groupedByKeyGroup(name: name).combinedByInterval(createCombiner, mergeValue)
  }

  /// Whether each block's elements are in one place, in the order of reading, so that they may be combined there.
  @usableFromInline
  var combinesFirst: Bool {
    let direct = branches.filter { !$0.isByInterval }
    return direct.allSatisfy { $0.stage == 0 } && Set(direct.map(\.feed)).count == direct.count
  }
  /// Says that the operator at the end of the stream gives out at the ends of intervals only.
  @usableFromInline
  func givingOutByInterval() -> DStream<Element> {
    for branch in branches { branch.isByInterval = true }
    return self
  }

  /// The values of each key combined within each block; elements that are merged by event time are handed on one by one.
  @inlinable
  func combinedByBlock<Key: StreamKey, Value, Combiner>(
    _ createCombiner: @escaping @Sendable (Value) -> Combiner,
    _ mergeValue: @escaping @Sendable (inout Combiner, Value) -> Void
  ) -> DStream<(Key, Combiner)> where Element == (Key, Value) {
    operate { [context] _ in
      let table = CombinerTable<Key, Combiner>()
      let handsOn = context.mergesTimedSources
      return PartitionOperator { _, output in
        table.drain(into: output)
      } process: { run, _, output in
        if handsOn, run.isTimed {
          for i in 0..<run.count {
            let e = unsafe run.elements[i]
            output.append((e.0, createCombiner(e.1)))
          }
          run.copyPositions(to: output)
        } else {
          table.put(run, createCombiner, mergeValue)
        }
      }
    }
  }

  @inlinable
  func combinedByInterval<Key: StreamKey, Value, Combiner>(
    _ createCombiner: @escaping @Sendable (Value) -> Combiner,
    _ mergeValue: @escaping @Sendable (inout Combiner, Value) -> Void
  ) -> DStream<(Key, Combiner)> where Element == (Key, Value) {
    markWorksByInterval()
    return operate { _ in
      let table = CombinerTable<Key, Combiner>()
      return PartitionOperator { batch, output in
        if batch.closesInterval { table.drain(into: output) }
      } process: { run, _, _ in
        table.put(run, createCombiner, mergeValue)
      }
    }.givingOutByInterval()
  }

  /// The values of each key reduced, interval by interval. `reduce` is associative; see
  /// ``combineByKey(name:mapSideCombine:createCombiner:mergeValue:mergeCombiners:)`` for `mapSideCombine`.
  @inlinable
  public func reduceByKey<Key: StreamKey, Value>(
    name: String = "reduceByKey", mapSideCombine: Bool? = nil, _ reduce: @escaping @Sendable (Value, Value) -> Value
  ) -> DStream<(Key, Value)> where Element == (Key, Value) {
    combineByKey(
      name: name, mapSideCombine: mapSideCombine, createCombiner: { $0 }, mergeValue: { $0 = reduce($0, $1) },
      mergeCombiners: { $0 = reduce($0, $1) })
  }

  /// All values of each key, in the order they were read, interval by interval.
  @inlinable
  public func groupByKey<Key: StreamKey, Value>(name: String = "groupByKey") -> DStream<(Key, [Value])>
  where Element == (Key, Value) {
    combineByKey(
      name: name, mapSideCombine: false, createCombiner: { [$0] }, mergeValue: { $0.append($1) },
      mergeCombiners: { $0 += $1 })
  }

  /// How often each element came, interval by interval.
  @inlinable
  public func countByValue(name: String = "countByValue") -> DStream<(Element, Int)> where Element: StreamKey {
    map { ($0, 1) }.reduceByKey(name: name, +)
  }

  /// The pairs with what `transform` gives for their values.
  @inlinable
  public func mapValues<Key, Value, Output>(
    _ transform: @escaping @Sendable (Value) -> Output
  ) -> DStream<(Key, Output)> where Element == (Key, Value) {
    map { ($0.0, transform($0.1)) }
  }

  /// A pair for each element of the sequences that `transform` gives for the values.
  @inlinable
  public func flatMapValues<Key, Value, Output: Sequence>(
    _ transform: @escaping @Sendable (Value) -> Output
  ) -> DStream<(Key, Output.Element)> where Element == (Key, Value) {
    operate { _ in
      PartitionOperator { run, _, output in
        for i in 0..<run.count {
          let pair = unsafe run.elements[i]
          for value in transform(pair.1) {
            output.append((pair.0, value))
            run.copyPosition(i, to: output)
          }
        }
      }
    }
  }
}

/// Combiners by key, given out and forgotten together.
public final class CombinerTable<Key: StreamKey, Combiner> {
  @exclusivity(unchecked) @usableFromInline var table = KeyedTable<Key, Combiner>()

  @inlinable
  init() {}

  @inlinable @inline(__always)
  func put<Value>(
    _ key: Key, _ create: (Value) -> Combiner, _ merge: (inout Combiner, Value) -> Void, _ value: Value
  ) {
    let hash = key.stableHash
    if let slot = unsafe table.find(key, hash: hash) {
      unsafe merge(&table[slot], value)
    } else {
      _ = unsafe table.insertNew(key, hash: hash, create(value))
    }
  }
  /// Puts every pair of a run in.
  @inlinable
  func put<Value>(
    _ run: PartitionRun<(Key, Value)>, _ create: (Value) -> Combiner, _ merge: (inout Combiner, Value) -> Void
  ) {
    for i in 0..<run.count {
      let e = unsafe run.elements[i]
      put(e.0, create, merge, e.1)
    }
  }
  /// Appends every pair, in the order in which the keys came, and starts over.
  @inlinable
  func drain(into output: PartitionBuffer<(Key, Combiner)>) {
    if unsafe table.isEmpty { return }
    unsafe table.visit { _, key, value in output.append((key, value)) }
    unsafe table.removeAll()
  }
}
