extension SessionReport {
  /// The report as one HTML file that needs nothing else: style, data and script inside, no request to any host
  /// (a content security policy forbids them), readable without scripts except for the charts.
  public func html() -> String {
    var page = HTMLPage()
    addHead(to: &page)
    page.markup("<main>\n<dl class=\"figures\" aria-label=\"Key figures\">\n")
    addFigures(to: &page)
    page.markup("</dl>\n")
    addCharts(to: &page)
    addTables(to: &page)
    addQuality(to: &page)
    page.markup("</main>\n<footer>All times are UTC. This file is complete in itself: it loads nothing.</footer>\n")
    page.markup("<script type=\"application/json\" id=\"report-data\">\(HTMLPage.scriptSafe(json: compactJSON()))")
    page.markup("</script>\n<script>\(HTMLScript.text)</script>\n</body>\n</html>\n")
    return page.text
  }

  private func addHead(to page: inout HTMLPage) {
    var parts: [String] = []
    if let period {
      parts.append("\(ReportFormat.minute(period.start)) – \(ReportFormat.minute(period.end)) UTC")
    }
    if !quality.inputs.isEmpty {
      let shown = quality.inputs.prefix(3).joined(separator: ", ")
      parts.append(quality.inputs.count > 3 ? "\(shown) and \(quality.inputs.count - 3) more" : shown)
    }
    if parts.isEmpty { parts.append("No session: the input held no event that could be used.") }
    page.documentHead("Session report", parts)
  }

  private func addFigures(to page: inout HTMLPage) {
    let f = figures
    let error = f.usersRelativeError > 0 ? ", ±\(ReportFormat.percent(f.usersRelativeError))" : ""
    page.figure("Sessions", ReportFormat.grouped(f.sessions), "\(ReportFormat.grouped(f.events)) events")
    page.figure("Users", ReportFormat.grouped(f.users), "\(ReportFormat.grouped(f.returningUsers)) came back\(error)")
    page.figure(
      "Page views", ReportFormat.grouped(f.views),
      "\(ReportFormat.decimal(f.viewsPerSession, places: 2)) a session")
    page.figure(
      "Engagement", ReportFormat.percent(f.engagementRate), "bounce rate \(ReportFormat.percent(f.bounceRate))")
    page.figure(
      "Median duration", ReportFormat.duration(durations.p50),
      "p90 \(ReportFormat.duration(durations.p90))")
    page.figure(
      "Returning sessions", ReportFormat.percent(Self.ratio(f.returningSessions, f.sessions)),
      "\(ReportFormat.decimal(f.sessionsPerUser, places: 2)) sessions a user")
    if f.purchases > 0 || f.value != "0" {
      page.figure(
        "Conversion", ReportFormat.percent(f.purchaseRate), "\(ReportFormat.grouped(f.purchases)) with a purchase")
      let whole = f.value.split(separator: ".")[0]
      let value = Int(whole).map(ReportFormat.grouped) ?? f.value
      page.figure("Value", value, "\(ReportFormat.decimal(f.valuePerSession, places: 2)) a session")
    }
    let basis = devices.sessions == 0 && f.sessions > 0 ? ", by rate only" : ""
    page.figure(
      "Bots", ReportFormat.percent(bots.share), "\(ReportFormat.grouped(bots.sessions)) sessions\(basis)")
  }

  private static func ratio(_ a: Int, _ b: Int) -> Double { b == 0 ? 0 : Double(a) / Double(b) }

  private func addCharts(to page: inout HTMLPage) {
    let d = durations
    let width = timeline.map { "per \(ReportFormat.width($0.bucketMilliseconds)), by start of the session" } ?? ""
    page.markup("<h2>Over time</h2>\n<div class=\"grid\">\n")
    page.chart("timeline", "Sessions and users", width, isWide: true)
    page.chart("views", "Page views", width, isWide: true)
    page.markup("</div>\n<h2>Engagement</h2>\n<div class=\"grid\">\n")
    let isEmpty = figures.sessions == 0
    let mean = "mean \(ReportFormat.duration(Int(d.mean.rounded())))"
    let tail = "p99 \(ReportFormat.duration(d.p99)), longest \(ReportFormat.duration(d.maximum))"
    page.chart("durations", "How long sessions last", isEmpty ? "" : "\(mean), \(tail)")
    let views = "median \(viewsPerSession.p50), p90 \(viewsPerSession.p90), p99 \(viewsPerSession.p99)"
    page.chart("depth", "Views in a session", isEmpty ? "" : views)
    let half = funnel.medianToPurchase
    page.chart(
      "funnel", "Funnel",
      (funnel.steps.last?.sessions ?? 0) > 0
        ? "steps in this order within a session; half of the purchases within \(ReportFormat.duration(half))" : "",
      isWide: true)
    page.markup("</div>\n")
  }

