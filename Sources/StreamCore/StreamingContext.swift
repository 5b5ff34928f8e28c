import FlatMemory
import Foundation
package import Snapshots
import Synchronization

/// Which watermark a stream of several source partitions has, each of which has its own: Spark's
/// `spark.sql.streaming.multipleWatermarkPolicy`.
public enum MultipleWatermarkPolicy: String, Sendable, Codable {
  /// The least: nothing is late because another source is ahead. The elements of several sources are merged by watermark.
  case min
  /// The greatest: windows close as soon as the fastest source has passed them, and what slower ones bring behind it is
  /// late. Elements are taken in the order of reading: the sources in turn, as those without event time.
  case max
}

/// How a streaming job runs: nothing here changes its results but ``multipleWatermarkPolicy``, the trigger of operators by
/// interval, and what goes by the clock.
public struct StreamingOptions: Sendable {
  /// Worker threads; 0 means one a core.
  public var threads: Int
  /// Partitions of keyed streams: a power of two, fixed for the life of a checkpoint.
  public var keyGroups: Int
  /// Bytes of input per micro-batch, at least one.
  public var blockByteCount: Int
  /// Elements of a source of values per micro-batch, at least one.
  public var blockElementCount: Int
  /// Bytes and elements that each of several sources without event time gives in its turn: the order of their elements
  /// depends on it, so it is the same for every job but for tests.
  package var turnByteCount = 1 << 20
  package var turnElementCount = 1 << 15
  /// 0: as fast as possible. Otherwise event time advances at this multiple of processing time.
  public var speed: Double
  /// When intervals are closed.
  public var trigger: Trigger
  /// Records that all sources together may give in one interval, about (whole blocks are taken); nil: no limit.
  public var recordsPerIntervalMax: Int?
  /// Whether the number of records an interval takes follows how fast the ones before were processed (a PID controller, as
  /// Spark's); with ``Trigger/interval(milliseconds:)``. ``recordsPerIntervalMax`` stays the upper bound.
  public var backPressure: Bool
  /// How soon a source that had nothing is asked again.
  public var pollMilliseconds: Int64
  /// How often an interval is closed when nothing comes, so that timers go off, where the program needs it.
  public var idleIntervalMilliseconds: Int64
  /// Which watermark several source partitions have together; a checkpoint of the other policy is refused.
  public var multipleWatermarkPolicy: MultipleWatermarkPolicy
  /// A source partition that has been silent for this long (processing time) no longer holds the watermark back; nil:
  /// it holds it back for ever. In programs that work by interval it is noticed when an interval is closed.
  public var idleTimeoutMilliseconds: Int64?
  /// When all sources are silent, the watermark goes on with processing time, so that the last windows close.
  public var advancesWhenIdle: Bool

  /// The properties in one expression, each with its default.
  public init(
    threads: Int = 0, keyGroups: Int = 16, blockByteCount: Int = 1 << 20, blockElementCount: Int = 1 << 15,
    speed: Double = 0.0, trigger: Trigger = .asFastAsPossible, recordsPerIntervalMax: Int? = nil,
    backPressure: Bool = false, pollMilliseconds: Int64 = 2, idleIntervalMilliseconds: Int64 = 100,
    multipleWatermarkPolicy: MultipleWatermarkPolicy = .min, idleTimeoutMilliseconds: Int64? = nil,
    advancesWhenIdle: Bool = false
  ) {
    self.threads = threads
    self.keyGroups = keyGroups
    self.blockByteCount = blockByteCount
    self.blockElementCount = blockElementCount
    self.speed = speed
    self.trigger = trigger
    self.recordsPerIntervalMax = recordsPerIntervalMax
    self.backPressure = backPressure
    self.pollMilliseconds = pollMilliseconds
    self.idleIntervalMilliseconds = idleIntervalMilliseconds
    self.multipleWatermarkPolicy = multipleWatermarkPolicy
    self.idleTimeoutMilliseconds = idleTimeoutMilliseconds
    self.advancesWhenIdle = advancesWhenIdle
  }
}

