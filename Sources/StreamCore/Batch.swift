import FlatMemory
import Synchronization

/// A point in the merged order of all source partitions: everything before it has been consumed.
///
/// The merged order sorts events by (highest event time of their source partition so far, source, position). It does
/// not depend on where blocks were cut or on which source was read first, which is what makes results repeatable with
/// several inputs. A frontier (m, s) stands before the events of source s at maximum m.
public struct Frontier: Sendable, Equatable, Codable {
  public var maximum: Int64
  public var source: Int

  /// Before everything.
  public static let start = Frontier(maximum: .min, source: -1)
  /// Behind everything.
  public static let end = Frontier(maximum: .max, source: .max)

  public init(maximum: Int64, source: Int) {
    self.maximum = maximum
    self.source = source
  }
  @inlinable
  public static func < (a: Frontier, b: Frontier) -> Bool {
    a.maximum != b.maximum ? a.maximum < b.maximum : a.source < b.source
  }
}

/// A micro-batch: one block of one source partition on its way through the stages.
///
/// Batches are numbered in the order they were read and are processed in that order by every ordered stage. A batch
/// owns the block and all buffers between stages; it is recycled when nothing uses it any more.
public final class Batch: @unchecked Sendable {
  /// Position in the order of reading, from 0 within a run.
  public internal(set) var number = 0
  /// The source partition the block was read from; -1 for a batch without a block.
  public internal(set) var source = -1
  /// Offset in the source of the block's first byte, and of the byte after its last.
  public internal(set) var sourceOffset: UInt64 = 0
  public internal(set) var sourceEndOffset: UInt64 = 0
  /// The block: whole records.
  public let block = PartitionBuffer<UInt8>(capacity: bytePadding)
  /// Where records start and end in the block.
  public internal(set) var start = 0
  public internal(set) var end = 0
  /// The last batch of the run: operators give out all they hold.
  public internal(set) var isEnd = false
  /// The input is over: 1 in the first batch after it, up to ``closingStepCount`` in the last; 0 before. An operator
  /// that holds much may give it out in as many parts.
  public internal(set) var closingStep = 0
  /// How many parts there are: the more, the more elements the operators hold (``StageInstance/heldCount``).
  public internal(set) var closingStepCount = 1
  /// After this batch every operator copies its state.
  public internal(set) var isCheckpoint = false

  /// Highest event time of the block itself; `.min` when it had no event. Set by the exchange.
  public var localMaximum = Int64.min
  /// Highest event time of the source before this block. Set when the batch is sealed.
  public internal(set) var maximumBefore = Int64.min
  /// What may be consumed once this batch has been applied.
  public internal(set) var frontier = Frontier.start
  /// Highest event time that every live source has reached; the watermark is this less the delay.
  public internal(set) var alignedMaximum = Int64.min
  /// Highest event time of any source.
  public internal(set) var highestMaximum = Int64.min

  /// Number of the interval the batch belongs to, from 0 over restarts.
  public internal(set) var interval = 0
  /// The interval's time: when it was closed or is to be, in milliseconds of the job's clock.
  public internal(set) var intervalTime = Int64(0)
  /// When the batch was made, in milliseconds of the job's clock: what processing-time timers go by.
  public internal(set) var processingTime = Int64(0)
  /// The feed its source belongs to.
  var feed = 0
  /// The last batch of its interval: operators that work by intervals give out what the interval came to.
  public internal(set) var closesInterval = false
  /// The last batch of the run, whether its sources ended or it was stopped: sinks finish.
  public internal(set) var isLast = false
  /// Elements of the source before this block, and those in it that were numbered.
  public internal(set) var sequenceBefore = Int64(0)
  public var sequenceCount = Int64(0)

  /// Events that the source stage handed on; for progress only.
  public var recordCount = 0
  /// Elements without event time get numbers, because some operator behind asks for their order.
  var numbersElements = false
  /// Whose turn it is to be read behind this batch.
  var turn: ReadingTurns.Place?
  /// The block was read by an earlier run too, which may have consumed part of it: what lies before the frontier it
  /// resumed from. With several sources only.
  public internal(set) var isReplay = false
  /// The source has no more blocks after this one.
  public internal(set) var endsSource = false
  /// What the source said it needs to go on behind this block, and before it.
  var sourceDetail = ""
  var sourceEndDetail = ""

  var exchangeBuffers: [AnyObject?] = []
  /// Tasks not yet done, by stage.
  var remaining: [Int] = []
  var isSealed = false
  /// Set when a checkpoint batch is sealed: where the sources go on, and events so far.
  var positions: [CheckpointMetadata.SourcePosition] = []
  var recordsSoFar = 0
  /// Keeps the block and the buffers from being recycled while queued elements point into them.
  let holds = Atomic<Int>(0)
  /// Elements that arrived in sinks with this batch.
  let outputCount = Atomic<Int>(0)
  /// So little is in it that one task does it for all partitions of a stage.
  var isLight = false

  init() {}

  func reset() {
    (number, source, sourceOffset, sourceEndOffset, start, end) = (0, -1, 0, 0, 0, 0)
    (isEnd, isCheckpoint, isSealed, endsSource, recordCount) = (false, false, false, false, 0)
    closingStep = 0
    isReplay = false
    (numbersElements, turn) = (false, nil)
    isLight = false
    outputCount.store(0, ordering: .relaxed)
    (interval, intervalTime, processingTime, feed) = (0, 0, 0, 0)
    (closesInterval, isLast) = (false, false)
    (sequenceBefore, sequenceCount) = (0, 0)
    (sourceDetail, sourceEndDetail) = ("", "")
    (localMaximum, maximumBefore, alignedMaximum, highestMaximum) = (.min, .min, .min, .min)
    frontier = .start
    block.removeAll()
  }
}
