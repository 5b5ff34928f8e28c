import StreamCore
import Synchronization
import TestSupport

/// The process died outside the disk's calls.
struct Killed: Error {}

/// How a source behaves.
struct SourceHabits: Codable, Sendable, CustomStringConvertible {
  /// One read in so many finds the connection lost (0: none does); some reads later it is back.
  var disconnects = 0
  /// After a reconnection or a restart some rows are given again, in any order: at least once.
  var givesAgain = false
  var rowsAReadMax = 8
  /// One read in so many says that there is nothing more now, or in this interval.
  var pauses = 4
  /// The source that says nothing more after so many rows, until the watermark has passed what the others have.
  var silentSource: Int?
  var silentAfter = 0
  var description: String {
    "up to \(rowsAReadMax) rows a read, pauses 1/\(pauses), disconnects 1/\(disconnects)"
      + (givesAgain ? ", gives rows again" : "")
      + (silentSource.map { ", source \($0) silent after \(silentAfter)" } ?? "")
  }
}

/// A source of rows that can be read again, by which the run is also stopped or killed.
final class SimulatedSource: ElementSource, @unchecked Sendable {
  let name: String
  private let number: Int
  private let rows: [Row]
  private let habits: SourceHabits
  private var random: SeededRandom
  private let tally: Tally
  private let onRead: @Sendable () throws -> Void
  /// Whether a silent source may speak again.
  private let mayGoOn: @Sendable () throws -> Bool
  private var next = 0
  private var given: UInt64 = 0
  private var again: [Row] = []
  private var readsWithoutConnection = 0

  init(
    number: Int, rows: [Row], habits: SourceHabits, _ random: SeededRandom, tally: Tally,
    mayGoOn: @escaping @Sendable () throws -> Bool = { true }, onRead: @escaping @Sendable () throws -> Void = {}
  ) {
    self.number = number
    name = "source-\(number)"
    self.rows = rows
    self.habits = habits
    self.random = random
    self.tally = tally
    self.mayGoOn = mayGoOn
    self.onRead = onRead
  }
  var identity: String? { "simulated" }
  var position: SourcePosition { SourcePosition(offset: given, detail: habits.givesAgain ? "\(next)" : "") }
  func seek(to position: SourcePosition) throws {
    given = position.offset
    next = habits.givesAgain ? Int(position.detail)! : Int(position.offset)
    reconnect()
  }
  private func reconnect() {
    guard habits.givesAgain, next > 0 else { return }
    again = (0..<random.below(6)).map { _ in rows[max(0, next - 1 - random.below(10))] }
    tally.count("rows given again", again.count)
    // they are given from the end
    if again.map(\.id).reversed() != again.map(\.id).sorted() { tally.count("rows given again in another order") }
  }

  func read(into output: PartitionBuffer<Row>, countMax: Int) throws -> SourceStatus {
    try onRead()
    if readsWithoutConnection > 0 {
      readsWithoutConnection -= 1
      return .idle
    }
    if habits.disconnects > 0, random.one(in: habits.disconnects) {
      tally.count("disconnect")
      readsWithoutConnection = random.below(4)
      reconnect()
      return .idle
    }
    if habits.silentSource == number, next == habits.silentAfter {
      if try !mayGoOn() {
        tally.count("source silent")
        return .idle
      }
      if next == rows.count { return .ended }
    }
    if next == rows.count, again.isEmpty { return .ended }
    for _ in 0..<min(countMax, 1 + random.below(habits.rowsAReadMax)) {
      if let row = again.popLast() {
        output.append(row)
      } else if next < rows.count {
        if next > 0, rows[next].time < rows[next - 1].time { tally.count("rows out of order") }
        output.append(rows[next])
        next += 1
      } else {
        break
      }
      given += 1
      if next == habits.silentAfter, habits.silentSource == number { return .more }
    }
    if next == rows.count, again.isEmpty { return random.one(in: 2) ? .more : .ended }
    return habits.pauses > 0 && random.one(in: habits.pauses) ? (random.one(in: 2) ? .idle : .untilNextInterval) : .more
  }
}

/// Gives each interval the rows that an earlier run gave it.
final class ScriptedSource: ElementSource, @unchecked Sendable {
  let name: String
  private let intervals: [[Row]]
  private var interval = 0
  private var consumed = 0
  private var given: UInt64 = 0

  init(name: String, intervals: [[Row]]) {
    self.name = name
    self.intervals = intervals
  }
  var identity: String? { nil }
  var position: SourcePosition { SourcePosition(offset: given) }
  func seek(to position: SourcePosition) throws {}
  func read(into output: PartitionBuffer<Row>, countMax: Int) throws -> SourceStatus {
    if interval == intervals.count { return .ended }
    let part = intervals[interval].dropFirst(consumed).prefix(countMax)
    for row in part { output.append(row) }
    given += UInt64(part.count)
    consumed += part.count
    if consumed < intervals[interval].count { return .more }
    interval += 1
    consumed = 0
    return .untilNextInterval
  }
}