/// Where and how often to keep checkpoints.
public struct CheckpointOptions: Sendable {
  /// The folder; made if it is not there. One job at a time may use it.
  public var directory: String
  /// How long after one checkpoint was begun the next one is, at least.
  public var intervalMilliseconds: Int64
  /// Ignore what is there and start over.
  public var isFresh: Bool
  /// Operators that were called otherwise when the checkpoint was written: former names by present ones. May stay when
  /// checkpoints have the present names, unless two operators have changed names with each other.
  public var renamedOperators: [String: String]
  /// How the checkpoints are kept, and the file system that they are on.
  package var store = CheckpointStoreOptions()
  /// What the log of intervals is written with.
  package var files: any FileOperations = MachineFileOperations()
  /// What the copying of state is timed by.
  package var nowNanoseconds: @Sendable () -> Int64 = { SystemClock().nowNanoseconds }
  /// Told of the thread that writes checkpoints, for who decides which thread goes on.
  package var onWriting: @Sendable (CheckpointWriting) -> Void = { _ in }

  /// - Parameters:
  ///   - directory: the folder.
  ///   - intervalMilliseconds: how long after one checkpoint the next one is begun.
  ///   - isFresh: ignore what is there and start over.
  ///   - renamedOperators: former names by present ones.
  public init(
    directory: String, intervalMilliseconds: Int64 = 10_000, isFresh: Bool = false,
    renamedOperators: [String: String] = [:]
  ) {
    self.directory = directory
    self.intervalMilliseconds = intervalMilliseconds
    self.isFresh = isFresh
    self.renamedOperators = renamedOperators
  }
}

/// Where the thread that writes a checkpoint is.
package enum CheckpointWriting: Sendable {
  /// It is about to be started.
  case begins
  /// Another thread is about to wait for its end.
  case isAwaited
  /// It has nothing left to do.
  case ended
}

/// A job as data: its parameters by name. Two runs belong to the same job when all of them are equal, but for those
/// whose names begin with `~`: they record what a run found out.
public typealias JobDescription = [String: String]

/// The entry point of a streaming program: makes streams, then runs them.
///
/// A program builds its streams once, calls ``run()`` and gets them executed stage by stage: sources are read in
/// blocks, every block is a micro-batch, every batch passes the stages in order. <doc:StreamCoreDesign> tells how tasks
/// are chosen and <doc:Checkpoints> what is kept.
public final class StreamingContext: @unchecked Sendable {
  /// How the job runs.
  public let options: StreamingOptions
  /// What processing time is read from.
  public let clock: any ProcessingClock
  /// The job's parameters; a checkpoint of a different job is refused.
  public let job: JobDescription
  let checkpoint: CheckpointOptions?
  private(set) var sources: [(reader: any SourceReader, feed: Int)] = []
  private(set) var feeds: [SourceFeed] = []
  /// Some operator gathers what an interval brings or goes by processing time: checkpoints stand between intervals then,
  /// and where those end is logged.
  var worksByInterval = false
  /// Some operator has to be called when nothing comes (timers in processing time).
  var needsIdleIntervals = false
  /// How many default names were given out, and which folders sinks write to.
  private var defaultNames: [String: Int] = [:]
  private var outputFolders: Set<String> = []
  /// Some stage asks for the order of elements without event time that come to it by several ways.
  private(set) var numbersElements = false
  private let sourceStage = SourceStage()
  private(set) var stages: [Stage] = []
  private(set) var exchanges: [(Batch) -> Void] = []
  /// What callers on other threads may reach: the scheduler, and what was asked of the run before there was one.
  private struct Control {
    var hasRun = false
    var scheduler: Scheduler?
    var isStopRequested = false
    var failure: (any Error)?
    var thread: WorkerThread?
    var result: Result<RunOutcome, any Error>?
    // what is left of a run that is over
    var progress = StreamProgress()
    var sourceBytesInAll: UInt64 = 0
  }
  private let control = Mutex(Control())
  /// Called before the first batch, when it is known whether the run goes on from a checkpoint; sinks create their
  /// outputs here.
  public var onStart: (_ isResumed: Bool) throws -> Void = { _ in }
  /// Those who hear what the job does; to be added before it runs.
  public var listeners: [any StreamingListener] = []
  /// Called when every batch has been processed, while the last checkpoint may still be on its way to the disk.
  public var onProcessed: () -> Void = {}
  /// Warnings that recovery has given (damaged checkpoints passed over).
  public private(set) var recoveryWarnings: [String] = []
  /// What an earlier run already consumed of the merged order of several sources.
  public private(set) var resumeFrontier = Frontier.start
  /// What became of the operators' state in a run that went on from a checkpoint; nil in one that did not.
  public private(set) var recoveryReport: RecoveryReport?
  /// Whether this run went on from a checkpoint.
  public private(set) var isResumed = false

