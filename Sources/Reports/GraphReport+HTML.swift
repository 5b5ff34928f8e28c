import Foundation

extension GraphReport {
  /// The report as one HTML file that needs nothing else: style, data and script inside, no request to any host
  /// (a content security policy forbids them), readable without scripts except for the charts.
  public func html() -> String {
    var page = HTMLPage()
    page.documentHead("Graph report", remarks)
    page.markup("<main>\n<dl class=\"figures\" aria-label=\"Key figures\">\n")
    addFigures(to: &page)
    page.markup("</dl>\n")
    addCharts(to: &page)
    addVertices(to: &page)
    addQuality(to: &page)
    page.markup("</main>\n<footer>All times are UTC. This file is complete in itself: it loads nothing.</footer>\n")
    page.markup("<script type=\"application/json\" id=\"report-data\">\(HTMLPage.scriptSafe(json: compactJSON()))")
    page.markup("</script>\n<script>\(HTMLScript.page(HTMLGraphScript.text, charts: HTMLGraphScript.charts))")
    page.markup("</script>\n</body>\n</html>\n")
    return page.text
  }

  private var remarks: [String] {
    guard let first = points.first, let last = points.last else {
      return ["The input held no edge that could be used."]
    }
    let names = inputs.prefix(3).joined(separator: ", ")
    return [
      "\(minute(first.timeMilliseconds)) – \(minute(last.timeMilliseconds)) UTC",
      inputs.count > 3 ? "\(names) and \(inputs.count - 3) more" : names,
      windowMilliseconds.map { "a window of \(ReportFormat.width($0))" } ?? "no window",
    ]
  }

  private func minute(_ milliseconds: Int64) -> String { ReportFormat.minute(CivilTime.timestamp(milliseconds)) }

  private func addFigures(to page: inout HTMLPage) {
    let last = points.last
    let changes = inserted + removed + unmatched
    let rate = updateSeconds.map { ", \(ReportFormat.grouped(Int(Double(changes) / max($0, 1e-9))))/s" } ?? ""
    page.figure("Changes", ReportFormat.grouped(changes), "\(ReportFormat.grouped(batches)) batches\(rate)")
    page.figure(
      "Edges at the end", ReportFormat.grouped(last?.edges ?? 0), "\(ReportFormat.grouped(expired)) expired")
    let most = points.map(\.vertices).max() ?? 0
    page.figure(
      "Vertices at the end", ReportFormat.grouped(last?.vertices ?? 0), "\(ReportFormat.grouped(most)) at most")
    page.figure(
      "Components", ReportFormat.grouped(last?.components ?? 0),
      "\(ReportFormat.grouped(last?.largestComponent ?? 0)) vertices in the largest")
    let truth = trueErrorMax.map { ", in truth \(share($0))" } ?? ""
    page.figure("Error of ranks", "≤ \(share(boundMax))", "certified\(truth)")
  }

  private func share(_ value: Double) -> String {
    value.isFinite ? String(format: "%.2g%%", value * 100) : "not known"
  }

  private func addCharts(to page: inout HTMLPage) {
    let unit =
      batchesPerPoint > 1 ? "a point stands for \(batchesPerPoint) batches" : "a point stands for a batch"
    page.markup("<h2>Over time</h2>\n<div class=\"grid\">\n")
    page.chart("ranks", "Ranks of the strongest vertices", "while among the 32 highest; \(unit)", isWide: true)
    page.chart("size", "Edges and vertices", "after each batch")
    page.chart("components", "Connected components", "after each batch")
    page.chart("change", "Edges that came and went", "by batch")
    page.chart("work", "Time for an update", "by batch")
    page.markup("</div>\n<h2>At the end</h2>\n<div class=\"grid\">\n")
    page.chart(
      "network", "The strongest vertices",
      "larger: higher rank; darker: more edges; the ten highest in another colour", isWide: true)
    page.markup("</div>\n")
  }

