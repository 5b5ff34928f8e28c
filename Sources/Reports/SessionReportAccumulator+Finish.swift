/// Turns the accumulated state into a report.
///
/// Does not change the state, so a running job can be reported on at any time.
/// Cost: a few milliseconds.
extension SessionReportAccumulator {
  /// Rows listed in a breakdown.
  static let rowsMax = 50
  /// Cohorts listed, and periods followed.
  static let cohortsMax = 28

  /// The report on all sessions added so far.
  public func finish(quality: ReportQuality) -> SessionReport {
    var report = SessionReport()
    report.quality = quality
    report.funnel = funnel()
    report.endings = endings()
    report.bots = bots()
    report.channels = classes(.channel, Channel.allCases.map { ($0.rawValue, $0.name) }, absent: 0)
    let absent = counters[.agentAbsent]
    report.devices = classes(.device, DeviceKind.allCases.map { ($0.rawValue, $0.name) }, absent: absent)
    report.systems = classes(.system, OperatingSystem.allCases.map { ($0.rawValue, $0.name) }, absent: absent)
    report.browsers = classes(.browser, Browser.allCases.map { ($0.rawValue, $0.name) }, absent: absent)
    report.entryPages = Self.breakdown(pages, { $0.entries }, total: pages.entryTotal, absent: counters[.entryAbsent])
    report.exitPages = Self.breakdown(pages, { $0.exits }, total: pages.exitTotal, absent: counters[.exitAbsent])
    report.referrers = Self.breakdown(referrers, absent: counters[.referrerAbsent] + counters[.referrerOwn])
    report.campaigns = Self.breakdown(campaigns, absent: 0)
    report.paths = PathReport.make(flow)
    guard counters[.sessions] > 0 else { return report }
    report.period = SessionReport.Period(
      start: CivilTime.timestamp(counters[.startMin]), end: CivilTime.timestamp(counters[.endMax]),
      startMilliseconds: counters[.startMin], endMilliseconds: counters[.endMax])
    report.figures = figures()
    report.durations = durationSummary()
    report.viewsPerSession = viewsSummary()
    report.timeline = timelinePoints()
    report.hours = hourGrid()
    report.cohorts = CohortReport.make(users, start: counters[.startMin], end: counters[.startMax])
    return report
  }

  /// A fraction rounded to six decimals, so that it prints the same everywhere; 0 of nothing.
  static func ratio(_ a: Int64, _ b: Int64) -> Double {
    b == 0 ? 0 : rounded(Double(a) / Double(b))
  }
  static func rounded(_ v: Double) -> Double { (v * 1_000_000).rounded() / 1_000_000 }

  /// Relative standard error of counts from the user sample.
  static func sampleError(_ users: borrowing UserSample) -> Double {
    users.level == 0 || users.count == 0 ? 0 : rounded(1 / Double(users.count).squareRoot())
  }

  private func figures() -> SessionReport.Figures {
    var f = SessionReport.Figures()
    let sessions = counters[.sessions]
    var returning: Int64 = 0
    users.visit { if $0.sessions > 1 { returning += 1 } }
    let scale = Int64(1) << Int64(users.level)
    let userCount = min(Int64(users.count) * scale, sessions)
    f.sessions = Int(sessions)
    f.users = Int(userCount)
    f.usersRelativeError = Self.sampleError(users)
    f.returningUsers = Int(min(returning * scale, userCount))
    f.newSessions = Int(userCount)
    f.returningSessions = Int(sessions - userCount)
    f.sessionsPerUser = Self.ratio(sessions, userCount)
    f.events = Int(counters[.events])
    f.views = Int(counters[.views])
    f.viewsPerSession = Self.ratio(counters[.views], sessions)
    f.items = Int(counters[.items])
    f.value = Self.decimal(micros: counters.valueMicros)
    f.valuePerSession = Self.rounded(Double(counters.valueMicros) / 1_000_000 / Double(sessions))
    f.valuesRejected = Int(counters[.valuesRejected])
    f.engagedSessions = Int(counters[.engaged])
    f.engagementRate = Self.ratio(counters[.engaged], sessions)
    f.bouncedSessions = Int(sessions - counters[.engaged])
    f.bounceRate = Self.ratio(sessions - counters[.engaged], sessions)
    f.purchases = Int(counters[.purchases])
    f.purchaseRate = Self.ratio(counters[.purchases], sessions)
    f.humanSessions = Int(sessions - counters[.botSessions])
    f.humanEvents = Int(counters[.events] - counters[.botEvents])
    f.humanViews = Int(counters[.views] - counters[.botViews])
    f.humanEngagementRate = Self.ratio(
      counters[.engaged] - counters[.botEngaged], sessions - counters[.botSessions])
    return f
  }

