/// Which sources have said nothing for the idle timeout, and so hold nothing back.
///
/// By batch, silence is noticed at every batch, by the clock. In programs that work by interval it is noticed when an
/// interval is closed, for the whole interval, so that the interval log can say it and the interval can be cut again; a
/// source that has spoken in an interval is not silent at its end, however long it was. A source speaks again at once.
///
/// A clock that was set back begins anew. Cost: a few comparisons a batch or an interval.
struct SourceSilence {
  /// What silence did to event time in one interval.
  struct Record: Codable, Equatable, Sendable {
    /// Sources that were passed over when the interval was opened, and when it was closed.
    var before: [Int]
    var after: [Int]
    /// Event time up to which the clock alone let it go at the end.
    var reached: Int64?
  }
  let timeoutMilliseconds: Int64?
  let isByInterval: Bool
  private(set) var isSilent: [Bool]
  /// Those when the open interval was opened.
  private var silentBefore: [Int] = []
  /// Processing time of a source's last data; nil: from the open interval's beginning on, because what lies before went
  /// by the clock of an earlier run.
  private var lastData: [Int64?]
  /// Processing time when event time last went on by data, and how far.
  private var lastProgress: (clock: Int64?, highest: Int64)
  // of the open interval
  private var hasSpoken: [Bool]
  private var hasProgressed = false

  init(sourceCount: Int, timeoutMilliseconds: Int64?, isByInterval: Bool, highest: Int64, now: Int64) {
    self.timeoutMilliseconds = timeoutMilliseconds
    self.isByInterval = isByInterval
    isSilent = Array(repeating: false, count: sourceCount)
    hasSpoken = isSilent
    lastData = isSilent.map { _ in now }
    lastProgress = (now, highest)
  }
  /// Whether what intervals come to depends on who is silent.
  var isLogged: Bool { isByInterval && timeoutMilliseconds != nil }
  /// Whether a source may have been passed over.
  func mayBeBehind(_ s: Int) -> Bool { timeoutMilliseconds != nil || isSilent[s] }

  mutating func isBack(_ s: Int) { isSilent[s] = false }
  mutating func gaveData(_ s: Int, at now: Int64) {
    if isByInterval { hasSpoken[s] = true } else { lastData[s] = now }
  }
  mutating func eventTimeWentOn(to highest: Int64, at now: Int64) {
    lastProgress = (isByInterval ? lastProgress.clock : now, highest)
    hasProgressed = true
  }

  /// Looks at one source; `isExcused`: it could not have said anything.
  mutating func look(_ s: Int, now: Int64, isExcused: Bool, timeout: Int64) {
    if isExcused || isByInterval && hasSpoken[s] { lastData[s] = now }
    let last = min(lastData[s] ?? now, now)
    lastData[s] = last
    if now - last >= timeout { isSilent[s] = true }
  }
  /// Event time if it goes on with the clock since the last data.
  mutating func timeReached(now: Int64) -> Int64 {
    let last = min(lastProgress.clock ?? now, now)
    lastProgress.clock = last
    return lastProgress.highest + (now - last)
  }

  // MARK: intervals

  /// The open interval is about to be closed, by the clock.
  mutating func willClose(openedAt: Int64, time: Int64) {
    for s in lastData.indices where lastData[s] == nil { lastData[s] = openedAt }
    if hasProgressed { lastProgress.clock = time } else { lastProgress.clock = lastProgress.clock ?? openedAt }
  }
  /// The open interval is closed.
  mutating func wasClosed(reached: Int64?) -> Record {
    let record = Record(before: silentBefore, after: silent, reached: reached)
    begin()
    return record
  }
  /// An interval of an earlier run is opened or closed again: who was silent then.
  mutating func set(_ sources: [Int], highest: Int64) {
    for s in isSilent.indices { (isSilent[s], lastData[s]) = (sources.contains(s), nil) }
    lastProgress = (nil, highest)
    begin()
  }
  private mutating func begin() {
    silentBefore = silent
    for s in hasSpoken.indices { hasSpoken[s] = false }
    hasProgressed = false
  }
  private var silent: [Int] { isSilent.indices.filter { isSilent[$0] } }
}
