import StreamCore
import TestSupport

/// A random job: sources, operators, sinks, all from the seed.
struct Plan: Sendable, CustomStringConvertible {
  enum Kind: Sendable {
    /// Results by event time: the same bytes in the same order as without faults.
    case eventTime
    /// Element by element and by key, without event time: the same for each key.
    case byKey
    /// Results by interval: the same for the same intervals.
    case byInterval
  }
  var kind: Kind
  var rows: [[Row]] = []
  var delayMilliseconds: Int64 = 0
  var separateStreams = false
  var habits = SourceHabits()
  var operations: [EventTimeOperation] = []
  var intervalOperation = IntervalOperation.none
  var keyGroups = 1
  // sinks
  var rowsAFileMax = UInt64.max
  var bytesAFileMax = UInt64.max
  var writeByteCount = 1 << 18
  var hasFiles = true
  var hasLedger = false
  var hasMemory = false

  init(_ random: inout SeededRandom) {
    kind = random.pick([.eventTime, .eventTime, .eventTime, .byKey, .byInterval, .byInterval])
    let sourceCount = kind == .byKey ? 1 : 1 + random.below(3)
    delayMilliseconds = random.pick([0, 0, 5, 60])
    separateStreams = kind == .eventTime && sourceCount > 1 && random.one(in: 3)
    habits.disconnects = random.pick([0, 0, 6, 30])
    habits.rowsAReadMax = random.pick([1, 3, 8, 100])
    habits.pauses = random.pick([0, 2, 4, 20])
    habits.givesAgain = kind == .eventTime && random.one(in: 4)
    keyGroups = random.pick([1, 2, 4])
    for s in 0..<sourceCount { rows.append(Self.rows(source: s, &random)) }
    for _ in 0..<random.below(kind == .byInterval ? 3 : 4) {
      operations.append(.random(isTimed: kind == .eventTime, &random))
    }
    if kind == .byInterval {
      intervalOperation = .random(&random)
      // without event time, what several sources, branches or partitions give comes in the order of reading, which a
      // single operator by key at most may see
      let mayFold =
        sourceCount == 1 && operations.count(where: \.isByKey) == 1
        && operations.allSatisfy { $0.isByKey || $0.isElementwise }
      if !mayFold { operations.removeAll(where: \.isByKey) }
    }
    // joins of joins multiply
    if let first = operations.firstIndex(where: \.isJoin) {
      let rest = operations[(first + 1)...].filter { !$0.isJoin }
      operations.replaceSubrange((first + 1)..., with: rest)
    }
    if kind == .byKey { operations.removeAll { !$0.keepsKeys } }
    rowsAFileMax = random.pick([UInt64.max, 3, 10, 30])
    bytesAFileMax = random.pick([UInt64.max, 60, 1000])
    writeByteCount = random.pick([1 << 18, 1, 50])
    hasLedger = kind == .byInterval || !habits.givesAgain && random.one(in: 2)
    hasFiles = !hasLedger || random.one(in: 2)
    hasMemory = random.one(in: 3)
  }

  private static func rows(source: Int, _ random: inout SeededRandom) -> [Row] {
    let count = random.pick([0, 3, 20, 60, 60])
    let keys = random.pick([1, 4, 10])
    let disorder = random.pick([0, 0, 20, 80])
    var time = Int64(random.below(500))
    return (0..<count).map { i in
      time += Int64(random.one(in: 15) ? random.below(600) : random.below(20))
      let late = disorder > 0 ? Int64(random.below(disorder)) : 0
      return Row(
        id: source * 1000 + i, source: source, key: random.below(keys), time: time - late, value: random.below(1000))
    }
  }

  /// Whether outputs come in an order that blocks and partitions do not show in.
  var isOrdered: Bool {
    kind != .byInterval
      || rows.count == 1 && !intervalOperation.isJoin
        && operations.allSatisfy { if case .flatMap = $0 { true } else { $0.isElementwise } }
  }

  var description: String {
    let sinks = [hasFiles ? "files" : nil, hasLedger ? "forEachBatch" : nil, hasMemory ? "memory" : nil]
    return """
      \(kind): \(rows.map(\.count)) rows\(separateStreams ? " in separate streams" : ""), \(habits)
        watermark delay \(delayMilliseconds), \(keyGroups) key groups
        operators: \(operations.map { "\($0)" }.joined(separator: " | ")) || \(intervalOperation)
        sinks: \(sinks.compactMap { $0 }.joined(separator: ", ")); files of \(rowsAFileMax) rows, \(bytesAFileMax) bytes, \
      writes of \(writeByteCount)
      """
  }
}
