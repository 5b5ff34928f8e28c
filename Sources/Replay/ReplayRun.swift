import EventFormats
import FlatMemory
import Foundation
import Reports
import Sessions
import StreamCore
import Synchronization

/// One run of a replay: a short streaming program. Source → decode → key by user → sessionize → sinks.
final class ReplayRun: @unchecked Sendable {
  let configuration: ReplayConfiguration
  let context: StreamingContext
  private let sources: [LogFileSource]
  private let refusesDisorder: Bool
  /// Remarks for the report's quality panel; the same in every run of the job.
  var notes: [String] = []
  private let sessionOptions: SessionOptions
  private let sessionsFile: PublishedFile?
  private let deadLettersFile: PublishedFile?
  private let check: BadLineCheck
  var onStart: (_ isResumed: Bool, _ warnings: [String]) -> Void = { _, _ in }
  private let operators = Mutex<[LogSessionOperator]>([])
  private let rowSink = Mutex<SessionRowSink?>(nil)
  private let deadLetterSink = Mutex<DeadLetterSink?>(nil)

  /// Builds the program over opened sources. Nothing is written yet.
  ///
  /// `delayMilliseconds`: the watermark delay of this run. `refusesDisorder`: fail with ``DisorderError`` at the first
  /// event behind the watermark, so that the caller can start over with a longer delay.
  init(
    _ configuration: ReplayConfiguration, sources opened: [LogFileSource], delayMilliseconds: Int64,
    refusesDisorder: Bool, clock: any ProcessingClock
  ) throws {
    self.configuration = configuration
    self.refusesDisorder = refusesDisorder
    sources = opened
    var options = SessionOptions(
      gapMilliseconds: configuration.gapMilliseconds, boundary: configuration.boundary,
      allowedLatenessMilliseconds: configuration.allowedLatenessMilliseconds,
      watermarkDelayMilliseconds: delayMilliseconds)
    options.days = try configuration.dayBoundaries()
    sessionOptions = options
    sessionsFile = configuration.sessionsPath.map {
      PublishedFile(path: $0, head: SessionRowWriter(path: $0).head)
    }
    deadLettersFile = configuration.deadLettersPath.map { PublishedFile(path: $0) }
    check = BadLineCheck(percentMax: configuration.maxBadPercent) { examples, bad, read in
      explainBadInput(
        examples, bad: bad, read: read, percentMax: configuration.maxBadPercent ?? 50, sources: opened)
    }
    var streaming = StreamingOptions()
    streaming.threads = configuration.threads
    streaming.speed = configuration.speed
    streaming.blockByteCount =
      configuration.speed > 0 ? min(16 << 10, configuration.blockByteCount) : configuration.blockByteCount
    var job = configuration.jobDescription(plans: opened.map(\.plan))
    job[ReplayConfiguration.chosenDelayKey] = "\(delayMilliseconds)"
    context = StreamingContext(
      options: streaming, job: job,
      checkpoint: configuration.checkpointDirectory.map {
        CheckpointOptions(
          directory: $0, intervalMilliseconds: configuration.checkpointIntervalMilliseconds,
          isFresh: configuration.isFresh)
      }, clock: clock)
    build()
  }

  private func build() {
    let plans = sources.map(\.plan)
    let lines = context.byteStream(sources)
    let rejects = context.sideOutput(of: lines, DeadLetter.self)
    var events: DStream<LogEvent> = lines.transformPartitions { instance, next in
      DecodeOperator(plans: plans, rejects: rejects, instance: instance, next: next)
    }
    if configuration.sinceMilliseconds != nil || configuration.untilMilliseconds != nil {
      let since = configuration.sinceMilliseconds ?? .min
      let until = configuration.untilMilliseconds ?? .max
      events = events.filter { $0.time >= since && $0.time < until }
    }
    let visits = events.keyed(name: "sessions")
    let late = context.sideOutput(of: visits, DeadLetter.self)
    let splits = LogSplits(
      maxDurationMilliseconds: configuration.maxDurationMilliseconds ?? .max,
      maxEvents: configuration.maxEvents.map { UInt32(clamping: $0) } ?? .max, onCampaign: configuration.splitOnCampaign
    )
    let sessions: DStream<SessionRow> = visits.transformPartitions { [self] instance, next in
      let op = LogSessionOperator(
        options: sessionOptions, splits: splits, late: late, instance: instance, next: next)
      if refusesDisorder { op.onDisorder = { [context] in context.fail(DisorderError()) } }
      instance.register(op, name: "sessions")
      operators.withLock { $0.append(op) }
      return op
    }
    sessions.sink("session-rows") { [self] instance in
      let sink = SessionRowSink(
        file: sessionsFile, writer: SessionRowWriter(path: configuration.sessionsPath ?? "sessions.csv"),
        options: sessionOptions, context: context)
      instance.register(sink, name: "session-rows")
      rowSink.withLock { $0 = sink }
      return sink
    }
    context.collect([], sideOutputs: [rejects, late], name: "dead-letters") { [self] instance in
      let sink = DeadLetterSink(
        file: deadLettersFile, names: sources.map(\.name), context: context, check: check)
      instance.register(sink, name: "dead-letters")
      deadLetterSink.withLock { $0 = sink }
      return sink
    }
  }

