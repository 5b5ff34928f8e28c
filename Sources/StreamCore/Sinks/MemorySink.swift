/// What a ``MemorySink`` collected: outlives the runs that fill it, and may be read while they do.
public final class MemoryTable<Element>: @unchecked Sendable {
  private let rows = Guarded<[Element]>([])
  public init() {}

  /// What was collected so far, in order. Cost: a copy.
  public var elements: [Element] { rows.withLock { $0 } }
  /// How much was collected so far.
  public var count: Int { rows.withLock { $0.count } }
  /// Forgets it. Not while a job that keeps checkpoints fills the table.
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
/// Guarantees: exactly once for as long as the table lives: a resumed run cuts it back to what the checkpoint knows, and
/// one that found no checkpoint begins with an empty table.
/// Cost: a lock and a copy a run of elements.
public final class MemorySink<Element>: Consumer<Element>, CheckpointedState, @unchecked Sendable {
  private let table: MemoryTable<Element>
  /// What is in the table may be of a run that died before its first checkpoint.
  private var mustStartOver: Bool

  /// - Parameter isCheckpointed: whether the job keeps checkpoints; without them the table keeps what earlier runs put in.
  public init(_ table: MemoryTable<Element>, isCheckpointed: Bool = false) {
    self.table = table
    mustStartOver = isCheckpointed
  }

  public override func consume(_ run: PartitionRun<Element>, _ batch: Batch) {
    startOver()
    unsafe table.append(run.elements)
  }
  public override func endBatch(_ batch: Batch) { startOver() }
  private func startOver() {
    if mustStartOver { table.removeAll() }
    mustStartOver = false
  }

  public func snapshot(into snapshot: StateSnapshot) {
    unsafe [UInt64(table.count)].withUnsafeBufferPointer { unsafe snapshot.add("rows", values: $0) }
  }
  public func restore(from snapshot: RestoredState) throws {
    let values = try snapshot.values("rows", of: UInt64.self)
    guard values.count == 1 else { throw StateError.size("rows", values.count * 8) }
    try table.cut(to: Int(values[0]))
    mustStartOver = false
  }
}
