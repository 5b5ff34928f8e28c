import EventFormats
import FlatMemory
import Foundation
public import Reports
import Sessions
public import StreamCore
import Synchronization

/// The replay: a short streaming program. Source → decode → key by user → sessionize → sinks.
///
/// Errors are values with a sentence for the user: ``EventFormats/InputError``, ``EventFormats/FormatError``,
/// ``BadInputError``, ``OutputError``, ``StreamCore/CheckpointError``, ``ReplayConfigurationError``.
public final class ReplayJob: @unchecked Sendable {
  public let configuration: ReplayConfiguration
  public let context: StreamingContext
  private let sources: [LogFileSource]
  private let sessionOptions: SessionOptions
  private let sessionsFile: PublishedFile?
  private let deadLettersFile: PublishedFile?
  private let check: BadLineCheck
  private let operators = Mutex<[LogSessionOperator]>([])
  /// Called once the run begins, before the first batch: whether it goes on from a checkpoint, and what recovery had to
  /// pass over.
  public var onStart: (_ isResumed: Bool, _ warnings: [String]) -> Void = { _, _ in }
  private let rowSink = Mutex<SessionRowSink?>(nil)
  private let deadLetterSink = Mutex<DeadLetterSink?>(nil)

  /// Opens the inputs, finds their formats and builds the program. Nothing is written yet.
  public init(_ configuration: ReplayConfiguration, clock: any ProcessingClock = SystemClock()) throws {
    self.configuration = configuration
    try configuration.validate()
    let opened = try configuration.inputs.map { try LogFileSource(path: $0, options: configuration.format) }
    sources = opened
    var options = SessionOptions(
      gapMilliseconds: configuration.gapMilliseconds, boundary: configuration.boundary,
      allowedLatenessMilliseconds: configuration.allowedLatenessMilliseconds,
      watermarkDelayMilliseconds: configuration.watermarkDelayMilliseconds)
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
    if configuration.speed > 0 { streaming.blockByteCount = 16 << 10 }
    context = StreamingContext(
      options: streaming, job: configuration.jobDescription(plans: opened.map(\.plan)),
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
      events = events.filter { $0.pointee.time >= since && $0.pointee.time < until }
    }
    let visits = events.keyed(name: "sessions")
    let late = context.sideOutput(of: visits, DeadLetter.self)
    let splits = LogSplits(
      maxDurationMilliseconds: configuration.maxDurationMilliseconds ?? .max,
      maxEvents: configuration.maxEvents.map { UInt32(clamping: $0) } ?? .max, onCampaign: configuration.splitOnCampaign)
    let sessions: DStream<SessionRow> = visits.transformPartitions { [self] instance, next in
      let op = LogSessionOperator(
        options: sessionOptions, splits: splits, late: late, instance: instance, next: next)
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
  public func run() throws -> SessionReport? {
    do {
      try checkHead()
      try createOutputs()
      guard try context.run() == .finished else {
        // only a checkpoint can make use of the partial files
        if configuration.checkpointDirectory == nil { discardOutputs() }
        return nil
      }
      let report = try makeReport()
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
  private func discardOutputs() {
    sessionsFile?.discard()
    deadLettersFile?.discard()
  }
  /// Removes the partial files by name alone, for a process that ends now while a thread still waits for input.
  public func abandon() {
    sessionsFile?.unlinkPartial()
    deadLettersFile?.unlinkPartial()
  }
  private func isResumable(_ error: any Error) -> Bool { error is OutputError || error is InputError }

  /// Files are begun before the run; a resumed run's sinks then go on with the files of the run before.
  private func createOutputs() throws {
    context.onStart = { [self] isResumed in
      if !isResumed {
        try sessionsFile?.create()
        try deadLettersFile?.create()
      }
      onStart(isResumed, context.recoveryWarnings)
    }
  }

  /// Where the run stands.
  public var progress: ReplayProgress {
    var p = ReplayProgress(stream: context.progress)
    p.inputBytes = sources.reduce(0) { $0 + $1.consumedBytes }
    let sizes = sources.map(\.sizeInBytes)
    p.inputByteCount = sizes.contains { $0 == nil } ? nil : sizes.reduce(0) { $0 + $1! }
    return p
  }
  /// What each input was taken for, in words.
  public var inputDescriptions: [String] { sources.map { "\($0.name): \($0.plan.summary)" } }
  public var warnings: [String] { context.recoveryWarnings }
  public func requestStop() { context.requestStop() }

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
    q.watermarkDelayMilliseconds = configuration.watermarkDelayMilliseconds
    q.allowedLatenessMilliseconds = configuration.allowedLatenessMilliseconds
    return rows.report.finish(quality: q)
  }

  private func render(_ report: SessionReport, for path: String) -> [UInt8] {
    let name = path.lowercased()
    if name.hasSuffix(".json") { return Array(report.json().utf8) }
    if name.hasSuffix(".html") || name.hasSuffix(".htm") { return Array(report.html().utf8) }
    return Array(report.text(width: 100, color: false).utf8)
  }

  // MARK: bad input

  /// Decodes the head of each input before anything is created: an input that is mostly unreadable is refused at once.
  private func checkHead() throws {
    for (i, source) in sources.enumerated() {
      var head = Array(source.sample)
      if head.isEmpty { continue }
      if head.last != 10 { head.append(10) }
      var lines = 0
      var end = 0
      for (k, b) in head.enumerated() where b == 10 {
        lines += 1
        end = k + 1
        if lines == 1000 { break }
      }
      var events = FlatArray<LogEvent>(capacity: 1024)
      var rejected = FlatArray<RejectedLine>(capacity: 64)
      defer {
        events.deallocate()
        rejected.deallocate()
      }
      let n = end
      head.append(contentsOf: [UInt8](repeating: 0, count: n + 6 * bytePadding))
      head.withUnsafeMutableBufferPointer { b in
        LogDecoder(plan: source.plan).decode(
          b.baseAddress!, start: 0, end: n, spareStart: n + 2 * bytePadding, events: &events, rejected: &rejected)
      }
      let read = events.count + rejected.count
      let percentMax = configuration.maxBadPercent ?? 50
      guard rejected.count > 0, Double(rejected.count) * 100 > percentMax * Double(read) else { continue }
      // a limit given by the user holds for the whole input, which may be better than its first lines
      if configuration.maxBadPercent != nil, read >= 1000 || source.sample.count >= LogFileSource.sampleByteCount { continue }
      let examples = rejected.elements.prefix(3).map { r in
        BadLineCheck.Example(
          source: i, offset: UInt64(r.offset),
          raw: Array(head[Int(r.offset)..<Int(r.offset) + min(Int(r.length), 4096)]), reason: r.reason.rawValue, column: Int(r.column))
      }
      throw BadInputError(
        description: explainBadInput(
          Array(examples), bad: rejected.count, read: read, percentMax: percentMax, sources: sources))
    }
  }
}

/// A look at a running replay.
public struct ReplayProgress: Sendable {
  public var stream: StreamProgress
  /// Bytes read of the inputs as they are stored, and how many there are if known.
  public var inputBytes: UInt64 = 0
  public var inputByteCount: UInt64?
}