  // MARK: running

  /// Runs to the end, publishes the outputs and gives the report; nil when stopped before the end.
  func run() throws -> SessionReport? {
    do {
      createOutputs()
      var prepared: Result<SessionReport, any Error>?
      context.onProcessed = { [self] in
        if rowSink.withLock({ $0?.isFinished ?? false }) { prepared = Result { try makeReport() } }
      }
      guard try context.run() == .finished else {
        // only a checkpoint can make use of the partial files
        if configuration.checkpointDirectory == nil { discardOutputs() }
        return nil
      }
      let report = try prepared?.get() ?? makeReport()
      if let path = configuration.reportPath { try publish(render(report, for: path), to: path) }
      return report
    } catch {
      // a checkpointed run goes on with its partial files; any other leaves nothing behind
      if configuration.checkpointDirectory == nil || !(error is BadInputError || isResumable(error)) {
        discardOutputs()
      }
      throw error
    }
  }
  private func isResumable(_ error: any Error) -> Bool { error is OutputError || error is InputError }
  func unlinkPartialOutputs() {
    sessionsFile?.unlinkPartial()
    deadLettersFile?.unlinkPartial()
  }
  /// Removes the unfinished outputs.
  func discardOutputs() {
    sessionsFile?.discard()
    deadLettersFile?.discard()
  }

  /// Files are begun before the run; a resumed run's sinks then go on with the files of the run before.
  private func createOutputs() {
    context.onStart = { [self] isResumed in
      if !isResumed {
        try sessionsFile?.create()
        try deadLettersFile?.create()
      }
      onStart(isResumed, context.recoveryWarnings)
    }
  }

  var watermarkDelayMilliseconds: Int64 { sessionOptions.watermarkDelayMilliseconds }
  var progress: ReplayProgress {
    var p = ReplayProgress(stream: context.progress)
    p.inputBytes = sources.reduce(0) { $0 + $1.consumedBytes }
    let sizes = sources.map(\.sizeInBytes)
    p.inputByteCount = sizes.contains { $0 == nil } ? nil : sizes.reduce(0) { $0 + $1! }
    return p
  }
  // MARK: report

  private func makeReport() throws -> SessionReport {
    let (rows, letters) = (rowSink.withLock { $0! }, deadLetterSink.withLock { $0! })
    var q = ReportQuality()
    q.inputs = sources.map(\.name)
    let ops = operators.withLock { $0 }
    q.eventsDecoded = Int(ops.reduce(0) { $0 + $1.eventCount })
    for (code, n) in letters.counts.enumerated() where n > 0 && code != Int(DeadLetterReason.late) {
      q.malformed[DeadLetterReason.name(UInt8(code))] = Int(n)
    }
    q.lines = q.eventsDecoded + q.malformedLines
    q.inputBytes = Int(clamping: context.sourceBytesInAll)
    q.lateEvents = ops.reduce(0) { $0 + $1.lateCount }
    q.lateEventsAccepted = ops.reduce(0) { $0 + $1.outOfOrderCount }
    q.sessionsMerged = ops.reduce(0) { $0 + $1.mergedCount }
    q.openAtEnd = rows.openAtEnd
    let watermark = ops.map(\.watermark).max() ?? .min
    q.watermark = watermark == .min ? nil : watermark
    q.gapMilliseconds = configuration.gapMilliseconds
    q.boundary = configuration.boundary.rawValue
    q.watermarkDelayMilliseconds = sessionOptions.watermarkDelayMilliseconds
    q.notes = notes
    q.allowedLatenessMilliseconds = configuration.allowedLatenessMilliseconds
    return rows.report.finish(quality: q)
  }

  private func render(_ report: SessionReport, for path: String) -> [UInt8] {
    let name = path.lowercased()
    if name.hasSuffix(".json") { return Array(report.json().utf8) }
    if name.hasSuffix(".html") || name.hasSuffix(".htm") { return Array(report.html().utf8) }
    return Array(report.text(width: 100, color: false).utf8)
  }
}

/// Events came further behind than the watermark delay that was tried.
struct DisorderError: Error {}
