import FlatMemory
import Synchronization

/// A set of operators that run together on one partition of one batch, between two exchanges.
///
/// The source stage runs once a batch, on any worker, batches side by side. Every other stage is ordered: each of its
/// partitions takes the batches in their order, so an operator's state belongs to one task at a time.
class Stage: @unchecked Sendable {
  let name: String
  let index: Int
  let partitionCount: Int
  /// Stages whose tasks for a batch must be done first.
  var upstream: Set<Int> = []
  var instances: [StageInstance] = []

  init(name: String, index: Int, partitionCount: Int) {
    self.name = name
    self.index = index
    self.partitionCount = partitionCount
  }
  /// Builds the operators of one instance.
  func start(instance: Int, sources: Int, resumeFrontier: Frontier) { fatalError("abstract") }
  func run(_ batch: Batch, instance: Int) { fatalError("abstract") }
}

/// The stage that turns blocks of bytes into elements: one instance a worker.
final class SourceStage: Stage, @unchecked Sendable {
  let stream: DStream<UInt8>
  private var consumers: [Consumer<UInt8>] = []

  init(stream: DStream<UInt8>, index: Int) {
    self.stream = stream
    super.init(name: "source", index: index, partitionCount: 1)
  }
  override func start(instance: Int, sources: Int, resumeFrontier: Frontier) {
    let i = StageInstance(index: instance)
    instances.append(i)
    consumers.append(stream.makeConsumer(i))
  }
  override func run(_ batch: Batch, instance: Int) {
    let consumer = consumers[instance]
    if batch.end > batch.start {
      consumer.consume(
        PartitionRun(
          elements: UnsafeBufferPointer(start: batch.block.base + batch.start, count: batch.end - batch.start),
          runningMaxima: nil, maximumBefore: .min, bytes: UnsafePointer(batch.block.base), origin: batch), batch)
    }
    consumer.endBatch(batch)
  }
}

/// A stage that reads one or more exchanges; each partition in batch order.
///
/// With several sources and event time (`merges`), a partition keeps a short queue per source and consumes the events
/// in the merged order that ``Frontier`` defines.
final class ExchangeStage<Element>: Stage, @unchecked Sendable {
  let stream: DStream<Element>
  private var inputs: [Exchange<Element>] = []
  private let merges: Bool
  private var consumers: [Consumer<Element>] = []
  private var queues: [SourceQueues<Element>] = []
  private var mergesNow = false

  init(stream: DStream<Element>, name: String, index: Int, partitionCount: Int, merges: Bool) {
    self.stream = stream
    self.merges = merges
    super.init(name: name, index: index, partitionCount: partitionCount)
  }
  func addInput(_ exchange: Exchange<Element>, from stage: Int) {
    inputs.append(exchange)
    upstream.insert(stage)
  }
  override func start(instance: Int, sources: Int, resumeFrontier: Frontier) {
    let i = StageInstance(index: instance)
    instances.append(i)
    consumers.append(stream.makeConsumer(i))
    mergesNow = merges && (sources > 1 || resumeFrontier != .start)
    if mergesNow { queues.append(SourceQueues(sources: sources, resumeFrontier: resumeFrontier)) }
  }
  override func run(_ batch: Batch, instance: Int) {
    let consumer = consumers[instance]
    for exchange in inputs {
      let b = exchange.buffers(in: batch)
      for from in 0..<exchange.upstream {
        let buffer = b[from, instance]
        if mergesNow {
          queues[instance].push(buffer, batch)
        } else if buffer.count > 0 {
          consumer.consume(SourceQueues.run(buffer, 0..<buffer.count, batch), batch)
        }
      }
    }
    if mergesNow { queues[instance].drain(upTo: batch.frontier, into: consumer, batch) }
    consumer.endBatch(batch)
  }
}

/// The events of one partition that were read but may not be consumed yet, by source.
///
/// Invariant: within a source the queued events' running maxima never fall, so the head of each queue is its least.
/// Cost: a comparison a run of events from one source; nothing is copied, batches are held instead.
final class SourceQueues<Element> {
  private struct Entry {
    let buffer: PartitionBuffer<Element>
    let batch: Batch
    var cursor: Int
  }
  private var queues: [[Entry]]
  private let resumeFrontier: Frontier

  init(sources: Int, resumeFrontier: Frontier) {
    queues = Array(repeating: [], count: sources)
    self.resumeFrontier = resumeFrontier
  }

  static func run(_ b: PartitionBuffer<Element>, _ range: Range<Int>, _ origin: Batch) -> PartitionRun<Element> {
    let timed = b.runningMaxima.count == b.count
    return PartitionRun(
      elements: UnsafeBufferPointer(start: b.base + range.lowerBound, count: range.count),
      runningMaxima: timed ? UnsafePointer(b.runningMaxima.base + range.lowerBound) : nil,
      maximumBefore: origin.maximumBefore, bytes: b.bytes, origin: origin)
  }

  func push(_ buffer: PartitionBuffer<Element>, _ batch: Batch) {
    guard buffer.count > 0 else { return }
    var e = Entry(buffer: buffer, batch: batch, cursor: 0)
    // what an earlier run already consumed
    if batch.isReplay { while e.cursor < buffer.count, key(e, batch.source) < resumeFrontier { e.cursor += 1 } }
    guard e.cursor < buffer.count else { return }
    batch.holds.wrappingAdd(1, ordering: .relaxed)
    queues[batch.source].append(e)
  }

  @inline(__always)
  private func key(_ e: Entry, _ source: Int) -> Frontier {
    Frontier(maximum: max(e.batch.maximumBefore, e.buffer.runningMaxima.base[e.cursor]), source: source)
  }

  func drain(upTo frontier: Frontier, into consumer: Consumer<Element>, _ batch: Batch) {
    while true {
      // the source whose next event is first, and the bound that the others set
      var first = -1
      var firstKey = frontier
      var bound = frontier
      for s in queues.indices {
        guard let e = queues[s].first else { continue }
        let k = key(e, s)
        if k < firstKey {
          if first >= 0 { bound = firstKey }
          first = s
          firstKey = k
        } else if k < bound {
          bound = k
        }
      }
      if first < 0 { return }
      var e = queues[first][0]
      let from = e.cursor
      repeat { e.cursor += 1 } while e.cursor < e.buffer.count && key(e, first) < bound
      consumer.consume(SourceQueues.run(e.buffer, from..<e.cursor, e.batch), batch)
      if e.cursor == e.buffer.count {
        e.batch.holds.wrappingSubtract(1, ordering: .releasing)
        queues[first].removeFirst()
      } else {
        queues[first][0] = e
      }
    }
  }
}
