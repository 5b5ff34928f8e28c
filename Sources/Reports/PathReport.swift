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
    /// Empty: the session ended.
    var to: String
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
      let pages = flow.paths.label(i).split(separator: "\u{1f}", omittingEmptySubsequences: false).map(String.init)
      report.top.append(
        .init(pages: pages, sessions: Int(n), share: SessionReportAccumulator.ratio(n, flow.weight)))
    }
    let steps = (0..<flow.steps.count).compactMap { i -> Step? in
      let parts = flow.steps.label(i).split(separator: "\u{1f}", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 3, let position = Int(parts[0]), position < PathFlow.viewsMax - 1 else { return nil }
      return Step(position: position, from: parts[1], to: parts[2], weight: flow.steps.item(i).observed)
    }
    addNodesAndLinks(steps, to: &report)
    return report
  }

  private static func addNodesAndLinks(_ steps: [Step], to report: inout SessionReport.Paths) {
    var pages = [[String: Int64]](repeating: [:], count: PathFlow.viewsMax)
    for s in steps {
      if s.position == 0 { pages[0][s.from, default: 0] += s.weight }
      if !s.to.isEmpty { pages[s.position + 1][s.to, default: 0] += s.weight }
    }
    while let last = pages.last, last.isEmpty { pages.removeLast() }
    var numbers: [[String: Int]] = []
    for weights in pages {
      let sorted = weights.sorted {
        $0.value != $1.value ? $0.value > $1.value : $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
      }
      var nodes: [SessionReport.Paths.Node] = []
      var number: [String: Int] = [:]
      for (i, page) in sorted.enumerated() {
        let k = min(i, pagesMax)
        number[page.key] = k
        if k == nodes.count {
          nodes.append(.init(name: k == pagesMax ? "(other)" : page.key, sessions: 0, exits: 0))
        }
        nodes[k].sessions += Int(page.value)
      }
      // a single page beyond the named ones keeps its name
      if sorted.count == pagesMax + 1 { nodes[pagesMax].name = sorted[pagesMax].key }
      report.positions.append(nodes)
      numbers.append(number)
    }
    var links: [[Int]: Int] = [:]
    for s in steps {
      // the table may have lost the step that led to a page, but not the page
      guard s.position < numbers.count, let from = numbers[s.position][s.from] else { continue }
      if s.to.isEmpty {
        report.positions[s.position][from].exits += Int(s.weight)
      } else if let to = numbers[s.position + 1][s.to] {
        links[[s.position, from, to], default: 0] += Int(s.weight)
      }
    }
    report.links = links.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
      .init(position: $0.key[0], from: $0.key[1], to: $0.key[2], sessions: $0.value)
    }
  }
}
