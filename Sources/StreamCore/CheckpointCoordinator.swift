import FlatMemory
import Foundation
import Snapshots
import Synchronization

/// What a checkpoint says about its job, beside the operators' state. JSON in the checkpoint's metadata.
public struct CheckpointMetadata: Codable, Sendable {
  /// Where a source partition goes on.
  public struct SourcePosition: Codable, Sendable {
    public var name: String
    public var identity: String?
    /// Offset of the first byte not yet wholly consumed.
    public var offset: UInt64
    /// Highest event time before that offset.
    public var maximum: Int64
    /// Offset of the first byte not yet read. What lies between was consumed up to the checkpoint's frontier.
    public var readTo: UInt64
    /// What else the source needs to go on there.
    public var detail: String?
    /// Elements of the source that were numbered before that offset.
    public var sequence: Int64?
  }
  public var version = 1
  public var job: JobDescription
  public var keyGroups: Int
  public var sources: [SourcePosition]
  public var frontier: Frontier
  public var records: Int
  /// Stages and their operators, by stable name.
  public var operators: [String]
  /// Number of the next interval.
  public var interval: Int?
  /// Which of several sources without event time is read next.
  var turn: ReadingTurns.Place?
  /// nil: the least.
  public var multipleWatermarkPolicy: MultipleWatermarkPolicy?
  /// How long copying the state took, all partitions together: what processing was held up by, divided by the threads.
  public var copyMicroseconds: Int?
}

/// Why a checkpoint cannot be used.
public enum CheckpointError: Error, CustomStringConvertible, Equatable {
  /// The job's parameters or key groups differ; what differs is told.
  case differentJob(directory: String, differences: [String])
  /// The sources differ, or one of them cannot be read again.
  case differentSources(directory: String, String)
  /// It is of a format that this version cannot read.
  case unreadable(directory: String, String)
  /// Two operators or sinks of the program have the same name.
  case sameName(String)

  public var description: String {
    switch self {
    case .differentJob(let directory, let differences):
      "the checkpoint in '\(directory)' belongs to a different job: \(differences.joined(separator: "; ")). "
        + "Give the same options to resume it, another folder to keep it, or --fresh to start over"
    case .differentSources(let directory, let what):
      "the checkpoint in '\(directory)' cannot be resumed: \(what). Use --fresh to start over"
    case .unreadable(let directory, let what):
      "the checkpoint in '\(directory)' cannot be read: \(what). Use --fresh to start over"
    case .sameName(let name):
      "two operators or sinks are called '\(name)'; give each a name of its own (name:), by which its state is found "
        + "again after a restart"
    }
  }
}

/// What became of the operators' state when a job went on from a checkpoint, by the operators' names.
public struct RecoveryReport: Sendable, Equatable, CustomStringConvertible {
  /// Their state was restored.
  public var kept: Set<String> = []
  /// The checkpoint did not know them: they begin empty.
  public var added: Set<String> = []
  /// The job no longer has them: their state is not in its next checkpoint.
  public var dropped: Set<String> = []

  public var description: String {
    func list(_ names: Set<String>) -> String { names.isEmpty ? "none" : names.sorted().joined(separator: ", ") }
    return "state kept: \(list(kept)); begins empty: \(list(added)); dropped: \(list(dropped))"
  }
}