  private func addTables(to page: inout HTMLPage) {
    page.markup("<h2>Where sessions come from</h2>\n<div class=\"grid\">\n")
    page.table(
      "channels", "Channels", column: "Channel", "GA4's default channel groups", channels, empty: "No session.")
    page.table(
      "referrers", "Referrers", column: "Host", "hosts that linked here", referrers,
      empty: "No outside referrer in this log.")
    page.table(
      "campaigns", "Source, medium, campaign", column: "Source", "from utm parameters, click ids, then the referrer",
      campaigns,
      empty: "No session.")
    page.table("endings", "Why sessions ended", column: "Reason", "", endings, empty: "No session.")
    page.markup("</div>\n<h2>Pages</h2>\n<div class=\"grid\">\n")
    page.table(
      "entry", "Landing pages", column: "Page", "first page of a session", entryPages, empty: "No URLs in this log.")
    page.table("exit", "Exit pages", column: "Page", "last page of a session", exitPages, empty: "No URLs in this log.")
    let sample = paths.sampled < paths.sessions ? "estimated from \(ReportFormat.grouped(paths.sampled)) sessions" : ""
    page.chart("flow", "Flow between pages", sample, isWide: true)
    addPaths(to: &page, sample)
    page.markup("</div>\n<h2>When people come</h2>\n<div class=\"grid\">\n")
    page.chart("hours", "Sessions by weekday and hour", "UTC", isWide: true)
    let omitted = cohorts.map { $0.omitted > 0 ? "; \($0.omitted) earlier ones are left out" : "" } ?? ""
    page.chart(
      "cohorts", "Returning users",
      "share of a \(cohorts?.unit ?? "week")'s new users who were active again later\(omitted)", isWide: true)
    page.markup("</div>\n<h2>Devices</h2>\n<div class=\"grid three\">\n")
    let agents = "No user agents in this log."
    page.table("devices", "Devices", column: "Device", "", devices, empty: agents)
    page.table("browsers", "Browsers", column: "Browser", "without bots", browsers, empty: agents)
    page.table("systems", "Operating systems", column: "System", "without bots", systems, empty: agents)
    page.markup("</div>\n")
  }

  private func addPaths(to page: inout HTMLPage, _ note: String) {
    var b = Breakdown()
    b.rows = paths.top.map {
      Breakdown.Row(
        name: $0.pages.joined(separator: "  →  "), details: nil, sessions: $0.sessions, share: $0.share, bounceRate: 0,
        purchases: 0, missed: 0)
    }
    page.markup("<section class=\"card wide\">\n")
    page.head("Top paths", note.isEmpty ? "the first five views" : "the first five views; \(note)")
    if b.rows.isEmpty {
      page.markup("<p class=\"empty\">No session carries a path.</p>\n")
    } else {
      page.shares(b.rows)
    }
    page.markup("</section>\n")
  }

  private func addQuality(to page: inout HTMLPage) {
    let q = quality
    page.markup("<h2>Quality of this report</h2>\n<div class=\"grid\">\n<section class=\"card wide\">\n")
    page.head("Input and rules", "")
    var facts = [
      ("Read", ReportFormat.bytes(q.inputBytes)), ("Lines", ReportFormat.grouped(q.lines)),
      ("Events", ReportFormat.grouped(q.eventsDecoded)), ("Malformed lines", ReportFormat.grouped(q.malformedLines)),
      ("Late events set aside", ReportFormat.grouped(q.lateEvents)),
      ("Late events still accepted", ReportFormat.grouped(q.lateEventsAccepted)),
      ("Sessions merged by a late event", ReportFormat.grouped(q.sessionsMerged)),
      ("Open when the input ended", ReportFormat.grouped(q.openAtEnd)),
      ("Watermark", q.watermark.map { CivilTime.timestamp($0) } ?? "none"),
      ("Session gap", "\(ReportFormat.duration(Int(q.gapMilliseconds))), exactly so long: \(q.boundary)"),
      ("Watermark delay", ReportFormat.duration(Int(q.watermarkDelayMilliseconds))),
      ("Allowed lateness", ReportFormat.duration(Int(q.allowedLatenessMilliseconds))),
    ]
    for (reason, n) in q.malformed.sorted(by: { $0.key < $1.key }) {
      facts.append(("Malformed: \(reason)", ReportFormat.grouped(n)))
    }
    if figures.valuesRejected > 0 { facts.append(("Values left out", ReportFormat.grouped(figures.valuesRejected))) }
    page.facts(facts)
    for note in q.notes { page.markup("<p class=\"note\">\(HTMLPage.escaped(note))</p>\n") }
    page.markup("</section>\n")
    addBots(to: &page)
    addMethods(to: &page)
    page.markup("</div>\n")
  }

  private func addBots(to page: inout HTMLPage) {
    var b = Breakdown()
    b.sessions = bots.sessions
    b.rows = bots.reasons.map {
      Breakdown.Row(
        name: $0.reason, details: nil, sessions: $0.sessions, share: $0.share, bounceRate: 0, purchases: 0, missed: 0)
    }
    page.markup("<section class=\"card\">\n")
    let human = ReportFormat.percent(figures.humanEngagementRate)
    page.head(
      "Bots", bots.sessions > 0 ? "in all figures but browsers and systems; engagement without them is \(human)" : "")
    if b.rows.isEmpty {
      page.markup("<p class=\"empty\">No bot was recognised by user agent or by rate.</p>\n")
    } else {
      page.shares(b.rows)
    }
    page.markup("</section>\n")
  }

  private func addMethods(to page: inout HTMLPage) {
    page.markup("<section class=\"card\">\n")
    page.head("How to read the figures", "")
    page.markup("<ul class=\"method\">\n")
    let percentiles = ReportFormat.percent(durations.relativeError)
    for sentence in [
      "A session is engaged when it lasts longer than 10 s, holds a purchase, or has two views; all others bounce.",
      "A new session is a user's first one in this log.",
      "Percentiles of durations are within \(percentiles) of the true ones; means and counts are exact.",
      figures.usersRelativeError > 0
        ? "Users, returning users and cohorts come from a sample: standard error "
          + "\(ReportFormat.percent(figures.usersRelativeError))." : "Users and cohorts are exact.",
      "Users of a time bucket are estimates: standard error 3.3%, less where there are few.",
      "A page is the path of its URL, without query and fragment.",
    ] {
      page.markup("<li>\(HTMLPage.escaped(sentence))</li>\n")
    }
    page.markup("</ul>\n</section>\n")
  }
}
