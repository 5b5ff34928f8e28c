import EventFormats
import FlatMemory
import PropertyGraph
public import Replay
import Reports
public import StreamCore
import Synchronization

/// A replay of a graph from configuration to report: a short streaming program. Sources → edges → graph → lines.
///
/// Errors are values with a sentence for the user: ``EventFormats/InputError``, ``PropertyGraph/GraphFileError``,
/// ``Replay/BadInputError``, ``Replay/OutputError``, ``StreamCore/CheckpointError``,
/// ``Replay/ReplayConfigurationError``, ``PropertyGraph/GraphVerificationError``.
public final class GraphReplayJob: @unchecked Sendable {
  public let configuration: GraphReplayConfiguration
  private let sources: [EdgeFileSource]
  private let context: StreamingContext
  private let output: PublishedFile
  private let letters: PublishedFile?
  private let check: BadLineCheck
  private let graphs = Mutex<[GraphUpdateOperator]>([])
  private let rowSink = Mutex<GraphRowSink?>(nil)
  private let letterSink = Mutex<DeadLetterSink?>(nil)
  /// Called before the first block: whether the run goes on from a checkpoint, and what recovery had to pass over.
  public var onStart: (_ isResumed: Bool, _ warnings: [String]) -> Void = { _, _ in }

  /// Opens the inputs and finds out how they are written. Nothing is written yet.
  public init(_ configuration: GraphReplayConfiguration, clock: any ProcessingClock = SystemClock()) throws {
    self.configuration = configuration
    guard configuration.inputs.filter({ $0 == "-" }).count <= 1 else {
      throw ReplayConfigurationError("standard input (-) can be read only once")
    }
    let opened = try configuration.inputs.map {
      try EdgeFileSource(path: $0, isWeighted: configuration.graph.isWeighted)
    }
    sources = opened
    let plans = opened.map(\.plan)
    try configuration.validate(plans: plans)
    output = PublishedFile(path: configuration.outputPath)
    letters = configuration.deadLettersPath.map { PublishedFile(path: $0) }
    check = BadLineCheck(percentMax: configuration.maxBadPercent) { examples, bad, read in
      EdgeLineProblems.explain(examples, bad: bad, read: read, percentMax: configuration.maxBadPercent, opened)
    }
    var options = StreamingOptions()
    options.threads = configuration.threads
    options.blockByteCount = configuration.blockByteCount
    // one graph, one partition
    options.keyGroups = 1
    context = StreamingContext(
      options: options, job: configuration.jobDescription(plans: plans),
      checkpoint: configuration.checkpointDirectory.map {
        CheckpointOptions(
          directory: $0, intervalMilliseconds: configuration.checkpointIntervalMilliseconds,
          isFresh: configuration.isFresh)
      }, clock: clock)
    build(plans)
  }

  private func build(_ plans: [TimedEdgePlan]) {
    let lines = context.byteStream(sources)
    let rejects = context.sideOutput(of: lines, DeadLetter.self)
    let edges = unsafe lines.timedEdges(plans) { line, bytes, batch, instance in
      unsafe EdgeLineProblems.write(line, bytes, batch, to: rejects.buffer(batch, instance))
    }
    var options = configuration.graph
    options.topCount = configuration.keptRankCount
    options.workers = configuration.threads > 0 ? configuration.threads : nil
    let deltas = edges.graphUpdates("graph", options: options) { [self] graph in
      graphs.withLock { $0.append(graph) }
    }
    deltas.sink("rows") { [self] instance in
      let sink = GraphRowSink(
        file: output,
        writer: GraphRowWriter(includesTimings: configuration.includesTimings, topCount: configuration.graph.topCount),
        keepsHistory: configuration.reportPath != nil, context: context)
      instance.register(sink, name: "rows")
      rowSink.withLock { $0 = sink }
      return sink
    }
    context.collect([], sideOutputs: [rejects], name: "dead-letters") { [self] instance in
      let sink = DeadLetterSink(
        file: letters, names: sources.map(\.name), context: context, check: check, reasonName: EdgeLineProblems.name)
      instance.register(sink, name: "dead-letters")
      letterSink.withLock { $0 = sink }
      return sink
    }
  }

