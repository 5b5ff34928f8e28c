import FlatMemory

/// One source stream's way into the source stage: from what a reader put into a batch to the stream's operators.
class SourceFeed: @unchecked Sendable {
  /// Whether event time was declared on the stream: its sources then hold the watermark back.
  var isTimed = false
  func start(_ instance: StageInstance) { fatalError("abstract") }
  func run(_ batch: Batch, _ worker: Int) { fatalError("abstract") }
}

/// Feeds blocks of bytes.
final class ByteFeed: SourceFeed, @unchecked Sendable {
  let branch: Branch<UInt8>
  private var consumers: [Consumer<UInt8>] = []

  init(branch: Branch<UInt8>) { self.branch = branch }
  override func start(_ instance: StageInstance) { consumers.append(branch.makeConsumer(instance)) }
  override func run(_ batch: Batch, _ worker: Int) {
    let consumer = consumers[worker]
    if batch.end > batch.start {
      unsafe consumer.consume(
        PartitionRun(
          elements: UnsafeBufferPointer(start: batch.block.base + batch.start, count: batch.end - batch.start),
          runningMaxima: nil, maximumBefore: .min, bytes: UnsafePointer(batch.block.base), origin: batch), batch)
    }
    consumer.endBatch(batch)
  }
}

/// Feeds elements; they lie in a buffer that travels with the batch as those of an exchange do.
final class ElementFeed<Element>: SourceFeed, @unchecked Sendable {
  let branch: Branch<Element>
  let slot: Exchange<Element>
  private var consumers: [Consumer<Element>] = []

  init(branch: Branch<Element>, slot: Exchange<Element>) {
    self.branch = branch
    self.slot = slot
  }
  override func start(_ instance: StageInstance) { consumers.append(branch.makeConsumer(instance)) }
  override func run(_ batch: Batch, _ worker: Int) {
    let consumer = consumers[worker]
    let b = slot.buffer(in: batch, from: 0, to: 0)
    if unsafe b.count > 0 {
      if batch.numbersElements { b.numberByPlace() }
      consumer.consume(PartitionRun(of: b, maximumBefore: .min, origin: batch), batch)
    }
    consumer.endBatch(batch)
  }
}

/// How much one block may take.
struct ReadLimit {
  var byteCount: Int
  var elementCount: Int
  /// Offset in the source beyond which the block must not reach, because an interval of an earlier run ended there.
  var endOffset = UInt64.max
  /// What is left of the source's turn, and whether the block begins it; nil: all there is.
  var turn: (amount: UInt64, begins: Bool)?
}

/// Reads one source partition into batches.
protocol SourceReader: AnyObject, Sendable {
  var name: String { get }
  var identity: String? { get }
  /// What the source gives in its turn, among others.
  func turnAmount(_ options: StreamingOptions) -> UInt64
  /// Puts a block into the batch, with where it begins and ends in the source.
  func fill(_ batch: Batch, limit: ReadLimit) throws -> SourceStatus
  /// Goes to where a checkpoint says; before the first block. What lies before `replayEnd` was read by an earlier run.
  func start(at position: SourcePosition, replayEnd: UInt64) throws
  func wasCommitted(_ position: SourcePosition)
  /// Before the first block.
  func prepare(for trigger: Trigger)
}

/// Reads an ``ElementSource``.
final class ElementReader<Element>: SourceReader, @unchecked Sendable {
  private let source: any ElementSource<Element>
  private let slot: Exchange<Element>
  private var replayEnd = UInt64(0)

  init(_ source: any ElementSource<Element>, slot: Exchange<Element>) {
    self.source = source
    self.slot = slot
  }
  var name: String { source.name }
  var identity: String? { source.identity }
  func start(at position: SourcePosition, replayEnd: UInt64) throws {
    self.replayEnd = replayEnd
    if position != SourcePosition() || source.position.offset > 0 { try source.seek(to: position) }
  }
  func fill(_ batch: Batch, limit: ReadLimit) throws -> SourceStatus {
    let before = source.position
    batch.isReplay = before.offset < replayEnd
    let end = batch.isReplay ? min(limit.endOffset, replayEnd) : limit.endOffset
    let countMax = Int(min(UInt64(limit.elementCount), end - before.offset, limit.turn?.amount ?? .max))
    let buffer = slot.buffer(in: batch, from: 0, to: 0)
    let status = countMax > 0 ? try source.read(into: buffer, countMax: countMax) : .idle
    let after = source.position
    (batch.sourceOffset, batch.sourceDetail) = (before.offset, before.detail)
    (batch.sourceEndOffset, batch.sourceEndDetail) = (after.offset, after.detail)
    batch.recordCount = unsafe buffer.count
    return after.offset >= end && status == .more ? (end == limit.endOffset ? .idle : .more) : status
  }
  func wasCommitted(_ position: SourcePosition) { source.wasCommitted(position) }
  func prepare(for trigger: Trigger) { source.prepare(for: trigger) }
  func turnAmount(_ options: StreamingOptions) -> UInt64 { UInt64(options.turnElementCount) }
}
