/// When an interval of a streaming program is closed: what operators by interval (counts, reductions, windows of
/// intervals) take as one micro-batch.
///
/// Operators by event time do not depend on it: for them it decides only how soon a result is seen.
public enum Trigger: Sendable, Equatable {
  /// As soon as every source has given what it had; a source that never runs dry makes one long interval, unless
  /// ``StreamingOptions/recordsPerIntervalMax`` cuts it. An input that ends closes the last one.
  case asFastAsPossible
  /// At every multiple of this time: Spark's batch interval. Reading and processing go on in between.
  case interval(milliseconds: Int64)
  /// What the sources have when the run begins, in as many intervals as the limits ask for; then the run stops as if asked
  /// to. What comes meanwhile is left for the next run by sources that can tell
  /// (``ElementSource/prepare(for:)``); others are read until they are idle.
  case availableNow
  /// One interval of what the sources have when the run begins; then the run stops as if asked to.
  case once

  /// Whether a run takes only what the sources have when it begins.
  public var isBounded: Bool { self == .availableNow || self == .once }
}

/// Decides what to do next about reading: the intervals of a run.
///
/// Cost: a look at the clock a block.
struct IntervalControl {
  enum Action: Equatable {
    case read(Int)
    case close(time: Int64)
    /// Nothing to do before then; sources that had nothing are asked again afterwards.
    case wait(milliseconds: Int64)
    /// Nothing can be read until a batch in flight is done.
    case blocked
    /// The trigger wants no more.
    case finish
  }
  let trigger: Trigger
  private let recordsLimit: Int
  /// Records an interval may take, about; back-pressure lowers it.
  private(set) var recordsMax: Int
  let pollMilliseconds: Int64
  /// The end of a source may let elements of others pass that waited for it: the interval has something then.
  let endsReleaseOthers: Bool
  /// How often an interval is closed while nothing comes; nil: never.
  let idleIntervalMilliseconds: Int64?
  private(set) var number: Int
  private(set) var isOpen = false
  private(set) var openedAt = Int64(0)
  /// When the interval is due, with ``Trigger/interval(milliseconds:)``.
  private var dueAt: Int64?
  private(set) var recordCount = 0
  private(set) var hasData = false
  private(set) var isIdle: [Bool]
  /// Has given all that is for this interval.
  private var isDone: [Bool]
  private var hasEnded: [Bool]
  /// Was asked in this interval, whether it had something or not.
  private(set) var wasAsked: [Bool]
  private var isOver = false
  /// Intervals that an earlier run has closed and that are cut the same way again, first to come first.
  private var replayed: ArraySlice<IntervalLog.Entry>
  /// When the last of them was closed.
  private var lastReplayed: Int64?
  /// Up to where each source was read.
  private(set) var ends: [UInt64]
  /// Whether the order of reading is logged, and that of the open interval.
  private let logsReads: Bool
  private var reads: [IntervalLog.Entry.Read] = []
  /// The one to be done again next of the interval that is cut again.
  private var nextRead = 0
  /// Up to where an earlier run had read each source by its checkpoint: some of that may be needed again.
  private let endsBefore: [UInt64]
  /// The sources that had ended before the interval that is cut again, where it matters when they did.
  private var endedBefore: [Int] = []

  init(
    trigger: Trigger, recordsMax: Int?, pollMilliseconds: Int64, idleIntervalMilliseconds: Int64?, sourceCount: Int,
    number: Int, ends: [UInt64], endsBefore: [UInt64]? = nil, endsReleaseOthers: Bool = false, logsReads: Bool = false,
    replayed: [IntervalLog.Entry] = []
  ) {
    self.logsReads = logsReads
    self.trigger = trigger
    recordsLimit = recordsMax ?? .max
    self.recordsMax = recordsLimit
    self.pollMilliseconds = pollMilliseconds
    self.idleIntervalMilliseconds = idleIntervalMilliseconds
    self.number = number
    self.endsReleaseOthers = endsReleaseOthers
    isIdle = Array(repeating: false, count: sourceCount)
    isDone = isIdle
    hasEnded = isIdle
    wasAsked = isIdle
    self.ends = ends
    self.endsBefore = endsBefore ?? ends
    self.replayed = replayed[...]
  }

