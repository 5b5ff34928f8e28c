import FlatMemory
import Synchronization

/// A run of elements that an operator gets in one call: part of one partition of one batch.
@safe public struct PartitionRun<Element> {
  /// The elements.
  public let elements: UnsafeBufferPointer<Element>
  /// Event-time maxima beside the elements (see ``PartitionBuffer/runningMaxima``); nil without event time.
  public let runningMaxima: UnsafePointer<Int64>?
  /// Highest event time of the source before the block the run comes from.
  public let maximumBefore: Int64
  /// Event time and number of each element; nil unless the general operators number them.
  public let stamps: UnsafePointer<EventStamp>?
  /// What is added to the numbers (those of a block begin at 1).
  public let sequenceBefore: Int64
  /// Number of each element in the block it comes from; nil with event time, and where nothing asks for the order.
  public let ordinals: UnsafePointer<UInt32>?
  /// What is taken from the watermarks, because the stage's inputs lag (see ``StageInstance/watermarkLagMilliseconds``).
  public let watermarkShift: Int64
  /// What the elements' byte spans point into.
  public let bytes: UnsafePointer<UInt8>
  /// Whether the elements may have spans at all.
  public let hasBytes: Bool
  /// The batch the elements were read in (with several sources, not always the batch being applied).
  public let origin: Batch

  @inlinable
  public init(
    elements: UnsafeBufferPointer<Element>, runningMaxima: UnsafePointer<Int64>?, maximumBefore: Int64,
    stamps: UnsafePointer<EventStamp>? = nil, sequenceBefore: Int64 = 0, watermarkShift: Int64 = 0,
    ordinals: UnsafePointer<UInt32>? = nil, bytes: UnsafePointer<UInt8>, hasBytes: Bool = true, origin: Batch
  ) {
    unsafe self.elements = unsafe elements
    unsafe self.runningMaxima = unsafe runningMaxima
    self.maximumBefore = maximumBefore
    unsafe self.stamps = unsafe stamps
    self.sequenceBefore = sequenceBefore
    self.watermarkShift = watermarkShift
    unsafe self.ordinals = unsafe ordinals
    unsafe self.bytes = unsafe bytes
    self.hasBytes = hasBytes
    self.origin = origin
  }

  /// A part of a buffer (all of it by default), with what stands beside its elements.
  init(
    of b: PartitionBuffer<Element>, _ range: Range<Int>? = nil, maximumBefore: Int64, sequenceBefore: Int64 = 0,
    watermarkShift: Int64 = 0, origin: Batch
  ) {
    let range = unsafe range ?? 0..<b.count
    unsafe self.init(
      elements: UnsafeBufferPointer(start: b.base + range.lowerBound, count: range.count),
      runningMaxima: b.isTimed ? UnsafePointer(b.runningMaxima.base + range.lowerBound) : nil,
      maximumBefore: maximumBefore,
      stamps: b.isNumbered ? UnsafePointer(b.stamps.base + range.lowerBound) : nil, sequenceBefore: sequenceBefore,
      watermarkShift: watermarkShift,
      ordinals: !b.isTimed && b.isOrdered ? UnsafePointer(b.ordinals.base + range.lowerBound) : nil, bytes: b.bytes,
      hasBytes: b.hasBytes, origin: origin)
  }

  @inlinable
  public var count: Int { unsafe elements.count }
  /// Whether anything stands beside the elements.
  @inlinable @inline(__always)
  public var hasPositions: Bool { unsafe runningMaxima != nil || ordinals != nil }
  /// Whether the elements have positions.
  @inlinable
  public var isTimed: Bool { unsafe runningMaxima != nil && stamps != nil }
  /// Where element i stands; only of a timed run.
  @inlinable @inline(__always)
  public func position(_ i: Int) -> Position {
    let stamp = unsafe stamps![i]
    return unsafe Position(
      watermark: lagging(max(maximumBefore, runningMaxima![i]), by: watermarkShift),
      sequence: stamp.sequence == Position.lastSequence ? Position.lastSequence : sequenceBefore &+ stamp.sequence,
      eventTime: stamp.eventTime)
  }
}

/// A watermark less a lag; what is not yet known stays unknown.
@inlinable @inline(__always)
public func lagging(_ watermark: Int64, by milliseconds: Int64) -> Int64 {
  watermark < .min &+ milliseconds ? .min : watermark &- milliseconds
}

/// The receiving end of a stream inside one stage instance: an operator or the way out of a stage.
///
/// One dynamic call per run, never per element. An instance is used by one task at a time.
open class Consumer<Element>: @unchecked Sendable {
  public init() {}
  /// Takes a run of elements. `batch` is the batch being applied.
  ///
  /// What the run points to stays in place until ``endBatch(_:)`` where the consumer is the first of its stage, as a
  /// sink is; behind another operator, during the call.
  open func consume(_ run: PartitionRun<Element>, _ batch: Batch) {
    fatalError("a consumer must override consume(_:_:)")
  }
  /// A buffer to append to instead of calling ``consume(_:_:)``, where the way out has one: saves a copy.
  open func directBuffer(_ batch: Batch) -> PartitionBuffer<Element>? { nil }
  /// All elements of the batch have been taken: advance time, close what is due, pass the call on.
  open func endBatch(_ batch: Batch) {}
}

/// Hands every run to several consumers, in order.
final class FanOut<Element>: Consumer<Element>, @unchecked Sendable {
  let consumers: [Consumer<Element>]
  init(_ consumers: [Consumer<Element>]) { self.consumers = consumers }
  override func consume(_ run: PartitionRun<Element>, _ batch: Batch) {
    for c in consumers { c.consume(run, batch) }
  }
  override func endBatch(_ batch: Batch) { for c in consumers { c.endBatch(batch) } }
}

