/// Exchanges that bring the elements of a key together.
///
/// Guarantees: the partition of a key depends on its ``StreamKey/stableHash`` and the job's number of key groups alone;
/// elements arrive in the order of their positions, those without event time in the order they were read, by whatever
/// ways they came (<doc:StreamCoreDesign>).
/// Cost: a hash and a copy of each element.
extension DStream {
  /// Spreads the elements over the partitions of a new stage by a 64-bit hash, whose top bits choose the key group.
  ///
  /// - Parameters:
  ///   - name: shown in metrics; need not be unique.
  ///   - hash: the same over runs and machines.
  @inlinable
  public func partitioned(name: String, by hash: @escaping @Sendable (borrowing Element) -> UInt64) -> DStream<Element>
  {
    partitioned(name: name, PartitionScatter(hash: hash))
  }
  /// The same with a function that spreads a whole run at a time.
  public func partitioned(name: String, _ scatter: PartitionScatter<Element>) -> DStream<Element> {
    context.exchanged(self, name: name, partitionCount: context.options.keyGroups, merges: true) { exchange, from in
      ScatterWriter(exchange: exchange, from: from, by: scatter)
    }
  }

  /// Pairs of a key and the element: what the operators by key work on.
  @inlinable
  public func keyed<Key: StreamKey>(by key: @escaping @Sendable (Element) -> Key) -> DStream<(Key, Element)> {
    map { (key($0), $0) }
  }

  /// Brings the pairs of each key to the partition that owns its key group.
  @inlinable
  public func groupedByKeyGroup<Key: StreamKey, Value>(name: String) -> DStream<(Key, Value)>
  where Element == (Key, Value) {
    partitioned(name: name) { $0.0.stableHash }
  }

  /// The same elements over all partitions, in turn; behind it, operators run in parallel that a union or a skewed key
  /// had in one place.
  @inlinable
  public func repartition(name: String = "repartition") -> DStream<Element> {
    partitioned(
      name: name,
      PartitionScatter { run, target in
        for i in 0..<run.count {
          // neighbours go to different partitions: the upper bits of a multiplicative hash of the place in the run;
          // what stands at the same position stays together, as the merge behind keeps its order within a partition only
          var place = Int64(i)
          if run.isTimed {
            let position = run.position(i)
            place = position.sequence == Position.lastSequence ? position.watermark : position.sequence
          } else if let ordinals = unsafe run.ordinals {
            place = unsafe Int64(ordinals[i])
          }
          let hash = UInt64(bitPattern: place) &* 0x9e37_79b9_7f4a_7c15
          unsafe target.put(run.elements[i], run, i, partition: Int(truncatingIfNeeded: hash >> target.shift))
        }
      })
  }

  /// All elements in one partition, in the order of positions.
  public func singlePartition(name: String = "single") -> DStream<Element> {
    context.exchanged(self, name: name, partitionCount: 1, merges: true) { exchange, from in
      CollectWriter(exchange: exchange, from: from)
    }
  }

  /// Says that an operator gathers what an interval brings, so that checkpoints stand between intervals.
  public func markWorksByInterval() { context.worksByInterval = true }
}
