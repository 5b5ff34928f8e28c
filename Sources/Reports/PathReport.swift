/// Turns the path tables into top paths, and into nodes and links of a flow diagram.
///
/// A position shows its heaviest pages by the steps that lead to or from them; all others are one node, "(other)".
enum PathReport {
  /// Named pages of a position; one more node stands for the others.
  static let pagesMax = 6
  static let pathsMax = 15

  private struct Step {
    var position: Int
    var from: String
    /// nil: the session ended.
    var to: String?
    var weight: Int64
  }

  static func make(_ flow: borrowing PathFlow) -> SessionReport.Paths {
    var report = SessionReport.Paths()
    report.sampled = Int(flow.used)
    report.sessions = Int(flow.weight)
    report.pathErrorMax = Int(flow.paths.errorMax)
    report.linkErrorMax = Int(flow.steps.errorMax)
    for i in flow.paths.heaviest(pathsMax) {
      let n = flow.paths.item(i).observed
      report.top.append(
        .init(
          pages: parts(flow.paths.label(i)), sessions: Int(n), share: SessionReportAccumulator.ratio(n, flow.weight)))
    }
    let steps = (0..<flow.steps.count).compactMap { i -> Step? in
      let text = parts(flow.steps.label(i))
      guard text.count == 3, let position = Int(text[0].prefix(1)), (0..<PathFlow.viewsMax - 1).contains(position)
      else {
        return nil
      }
      let ended = text[0].hasSuffix("x")
      return Step(position: position, from: text[1], to: ended ? nil : text[2], weight: flow.steps.item(i).observed)
    }
    let names = namedPages(steps)
    addNodesAndLinks(steps, names, to: &report)
    return report
  }

  private static func parts(_ label: String) -> [String] {
    label.split(separator: "\u{1f}", omittingEmptySubsequences: false).map(String.init)
  }

  /// The pages of each position that get a node of their own, the heaviest first.
  private static func namedPages(_ steps: [Step]) -> [[String]] {
    var weights = [[String: Int64]](repeating: [:], count: PathFlow.viewsMax)
    for s in steps {
      if s.position == 0 { weights[0][s.from, default: 0] += s.weight }
      if let to = s.to { weights[s.position + 1][to, default: 0] += s.weight }
    }
    while let last = weights.last, last.isEmpty { weights.removeLast() }
    return weights.map { pages in
      let sorted = pages.filter { $0.key != PathFlow.otherText }.sorted {
        $0.value != $1.value ? $0.value > $1.value : $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
      }
      return sorted.prefix(pagesMax).map(\.key)
    }
  }

  private static func addNodesAndLinks(_ steps: [Step], _ names: [[String]], to report: inout SessionReport.Paths) {
    let numbers = names.map { Dictionary(uniqueKeysWithValues: $0.enumerated().map { ($0.element, $0.offset) }) }
    // the node behind the named ones stands for all others
    report.positions = names.map { pages in
      (pages + ["(other)"]).map { SessionReport.Paths.Node(name: $0, sessions: 0, exits: 0) }
    }
    var links: [[Int]: Int] = [:]
    // a table that lost steps may know a page from the steps that lead on only
    for s in steps where s.position < names.count {
      let from = numbers[s.position][s.from] ?? names[s.position].count
      if s.position == 0 { report.positions[0][from].sessions += Int(s.weight) }
      guard let page = s.to else {
        report.positions[s.position][from].exits += Int(s.weight)
        continue
      }
      let to = numbers[s.position + 1][page] ?? names[s.position + 1].count
      report.positions[s.position + 1][to].sessions += Int(s.weight)
      links[[s.position, from, to], default: 0] += Int(s.weight)
    }
    for k in report.positions.indices where report.positions[k].last?.sessions == 0 {
      report.positions[k].removeLast()
    }
    report.links = links.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
      .init(position: $0.key[0], from: $0.key[1], to: $0.key[2], sessions: $0.value)
    }
  }
}