  /// - Parameters:
  ///   - options: how the job runs; nothing in them changes results but the trigger of operators by interval.
  ///   - job: parameters that results depend on; a checkpoint of other ones is refused.
  ///   - checkpoint: where to keep checkpoints; nil: none are kept.
  ///   - clock: processing time; tests hand in a ``ManualClock``.
  public init(
    options: StreamingOptions = StreamingOptions(), job: JobDescription = [:], checkpoint: CheckpointOptions? = nil,
    clock: any ProcessingClock = SystemClock()
  ) {
    self.options = options
    self.job = job
    self.checkpoint = checkpoint
    self.clock = clock
    stages.append(sourceStage)
  }

  /// The job whose newest checkpoint is in a folder, or nil.
  public static func recordedJob(directory: String) -> JobDescription? {
    guard let id = try? CheckpointInspector.newestID(directory: directory),
      let details = try? CheckpointInspector.show(directory: directory, id: id),
      let metadata = try? JSONDecoder().decode(CheckpointMetadata.self, from: Data(details.metadata))
    else { return nil }
    return metadata.job
  }

  /// A stream of bytes in whole records, one source partition per source.
  public func byteStream(_ sources: [any ByteSource]) -> DStream<UInt8> {
    let branch = Branch<UInt8>(stage: 0, partitionCount: 1, feed: feeds.count)
    for source in sources { self.sources.append((BlockReader(source: source), feeds.count)) }
    feeds.append(ByteFeed(branch: branch))
    return DStream(context: self, branches: [branch])
  }

  /// A stream of the elements of sources, one source partition per source.
  public func stream<Element>(_ sources: [any ElementSource<Element>]) -> DStream<Element> {
    let branch = Branch<Element>(stage: 0, partitionCount: 1, feed: feeds.count)
    let slot: Exchange<Element> = makeExchange(upstream: 1, downstream: 1)
    for source in sources { self.sources.append((ElementReader(source, slot: slot), feeds.count)) }
    feeds.append(ElementFeed(branch: branch, slot: slot))
    return DStream(context: self, branches: [branch])
  }

  func keyed<Element: KeyedEvent>(_ stream: DStream<Element>, name: String) -> DStream<Element> {
    // a second exchange would need running maxima that do not depend on where batches were cut
    precondition(
      stream.branches.allSatisfy { $0.stage == 0 }, "'\(name)': a stream of keyed events cannot be keyed again")
    for branch in stream.branches { feeds[branch.feed].isTimed = true }
    return exchanged(stream, name: name, partitionCount: options.keyGroups, merges: true) { exchange, from in
      KeyedExchangeWriter(exchange: exchange, from: from)
    }
  }

  /// Whether the elements with event time of several sources are merged: blocks do not come in their order then.
  @usableFromInline
  var mergesTimedSources: Bool {
    options.multipleWatermarkPolicy == .min && sources.count { feeds[$0.feed].isTimed } > 1
  }

  /// The stream behind an exchange to the partitions of a new stage.
  func exchanged<Element>(
    _ stream: DStream<Element>, name: String, partitionCount: Int, merges: Bool,
    _ makeWriter: @escaping (Exchange<Element>, _ from: Int) -> Consumer<Element>
  ) -> DStream<Element> {
    let out = Branch<Element>(stage: stages.count, partitionCount: partitionCount)
    let stage = ExchangeStage(
      branch: out, name: name, index: stages.count, partitionCount: partitionCount, merges: merges)
    for branch in stream.branches {
      let exchange: Exchange<Element> = makeExchange(upstream: branch.partitionCount, downstream: partitionCount)
      stage.addInput(exchange, from: branch)
      branch.subscribe { i in makeWriter(exchange, branch.stage == 0 ? 0 : i.index) }
    }
    stages.append(stage)
    return DStream(context: self, branches: [out])
  }

  /// False if the feed has event time already.
  func markTimed(feed: Int) -> Bool {
    defer { feeds[feed].isTimed = true }
    return !feeds[feed].isTimed
  }

  /// A second output for the operators of `stream`'s stage.
  public func sideOutput<Owner, Element>(of stream: DStream<Owner>, _ type: Element.Type) -> SideOutput<Element> {
    let branch = stream.onlyBranch(for: "a side output")
    return SideOutput(exchange: makeExchange(upstream: branch.partitionCount, downstream: 1), stage: branch.stage)
  }