/// An operator from one element type to another that appends to a buffer of its own and passes that on as one run.
///
/// Subclasses override ``transform(_:_:into:)`` and, where time matters, ``finishBatch(_:into:)``.
open class PartitionTransform<Input, Output>: Consumer<Input>, @unchecked Sendable {
  /// What was appended and not yet passed on.
  public let output = PartitionBuffer<Output>()
  /// Who gets the output.
  public let next: Consumer<Output>
  public init(next: Consumer<Output>) { self.next = next }

  /// Appends what the run gives to `output`.
  open func transform(_ run: PartitionRun<Input>, _ batch: Batch, into output: PartitionBuffer<Output>) {
    fatalError("a transform must override transform(_:_:into:)")
  }
  /// Appends what the end of the batch gives (closed sessions, fired timers).
  open func finishBatch(_ batch: Batch, into output: PartitionBuffer<Output>) {}

  public final override func consume(_ run: PartitionRun<Input>, _ batch: Batch) {
    if let direct = next.directBuffer(batch) {
      transform(run, batch, into: direct)
      number(direct, run, batch)
    } else {
      transform(run, batch, into: output)
      number(output, run, batch)
      flush(run.origin, batch)
    }
  }
  public final override func endBatch(_ batch: Batch) {
    if let direct = next.directBuffer(batch) {
      finishBatch(batch, into: direct)
    } else {
      finishBatch(batch, into: output)
      flush(batch, batch)
    }
    next.endBatch(batch)
  }
  /// The elements of a block of bytes get their numbers when they have been made of it.
  @inline(__always)
  private func number(_ output: PartitionBuffer<Output>, _ run: PartitionRun<Input>, _ batch: Batch) {
    guard batch.numbersElements, Input.self == UInt8.self, unsafe run.ordinals == nil else { return }
    output.numberByPlace()
  }
  private func flush(_ origin: Batch, _ batch: Batch) {
    if unsafe output.count > 0 {
      // positions are whole ones here, or those of a block where the batch has no place yet
      next.consume(
        PartitionRun(
          of: output, maximumBefore: output.isNumbered ? .min : origin.maximumBefore, origin: origin), batch)
    }
    output.removeAll()
  }
}

/// Entries and bytes of state.
public struct StateSize: Sendable, Equatable {
  /// Entries: keys, list elements, timers.
  public var rows: Int
  /// Bytes they take in memory.
  public var bytes: Int
  public init(rows: Int = 0, bytes: Int = 0) { (self.rows, self.bytes) = (rows, bytes) }
  public static func + (a: StateSize, b: StateSize) -> StateSize {
    StateSize(rows: a.rows + b.rows, bytes: a.bytes + b.bytes)
  }
}

/// State that checkpoints carry. Implemented by operators and sinks; named by the stream they belong to.
public protocol CheckpointedState: AnyObject {
  /// Copies the state as named runs of bytes; called between batches, on the path of processing: be quick.
  func snapshot(into snapshot: StateSnapshot)
  /// Puts back what ``snapshot(into:)`` wrote.
  func restore(from snapshot: RestoredState) throws
  /// How many entries the state has and how many bytes they take, about; asked for at the ends of intervals.
  var stateSize: StateSize { get }
  /// About how many bytes ``snapshot(into:)`` copies, without what it puts off; asked for after each batch. Memory for
  /// them is readied in the background before a checkpoint is due. 0 by default, which is right for small states.
  var copiedByteCount: Int { get }
  /// Makes what the state counts on durable (flushes files); called in the background before the checkpoint is
  /// written. Does nothing by default.
  func makeDurable() throws
  /// The checkpoint that holds the newest copy of the state is on the disk: what waited for that may be published
  /// (files renamed) or let go of. Called in the background, before another copy is taken. Does nothing by default.
  func wasCommitted() throws
}

/// One running copy of a stage: a worker of the source stage, or one partition of an ordered stage.
public final class StageInstance: @unchecked Sendable {
  /// Worker or partition number.
  public let index: Int
  /// About how many elements an operator holds that the end of the input will give out; set it after each batch.
  public var heldCount: Int {
    get { held.load(ordering: .relaxed) }
    set { held.store(newValue, ordering: .relaxed) }
  }
  private let held = Atomic<Int>(0)
  /// Partitions of the stage.
  public internal(set) var partitionCount = 1
  /// Whether the keys of a hash come to this partition.
  public func owns(_ hash: UInt64) -> Bool {
    partitionCount == 1 || Int(hash >> UInt64(64 - partitionCount.trailingZeroBitCount)) == index
  }
  /// How far the stage's watermark stays behind that of the sources, because operators before it give out elements
  /// older than the watermark (a join waits for its other side).
  public internal(set) var watermarkLagMilliseconds = Int64(0)
  /// The stage's watermark once a batch has been applied: every element with a position up to it has been consumed.
  /// `.max` when the input is over.
  public func watermark(after batch: Batch) -> Int64 {
    batch.isEnd ? .max : lagging(batch.alignedMaximum, by: watermarkLagMilliseconds)
  }
  var states: [(name: String, state: any CheckpointedState)] = []

  init(index: Int) { self.index = index }

  /// Makes an operator's state part of every checkpoint, under the operator's stable name.
  public func register(_ state: any CheckpointedState, name: String) { states.append((name, state)) }
}