/// Takes consistent cuts: after a marked batch each operator copies its state where the batch leaves it; when the
/// batch has passed every stage the copies and the source positions are written in the background.
///
/// Guarantees: at most one checkpoint is being written; sinks are durable before the checkpoint that counts on them.
/// Cost to processing: the flat copies (about 10 GB/s). On a crash the newest whole checkpoint is used; a damaged one
/// is passed over with a warning.
final class CheckpointCoordinator: @unchecked Sendable {
  let options: CheckpointOptions
  let job: JobDescription
  let keyGroups: Int
  private let watermarkPolicy: MultipleWatermarkPolicy
  /// Holds the folder's lock; let go of when the run has ended, so that another may follow in the same process.
  private var store: CheckpointStore?
  private(set) var warnings: [String] = []
  /// Where intervals ended; only of programs that work by interval.
  private(set) var intervalLog: IntervalLog?
  private var readers: [any SourceReader] = []
  private(set) var report = RecoveryReport()
  private var snapshots: [[(state: any CheckpointedState, snapshot: StateSnapshot)]] = []  // by stage and instance
  private var firstOfStage: [Int] = []
  private var writer: WorkerThread?
  private let busy = Atomic<Bool>(false)
  /// Times that memory was readied for the next checkpoint.
  private var preparations = 0
  private let pauseNanoseconds = Atomic<Int>(0)
  /// The same of the checkpoint in hand.
  private let copyNanoseconds = Atomic<Int>(0)
  private let written = Atomic<Int>(0)
  private let failure = Mutex<(any Error)?>(nil)
  /// Called with what ends the writing of a checkpoint. Whoever calls ``begin()`` and ``commit(_:)`` under a lock runs it
  /// under that lock: ``commit(_:)`` waits for the writer's thread, which must not need the lock by then.
  var onIdle: (_ release: () -> Void) -> Void = { $0() }

  init(
    options: CheckpointOptions, job: JobDescription, keyGroups: Int, watermarkPolicy: MultipleWatermarkPolicy
  ) throws {
    self.watermarkPolicy = watermarkPolicy
    self.options = options
    self.job = job
    self.keyGroups = keyGroups
    store = try CheckpointStore(directory: options.directory, options: options.store)
  }

  struct Recovered {
    var metadata: CheckpointMetadata
    var checkpoint: RecoveredCheckpoint
  }

  /// The newest good checkpoint of this job, or nil to start from the beginning.
  func recover(sources: [any SourceReader]) throws -> Recovered? {
    readers = sources
    if options.isFresh {
      try store?.removeAll()
      return nil
    }
    guard let found = try store?.newest() else { return nil }
    warnings = found.warnings
    let metadata: CheckpointMetadata
    do {
      metadata = try JSONDecoder().decode(CheckpointMetadata.self, from: Data(found.metadata))
    } catch {
      throw CheckpointError.unreadable(directory: options.directory, "its metadata is of another version")
    }
    let differences = describeDifferences(was: metadata.job, now: job)
    if !differences.isEmpty {
      throw CheckpointError.differentJob(directory: options.directory, differences: differences)
    }
    if metadata.keyGroups != keyGroups {
      throw CheckpointError.differentJob(
        directory: options.directory, differences: ["key groups were \(metadata.keyGroups), now \(keyGroups)"])
    }
    let policy = metadata.multipleWatermarkPolicy ?? .min
    if policy != watermarkPolicy {
      throw CheckpointError.differentJob(
        directory: options.directory, differences: ["multipleWatermarkPolicy was \(policy), now \(watermarkPolicy)"])
    }
    try compare(metadata.sources, with: sources)
    return Recovered(metadata: metadata, checkpoint: found)
  }

  private func compare(_ positions: [CheckpointMetadata.SourcePosition], with sources: [any SourceReader]) throws {
    if positions.map(\.name) != sources.map(\.name) {
      throw CheckpointError.differentSources(
        directory: options.directory,
        "its inputs were \(positions.map(\.name).joined(separator: ", ")), now \(sources.map(\.name).joined(separator: ", "))"
      )
    }
    for (p, s) in zip(positions, sources) where p.offset > 0 {
      guard let identity = s.identity else {
        throw CheckpointError.differentSources(
          directory: options.directory, "'\(s.name)' cannot be read again from offset \(p.offset)")
      }
      if identity != p.identity {
        throw CheckpointError.differentSources(
          directory: options.directory, "'\(s.name)' is not the file it was (its beginning has changed)")
      }
    }
  }

  private func describeDifferences(was: JobDescription, now: JobDescription) -> [String] {
    Set(was.keys).union(now.keys).filter { !$0.hasPrefix("~") }.sorted().compactMap { k in
      was[k] == now[k] ? nil : "\(k) was \(was[k] ?? "not set"), now \(now[k] ?? "not set")"
    }
  }

  /// Opens the log of intervals.
  func openIntervalLog(from interval: Int) throws {
    intervalLog = try IntervalLog(
      directory: options.directory, from: interval, isFresh: options.isFresh, files: options.files)
  }

