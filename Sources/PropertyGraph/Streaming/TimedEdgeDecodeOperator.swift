import FlatMemory
public import StreamCore

/// Turns blocks of edge lists into timed edges, one instance a worker; malformed lines go to a handler.
@safe final class TimedEdgeDecodeOperator: Consumer<UInt8>, @unchecked Sendable {
  private let next: Consumer<TimedEdge>
  private let plans: [TimedEdgePlan]
  private var parsers: [TimedEdgeParser?]
  private let rejected: (RejectedEdgeLine, UnsafePointer<UInt8>, Batch, StageInstance) -> Void
  private let instance: StageInstance
  private var edges = FlatArray<TimedEdge>(capacity: 8192)

  init(
    plans: [TimedEdgePlan], instance: StageInstance, next: Consumer<TimedEdge>,
    rejected: @escaping (RejectedEdgeLine, UnsafePointer<UInt8>, Batch, StageInstance) -> Void
  ) {
    unsafe (self.plans, self.instance, self.next, self.rejected) = unsafe (plans, instance, next, rejected)
    parsers = plans.map { _ in nil }
  }
  deinit { edges.deallocate() }

  override func consume(_ run: PartitionRun<UInt8>, _ batch: Batch) {
    var parser = parsers[batch.source] ?? TimedEdgeParser(plan: plans[batch.source])
    var edges = self.edges
    edges.removeAll()
    let bytes = unsafe batch.block.base
    unsafe parser.parse(
      bytes, start: batch.start, end: batch.end, sourceOffset: batch.sourceOffset, edges: &edges,
      reject: { unsafe rejected($0, UnsafePointer(bytes), batch, instance) })
    self.edges = edges
    parsers[batch.source] = parser
    unsafe next.consume(
      PartitionRun(
        elements: edges.elements, runningMaxima: nil, maximumBefore: .min, bytes: UnsafePointer(bytes), origin: batch),
      batch)
  }
  override func endBatch(_ batch: Batch) { next.endBatch(batch) }
}

extension DStream where Element == UInt8 {
  /// The timed edges in the lines of edge lists, decoded block by block on all threads.
  ///
  /// - Parameters:
  ///   - plans: how each source is read, in the order of the sources.
  ///   - rejected: told of every malformed line, on the thread that decodes it, with the block's bytes.
  public func timedEdges(
    _ plans: [TimedEdgePlan],
    rejected: @escaping (RejectedEdgeLine, UnsafePointer<UInt8>, Batch, StageInstance) -> Void
  ) -> DStream<TimedEdge> {
    transformPartitions { instance, next in
      unsafe TimedEdgeDecodeOperator(plans: plans, instance: instance, next: next, rejected: rejected)
    }
  }
}
