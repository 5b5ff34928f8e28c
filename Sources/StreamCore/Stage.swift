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
  /// How far the stage's watermark lags behind the sources'.
  var watermarkLagMilliseconds = Int64(0)

  init(name: String, index: Int, partitionCount: Int) {
    self.name = name
    self.index = index
    self.partitionCount = partitionCount
  }
  /// Builds the operators of one instance.
  func start(instance: Int, sources: Int, resumeFrontier: Frontier) { fatalError("abstract") }
  func run(_ batch: Batch, instance: Int) { fatalError("abstract") }
  /// Whether elements without event time come here by several ways, so that only their numbers tell their order.
  var mergesByOrdinal: Bool { false }
}

/// The stage that turns blocks of sources into elements: one instance a worker. It has a feed for each source stream.
final class SourceStage: Stage, @unchecked Sendable {
  var feeds: [SourceFeed] = []

  init() { super.init(name: "source", index: 0, partitionCount: 1) }
  override func start(instance: Int, sources: Int, resumeFrontier: Frontier) {
    let i = StageInstance(index: instance)
    instances.append(i)
    for feed in feeds { feed.start(i) }
  }
  override func run(_ batch: Batch, instance: Int) { feeds[batch.feed].run(batch, instance) }
}

/// A stage that reads one or more exchanges; each partition in batch order.
///
/// With several sources and event time (`merges`), a partition keeps short queues and consumes the elements in the merged
/// order that ``Position`` and ``Frontier`` define; elements without event time are consumed batch by batch, each in the
/// order of reading (``OrdinalMerge``).
final class ExchangeStage<Element>: Stage, @unchecked Sendable {
  struct Input {
    let exchange: Exchange<Element>
    let stage: Int
    let lagMilliseconds: Int64
    /// The feed of an input from the source stage.
    let feed: Int
    /// Elements come at the ends of intervals only.
    let isByInterval: Bool
  }
  let branch: Branch<Element>
  private var inputs: [Input] = []
  private let merges: Bool
  private var consumers: [Consumer<Element>] = []
  private var queues: [InputQueues<Element>] = []
  private var ordered: [OrdinalMerge<Element>] = []
  private var mergesNow = false
  /// Whether what arrives here leaves the job.
  let isSink: Bool

  init(branch: Branch<Element>, name: String, index: Int, partitionCount: Int, merges: Bool, isSink: Bool = false) {
    self.branch = branch
    self.merges = merges
    self.isSink = isSink
    super.init(name: name, index: index, partitionCount: partitionCount)
  }
  /// What a branch gives comes here through an exchange.
  func addInput<Other>(_ exchange: Exchange<Element>, from branch: Branch<Other>) {
    addInput(
      exchange, from: branch.stage, lagMilliseconds: branch.watermarkLagMilliseconds, feed: branch.feed,
      isByInterval: branch.isByInterval)
  }
  func addInput(
    _ exchange: Exchange<Element>, from stage: Int, lagMilliseconds: Int64 = 0, feed: Int = -1,
    isByInterval: Bool = false
  ) {
    inputs.append(
      Input(
        exchange: exchange, stage: stage, lagMilliseconds: lagMilliseconds, feed: feed, isByInterval: isByInterval))
    upstream.insert(stage)
    watermarkLagMilliseconds = max(watermarkLagMilliseconds, lagMilliseconds)
    branch.watermarkLagMilliseconds = watermarkLagMilliseconds
    branch.isByInterval = inputs.allSatisfy(\.isByInterval)
  }
  override var mergesByOrdinal: Bool {
    guard merges else { return false }
    let ways = inputs.filter { !$0.isByInterval }
    // the partitions of one stage, or the ways from one feed
    let fromStages = ways.reduce(0) { $0 + ($1.stage > 0 ? $1.exchange.upstream : 0) }
    let feeds = ways.filter { $0.stage == 0 }.map(\.feed)
    return fromStages > 1 || fromStages > 0 && !feeds.isEmpty || Set(feeds).count < feeds.count
  }
  override func start(instance: Int, sources: Int, resumeFrontier: Frontier) {
    let i = StageInstance(index: instance)
    i.watermarkLagMilliseconds = watermarkLagMilliseconds
    i.partitionCount = partitionCount
    instances.append(i)
    consumers.append(branch.makeConsumer(i))
    ordered.append(OrdinalMerge())
    let hasSeveralInputs = inputs.count > 1 || inputs.contains { $0.exchange.upstream > 1 }
    mergesNow = merges && (sources > 1 || resumeFrontier != .start || hasSeveralInputs)
    if mergesNow {
      var list: [InputQueues<Element>.Kind] = []
      for input in inputs {
        let shift = watermarkLagMilliseconds - input.lagMilliseconds
        let n = input.stage == 0 ? sources : input.exchange.upstream
        list += Array(repeating: .init(isSource: input.stage == 0, shift: shift), count: n)
      }
      queues.append(InputQueues(list, resumeFrontier: resumeFrontier, sourceCount: sources))
    }
  }
  override func run(_ batch: Batch, instance: Int) {
    let consumer = consumers[instance]
    var queue = 0
    for input in inputs {
      let b = input.exchange.buffers(in: batch)
      for from in 0..<input.exchange.upstream {
        let buffer = b[from, instance]
        guard unsafe buffer.count > 0 else { continue }
        if isSink { batch.outputCount.wrappingAdd(unsafe buffer.count, ordering: .relaxed) }
        if !buffer.isTimed {
          // without event time a block that is read again was wholly consumed before
          if !(mergesNow && input.stage == 0 && batch.isReplay) {
            ordered[instance].add(buffer, isFromSources: input.stage == 0)
          }
        } else if mergesNow, input.stage == 0 || buffer.isNumbered {
          queues[instance].push(buffer, batch, queue: input.stage == 0 ? queue + batch.source : queue + from)
        } else {
          unsafe consumer.consume(InputQueues.run(buffer, 0..<buffer.count, batch, input.stage == 0, 0), batch)
        }
      }
      if mergesNow { queue += input.stage == 0 ? queues[instance].sourceCount : input.exchange.upstream }
    }
    ordered[instance].drain(into: consumer, batch)
    if mergesNow { queues[instance].drain(upTo: batch.frontier, into: consumer, batch) }
    consumer.endBatch(batch)
    ordered[instance].endBatch()
  }
}