  /// Makes room for the stages' snapshots and restores their state.
  func prepare(stages: [Stage], recovered: Recovered?) throws {
    let recorded = Set(recovered?.metadata.operators ?? [])
    var used: Set<String> = []
    defer { report.dropped = Set(recorded.subtracting(used).map(CheckpointCoordinator.operatorName)) }
    for stage in stages {
      firstOfStage.append(snapshots.count)
      for i in stage.instances {
        var list: [(state: any CheckpointedState, snapshot: StateSnapshot)] = []
        for (name, state) in i.states {
          let suffix = stage.partitionCount == 1 ? "" : "/partition-\(padded(i.index))"
          list.append((state, StateSnapshot(prefix: name + suffix)))
          guard let r = recovered else { continue }
          if let former = recordedName(name, suffix, recorded) {
            report.kept.insert(name)
            used.insert(former + suffix)
            try unsafe state.restore(from: RestoredState(prefix: former + suffix) { unsafe r.checkpoint.section($0) })
          } else {
            report.added.insert(name)
          }
        }
        snapshots.append(list)
      }
    }
  }

  /// What an operator is called in the checkpoint; nil when it is not there. A program goes on saying how its operators
  /// were called when checkpoints have their present names: those come first, but for a name that another one had.
  private func recordedName(_ name: String, _ suffix: String, _ recorded: Set<String>) -> String? {
    let former = options.renamedOperators[name] ?? name
    let isTakenOver = options.renamedOperators.contains { $0.key != name && $0.value == name }
    return (isTakenOver ? [former, name] : [name, former]).first { recorded.contains($0 + suffix) }
  }

  /// The operator's name of what one of its partitions is recorded by.
  private static func operatorName(_ prefix: String) -> String {
    guard let slash = prefix.range(of: "/partition-", options: .backwards) else { return prefix }
    return String(prefix[..<slash.lowerBound])
  }
  private func padded(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }

  /// Reserves the next checkpoint; false while one is being written.
  func begin() -> Bool {
    guard reserve() else { return false }
    copyNanoseconds.store(0, ordering: .relaxed)
    preparations = 0
    return true
  }
  private func reserve() -> Bool {
    busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
  }
  /// Notes how much an instance's snapshot will take; called by its task, between batches.
  func noteSizes(stage: Int, instance: Int) {
    for (state, snapshot) in snapshots[firstOfStage[stage] + instance] {
      snapshot.expectedByteCount.store(state.copiedByteCount, ordering: .relaxed)
    }
  }
  /// Touches, in the background, the memory that the next copies need, if that is much: else the first checkpoint of
  /// a large state would hold up processing for many times what copying takes. Called from half of the interval on, and
  /// once more when the checkpoint is due, if the state has grown so fast. True if the checkpoint has to wait for it.
  func prepareMemory(isDue: Bool) -> Bool {
    guard preparations < (isDue ? 2 : 1) else { return false }
    // asked for at every batch: nothing is allocated unless there is something to do
    let untouched = snapshots.joined().reduce(0) { $0 + $1.snapshot.untouchedByteCount }
    guard untouched >= Self.untouchedByteCountMax, reserve() else { return false }
    preparations = isDue ? 2 : 1
    join()
    writer = WorkerThread { [self] in
      for (_, snapshot) in snapshots.joined() where snapshot.untouchedByteCount > 0 { snapshot.prepare() }
      onIdle { busy.store(false, ordering: .releasing) }
    }
    return true
  }
  /// Fresh memory that copies may touch at a checkpoint: some 4 ms of page faults.
  private static let untouchedByteCountMax = 8 << 20

  /// Whoever calls has nothing to do before something else ends, perhaps the writing of a checkpoint.
  func willWait() { if busy.load(ordering: .relaxed) { options.onWriting(.isAwaited) } }

