/// Keeps the source partitions of a job in step: how far each was read, how far all may be consumed, where each would
/// go on after a crash.
///
/// Every source's running maximum of event time never falls, so sorting events by (running maximum, source, position)
/// is a merge: an event may be consumed once every other live source has shown a higher maximum. The frontier is the
/// least (maximum, source) over live sources. A source that ended no longer holds anything back.
///
/// Cost: a few comparisons a batch.
struct SourceAlignment {
  private struct Block {
    var offset: UInt64
    var maximumBefore: Int64
    var maximumAfter: Int64
  }
  private var maxima: [Int64]
  private var ends: [UInt64]
  /// No more blocks to read / the last block has been sealed.
  private var isRead: [Bool]
  private var isEnded: [Bool]
  private var inFlight: [Int]
  /// Blocks that are read but perhaps not wholly consumed.
  private var unfinished: [[Block]]
  private var highest = Int64.min
  private var frontier: Frontier

  init(maxima: [Int64], offsets: [UInt64]) {
    self.maxima = maxima
    ends = offsets
    isRead = maxima.map { _ in false }
    isEnded = isRead
    inFlight = maxima.map { _ in 0 }
    unfinished = maxima.map { _ in [] }
    highest = maxima.max() ?? .min
    frontier = maxima.count > 1 ? .start : .end
  }

  /// Offset up to which each source was read.
  var endOffsets: [UInt64] { ends }
  var liveCount: Int { isRead.count(where: { !$0 }) }
  var allEnded: Bool { isEnded.allSatisfy { $0 } }

  /// The source that is furthest behind in event time.
  func nextSource() -> Int {
    var best = -1
    for s in maxima.indices where !isRead[s] {
      if best < 0 || (inFlight[s], maxima[s]) < (inFlight[best], maxima[best]) { best = s }
    }
    // prefer the lowest maximum unless its blocks are already on their way
    for s in maxima.indices where !isRead[s] && inFlight[s] <= inFlight[best] + 1 && maxima[s] < maxima[best] { best = s }
    return best
  }
  mutating func wasRead(_ source: Int, atEnd: Bool) {
    inFlight[source] += 1
    if atEnd { isRead[source] = true }
  }

  /// Gives a batch its place in event time; in batch order.
  mutating func seal(_ b: Batch) {
    if b.source >= 0 {
      let s = b.source
      inFlight[s] -= 1
      b.maximumBefore = maxima[s]
      maxima[s] = max(maxima[s], b.localMaximum)
      highest = max(highest, maxima[s])
      ends[s] = b.sourceEndOffset
      if maxima.count > 1 {
        unfinished[s].append(
          Block(offset: b.sourceOffset, maximumBefore: b.maximumBefore, maximumAfter: maxima[s]))
      }
      if b.endsSource { isEnded[s] = true }
    }
    if maxima.count > 1 { advanceFrontier() }
    b.frontier = frontier
    b.highestMaximum = highest
    b.alignedMaximum = maxima.count == 1 || frontier == .end ? highest : frontier.maximum
  }

  private mutating func advanceFrontier() {
    frontier = .end
    for s in maxima.indices where !isEnded[s] {
      let f = Frontier(maximum: maxima[s], source: s)
      if f < frontier { frontier = f }
    }
    for s in unfinished.indices {
      unfinished[s].removeAll { Frontier(maximum: $0.maximumAfter, source: s) < frontier }
    }
  }

  /// Where each source goes on so that everything at or after the frontier is read again.
  func positions(_ sources: [any ByteSource]) -> [CheckpointMetadata.SourcePosition] {
    sources.enumerated().map { s, source in
      let first = unfinished[s].first
      return CheckpointMetadata.SourcePosition(
        name: source.name, identity: source.identity, offset: first?.offset ?? ends[s],
        maximum: first?.maximumBefore ?? maxima[s])
    }
  }
}

/// Slows reading so that event time advances at a chosen multiple of processing time.
struct Pace {
  private let speed: Double
  private let clock: any ProcessingClock
  private var start: (clock: Int64, event: Int64)?
  private var latest = Int64.min

  init(speed: Double, clock: any ProcessingClock) {
    self.speed = speed
    self.clock = clock
  }
  mutating func observe(_ eventTime: Int64) {
    guard speed > 0, eventTime > .min else { return }
    if start == nil { start = (clock.nowMilliseconds, eventTime) }
    latest = eventTime
  }
  /// How long to wait before the next block.
  func waitMilliseconds() -> Int64 {
    guard let start else { return 0 }
    let due = start.clock + Int64(Double(latest - start.event) / speed)
    return max(0, due - clock.nowMilliseconds)
  }
}