  /// One sink for several streams and side outputs: the sink gets each batch's elements, stream by stream.
  public func collect<Element>(
    _ streams: [DStream<Element>], sideOutputs: [SideOutput<Element>] = [], name: String, merges: Bool = false,
    _ make: @escaping (StageInstance) -> Consumer<Element>
  ) {
    let out = Branch<Element>(stage: stages.count, partitionCount: 1)
    let stage = ExchangeStage(
      branch: out, name: name, index: stages.count, partitionCount: 1, merges: merges, isSink: true)
    for branch in streams.flatMap(\.branches) {
      let exchange: Exchange<Element> = makeExchange(upstream: branch.partitionCount, downstream: 1)
      stage.addInput(exchange, from: branch)
      branch.subscribe { i in CollectWriter(exchange: exchange, from: branch.stage == 0 ? 0 : i.index) }
    }
    for s in sideOutputs { stage.addInput(s.exchange, from: s.stage) }
    out.subscribe(make)
    stages.append(stage)
  }

  /// A name for a sink that was given none: the word, and from the second such sink on its number. The same on every run
  /// for as long as these sinks are declared in the same order.
  func defaultName(_ word: String) -> String {
    defaultNames[word, default: 0] += 1
    return defaultNames[word] == 1 ? word : "\(word)-\(defaultNames[word] ?? 1)"
  }
  /// Makes a folder that of one sink; another one makes the run fail.
  func claim(outputFolder folder: String) {
    if outputFolders.insert(URL(fileURLWithPath: folder).standardizedFileURL.path).inserted { return }
    fail(
      FileError(
        path: folder, problem: "is written to by two sinks of the program",
        advice: "give each a folder of its own, or unite their streams"))
  }
  /// State is found again by names, so no two operators may share one: said by the first run, not by the first that keeps
  /// checkpoints.
  private func checkNames() throws {
    var names: Set<String> = []
    for stage in stages {
      guard let instance = stage.instances.first else { continue }
      for (name, _) in instance.states where !names.insert(name).inserted { throw CheckpointError.sameName(name) }
    }
  }

  private func makeExchange<Element>(upstream: Int, downstream: Int) -> Exchange<Element> {
    let e = Exchange<Element>(index: exchanges.count, upstream: upstream, downstream: downstream)
    exchanges.append { batch in e.prepare(batch) }
    return e
  }

  /// Whether the job keeps checkpoints.
  public var isCheckpointed: Bool { checkpoint != nil }

  /// The program in a folder's checkpoints: `build` makes the context, which goes on from the newest checkpoint there or
  /// begins. (Programs are built anew by every run; what was kept is found again by names.)
  public static func getOrCreate(
    checkpoint: CheckpointOptions, options: StreamingOptions = StreamingOptions(), job: JobDescription = [:],
    clock: any ProcessingClock = SystemClock(), _ build: (StreamingContext) throws -> Void
  ) rethrows -> StreamingContext {
    let context = StreamingContext(options: options, job: job, checkpoint: checkpoint, clock: clock)
    try build(context)
    return context
  }

  // MARK: running

  /// Runs the job to the end of its sources (or until ``requestStop()``).
  ///
  /// Throws what a source, a sink or recovery threw first; nothing is published then.
  @discardableResult
  public func run() throws -> RunOutcome {
    let result = Result { try runToEnd() }
    for listener in listeners { listener.terminated(result) }
    return try result.get()
  }

  /// ``run()`` for the end of a program: what goes wrong is said in a line on standard error, and the process exits with
  /// code 1. (An error that leaves `main.swift` would bury what it has to say under a trace of the processor's state.)
  @discardableResult
  public func runOrExit() -> RunOutcome {
    do {
      return try run()
    } catch {
      FileHandle.standardError.write(Data("error: \(error)\n".utf8))
      exit(1)
    }
  }

