import StreamCore
import Synchronization

/// Lets a process die, or asks it to stop, at its hour outside the disk: at a read, or between two transactions.
final class Death: Sendable {
  private let fault: Fault
  private let disk: SimulatedDisk
  private let tally: Tally
  private let counts = Mutex((reads: 0, commits: 0))

  init(_ fault: Fault, _ disk: SimulatedDisk, _ tally: Tally) {
    self.fault = fault
    self.disk = disk
    self.tally = tally
  }
  func beforeRead(stop: () -> Void) throws {
    let reads = counts.withLock {
      $0.reads += 1
      return $0.reads
    }
    if fault == .stopAtRead(reads) {
      tally.count("stopped")
      stop()
    }
    if fault == .killAtRead(reads) {
      tally.count("killed at a read")
      disk.kill()
    }
    if disk.isProcessDead { throw Killed() }
  }
  func beforeCommit() throws {
    let commits = counts.withLock {
      $0.commits += 1
      return $0.commits
    }
    if fault == .killAtCommit(commits) {
      tally.count("killed at a commit")
      disk.kill()
    }
    if disk.isProcessDead { throw Killed() }
  }
}

/// A source that was waited for far too long.
struct Stuck: Error, CustomStringConvertible {
  var description: String
}

/// Looks at what a run says of itself: how far its watermark is, and how much state it holds.
final class ProgressWatch: StreamingListener {
  private let plan: Plan
  private let othersHighest: Int64
  private let joined: JoinedRows?
  private struct State {
    var watermark = Int64.min
    var waits = 0
    var complaint: String?
  }
  private let state = Mutex(State())

  init(_ plan: Plan) {
    self.plan = plan
    var highest = Int64.min
    for (i, rows) in plan.rows.enumerated() where i != plan.habits.silentSource {
      for row in rows { highest = max(highest, row.time - plan.delayMilliseconds) }
    }
    othersHighest = highest
    joined = JoinedRows(plan)
  }
  var complaint: String? { state.withLock { $0.complaint } }

  func processed(_ interval: IntervalProgress) {
    let stateRowsMax = interval.watermark.flatMap { joined?.keysWaiting(at: $0) }
    state.withLock {
      if let watermark = interval.watermark { $0.watermark = max($0.watermark, watermark) }
      if let stateRowsMax, interval.stateRows > stateRowsMax, $0.complaint == nil {
        $0.complaint =
          "interval \(interval.batchID): a join holds \(interval.stateRows) keys at watermark "
          + "\(interval.watermark ?? .min), where rows of \(stateRowsMax) may still find partners"
      }
    }
  }
  /// Whether the watermark has passed all that the sources have that are not silent. Throws when it never does.
  func hasPassedOthers() throws -> Bool {
    let (watermark, waits) = state.withLock {
      $0.waits += 1
      return ($0.watermark, $0.waits)
    }
    if watermark >= othersHighest { return true }
    if waits > 20_000 {
      throw Stuck(
        description:
          "a silent source holds the watermark back at \(watermark), the others have come to \(othersHighest)")
    }
    return false
  }
}

/// A source and what is to be done before each read of it.
final class WatchedSource: ElementSource, @unchecked Sendable {
  private let source: any ElementSource<Row>
  private let onRead: @Sendable () throws -> Void
  init(_ source: any ElementSource<Row>, onRead: @escaping @Sendable () throws -> Void) {
    self.source = source
    self.onRead = onRead
  }
  var name: String { source.name }
  var identity: String? { source.identity }
  var position: SourcePosition { source.position }
  func seek(to position: SourcePosition) throws { try source.seek(to: position) }
  func wasCommitted(_ position: SourcePosition) { source.wasCommitted(position) }
  func read(into output: PartitionBuffer<Row>, countMax: Int) throws -> SourceStatus {
    try onRead()
    return try source.read(into: output, countMax: countMax)
  }
}
