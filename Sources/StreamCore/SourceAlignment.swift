/// Keeps the source partitions of a job in step: how far each was read, how far all may be consumed, where each would
/// go on after a crash.
///
/// Every source's running maximum of event time never falls, so sorting events by (running maximum, source, position)
/// is a merge: an event may be consumed once every other live source has shown a higher maximum. The frontier stands
/// behind the least (maximum, source) over live sources: that source's events so far may be consumed too, since whatever
/// follows them sorts behind them. A source that ended no longer holds anything back. The frontier never goes back, over
/// restarts too.
///
/// The source that is furthest behind is read whenever there is room; any other one has at most ``unfinishedMax`` blocks
/// waiting, so memory does not grow with the distance between sources.
///
/// Only sources of streams with event time take part; the others are read in turn (``ReadingTurns``). A source that has
/// been silent for the idle timeout holds nothing back until it speaks again; when all are silent, time itself may move
/// the watermark on (`advancesWhenIdle`).
///
/// With ``MultipleWatermarkPolicy/max`` nothing waits: the sources are read in turn, and every element's watermark is the
/// highest of all that was read before it.
///
/// Cost: a few comparisons a batch.
struct SourceAlignment {
  private struct Block {
    var offset: UInt64
    var detail: String
    var maximumBefore: Int64
    var maximumAfter: Int64
    var sequenceBefore: Int64
  }
  /// Blocks that a source may have waiting for others.
  static let unfinishedMax = 2
  private let isTimed: [Bool]
  /// Whether elements of several sources have to be merged by event time.
  let merges: Bool
  /// Whether the source that is furthest ahead makes the watermark: elements are taken in the order of reading then, as
  /// those of one source.
  private let takesHighest: Bool
  private var maxima: [Int64]
  private var ends: [UInt64]
  private var details: [String]
  /// Elements numbered so far, by source.
  private var sequences: [Int64]
  /// Up to where an earlier run had read.
  private let replayEnds: [UInt64]
  /// No more blocks to read / the last block has been sealed.
  private var isRead: [Bool]
  private var isEnded: [Bool]
  private var inFlight: [Int]
  /// Blocks that are read but perhaps not wholly consumed.
  private var unfinished: [[Block]]
  private var highest = Int64.min
  private var frontier: Frontier
  /// Whose turn it is of the sources without event time.
  var turns: ReadingTurns
  private let advancesWhenIdle: Bool
  private var silence: SourceSilence

  init(
    timed: [Bool], resumingFrom positions: [CheckpointMetadata.SourcePosition]?, frontier resumed: Frontier,
    idleTimeoutMilliseconds: Int64? = nil, advancesWhenIdle: Bool = false, worksByInterval: Bool = false,
    now: Int64 = 0, policy: MultipleWatermarkPolicy = .min, turns: ReadingTurns? = nil
  ) {
    self.turns = turns ?? ReadingTurns(timed.map { _ in nil })
    isTimed = timed
    takesHighest = policy == .max
    merges = policy == .min && timed.count { $0 } > 1
    maxima = positions?.map(\.maximum) ?? Array(repeating: .min, count: timed.count)
    ends = positions?.map(\.offset) ?? Array(repeating: 0, count: timed.count)
    details = positions?.map { $0.detail ?? "" } ?? Array(repeating: "", count: timed.count)
    sequences = positions?.map { $0.sequence ?? 0 } ?? Array(repeating: 0, count: timed.count)
    replayEnds = positions?.map(\.readTo) ?? ends
    isRead = maxima.map { _ in false }
    isEnded = isRead
    inFlight = maxima.map { _ in 0 }
    unfinished = maxima.map { _ in [] }
    highest = maxima.max() ?? .min
    frontier = merges ? resumed : .end
    self.advancesWhenIdle = advancesWhenIdle
    silence = SourceSilence(
      sourceCount: timed.count, timeoutMilliseconds: idleTimeoutMilliseconds, isByInterval: worksByInterval,
      highest: highest, now: now)
  }

  /// Offset up to which each source was read.
  var endOffsets: [UInt64] { ends }
  var allEnded: Bool { isEnded.allSatisfy { $0 } }
  /// No source has a block left to be read.
  var allRead: Bool { isRead.allSatisfy { $0 } }
  func isRead(_ s: Int) -> Bool { isRead[s] }
  /// Whether results of intervals depend on the order of reading: a source that is back from silence takes its place
  /// where the others have come to by then.
  var showsOrderOfReading: Bool { turns.isActive || merges && silence.isLogged }
  /// Whether the open interval can be closed only when all its blocks are sealed: who is silent depends on them, and
  /// they do not depend on who is silent at its end.
  func closesWhenSealed(_ intervals: IntervalControl) -> Bool {
    silence.isLogged || intervals.entryReplayed?.silence != nil
  }
  /// Whether a block was read that has not been sealed: what may be read next is known better then.
  var hasBlocksInFlight: Bool { inFlight.contains { $0 > 0 } }

