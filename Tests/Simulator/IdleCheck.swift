/// What holds of windows whatever the clock let pass without a silent source: every row is in one of them, or was told
/// to be late, once; a window has the rows that belong to it; none is given twice.
struct IdleCheck {
  let plan: Plan

  /// `given`: lines of a sink, nil if the plan has no such sink.
  func difference(_ given: (_ sink: String) -> [String]?, _ late: [String]) -> String? {
    for sink in ["files", "memory", "ledger"] {
      if let lines = given(sink), let wrong = check(lines, late) { return "\(sink): \(wrong)" }
    }
    return nil
  }

  private func check(_ lines: [String], _ late: [String]) -> String? {
    guard case .windows(let windows, _)? = plan.operations.first else { return "the plan has no windows" }
    let rows = Dictionary(uniqueKeysWithValues: plan.rows.joined().map { ("\($0.id)", $0) })
    var ids = late.compactMap { $0.split(separator: " ").last.map(String.init) }
    var places: Set<String> = []
    for line in lines {
      let words = line.split(separator: " ").map(String.init)
      let (start, end) = (Int64(words[1])!, Int64(words[2])!)
      let found = words.dropFirst(3).map { rows[$0]! }
      ids += words.dropFirst(3)
      if !places.insert(words[0...2].joined(separator: " ")).inserted { return "the window of '\(line)' comes twice" }
      if found.contains(where: { "\($0.key)" != words[0] }) { return "'\(line)' has rows of other keys" }
      let times = found.map(\.time).sorted()
      if case .session(let gap) = windows {
        if times.first != start || times.last != end - gap { return "'\(line)' begins or ends with none of its rows" }
        if zip(times, times.dropFirst()).contains(where: { $1 - $0 > gap }) { return "'\(line)' has a gap" }
      } else if times.contains(where: { $0 < start || $0 >= end }) {
        return "'\(line)' has rows of other times"
      }
    }
    return different("rows in windows or late", ids.sorted(), rows.keys.sorted())
  }
}
