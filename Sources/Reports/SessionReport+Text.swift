extension SessionReport {
  /// The report for a terminal: at most 60 lines, none wider than `width` (at least 60 columns are used).
  ///
  /// `color` adds ANSI escapes. Texts from the data lose control characters, so they cannot drive the terminal.
  public func text(width: Int, color: Bool) -> String {
    var page = TextPage(width: max(width, 60), color: color)
    guard figures.sessions > 0 else {
      page.heading("Sessions")
      page.line("No session: the input held no event that could be used.")
      addQuality(to: &page)
      return page.text
    }
    addFigures(to: &page)
    addTimeline(to: &page)
    page.table("Channels", channels, rows: 5)
    page.table("Landing pages", entryPages, rows: 5)
    page.table("Exit pages", exitPages, rows: 5)
    page.table("Referrers", referrers, rows: 4)
    addShares(to: &page)
    addFunnel(to: &page)
    addPaths(to: &page)
    addQuality(to: &page)
    return page.text
  }

  private func addFigures(to page: inout TextPage) {
    let f = figures
    if let period {
      page.heading(
        "Sessions  \(ReportFormat.minute(period.start)) – \(ReportFormat.minute(period.end)) UTC")
    }
    let error = f.usersRelativeError > 0 ? " ±\(ReportFormat.percent(f.usersRelativeError))" : ""
    page.figures([
      ("Sessions", ReportFormat.grouped(f.sessions)), ("Users", ReportFormat.grouped(f.users) + error),
      ("Returning", ReportFormat.grouped(f.returningUsers)),
    ])
    page.figures([
      ("Events", ReportFormat.grouped(f.events)), ("Views", ReportFormat.grouped(f.views)),
      ("Views/session", ReportFormat.decimal(f.viewsPerSession, places: 2)),
    ])
    page.figures([
      ("Engaged", ReportFormat.percent(f.engagementRate)), ("Bounced", ReportFormat.percent(f.bounceRate)),
      ("Bots", ReportFormat.percent(bots.share)),
    ])
    page.figures([
      ("Duration p50", ReportFormat.duration(durations.p50)), ("p90", ReportFormat.duration(durations.p90)),
      ("p99", ReportFormat.duration(durations.p99)),
    ])
    if f.value != "0" || f.purchases > 0 {
      page.figures([
        ("Value", f.value), ("Purchases", ReportFormat.grouped(f.purchases)),
        ("Conversion", ReportFormat.percent(f.purchaseRate)),
      ])
    }
  }

  private func addTimeline(to page: inout TextPage) {
    if let timeline, timeline.points.count > 1 {
      page.heading("Sessions per \(ReportFormat.width(timeline.bucketMilliseconds))")
      page.sparkline(timeline.points.map(\.sessions))
    }
    page.heading("Sessions by duration")
    page.sparklineWithLabels(durations.histogram.map { ($0.label, $0.sessions) })
  }

  private func addShares(to page: inout TextPage) {
    page.heading("Visitors")
    if devices.sessions == 0 {
      page.line("No user agents in this log.")
      return
    }
    page.shares("Devices", devices)
    page.shares("Systems", systems)
    page.shares("Browsers", browsers)
    if bots.sessions > 0 {
      page.pairs("Bots", bots.reasons.prefix(3).map { ($0.reason, ReportFormat.grouped($0.sessions)) })
    }
  }

  private func addFunnel(to page: inout TextPage) {
    guard funnel.steps.dropFirst().contains(where: { $0.anyOrder > 0 }) else { return }
    page.heading("Funnel")
    for (i, step) in funnel.steps.enumerated() {
      let time = i == 0 || step.sessions == 0 ? "" : ", median \(ReportFormat.duration(step.medianFromPrevious)) later"
      page.bar(
        step.name, share: step.fromStart, ReportFormat.grouped(step.sessions),
        i == 0 ? "" : "\(ReportFormat.percent(step.fromPrevious)) of step before\(time)")
    }
  }

  private func addPaths(to page: inout TextPage) {
    guard !paths.top.isEmpty else { return }
    page.heading("Top paths\(paths.sampled < paths.sessions ? " (from a sample)" : "")")
    for path in paths.top.prefix(3) {
      page.row(path.pages.joined(separator: " → "), ReportFormat.grouped(path.sessions), share: path.share)
    }
  }

  private func addQuality(to page: inout TextPage) {
    page.heading("Quality")
    let q = quality
    page.pairs(
      "Input",
      [
        ("lines", ReportFormat.grouped(q.lines)), ("events", ReportFormat.grouped(q.eventsDecoded)),
        ("malformed", ReportFormat.grouped(q.malformedLines)), ("late", ReportFormat.grouped(q.lateEvents)),
        ("merged", ReportFormat.grouped(q.sessionsMerged)), ("open at end", ReportFormat.grouped(q.openAtEnd)),
      ])
    if !endings.rows.isEmpty {
      page.pairs("Ended by", endings.rows.map { ($0.name, ReportFormat.grouped($0.sessions)) })
    }
    let watermark = q.watermark.map { ReportFormat.minute(CivilTime.timestamp($0)) + " UTC" } ?? "none"
    page.pairs("Rules", [("gap", ReportFormat.duration(Int(q.gapMilliseconds))), ("watermark", watermark)])
    for note in q.notes.prefix(3) { page.line(note) }
  }
}