  private func addVertices(to page: inout HTMLPage) {
    page.markup("<div class=\"grid\" style=\"margin-top:16px\">\n<section class=\"card wide\">\n")
    page.head("Highest ranks", "ranks of all vertices sum to 100%")
    if vertices.isEmpty {
      page.markup("<p class=\"empty\">No edge was left at the end.</p>\n</section>\n</div>\n")
      return
    }
    page.markup("<table class=\"bars\"><thead><tr><th scope=\"col\">Vertex</th>")
    page.markup("<th scope=\"col\" class=\"n\">Rank</th><th scope=\"col\" class=\"n\">Edges in</th>")
    page.markup("<th scope=\"col\" class=\"n\">Edges out</th></tr></thead>\n")
    let shown = 12
    page.markup("<tbody>\n")
    for vertex in vertices.prefix(shown) { addRow(vertex, to: &page) }
    page.markup("</tbody>\n")
    if vertices.count > shown {
      page.markup("<tbody id=\"vertices-more\">\n")
      for vertex in vertices.dropFirst(shown) { addRow(vertex, to: &page) }
      page.markup("</tbody></table>\n")
      let label = "Show \(vertices.count - shown) more"
      page.markup("<button class=\"more\" type=\"button\" hidden aria-expanded=\"false\" ")
      page.markup("aria-controls=\"vertices-more\" data-more=\"\(label)\">\(label)</button>\n")
    } else {
      page.markup("</table>\n")
    }
    page.markup("</section>\n</div>\n")
  }

  private func addRow(_ vertex: Vertex, to page: inout HTMLPage) {
    let name = HTMLPage.escaped(vertex.id)
    let width = ReportFormat.decimal(vertex.rank / max(vertices[0].rank, 1e-300) * 100, places: 1)
    page.markup("<tr><td class=\"name\"><span class=\"bar\" style=\"width:\(width)%\"></span>")
    page.markup("<span class=\"text\" title=\"\(name)\">\(name)</span></td>")
    page.markup("<td class=\"n\">\(ReportFormat.decimal(vertex.rank * 100, places: 3))%</td>")
    page.markup("<td class=\"n\">\(ReportFormat.grouped(vertex.edgesIn))</td>")
    page.markup("<td class=\"n\">\(ReportFormat.grouped(vertex.edgesOut))</td></tr>\n")
  }

  private func addQuality(to page: inout HTMLPage) {
    page.markup("<h2>How this was computed</h2>\n<section class=\"card\">\n")
    var ends: [String] = []
    if let n = batchChangeCount { ends.append("\(ReportFormat.grouped(n)) changes") }
    if let n = batchMilliseconds { ends.append("every \(ReportFormat.width(n))") }
    let bad = malformed.values.reduce(0, +)
    page.facts([
      ("Batches", ends.joined(separator: ", or ")),
      ("Window", windowMilliseconds.map { ReportFormat.width($0) } ?? "none: edges stay"),
      ("Edges", "\(isUndirected ? "in both directions" : "directed"), \(isWeighted ? "weighted" : "each counts 1")"),
      ("Damping", "\(damping)"), ("Tolerance", "\(tolerance)"),
      ("Sweeps over all edges", "\(ReportFormat.grouped(denseBatches)) of \(ReportFormat.grouped(batches)) batches"),
      ("Malformed lines", ReportFormat.grouped(bad)),
      ("Removals without an edge", ReportFormat.grouped(unmatched)),
      ("Checked against scratch", trueErrorMax == nil ? "no (--verify)" : "every batch"),
    ])
    page.markup("<ul class=\"method\" style=\"margin-top:14px\">\n")
    page.markup("<li>PageRank follows the changes; the error of all ranks together, relative to their sum, is ")
    page.markup("certified after every batch.</li>\n<li>Components are exact, whatever the direction of edges. ")
    page.markup("A vertex counts while it has an edge.</li>\n</ul>\n")
    if bad > 0 {
      let list = malformed.sorted { $0.key < $1.key }.map { "\($0.key): \(ReportFormat.grouped($0.value))" }
      page.markup("<p class=\"note\" style=\"margin-top:10px\">Malformed lines by reason: ")
      page.markup("\(HTMLPage.escaped(list.joined(separator: ", "))).</p>\n")
    }
    page.markup("</section>\n")
  }
}