/// The elements of one partition that were read but may not be consumed yet: a queue for each source and each partition
/// before.
///
/// Invariant: within a queue the positions never fall, so the head of each queue is its least.
/// Cost: a comparison a run of elements from one queue; nothing is copied, batches are held instead.
final class InputQueues<Element> {
  /// What a queue is fed by.
  struct Kind {
    /// A source's elements wait for the frontier; those of a stage before have waited already.
    let isSource: Bool
    let shift: Int64
  }
  private struct Entry {
    let buffer: PartitionBuffer<Element>
    let batch: Batch
    var cursor: Int
  }
  private let kinds: [Kind]
  private var queues: [[Entry]]
  private let resumeFrontier: Frontier
  private var entryCount = 0
  let sourceCount: Int

  init(_ kinds: [Kind], resumeFrontier: Frontier, sourceCount: Int) {
    self.kinds = kinds
    queues = Array(repeating: [], count: kinds.count)
    self.resumeFrontier = resumeFrontier
    self.sourceCount = sourceCount
  }

  /// `isFromSources`: the numbers beside the elements are those of a block, to which what came before it is added.
  static func run(
    _ b: PartitionBuffer<Element>, _ range: Range<Int>, _ origin: Batch, _ isFromSources: Bool, _ shift: Int64
  ) -> PartitionRun<Element> {
    PartitionRun(
      of: b, range, maximumBefore: isFromSources ? origin.maximumBefore : .min,
      sequenceBefore: isFromSources ? origin.sequenceBefore : 0, watermarkShift: shift, origin: origin)
  }

  func push(_ buffer: PartitionBuffer<Element>, _ batch: Batch, queue: Int) {
    guard unsafe buffer.count > 0 else { return }
    var e = Entry(buffer: buffer, batch: batch, cursor: 0)
    // what an earlier run already consumed
    if batch.isReplay, kinds[queue].isSource {
      while unsafe e.cursor < buffer.count, key(e, kinds[queue]).isBefore(resumeFrontier) { e.cursor += 1 }
    }
    guard unsafe e.cursor < buffer.count else { return }
    batch.holds.wrappingAdd(1, ordering: .relaxed)
    queues[queue].append(e)
    entryCount += 1
  }

  @inline(__always)
  private func key(_ e: Entry, _ kind: Kind) -> Position {
    let maximum = unsafe e.buffer.runningMaxima.base[e.cursor]
    guard kind.isSource else {
      return unsafe Position(watermark: maximum, sequence: e.buffer.stamps.base[e.cursor].sequence, eventTime: 0)
    }
    let number = unsafe e.buffer.stamps.count > 0 ? e.buffer.stamps.base[e.cursor].sequence : 0
    let before =
      unsafe e.buffer.stamps.count > 0
      ? e.batch.sequenceBefore : Int64(e.batch.source) << Position.sourceShift
    return Position(watermark: max(e.batch.maximumBefore, maximum), sequence: before &+ number, eventTime: 0)
  }
  @inline(__always)
  private func shifted(_ p: Position, _ kind: Kind) -> Position {
    Position(watermark: lagging(p.watermark, by: kind.shift), sequence: p.sequence, eventTime: 0)
  }

  func drain(upTo frontier: Frontier, into consumer: Consumer<Element>, _ batch: Batch) {
    while entryCount > 0 {
      // the queue whose next element is first, and the bound that the others set
      var first = -1
      var firstKey = Position(watermark: .max, sequence: .max, eventTime: 0)
      var bound = firstKey
      var hasBound = false
      for q in queues.indices {
        guard let e = queues[q].first else { continue }
        let raw = key(e, kinds[q])
        if kinds[q].isSource, !raw.isBefore(frontier) { continue }
        let k = shifted(raw, kinds[q])
        if first < 0 || k < firstKey {
          if first >= 0 { (bound, hasBound) = (firstKey, true) }
          first = q
          firstKey = k
        } else if !hasBound || k < bound {
          (bound, hasBound) = (k, true)
        }
      }
      if first < 0 { return }
      let kind = kinds[first]
      var e = queues[first][0]
      let from = e.cursor
      repeat {
        e.cursor += 1
      } while unsafe e.cursor < e.buffer.count
        && goesOn(key(e, kind), kind, frontier, hasBound ? bound : nil)
      consumer.consume(InputQueues.run(e.buffer, from..<e.cursor, e.batch, kind.isSource, kind.shift), batch)
      if unsafe e.cursor == e.buffer.count {
        e.batch.holds.wrappingSubtract(1, ordering: .releasing)
        queues[first].removeFirst()
        entryCount -= 1
      } else {
        queues[first][0] = e
      }
    }
  }
  @inline(__always)
  private func goesOn(_ raw: Position, _ kind: Kind, _ frontier: Frontier, _ bound: Position?) -> Bool {
    if kind.isSource, !raw.isBefore(frontier) { return false }
    guard let bound else { return true }
    return shifted(raw, kind) < bound
  }
}
