import FlatMemory

/// Puts the elements without event time that several partitions give for one batch back into the order in which they
/// were read.
///
/// Every element carries its number in the block it comes from (``PartitionBuffer/ordinals``). Batches come in the order
/// of reading, so merging each by number gives the order of the sources, wherever blocks were cut. What comes of the same
/// element by several ways is taken way by way, then partition by partition.
/// Cost: nothing for a batch that comes from one partition; otherwise a step in a heap of the partitions and a copy for
/// each element, or a call of the consumer where elements point into their partition's bytes.
/// Method: a merge of sorted runs by a heap, a run at a time.
@safe final class OrdinalMerge<Element> {
  private var inputs: [PartitionBuffer<Element>] = []
  /// What the elements' source had reached before the block is known of those that come from the source stage.
  private var areFromSources: [Bool] = []
  private var cursors: [Int] = []
  /// (number, input) of the inputs that are not used up, least first.
  private var heap: [UInt64] = []
  private let merged = PartitionBuffer<Element>()

  /// Takes what a partition gives; ways and partitions in their order.
  func add(_ buffer: PartitionBuffer<Element>, isFromSources: Bool) {
    inputs.append(buffer)
    areFromSources.append(isFromSources)
  }

  /// Hands on what was added, in order.
  func drain(into consumer: Consumer<Element>, _ batch: Batch) {
    if inputs.isEmpty { return }
    if inputs.count == 1 || !inputs.allSatisfy(\.isOrdered) {
      // results of an interval have no numbers: they come partition by partition
      for (q, b) in inputs.enumerated() {
        unsafe consumer.consume(InputQueues.run(b, 0..<b.count, batch, areFromSources[q], 0), batch)
      }
      return
    }
    // spans into different bytes cannot be put side by side
    let copies = !inputs.contains { $0.hasBytes }
    cursors = inputs.map { _ in 0 }
    heap = inputs.indices.map { key($0) }
    for i in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(i) }
    while let least = heap.first {
      let q = Int(truncatingIfNeeded: least & 0xffff_ffff)
      let bound = min(heap.count > 1 ? heap[1] : .max, heap.count > 2 ? heap[2] : .max)
      let from = cursors[q]
      let b = inputs[q]
      let count = unsafe b.count
      repeat { cursors[q] += 1 } while cursors[q] < count && key(q) < bound
      let run = InputQueues.run(b, from..<cursors[q], batch, areFromSources[q], 0)
      if copies {
        unsafe merged.append(contentsOf: run.elements)
        run.copyPositions(to: merged)
      } else {
        consumer.consume(run, batch)
      }
      if cursors[q] < count {
        heap[0] = key(q)
      } else {
        let last = heap.removeLast()
        if heap.isEmpty { break }
        heap[0] = last
      }
      sink(0)
    }
    if copies {
      let isFromSources = areFromSources.allSatisfy { $0 }
      unsafe consumer.consume(InputQueues.run(merged, 0..<merged.count, batch, isFromSources, 0), batch)
    }
  }
  /// Lets go of the batch when its consumer has ended it.
  func endBatch() {
    inputs.removeAll(keepingCapacity: true)
    areFromSources.removeAll(keepingCapacity: true)
    heap.removeAll(keepingCapacity: true)
    merged.removeAll()
  }

  @inline(__always)
  private func key(_ q: Int) -> UInt64 { unsafe UInt64(inputs[q].ordinals.base[cursors[q]]) << 32 | UInt64(q) }
  private func sink(_ start: Int) {
    var i = start
    let moved = heap[i]
    while true {
      var child = 2 * i + 1
      if child >= heap.count { break }
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      if moved <= heap[child] { break }
      heap[i] = heap[child]
      i = child
    }
    heap[i] = moved
  }
}
