import StreamCore
import TestSupport

/// A random job and what happens to it, as data: sources, operators, sinks, runs, faults. A plan that was kept means the
/// same whatever becomes of the generator.
package struct Plan: Codable, Sendable, CustomStringConvertible {
  package enum Kind: String, Codable, Sendable, CaseIterable {
    /// Results by event time: the same bytes in the same order as without faults.
    case eventTime = "by event time"
    /// Element by element and by key, without event time: the same for each key.
    case byKey = "by key"
    /// Results by interval: the same for the same intervals.
    case byInterval = "by interval"
    /// Results by when intervals are closed: timeouts, timers and TTL in processing time, windows that are given out
    /// before they are closed.
    case byClosing = "by closing time"
    /// Sources that fall silent: when windows close depends on the clock, that every row is in one of them does not.
    case idle = "idle sources"
    /// A receiver behind its write-ahead log.
    case receiver
  }
  package var kind: Kind
  /// Of what is left to chance over all runs: the clock.
  var seed: UInt64 = 1
  var rows: [[Row]] = []
  var delayMilliseconds: Int64 = 0
  var separateStreams = false
  var habits = SourceHabits()
  var operations: [EventTimeOperation] = []
  var intervalOperation = IntervalOperation.none
  var closingOperation = ClosingOperation.none
  var keyGroups = 1
  /// With silent sources: how long a source is waited for, and whether time goes on when none says anything.
  var idleTimeoutMilliseconds: Int64 = 20
  var advancesWhenIdle = false
  var receiver = ReceiverPlan()
  // sinks
  var rowsAFileMax: UInt64?
  var bytesAFileMax: UInt64?
  var writeByteCount = 1 << 18
  var hasFiles = true
  var hasLedger = false
  var hasMemory = false
  /// One after the other; when they are used up and the job has not ended, others without faults follow.
  var runs: [RunPlan] = []
  /// How often the job is started again after it has come to its end.
  var runsAfterTheEnd = 0

  /// Whether outputs come in an order that blocks and partitions do not show in.
  var isOrdered: Bool {
    switch kind {
    case .eventTime, .byKey, .receiver: true
    case .byClosing, .idle: false
    case .byInterval:
      rows.count == 1 && !intervalOperation.isJoin
        && operations.allSatisfy { $0.name == .flatMap || $0.isElementwise }
    }
  }
  /// The same calls to the disk in the same order every time.
  package var isDeterministic: Bool { kind != .receiver && runs.allSatisfy { $0.threads == 1 } }

  /// The program changes between runs: its operators are called otherwise from edition 1 on, and in odd editions there
  /// is one more, which changes nothing.
  struct Edition {
    var number: Int
    func name(_ base: String) -> String { number == 0 ? base : "\(base)-renamed" }
    /// Whether there is an operator that remembers something and lets everything pass.
    var hasWitness: Bool { number % 2 == 1 }
    /// Former names by present ones.
    func renamed(_ plan: Plan) -> [String: String] {
      if number == 0 { return [:] }
      return Dictionary(
        uniqueKeysWithValues: (plan.operations.indices.map { "op\($0)" } + ["redelivered"]).map { (name($0), $0) })
    }
  }

  package var description: String {
    let sinks = [hasFiles ? "files" : nil, hasLedger ? "forEachBatch" : nil, hasMemory ? "memory" : nil]
    return """
      \(kind.rawValue): \(rows.map(\.count)) rows\(separateStreams ? " in separate streams" : ""), \(habits)
        watermark delay \(delayMilliseconds), \(keyGroups) key groups
        operators: \(operations.map { "\($0)" }.joined(separator: " | ")) || \(intervalOperation) \(closingOperation)
        sinks: \(sinks.compactMap { $0 }.joined(separator: ", ")); files of \(rowsAFileMax ?? .max) rows, \
      \(bytesAFileMax ?? .max) bytes, writes of \(writeByteCount)
        \(runs.count) runs planned, \(runsAfterTheEnd) after the end
      """
  }
}

/// How a receiver and the sender behind it behave.
struct ReceiverPlan: Codable, Sendable {
  /// The sender goes on behind the last row that was stored (else behind the last one that was acknowledged, so that rows
  /// may come twice).
  var resumesByCount = false
  var rowsAStoreMax = 3
  /// One store in so many is not acknowledged, or fails first (0: none).
  var forgets = 0
  var breaks = 0
  var segmentByteCountMax = 400
}

/// ``TimeWindows`` as data.
enum WindowsPlan: Codable, Sendable {
  case tumbling(milliseconds: Int64, offset: Int64)
  case sliding(milliseconds: Int64, slide: Int64)
  case session(gap: Int64)
  enum Name: String, CaseIterable { case tumbling, sliding, session }

  var name: Name { Name(rawValue: caseName(self))! }
  var windows: TimeWindows {
    switch self {
    case .tumbling(let length, let offset): .tumbling(milliseconds: length, offsetMilliseconds: offset)
    case .sliding(let length, let slide): .sliding(milliseconds: length, slideMilliseconds: slide)
    case .session(let gap): .session(gapMilliseconds: gap)
    }
  }
}

/// ``JoinType`` as data.
enum JoinPlan: String, Codable, Sendable, CaseIterable {
  case inner, leftOuter, rightOuter, fullOuter, leftSemi
  var type: JoinType {
    switch self {
    case .inner: .inner
    case .leftOuter: .leftOuter
    case .rightOuter: .rightOuter
    case .fullOuter: .fullOuter
    case .leftSemi: .leftSemi
    }
  }
}

/// ``OutputMode`` as data.
enum ModePlan: String, Codable, Sendable, CaseIterable {
  case append, update, complete
  var mode: OutputMode {
    switch self {
    case .append: .append
    case .update: .update
    case .complete: .complete
    }
  }
}

extension Plan {
  /// Counts what the plan is made of.
  func countDrawn(_ tally: Tally) {
    tally.count("program: \(kind.rawValue)")
    for operation in operations {
      tally.count("operator: \(operation.name.rawValue)")
      if case .windows(let windows, _) = operation { tally.count("windows: \(windows.name.rawValue)") }
      if case .join(let type, _, _) = operation { tally.count("join: \(type.rawValue)") }
    }
    if kind == .byInterval { tally.count("by interval: \(intervalOperation.name.rawValue)") }
    if let name = closingOperation.name { tally.count("by closing time: \(name.rawValue)") }
    if case .windows(let windows, let mode, _) = closingOperation {
      tally.count("windows: \(windows.name.rawValue)")
      tally.count("output mode: \(mode.rawValue)")
    }
    for run in runs { tally.count("trigger: \(caseName(run.trigger))") }
    if hasFiles { tally.count("sink: files") }
    if hasLedger { tally.count("sink: forEachBatch") }
    if hasMemory { tally.count("sink: memory") }
    if kind == .receiver {
      tally.count("source: receiver behind its log")
    } else {
      tally.count(rows.count == 1 ? "source: one" : separateStreams ? "source: separate streams" : "source: several")
    }
  }
}
