import Synchronization

/// A table of a database that a sink fills in transactions: rows and the number of the interval they belong to, both or
/// none. Refuses an interval that comes again with other rows than those it has.
final class Ledger: Sendable {
  private struct State {
    var batches: [(id: Int, rows: [String])] = []
    var complaint: String?
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
  var batches: [(id: Int, rows: [String])] { state.withLock { $0.batches } }
  var rows: [String] { state.withLock { $0.batches.flatMap(\.rows) } }

  /// One transaction.
  func commit(_ id: Int, _ rows: [String]) {
    state.withLock { s in
      guard let last = s.batches.last, id <= last.id else { return s.batches.append((id, rows)) }
      let stored = s.batches.first { $0.id == id }?.rows ?? []
      if isOrdered ? stored != rows : stored.sorted() != rows.sorted(), s.complaint == nil {
        s.complaint =
          "\(name): interval \(id) came again with \(rows.count) rows \(rows.prefix(8)), it had \(stored.count) \(stored.prefix(8))"
      }
    }
  }
}