  /// Millionths as a decimal number without needless zeros.
  static func decimal(micros: Int128) -> String {
    let magnitude = micros.magnitude
    var text = String(magnitude / 1_000_000)
    let fraction = String(magnitude % 1_000_000)
    if fraction != "0" {
      text += "." + String(repeating: "0", count: 6 - fraction.count) + fraction
      while text.hasSuffix("0") { text.removeLast() }
    }
    return micros < 0 ? "-" + text : text
  }

  private func durationSummary() -> SessionReport.Durations {
    var d = SessionReport.Durations()
    d.mean = Self.ratio(counters[.durationMilliseconds], counters[.sessions])
    d.p50 = Int(durations.quantile(permille: 500))
    d.p90 = Int(durations.quantile(permille: 900))
    d.p99 = Int(durations.quantile(permille: 990))
    d.maximum = Int(durations.maximum)
    let labels = [
      "0", "≤ 1 s", "1–3 s", "3–10 s", "10–30 s", "30–60 s", "1–3 min", "3–10 min", "10–30 min", "30–60 min", "1–3 h",
    ]
    for (i, bound) in Self.durationBinBounds.enumerated() {
      unsafe d.histogram.append(.init(label: labels[i], upTo: Int(bound), sessions: Int(counters.durations[i])))
    }
    let open = Self.durationBinBounds.count
    unsafe d.histogram.append(.init(label: "> 3 h", upTo: nil, sessions: Int(counters.durations[open])))
    return d
  }

