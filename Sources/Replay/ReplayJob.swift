import EventFormats
import FlatMemory
import Foundation
public import Reports
import Sessions
import Snapshots
public import StreamCore
import Synchronization

/// A replay from configuration to report: opens the inputs, checks them, runs the program and publishes its outputs.
///
/// **Order of the log.** With a watermark delay given, that is used and what comes later is late. Without one, a file is
/// first replayed with a delay somewhat longer than the disorder seen in its head; should an event come behind the
/// watermark all the same, the run starts over with an hour, then a day, then no limit, so that a recorded log gives the
/// sessions of its sorted events whatever its order. Standard input cannot be read twice: there the first delay stays.
///
/// Errors are values with a sentence for the user: ``EventFormats/InputError``, ``EventFormats/FormatError``,
/// ``BadInputError``, ``OutputError``, ``StreamCore/CheckpointError``, ``ReplayConfigurationError``.
public final class ReplayJob: @unchecked Sendable {
  public let configuration: ReplayConfiguration
  private let clock: any ProcessingClock
  private let first: [LogFileSource]
  private let current = Mutex<ReplayRun?>(nil)
  private let stopRequested = Mutex(false)
  /// Called when an attempt begins, before its first batch.
  public var onStart: (ReplayStart) -> Void = { _ in }
  /// Delays to try when none is given.
  static let delaysMilliseconds: [Int64] = [3_600_000, 86_400_000, unlimitedDelayMilliseconds]
  static let unlimitedDelayMilliseconds: Int64 = 36_500 * 86_400_000

  /// Opens the inputs and finds their formats. Nothing is written yet.
  public init(_ configuration: ReplayConfiguration, clock: any ProcessingClock = SystemClock()) throws {
    self.configuration = configuration
    self.clock = clock
    try configuration.validate()
    SessionReportAccumulator.prepareMemory()
    first = try configuration.inputs.map { try LogFileSource(path: $0, options: configuration.format) }
  }

  /// Runs to the end, publishes the outputs and gives the report; nil when stopped before the end.
  public func run() throws -> SessionReport? {
    let head = try InputHead(sources: first, maxBadPercent: configuration.maxBadPercent)
    if let delay = configuration.watermarkDelayMilliseconds {
      return try attempt(configuration, first, delay, refusesDisorder: false)
    }
    // neither can standard input be read again nor standard output be taken back
    let outputs = [configuration.sessionsPath, configuration.deadLettersPath]
    let canRepeat =
      !configuration.inputs.contains("-") && !outputs.contains { $0.map(PublishedFile.isStream) ?? false }
    var delays = [max(60_000, head.disorderMilliseconds * 2)]
    if let chosen = recordedDelay() { delays = [chosen] }
    delays += ReplayJob.delaysMilliseconds.filter { $0 > delays[0] }
    var sources = first
    var configuration = self.configuration
    for (i, delay) in delays.enumerated() {
      let isLast = !canRepeat || i == delays.count - 1
      do {
        return try attempt(configuration, sources, delay, number: i, refusesDisorder: !isLast)
      } catch is DisorderError {
        current.withLock { $0?.discardOutputs() }
        sources = try configuration.inputs.map { try LogFileSource(path: $0, options: configuration.format) }
        configuration.isFresh = true
      }
    }
    return nil
  }

  private func attempt(
    _ configuration: ReplayConfiguration, _ sources: [LogFileSource], _ delay: Int64, number: Int = 0,
    refusesDisorder: Bool
  ) throws -> SessionReport? {
    let run = try ReplayRun(
      configuration, sources: sources, delayMilliseconds: delay, refusesDisorder: refusesDisorder, clock: clock)
    if configuration.watermarkDelayMilliseconds == nil, delay == ReplayJob.unlimitedDelayMilliseconds {
      run.notes = ["The log is not in time order: all sessions were kept open to its end."]
    }
    run.onStart = { [self] isResumed, warnings in
      onStart(
        ReplayStart(
          attempt: number, isResumed: isResumed, warnings: warnings,
          watermarkDelayMilliseconds: delay == ReplayJob.unlimitedDelayMilliseconds ? nil : delay))
    }
    current.withLock { $0 = run }
    if stopRequested.withLock({ $0 }) { return nil }
    return try run.run()
  }

  /// The delay that the run whose checkpoint is there had settled on.
  private func recordedDelay() -> Int64? {
    guard let directory = configuration.checkpointDirectory, !configuration.isFresh else { return nil }
    return StreamingContext.recordedJob(directory: directory)?[ReplayConfiguration.chosenDelayKey].flatMap { Int64($0) }
  }

  /// Where the run stands.
  public var progress: ReplayProgress {
    current.withLock { $0 }?.progress ?? ReplayProgress(stream: StreamProgress())
  }
  /// What each input was taken for, in words.
  public var inputDescriptions: [String] { first.map { "\($0.name): \($0.plan.summary)" } }
  /// What recovery had to say (damaged checkpoints passed over).
  public var warnings: [String] { current.withLock { $0 }?.context.recoveryWarnings ?? [] }
  /// Whether the run went on from a checkpoint.
  public var isResumed: Bool { current.withLock { $0 }?.context.isResumed ?? false }
  /// The watermark delay in force: the one given, or the one the log's order called for.
  public var watermarkDelayMilliseconds: Int64? { current.withLock { $0 }?.watermarkDelayMilliseconds }
  /// Stops after the batches in flight, with a last checkpoint if there are any.
  public func requestStop() {
    stopRequested.withLock { $0 = true }
    current.withLock { $0 }?.context.requestStop()
  }
  /// Removes the partial files by name alone, for a process that ends now while a thread still waits for input.
  public func abandon() { current.withLock { $0 }?.unlinkPartialOutputs() }
}

/// How an attempt of a replay begins.
public struct ReplayStart: Sendable {
  /// From 0; a later one starts over because the log is further out of order than the one before allowed.
  public var attempt: Int
  public var isResumed: Bool
  /// What recovery had to pass over.
  public var warnings: [String]
  /// Nil: events may be out of order without limit.
  public var watermarkDelayMilliseconds: Int64?
}

/// A look at a running replay.
public struct ReplayProgress: Sendable {
  public var stream: StreamProgress
  /// Bytes read of the inputs as they are stored, and how many there are if known.
  public var inputBytes: UInt64 = 0
  public var inputByteCount: UInt64?

  public init(stream: StreamProgress) { self.stream = stream }
}
