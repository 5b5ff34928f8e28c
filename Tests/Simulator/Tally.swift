import Synchronization

/// Counts what the generator drew and what was really injected, so that a kind of fault or operator that is never met
/// shows.
package final class Tally: Sendable {
  private let counts = Mutex<[String: Int]>([:])
  package init() {}

  package func count(_ kind: String, _ n: Int = 1) {
    if n > 0 { counts.withLock { $0[kind, default: 0] += n } }
  }
  package func add(_ other: Tally) { for (kind, n) in other.all { count(kind, n) } }
  package var all: [String: Int] { counts.withLock { $0 } }
  package subscript(kind: String) -> Int { counts.withLock { $0[kind] ?? 0 } }

  /// Every kind that is expected to occur.
  package static let kinds: [String] =
    faults + Plan.Kind.allCases.map { "program: \($0.rawValue)" }
    + EventTimeOperation.Name.allCases.map { "operator: \($0.rawValue)" }
    + IntervalOperation.Name.allCases.map { "by interval: \($0.rawValue)" }
    + ClosingOperation.Name.allCases.map { "by closing time: \($0.rawValue)" }
    + WindowsPlan.Name.allCases.map { "windows: \($0.rawValue)" }
    + JoinPlan.allCases.map { "join: \($0.rawValue)" }
    + ["append", "update", "complete"].map { "output mode: \($0)" }
    + ["asFastAsPossible", "interval", "availableNow", "once"].map { "trigger: \($0)" }
    + ["files", "forEachBatch", "memory"].map { "sink: \($0)" }
    + ["one", "several", "separate streams", "receiver behind its log"].map { "source: \($0)" }

  private static let faults: [String] =
    DiskCall.allCases.flatMap { call in
      ["crash before", "crash after", "failed"].map { "\($0) \(call.rawValue)" }
    }
    + [
      "crash within write", "torn write", "disk full", "power failure", "power failure that lost bytes",
      "power failure that lost names", "killed at a read", "killed at a commit", "stopped", "disconnect",
      "rows given again", "rows given again in another order", "rows out of order", "clock set forwards",
      "clock set backwards", "machine asleep", "checkpoint damaged", "checkpoint passed over", "resumed",
      "resumed with other threads", "resumed after an operator was renamed", "resumed after an operator was added",
      "resumed after an operator was removed", "receiver started again", "stored and not acknowledged",
      "source silent", "interval cut again",
    ]

  /// The counts by kind, the expected ones that never occurred too.
  package var summary: String {
    let all = all
    let names = Set(all.keys).union(Tally.kinds).sorted()
    let width = names.map(\.count).max() ?? 0
    return names.map { name in
      name + String(repeating: " ", count: width - name.count + 2) + "\(all[name] ?? 0)"
    }.joined(separator: "\n")
  }
}

/// The name of a case of an enumeration, without what it holds.
func caseName(_ value: Any) -> String {
  let mirror = Mirror(reflecting: value)
  if mirror.displayStyle == .enum, let label = mirror.children.first?.label { return label }
  return "\(value)"
}
