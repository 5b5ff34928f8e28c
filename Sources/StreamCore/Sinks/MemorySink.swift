/// What a ``MemorySink`` collected: outlives the runs that fill it, and may be read while they do.
public final class MemoryTable<Element>: @unchecked Sendable {
  private let rows = Guarded<[Element]>([])
  public init() {}

  public var elements: [Element] { rows.withLock { $0 } }
  public var count: Int { rows.withLock { $0.count } }
  public func removeAll() { rows.withLock { $0.removeAll() } }

  func append(_ run: UnsafeBufferPointer<Element>) { rows.withLock { unsafe $0.append(contentsOf: run) } }
  func cut(to count: Int) throws {
    try rows.withLock {
      if $0.count < count { throw StateError.size("rows", $0.count) }
      $0.removeLast($0.count - count)
    }
  }
}

/// Collects a stream in memory, for tests and for looking at small results.
///
/// Guarantees: exactly once for as long as the table lives: a resumed run cuts it back to what the checkpoint knows.
/// Cost: a lock and a copy a run of elements.
public final class MemorySink<Element>: Consumer<Element>, CheckpointedState, @unchecked Sendable {
  private let table: MemoryTable<Element>
  public init(_ table: MemoryTable<Element>) { self.table = table }

  public override func consume(_ run: PartitionRun<Element>, _ batch: Batch) { unsafe table.append(run.elements) }

  public func snapshot(into snapshot: StateSnapshot) {
    unsafe [UInt64(table.count)].withUnsafeBufferPointer { unsafe snapshot.add("rows", values: $0) }
  }
  public func restore(from snapshot: RestoredState) throws {
    let values = try snapshot.values("rows", of: UInt64.self)
    guard values.count == 1 else { throw StateError.size("rows", values.count * 8) }
    try table.cut(to: Int(values[0]))
  }
}