  /// The source to read next: the one furthest behind in event time, unless its blocks are already on their way and
  /// another one may be read; nil when none may. Sources that have nothing now are passed over.
  func nextSource(isIdle: [Bool]) -> Int? {
    var last: Int?  // furthest behind of all that still hold others back
    for s in maxima.indices where isTimed[s] && !isEnded[s] && !silence.isSilent[s] && !turns.takesTurns(s) {
      if last.map({ maxima[s] < maxima[$0] }) ?? true { last = s }
    }
    let inTurn = turns.isActive ? turns.next { !isRead[$0] && !isIdle[$0] } : nil
    var best: Int?
    for s in maxima.indices where !isRead[s] && !isIdle[s] {
      guard s == last || !isTimed[s] || !merges || inFlight[s] + unfinished[s].count < Self.unfinishedMax else {
        continue
      }
      if turns.takesTurns(s), s != inTurn { continue }
      if best.map({ (inFlight[s], maxima[s]) < (inFlight[$0], maxima[$0]) }) ?? true { best = s }
    }
    // prefer the one behind unless its blocks are already on their way
    if let last, let other = best, !isRead[last], !isIdle[last], inFlight[last] <= inFlight[other] + 1 { return last }
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
      // what is read again keeps its place, by which it is known whether it was consumed
      if silence.mayBeBehind(s), b.localMaximum > .min, b.sourceOffset >= replayEnds[s] {
        // back again, perhaps after a restart: what it says now stands behind what was consumed without it
        silence.isBack(s)
        if frontier.maximum < .max { maxima[s] = max(maxima[s], frontier.maximum) }
      }
      // an empty batch says nothing
      if b.recordCount > 0 || b.localMaximum > .min { silence.gaveData(s, at: b.processingTime) }
      b.maximumBefore = takesHighest ? highest : maxima[s]
      b.sequenceBefore =
        takesHighest ? sequences.reduce(0, +) : Int64(s) << Position.sourceShift + sequences[s]
      let sequenceBefore = sequences[s]
      sequences[s] += b.sequenceCount
      maxima[s] = max(maxima[s], b.localMaximum)
      if maxima[s] > highest {
        highest = maxima[s]
        silence.eventTimeWentOn(to: highest, at: b.processingTime)
      }
      ends[s] = b.sourceEndOffset
      details[s] = b.sourceEndDetail
      if merges, isTimed[s] {
        unfinished[s].append(
          Block(
            offset: b.sourceOffset, detail: b.sourceDetail, maximumBefore: b.maximumBefore, maximumAfter: maxima[s],
            sequenceBefore: sequenceBefore))
      }
      if b.endsSource { isEnded[s] = true }
    }
    if !silence.isByInterval { noticeSilence(b.processingTime) }
    if merges { advanceFrontier() }
    b.frontier = frontier
    b.highestMaximum = highest
    b.alignedMaximum = !merges || frontier == .end ? highest : frontier.maximum
  }

  /// Sources that have said nothing for the timeout no longer hold others back; when none says anything, time does. Gives
  /// the event time that it has come to by that.
  @discardableResult
  private mutating func noticeSilence(_ now: Int64, wasAsked: [Bool]? = nil) -> Int64? {
    guard let timeout = silence.timeoutMilliseconds else { return nil }
    var allSilent = true
    for s in maxima.indices where isTimed[s] && !isEnded[s] {
      // one that is not read because others are behind is not silent
      let waiting = unfinished[s].count { !(Frontier(maximum: $0.maximumAfter, source: s) < frontier) }
      // nor is one that still has to give what an earlier run had read, or that was not asked
      let isExcused = waiting >= Self.unfinishedMax || ends[s] < replayEnds[s] || !(wasAsked?[s] ?? true)
      silence.look(s, now: now, isExcused: isExcused, timeout: timeout)
      if !silence.isSilent[s] { allSilent = false }
    }
    guard allSilent, advancesWhenIdle, highest > .min, !allEnded else { return nil }
    let reached = silence.timeReached(now: now)
    guard reached > highest else { return nil }
    goOn(to: reached)
    return reached
  }
  private mutating func goOn(to reached: Int64) {
    highest = max(highest, reached)
    for s in maxima.indices where isTimed[s] { maxima[s] = max(maxima[s], reached) }
  }

  /// An interval of an earlier run is opened again: who was silent then. Before any block of it is sealed.
  mutating func openAgain(_ entry: IntervalLog.Entry) { silence.set(entry.silence?.before ?? [], highest: highest) }
  /// Who is silent when the open interval is closed, by the clock or as in an earlier run; for the log. Before the batch
  /// that closes it is sealed, and where that matters after every other one was.
  mutating func close(_ intervals: IntervalControl, at time: Int64) -> SourceSilence.Record? {
    if let entry = intervals.entryReplayed {
      if let reached = entry.silence?.reached { goOn(to: reached) }
      silence.set(entry.silence?.after ?? [], highest: highest)
      return entry.silence
    }
    guard silence.isLogged else { return nil }
    silence.willClose(openedAt: intervals.openedAt, time: time)
    return silence.wasClosed(reached: noticeSilence(time, wasAsked: intervals.wasAsked))
  }

  private mutating func advanceFrontier() {
    // behind every event that there is, if all have ended
    var next = Frontier(maximum: highest, source: maxima.count)
    for s in maxima.indices where isTimed[s] && !isEnded[s] && !silence.isSilent[s] {
      // what an earlier run had read of this source and this one has not yet must not lie before the frontier
      let f = Frontier(maximum: maxima[s], source: ends[s] < replayEnds[s] ? s : s + 1)
      if f < next { next = f }
    }
    if frontier < next { frontier = next }
    for s in unfinished.indices {
      unfinished[s].removeAll { Frontier(maximum: $0.maximumAfter, source: s) < frontier }
    }
  }

  /// Where each source goes on so that everything at or after the frontier is read again.
  func positions(_ sources: [any SourceReader]) -> [CheckpointMetadata.SourcePosition] {
    sources.enumerated().map { s, source in
      let first = unfinished[s].first
      let detail = first?.detail ?? details[s]
      return CheckpointMetadata.SourcePosition(
        name: source.name, identity: source.identity, offset: first?.offset ?? ends[s],
        maximum: first?.maximumBefore ?? maxima[s], readTo: max(ends[s], replayEnds[s]),
        detail: detail.isEmpty ? nil : detail, sequence: first?.sequenceBefore ?? sequences[s])
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