  private func runToEnd() throws -> RunOutcome {
    control.withLock {
      precondition(!$0.hasRun, "a context runs once; make another one to run again")
      $0.hasRun = true
    }
    // streams and stages hold each other: a run that is over lets go of its buffers and of the checkpoints' folder
    defer { (stages, feeds, sources, exchanges, onStart, onProcessed) = ([], [], [], [], { _ in }, {}) }
    let coordinator = try checkpoint.map {
      try CheckpointCoordinator(
        options: $0, job: job, keyGroups: options.keyGroups, watermarkPolicy: options.multipleWatermarkPolicy)
    }
    sourceStage.feeds = feeds
    numbersElements = stages.contains(where: \.mergesByOrdinal)
    let recovered = try coordinator?.recover(sources: sources.map(\.reader))
    recoveryWarnings = coordinator?.warnings ?? []
    isResumed = recovered != nil
    let threads = options.threads > 0 ? options.threads : processorCount()
    let timedCount = sources.count { feeds[$0.feed].isTimed }
    resumeFrontier = timedCount > 1 ? recovered?.metadata.frontier ?? .start : .start
    for stage in stages {
      let n = stage.index == 0 ? threads : stage.partitionCount
      for i in 0..<n { stage.start(instance: i, sources: sources.count, resumeFrontier: resumeFrontier) }
    }
    try checkNames()
    // operators say by then whether they work by interval
    if worksByInterval { try coordinator?.openIntervalLog(from: recovered?.metadata.interval ?? 0) }
    try onStart(isResumed)
    try coordinator?.prepare(stages: stages, recovered: recovered)
    recoveryReport = isResumed ? coordinator?.report : nil
    for listener in listeners { listener.started(isResumed: isResumed, report: recoveryReport) }
    let s = try Scheduler(context: self, threads: threads, coordinator: coordinator, recovered: recovered?.metadata)
    control.withLock {
      $0.scheduler = s
      if $0.isStopRequested { s.requestStop() }
      if let failure = $0.failure { s.fail(failure) }
    }
    defer {
      control.withLock {
        $0.progress = s.progress
        $0.sourceBytesInAll = s.sourceBytesInAll
        $0.scheduler = nil
      }
    }
    return try s.run()
  }

  /// Runs the job on a thread of its own; ``awaitTermination()`` waits for it.
  public func start() {
    let thread = WorkerThread { [self] in
      let result = Result { try run() }
      control.withLock { c in c.result = result }
    }
    control.withLock { c in c.thread = thread }
  }
  /// Waits for the run that ``start()`` began; throws what ended it.
  ///
  /// Precondition: the run was started; called from one thread.
  @discardableResult
  public func awaitTermination() throws -> RunOutcome {
    let thread = control.withLock { c in
      let thread = c.thread
      c.thread = nil
      return thread
    }
    thread?.join()
    guard let result = control.withLock({ $0.result }) else { preconditionFailure("the job was not started") }
    return try result.get()
  }
  /// Stops gracefully: what was read is processed and given out, then a last checkpoint is kept. May be called again.
  ///
  /// Before ``start()`` it makes the job end as soon as it begins; a job that ``run()`` runs on another thread is asked
  /// to stop and not waited for.
  @discardableResult
  public func stop() throws -> RunOutcome {
    requestStop()
    let isStarted = control.withLock { $0.thread != nil || $0.result != nil }
    return isStarted ? try awaitTermination() : .stopped
  }

  /// Asks the job to stop after the batches in flight, with a last checkpoint; before ``run()``, to stop at once.
  public func requestStop() {
    control.withLock {
      $0.isStopRequested = true
      $0.scheduler?.requestStop()
    }
  }
  /// Makes the run fail with this error (for sinks); also while the run is being built.
  public func fail(_ error: any Error) {
    control.withLock {
      $0.failure = $0.failure ?? error
      $0.scheduler?.fail(error)
    }
  }
  /// Bytes of all sources up to where they were read, earlier runs included.
  public var sourceBytesInAll: UInt64 { control.withLock { $0.scheduler?.sourceBytesInAll ?? $0.sourceBytesInAll } }
  /// How far the run is.
  public var progress: StreamProgress { control.withLock { $0.scheduler?.progress ?? $0.progress } }
}

/// How a run ended.
public enum RunOutcome: Sendable, Equatable {
  /// All sources were read to their ends and the sinks finished.
  case finished
  /// Stopped on request; what was read is in the last checkpoint.
  case stopped
}

/// A look at a running job.
public struct StreamProgress: Sendable, Equatable {
  /// Elements read, earlier runs included.
  public var records = 0
  /// Blocks read by this run.
  public var batches = 0
  /// Bytes that this run read (of sources of values: elements).
  public var sourceBytes: UInt64 = 0
  /// Highest event time read; `.min` before the first event.
  public var highestEventTime = Int64.min
  /// Checkpoints that this run has written.
  public var checkpoints = 0
  /// Processor time that checkpoints took from processing, in all.
  public var checkpointPauseMicroseconds = 0

  public init() {}
}