  private func viewsSummary() -> SessionReport.ViewsPerSession {
    var v = SessionReport.ViewsPerSession()
    v.p50 = Int(viewsPerSession.quantile(permille: 500))
    v.p90 = Int(viewsPerSession.quantile(permille: 900))
    v.p99 = Int(viewsPerSession.quantile(permille: 990))
    v.maximum = Int(viewsPerSession.maximum)
    var counted: Int64 = 0
    for range in [0...0, 1...1, 2...2, 3...3, 4...4, 5...5, 6...10, 11...20, 21...50, 51...100] {
      let n = viewsPerSession.exactCount(range)
      counted += n
      let label = range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)–\(range.upperBound)"
      v.histogram.append(.init(label: label, upTo: range.upperBound, sessions: Int(n)))
    }
    v.histogram.append(.init(label: "> 100", upTo: nil, sessions: Int(viewsPerSession.total - counted)))
    return v
  }

  private func timelinePoints() -> SessionReport.Timeline {
    let points = (0..<timeline.count).map { i in
      let b = timeline.bucket(i)
      return SessionReport.Timeline.Point(
        start: CivilTime.timestamp(b.start), startMilliseconds: b.start, sessions: Int(b.sessions),
        views: Int(b.views), users: Int(b.users))
    }
    return SessionReport.Timeline(bucketMilliseconds: timeline.width, points: points)
  }

  private func hourGrid() -> SessionReport.HourGrid {
    var grid = SessionReport.HourGrid()
    for weekday in 0..<7 {
      grid.sessions.append((0..<24).map { unsafe Int(counters.hours[weekday * 24 + $0]) })
      grid.views.append((0..<24).map { unsafe Int(counters.hours[168 + weekday * 24 + $0]) })
    }
    return grid
  }

  private func classes(
    _ dimension: SessionCounters.Dimension, _ names: [(UInt8, String)], absent: Int64
  ) -> SessionReport.Breakdown {
    let counted = names.map { (name: $0.1, count: counters.count(dimension, $0.0)) }.filter { $0.count.sessions > 0 }
    let total = counted.reduce(0) { $0 + $1.count.sessions }
    var b = SessionReport.Breakdown()
    b.sessions = Int(total)
    b.absent = Int(absent)
    b.distinct = counted.count
    // the sort is stable: equal counts stay in table order
    b.rows = counted.sorted { $0.count.sessions > $1.count.sessions }.map {
      SessionReport.Breakdown.Row(
        name: $0.name, details: nil, sessions: Int($0.count.sessions), share: Self.ratio($0.count.sessions, total),
        bounceRate: Self.ratio($0.count.bounces, $0.count.sessions), purchases: Int($0.count.purchases), missed: 0)
    }
    return b
  }

  private func endings() -> SessionReport.Breakdown {
    classes(.ending, SessionEnd.allCases.map { ($0.rawValue, $0.name) }, absent: 0)
  }

  private func bots() -> SessionReport.Bots {
    var b = SessionReport.Bots()
    b.sessions = Int(counters[.botSessions])
    b.share = Self.ratio(counters[.botSessions], counters[.sessions])
    b.events = Int(counters[.botEvents])
    b.reasons = classes(.bot, BotReason.allCases.map { ($0.rawValue, $0.name) }, absent: 0).rows.map {
      .init(reason: $0.name, sessions: $0.sessions, share: Self.ratio(Int64($0.sessions), counters[.sessions]))
    }
    return b
  }

  private static func breakdown(_ table: borrowing FrequentItems, absent: Int64) -> SessionReport.Breakdown {
    var b = SessionReport.Breakdown()
    b.sessions = Int(table.total)
    b.absent = Int(absent)
    b.distinct = table.count
    b.errorMax = Int(table.errorMax)
    for i in table.heaviest(rowsMax) {
      let item = table.item(i)
      let use = PageUse(sessions: item.observed, bounces: item.bounces, purchases: item.purchases)
      append(table.label(i), use, missed: item.missed, to: &b)
    }
    b.other = b.sessions - b.rows.reduce(0) { $0 + $1.sessions }
    return b
  }

  private static func breakdown(
    _ table: borrowing PageCounts, _ use: (TrackedPage) -> PageUse, total: Int64, absent: Int64
  ) -> SessionReport.Breakdown {
    var b = SessionReport.Breakdown()
    b.sessions = Int(total)
    b.absent = Int(absent)
    b.distinct = (0..<table.count).count { use(table.page($0)).sessions > 0 }
    b.errorMax = Int(table.errorMax)
    let listed = heaviestItems(
      rowsMax, of: table.count, weight: { use(table.page($0)).sessions }, label: { table.label($0) },
      hash: { table.page($0).hash })
    for i in listed { append(table.label(i), use(table.page(i)), missed: table.page(i).missed, to: &b) }
    b.other = b.sessions - b.rows.reduce(0) { $0 + $1.sessions }
    return b
  }

  /// Adds a row to a breakdown whose `sessions` is the total.
  private static func append(_ label: String, _ use: PageUse, missed: Int64, to b: inout SessionReport.Breakdown) {
    let parts = label.split(separator: "\u{1f}", omittingEmptySubsequences: false).map(String.init)
    b.rows.append(
      SessionReport.Breakdown.Row(
        name: parts[0], details: parts.count > 1 ? Array(parts.dropFirst()) : nil, sessions: Int(use.sessions),
        share: ratio(use.sessions, Int64(b.sessions)), bounceRate: ratio(use.bounces, use.sessions),
        purchases: Int(use.purchases), missed: Int(missed)))
  }

  private func funnel() -> SessionReport.Funnel {
    var f = SessionReport.Funnel()
    let sessions = counters[.sessions]
    func step(_ name: String, _ n: Int64, of previous: Int64, any: Int64, median: Int64, p90: Int64) {
      f.steps.append(
        .init(
          name: name, sessions: Int(n), fromPrevious: Self.ratio(n, previous), fromStart: Self.ratio(n, sessions),
          medianFromPrevious: Int(median), p90FromPrevious: Int(p90), anyOrder: Int(any)))
    }
    let (cart, checkout) = (counters[.reachedCart], counters[.reachedCheckout])
    step("Session", sessions, of: sessions, any: sessions, median: 0, p90: 0)
    step(
      "Cart", cart, of: sessions, any: counters[.anyCart], median: delays.toCart.quantile(permille: 500),
      p90: delays.toCart.quantile(permille: 900))
    step(
      "Checkout", checkout, of: cart, any: counters[.anyCheckout],
      median: delays.cartToCheckout.quantile(permille: 500), p90: delays.cartToCheckout.quantile(permille: 900))
    step(
      "Purchase", counters[.reachedPurchase], of: checkout, any: counters[.purchases],
      median: delays.checkoutToPurchase.quantile(permille: 500),
      p90: delays.checkoutToPurchase.quantile(permille: 900))
    f.medianToPurchase = Int(delays.toPurchase.quantile(permille: 500))
    f.p90ToPurchase = Int(delays.toPurchase.quantile(permille: 900))
    return f
  }
}