  /// Copies the state of one instance; called by its task, between batches. Gives the nanoseconds it took.
  func snapshot(stage: Int, instance: Int) -> Int64 {
    let t = options.nowNanoseconds()
    for (state, snapshot) in snapshots[firstOfStage[stage] + instance] {
      snapshot.reset()
      state.snapshot(into: snapshot)
    }
    let spent = Int(options.nowNanoseconds() - t)
    pauseNanoseconds.wrappingAdd(spent, ordering: .relaxed)
    copyNanoseconds.wrappingAdd(spent, ordering: .relaxed)
    return Int64(spent)
  }

  /// Writes the copies in the background. `threads`: how many may compress them, when processing needs none.
  func commit(_ batch: Batch, threads: Int = 1) {
    join()
    let metadata = CheckpointMetadata(
      job: job, keyGroups: keyGroups, sources: batch.positions, frontier: batch.frontier, records: batch.recordsSoFar,
      operators: snapshots.flatMap { $0.map { $0.snapshot.prefix } },
      interval: batch.interval + (batch.closesInterval ? 1 : 0),
      turn: batch.turn, multipleWatermarkPolicy: watermarkPolicy,
      copyMicroseconds: copyNanoseconds.load(ordering: .relaxed) / 1000)
    options.onWriting(.begins)
    writer = WorkerThread { [self] in
      // what an output could not be flushed for
      var undurable: (any Error)?
      do {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let bytes = [UInt8](try encoder.encode(metadata))
        for list in snapshots { for entry in list { try entry.snapshot.complete() } }
        let sections = snapshots.flatMap { list in
          list.flatMap { entry in
            unsafe entry.snapshot.finished.map { unsafe CheckpointSection(name: $0.name, bytes: $0.bytes) }
          }
        }
        // outputs are flushed last, when most of them has gone to the disk while the state was compressed
        let info = try store?.write(metadata: bytes, sections: sections, threads: threads) {
          () throws(SnapshotError) in
          do {
            for list in snapshots { for (state, _) in list { try state.makeDurable() } }
          } catch {
            undurable = error
            throw SnapshotError(.inputOutput(0), "an output could not be flushed", advice: "")
          }
        }
        for list in snapshots { for (state, _) in list { try state.wasCommitted() } }
        try letGo(before: info.flatMap { oldestKept(before: $0.id) } ?? metadata)
        written.wrappingAdd(1, ordering: .relaxed)
      } catch {
        failure.withLock { $0 = $0 ?? undurable ?? error }
      }
      for list in snapshots { for entry in list { entry.snapshot.releaseDeferred() } }
      onIdle { busy.store(false, ordering: .releasing) }
      options.onWriting(.ended)
    }
  }
  private func join() {
    guard let writer else { return }
    options.onWriting(.isAwaited)
    writer.join()
    self.writer = nil
  }

  /// What the oldest checkpoint says that the folder still has, if there is one before `id`: recovery goes back to it if
  /// the newer ones are damaged.
  private func oldestKept(before id: UInt64) -> CheckpointMetadata? {
    guard let metadata = try? store?.oldestMetadata(before: id) else { return nil }
    return try? JSONDecoder().decode(CheckpointMetadata.self, from: Data(metadata))
  }
  /// Tells sources and log what no checkpoint will ask for again.
  private func letGo(before oldest: CheckpointMetadata) throws {
    for (reader, p) in zip(readers, oldest.sources) where reader.name == p.name && reader.identity == p.identity {
      reader.wasCommitted(SourcePosition(offset: p.offset, detail: p.detail ?? ""))
    }
    try intervalLog?.wasCommitted(before: oldest.interval ?? 0)
  }

  /// Waits for the checkpoint being written, if any, and leaves the folder to others.
  func finish() throws {
    if busy.load(ordering: .relaxed) { store?.helpWriting() }
    join()
    store = nil
    try intervalLog?.close()
    if let e = failure.withLock({ $0 }) { throw e }
  }
  var error: (any Error)? { failure.withLock { $0 } }
  var count: Int { written.load(ordering: .relaxed) }
  var pauseMicroseconds: Int { pauseNanoseconds.load(ordering: .relaxed) / 1000 }
}

extension CheckpointedState {
  public var stateSize: StateSize { StateSize() }
  public var copiedByteCount: Int { 0 }
  public func makeDurable() throws {}
  public func wasCommitted() throws {}
}
