import Synchronization

/// A table of a database that a sink fills in transactions: rows and the number of the interval they belong to, both or
/// none. Refuses an interval that comes again with other rows than those it has, or closed at another time.
final class Ledger: Sendable {
  struct Entry: Sendable {
    var id: Int
    var timeMilliseconds: Int64
    var rows: [String]
  }
  private struct State {
    var batches: [Entry] = []
    var complaint: String?
    var repeated = 0
  }
  private let state = Mutex(State())
  private let name: String
  private let isOrdered: Bool

  init(name: String, isOrdered: Bool) {
    self.name = name
    self.isOrdered = isOrdered
  }
  /// What was wrong first.
  var complaint: String? { state.withLock { $0.complaint } }
  var batches: [Entry] { state.withLock { $0.batches } }
  var rows: [String] { state.withLock { $0.batches.flatMap(\.rows) } }
  /// How many intervals came again.
  var repeatedCount: Int { state.withLock { $0.repeated } }

  /// One transaction.
  func commit(_ id: Int, _ timeMilliseconds: Int64, _ rows: [String]) {
    state.withLock { s in
      guard let last = s.batches.last, id <= last.id else {
        return s.batches.append(Entry(id: id, timeMilliseconds: timeMilliseconds, rows: rows))
      }
      s.repeated += 1
      let stored = s.batches.first { $0.id == id }
      let known = stored?.rows ?? []
      guard s.complaint == nil else { return }
      if isOrdered ? known != rows : known.sorted() != rows.sorted() {
        s.complaint =
          "\(name): interval \(id) came again with \(rows.count) rows \(rows.prefix(8)), it had \(known.count) "
          + "\(known.prefix(8))"
      } else if let stored, stored.timeMilliseconds != timeMilliseconds {
        s.complaint =
          "\(name): interval \(id) came again closed at \(timeMilliseconds), it was at \(stored.timeMilliseconds)"
      }
    }
  }
}