  mutating func next(now: Int64, _ alignment: SourceAlignment) -> Action {
    if isOver { return .finish }
    if !isOpen { open(now) }
    if let s = firstBehind(alignment) { return read(s) }
    if let entry = replayed.first { return entry.isEnd ?? false ? seekEnd(alignment) : replay(entry, alignment) }
    let isFull = recordCount >= recordsMax
    if case .interval = trigger, let dueAt, now >= dueAt {
      // also an interval that is overdue asks every source once: a job that is always late goes on reading
      if !isFull, let s = alignment.nextSource(isIdle: zip(isIdle, wasAsked).map { $0 || $1 }) { return .read(s) }
      return .close(time: dueAt)
    }
    if !isFull, let s = alignment.nextSource(isIdle: isIdle) { return .read(s) }
    let isDry = isIdle.indices.allSatisfy { isIdle[$0] || alignment.isRead($0) }
    if !isFull, !isDry {
      // some source has more, but others have to catch up first
      if alignment.hasBlocksInFlight { return .blocked }
      let mayAskAgain = zip(isIdle, isDone).contains { $0 && !$1 }
      switch trigger {
      case .interval, .asFastAsPossible:
        if mayAskAgain {
          // how long a source has been silent for which others wait shows when an interval is closed
          if trigger == .asFastAsPossible, let idle = idleIntervalMilliseconds, now - openedAt >= idle {
            return .close(time: now)
          }
          // those may only be waiting to be asked again
          return .wait(milliseconds: pollMilliseconds)
        }
      case .availableNow, .once: break
      }
      // others have given all that is for this interval
    }
    switch trigger {
    case .interval:
      let left = (dueAt ?? now) - now
      return .wait(milliseconds: isFull ? left : min(pollMilliseconds, left))
    case .asFastAsPossible:
      // who has given all that is for this interval, be it nothing, waits for the next one
      if hasData || isFull || isDone.contains(true) { return .close(time: now) }
      if let idle = idleIntervalMilliseconds, now - openedAt >= idle { return .close(time: now) }
      return .wait(milliseconds: pollMilliseconds)
    case .availableNow:
      if hasData || isFull { return .close(time: now) }
      isOver = true
      return .finish
    case .once:
      isOver = true
      return .finish
    }
  }
  /// Reads each source to where the interval ended, then closes it at the same time.
  private mutating func replay(_ entry: IntervalLog.Entry, _ alignment: SourceAlignment) -> Action {
    let order = entry.reads ?? []
    if let s = endedBefore.first(where: { !alignment.isRead($0) }) { return read(s) }
    while nextRead < order.count, wasDone(order[nextRead], alignment) { nextRead += 1 }
    if nextRead < order.count, !alignment.isRead(order[nextRead].source) {
      return read(order[nextRead].source)
    }
    var isDry = true
    for s in ends.indices where !alignment.isRead(s) && entry.reaches(beyond: ends[s], of: s) {
      if !isIdle[s] { return .read(s) }
      isDry = false
    }
    return isDry ? .close(time: entry.time) : .wait(milliseconds: pollMilliseconds)
  }
  /// Reads a source that has something, whatever it says.
  private func read(_ s: Int) -> Action { isIdle[s] ? .wait(milliseconds: pollMilliseconds) : .read(s) }
  /// A source of which the earlier run had read more than has been read again. That is read before anything else: what
  /// an interval gives must not depend on whether a run goes on in it or begins with it.
  func firstBehind(_ alignment: SourceAlignment) -> Int? {
    ends.indices.first { ends[$0] < endsBefore[$0] && !alignment.isRead($0) }
  }
  private func wasDone(_ read: IntervalLog.Entry.Read, _ alignment: SourceAlignment) -> Bool {
    ends[read.source] >= read.end && (!(read.isEnd ?? false) || alignment.isRead(read.source))
  }
  /// An earlier run came to the end of its input: looks whether that is still so.
  private func seekEnd(_ alignment: SourceAlignment) -> Action {
    for s in ends.indices where !alignment.isRead(s) && !isIdle[s] { return .read(s) }
    return alignment.allRead ? .blocked : .wait(milliseconds: pollMilliseconds)
  }
  /// When the open interval is closed if that has to be now.
  func closingTime(_ now: Int64) -> Int64 { isReplaying ? replayed.first?.time ?? now : now }
  /// Records that the open interval has room for.
  var recordsLeft: Int { isReplaying ? .max : max(recordsMax - recordCount, 1) }
  /// Offset in a source beyond which the open interval does not go.
  func endOffset(_ source: Int) -> UInt64 {
    // the reader itself ends a block where the earlier run's reading ended
    guard isReplaying, let entry = replayed.first, source < entry.ends.count, ends[source] >= endsBefore[source] else {
      return .max
    }
    if let order = entry.reads, nextRead < order.count, order[nextRead].source == source {
      return order[nextRead].isEnd ?? false ? .max : order[nextRead].end
    }
    guard !entry.ends(source) else { return .max }
    return entry.ends[source]
  }
  /// What a source says, less what it did not say yet when the open interval was first cut: its end let event time pass,
  /// and so would show in what the interval gives.
  func saidThen(_ status: SourceStatus, _ source: Int) -> SourceStatus {
    guard status == .ended, isReplaying, let entry = replayed.first else { return status }
    if !entry.ends(source) { return .idle }
    // nor sooner in the interval
    guard entry.readsShowSilence, !endedBefore.contains(source), let order = entry.reads, nextRead < order.count else {
      return status
    }
    return order[nextRead].source == source && order[nextRead].isEnd ?? false ? .ended : .more
  }
  /// Whether intervals of an earlier run are being cut again.
  var isReplaying: Bool { replayed.first.map { !($0.isEnd ?? false) } ?? false }
  /// Whether the open interval has the number of what the end of the input closed in an earlier run: it is nothing else's
  /// before the input is known to have grown.
  var seeksEnd: Bool { replayed.first?.isEnd ?? false }
  /// The open interval, if an earlier run has closed it.
  var entryReplayed: IntervalLog.Entry? { isReplaying ? replayed.first : nil }
  /// What the log is to say of the open interval.
  func entry(
    closedAt time: Int64, silence: SourceSilence.Record? = nil, isEnd: Bool = false
  ) -> IntervalLog.Entry {
    IntervalLog.Entry(
      interval: number, openedAt: openedAt, time: time, ends: ends, ended: hasEnded.indices.filter { hasEnded[$0] },
      reads: logsReads ? reads : nil, silence: silence, isEnd: isEnd ? true : nil)
  }
  private mutating func open(_ now: Int64) {
    isOpen = true
    openedAt = replayed.first?.openedAt ?? now
    (recordCount, hasData) = (0, false)
    (reads, nextRead) = ([], 0)
    if let entry = replayed.first, entry.readsShowSilence {
      let endedIn = Set((entry.reads ?? []).filter { $0.isEnd ?? false }.map(\.source))
      endedBefore = (entry.ended ?? []).filter { !endedIn.contains($0) }
    }
    for s in isDone.indices { (isDone[s], wasAsked[s]) = (false, false) }
    askAgain()
    if case .interval(let length) = trigger {
      // multiples of the length on the job's clock; what is overdue is made up for at once, but for the time between
      // two runs
      let next = (now / length + 1) * length
      dueAt = dueAt.map { $0 + length } ?? (next == lastReplayed ? next + length : next)
    }
  }
  /// Sources that had nothing may have something now; in an interval that is cut again they have, whatever they say.
  mutating func askAgain() { for s in isIdle.indices { isIdle[s] = isDone[s] && replayed.isEmpty } }
  mutating func wasRead(_ source: Int, _ status: SourceStatus, end: UInt64, byteCount: UInt64, recordCount n: Int) {
    let isAgain = ends[source] < endsBefore[source]
    ends[source] = end
    if logsReads, byteCount > 0 || status == .ended {
      if reads.last?.source == source { reads.removeLast() }
      reads.append(IntervalLog.Entry.Read(source: source, end: end, isEnd: status == .ended ? true : nil))
    }
    wasAsked[source] = true
    var isNew = true
    if let known = replayed.first, !isReplaying {
      // what was read before, and had to wait for other sources, belongs to what the end closed
      isNew = source >= known.ends.count || end > known.ends[source]
      if isNew {
        // the input has grown: the number of what its end closed is used up
        replayed.removeFirst()
        number += 1
      }
    }
    if status != .more { isIdle[source] = true }
    if status == .ended { hasEnded[source] = true }
    // where an interval ends that is cut again is known better
    if status == .untilNextInterval, replayed.isEmpty, !isAgain { isDone[source] = true }
    if byteCount > 0 && isNew || status == .ended && endsReleaseOthers && replayed.isEmpty { hasData = true }
    if !isAgain { recordCount += n }
  }
  /// Back-pressure: so many records a second can be processed.
  mutating func slow(to rowsPerSecond: Double) {
    guard case .interval(let length) = trigger else { return }
    recordsMax = min(recordsLimit, max(1, Int(rowsPerSecond * Double(length) / 1000)))
  }
  /// Records of a block whose number was not known when it was read.
  mutating func count(_ n: Int, in interval: Int) { if interval == number { recordCount += n } }
  mutating func wasClosed() {
    number += 1
    isOpen = false
    if let entry = replayed.first {
      lastReplayed = entry.time
      replayed.removeFirst()
      // what would have been due while the job was down is not made up for
      dueAt = nil
    }
  }
}