  // MARK: running

  /// Runs to the end and publishes the outputs; nil when stopped before the end.
  public func run() throws -> GraphReplayOutcome? {
    do {
      try EdgeLineProblems.checkHeads(sources, maxBadPercent: configuration.maxBadPercent)
      context.onStart = { [self] isResumed in
        if !isResumed {
          try output.create()
          try letters?.create()
        }
        onStart(isResumed, context.recoveryWarnings)
      }
      guard try context.run() == .finished else {
        // only a checkpoint can make use of the partial files
        if configuration.checkpointDirectory == nil { discardOutputs() }
        return nil
      }
      let outcome = makeOutcome()
      if let path = configuration.reportPath { try Replay.publish(Array(report(outcome, for: path).utf8), to: path) }
      return outcome
    } catch {
      let goesOn = error is OutputError || error is InputError || error is BadInputError
      if configuration.checkpointDirectory == nil || !goesOn { discardOutputs() }
      throw error
    }
  }

  private func discardOutputs() {
    output.discard()
    letters?.discard()
  }

  private func makeOutcome() -> GraphReplayOutcome {
    var outcome = GraphReplayOutcome()
    if let history = rowSink.withLock({ $0?.history }) {
      outcome.batches = history.batches
      outcome.changes = history.inserted + history.removed + history.unmatched
      outcome.expired = history.expired
      outcome.unmatched = history.unmatched
      outcome.boundMax = history.boundMax
      outcome.trueErrorMax = history.trueErrorMax
      outcome.updateSeconds = Double(history.updateNanoseconds) / 1e9
    }
    let counts = letterSink.withLock { $0 }?.counts ?? []
    for (code, n) in counts.enumerated() where n > 0 {
      outcome.malformed[EdgeLineProblems.name(UInt8(code))] = Int(n)
    }
    return outcome
  }

  private func report(_ outcome: GraphReplayOutcome, for path: String) -> String {
    let history = rowSink.withLock { $0?.history } ?? GraphHistory(keepsPoints: true)
    var neighbourhood = GraphNeighbourhood()
    for graph in graphs.withLock({ $0 }) { neighbourhood = graph.strongest(40) ?? neighbourhood }
    let report = GraphReport(configuration, sources, history, neighbourhood, outcome)
    return path.lowercased().hasSuffix(".json") ? report.json() : report.html()
  }

  /// Where the run stands.
  public var progress: ReplayProgress {
    var p = ReplayProgress(stream: context.progress)
    p.inputBytes = sources.reduce(0) { $0 + $1.consumedBytes }
    let sizes = sources.map(\.sizeInBytes)
    p.inputByteCount = sizes.contains { $0 == nil } ? nil : sizes.reduce(0) { $0 + $1! }
    return p
  }
  /// How each input is read, in words.
  public var inputDescriptions: [String] { sources.map { "\($0.name): \($0.plan.summary)" } }
  /// Stops after the blocks in flight, with a last checkpoint if there are any.
  public func requestStop() { context.requestStop() }
  /// Removes the partial files by name alone, for a process that ends now while a thread still waits for input.
  public func abandon() {
    output.unlinkPartial()
    letters?.unlinkPartial()
  }
}

/// What a replay came to.
public struct GraphReplayOutcome: Sendable, Equatable {
  public var batches = 0
  /// Edges that came and removals asked for.
  public var changes = 0
  public var expired = 0
  public var unmatched = 0
  /// Malformed lines by reason.
  public var malformed: [String: Int] = [:]
  public var boundMax = 0.0
  /// Nil unless verified.
  public var trueErrorMax: Double?
  /// Time spent on graph batches.
  public var updateSeconds = 0.0

  public var malformedCount: Int { malformed.values.reduce(0, +) }
}
