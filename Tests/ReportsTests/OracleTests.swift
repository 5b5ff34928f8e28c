import Testing

@testable import Reports

/// Every figure of a report against ``NaiveReport`` on random sessions; a failure names its seed.
@Suite struct OracleTests {
  static let seeds: [UInt64] = [1, 2, 3, 4]

  static func specs(_ seed: UInt64) -> [SessionSpec] {
    var generator = SessionGenerator(seed: seed)
    generator.users = 400
    generator.pages = 120
    // three days, three weeks, four months, a year
    generator.meanStepMilliseconds = [120_000, 900_000, 5_000_000, 16_000_000][Int(seed % 4)]
    generator.pathEvery = seed % 2 == 0 ? 1 : 4
    return generator.next(1_200)
  }

  private func expect(
    _ b: SessionReport.Breakdown, is counts: [String: NaiveReport.Count], _ seed: UInt64, absent: Int? = nil
  ) {
    #expect(b.errorMax == 0, "seed \(seed)")
    #expect(b.distinct == counts.count, "seed \(seed)")
    #expect(b.sessions == counts.values.reduce(0) { $0 + $1.sessions }, "seed \(seed)")
    if let absent { #expect(b.absent == absent, "seed \(seed)") }
    for row in b.rows {
      let name = ([row.name] + (row.details ?? [])).joined(separator: "|")
      let expected = counts[name] ?? NaiveReport.Count()
      #expect(row.sessions == expected.sessions, "\(name), seed \(seed)")
      #expect(row.purchases == expected.purchases, "\(name), seed \(seed)")
      #expect(abs(row.bounceRate - Double(expected.bounces) / Double(max(expected.sessions, 1))) < 1e-6)
    }
    let largest = counts.values.map(\.sessions).sorted(by: >).prefix(b.rows.count)
    #expect(b.rows.map(\.sessions) == Array(largest), "the heaviest first, seed \(seed)")
  }

  @Test(arguments: seeds) func figures(_ seed: UInt64) {
    let specs = Self.specs(seed)
    let naive = NaiveReport(specs: specs)
    let report = ReportExamples.report(specs)
    let f = report.figures
    #expect(f.sessions == specs.count)
    #expect(f.users == naive.usersToSessions.count, "seed \(seed)")
    #expect(f.usersRelativeError == 0)
    #expect(f.returningUsers == naive.usersToSessions.values.count { $0.count > 1 }, "seed \(seed)")
    #expect(f.newSessions + f.returningSessions == f.sessions)
    #expect(f.newSessions == f.users)
    #expect(f.events == specs.reduce(0) { $0 + Int($1.events) })
    #expect(f.views == specs.reduce(0) { $0 + Int($1.views) })
    #expect(f.items == specs.reduce(0) { $0 + Int($1.items) })
    #expect(f.engagedSessions == specs.count { naive.isEngaged($0) }, "seed \(seed)")
    #expect(f.engagedSessions + f.bouncedSessions == f.sessions)
    #expect(abs(f.engagementRate + f.bounceRate - 1) < 2e-6)
    #expect(f.purchases == specs.count { $0.purchase != nil })
    let cents = specs.reduce(0) { $0 + Int(($1.value * 100).rounded()) }
    let value = Double(f.value) ?? -1
    #expect(abs(value - Double(cents) / 100) < 1e-6, "seed \(seed)")
    let bots = specs.filter { NaiveReport.agent($0)?.3 != nil || $0.isBotByRate || $0.endedBy == .bot }
    #expect(report.bots.sessions == bots.count, "seed \(seed)")
    #expect(f.humanSessions == specs.count - bots.count)
    #expect(f.humanViews == f.views - bots.reduce(0) { $0 + Int($1.views) })
    let rate = bots.count { NaiveReport.agent($0)?.3 == nil }
    #expect(report.bots.reasons.first { $0.reason == BotReason.rate.name }?.sessions ?? 0 == rate, "seed \(seed)")
  }

  @Test(arguments: [(10_000, 1, nil, 0), (10_001, 1, nil, 1), (0, 2, nil, 1), (0, 0, nil, 0), (0, 1, 0, 1)])
  func engagementAtItsLimits(_ duration: Int64, _ views: UInt32, _ purchase: UInt32?, _ engaged: Int) {
    var s = SessionSpec()
    (s.duration, s.views, s.purchase) = (duration, views, purchase)
    #expect(ReportExamples.report([s]).figures.engagedSessions == engaged)
  }

  @Test(
    arguments: [
      (5, 5, 5, [1, 1, 1, 1]), (5, 4, 9, [1, 1, 0, 0]), (5, 6, 5, [1, 1, 1, 0]), (nil, 1, 2, [1, 0, 0, 0]),
      (1, nil, 2, [1, 1, 0, 0]),
    ] as [(UInt32?, UInt32?, UInt32?, [Int])])
  func funnelAtItsLimits(_ cart: UInt32?, _ checkout: UInt32?, _ purchase: UInt32?, _ reached: [Int]) {
    var s = SessionSpec()
    (s.cart, s.checkout, s.purchase) = (cart, checkout, purchase)
    #expect(ReportExamples.report([s]).funnel.steps.map(\.sessions) == reached)
  }

  @Test(arguments: seeds) func distributions(_ seed: UInt64) {
    let specs = Self.specs(seed)
    let report = ReportExamples.report(specs)
    let durations = specs.map(\.duration)
    let d = report.durations
    #expect(abs(d.mean - Double(durations.reduce(0, +)) / Double(specs.count)) < 1e-5)
    #expect(d.maximum == Int(durations.max()!))
    for (permille, found) in [(500, d.p50), (900, d.p90), (990, d.p99)] {
      let exact = Double(NaiveReport.quantile(durations, permille: permille))
      #expect(abs(Double(found) - exact) <= exact * d.relativeError, "p\(permille), seed \(seed)")
    }
    #expect(d.histogram.reduce(0) { $0 + $1.sessions } == specs.count)
    var below: Int64 = -1
    for bin in d.histogram {
      let upTo = bin.upTo.map { Int64($0) } ?? .max
      #expect(bin.sessions == durations.count { $0 > below && $0 <= upTo }, "\(bin.label), seed \(seed)")
      below = upTo
    }
    let v = report.viewsPerSession
    let views = specs.map { Int64($0.views) }
    #expect(v.p50 == Int(NaiveReport.quantile(views, permille: 500)))
    #expect(v.p99 == Int(NaiveReport.quantile(views, permille: 990)))
    below = -1
    for bin in v.histogram {
      let upTo = bin.upTo.map { Int64($0) } ?? .max
      #expect(bin.sessions == views.count { $0 > below && $0 <= upTo }, "\(bin.label), seed \(seed)")
      below = upTo
    }
  }

  @Test(arguments: seeds) func breakdowns(_ seed: UInt64) {
    let specs = Self.specs(seed)
    let naive = NaiveReport(specs: specs)
    let report = ReportExamples.report(specs)
    expect(
      report.entryPages, is: naive.count { NaiveReport.page($0.entry) }, seed, absent: specs.count { $0.entry == nil })
    expect(
      report.exitPages, is: naive.count { NaiveReport.page($0.exit) }, seed, absent: specs.count { $0.exit == nil })
    expect(report.channels, is: naive.count(NaiveReport.channel), seed)
    expect(
      report.referrers, is: naive.count(NaiveReport.referrerHost), seed,
      absent: specs.count { NaiveReport.referrerHost($0) == nil })
    let noAgent = specs.count { $0.agent == nil }
    expect(report.devices, is: naive.count { NaiveReport.agent($0)?.0 }, seed, absent: noAgent)
    func human(_ s: SessionSpec) -> (String, String, String, String?)? {
      NaiveReport.agent(s).flatMap { $0.3 == nil ? $0 : nil }
    }
    expect(report.browsers, is: naive.count { human($0)?.1 }, seed)
    expect(report.systems, is: naive.count { human($0)?.2 }, seed)
    expect(report.endings, is: naive.count { $0.endedBy.name }, seed)
    #expect(report.campaigns.sessions == specs.count)
    let newsletter = report.campaigns.rows.first { $0.name == "newsletter" }
    #expect(newsletter?.details == ["email", "spring sale"])
    #expect(newsletter?.sessions == specs.count { $0.entry?.contains("utm_source=newsletter") == true })
  }

  @Test(arguments: seeds) func time(_ seed: UInt64) throws {
    let specs = Self.specs(seed)
    let report = ReportExamples.report(specs)
    let timeline = try #require(report.timeline)
    #expect(timeline.points.count <= AdaptiveTimeline.bucketsMax)
    #expect(timeline.points.reduce(0) { $0 + $1.sessions } == specs.count)
    for (i, point) in timeline.points.enumerated() where i % 3 == 0 {
      let end = point.startMilliseconds + timeline.bucketMilliseconds
      let inside = specs.filter { $0.start >= point.startMilliseconds && $0.start < end }
      #expect(point.sessions == inside.count, "\(point.start), seed \(seed)")
      #expect(point.views == inside.reduce(0) { $0 + Int($1.views) }, "\(point.start), seed \(seed)")
      let users = Double(Set(inside.map(\.user)).count)
      #expect(abs(Double(point.users) - users) <= max(2, users * 0.1), "\(point.start), seed \(seed)")
    }
    for weekday in 0..<7 {
      for hour in 0..<24 {
        let cell = specs.filter {
          let day = NaiveReport.day($0.start)
          return (day + 3) % 7 == weekday && ($0.start - day * 86_400_000) / 3_600_000 == hour
        }
        #expect(report.hours.sessions[weekday][hour] == cell.count, "seed \(seed)")
        #expect(report.hours.views[weekday][hour] == cell.reduce(0) { $0 + Int($1.views) }, "seed \(seed)")
      }
    }
  }

  @Test(arguments: seeds) func cohorts(_ seed: UInt64) throws {
    let specs = Self.specs(seed)
    let cohorts = try #require(ReportExamples.report(specs).cohorts)
    let days = NaiveReport.day(specs.map(\.start).max()!) - NaiveReport.day(specs.map(\.start).min()!)
    #expect(cohorts.unit == (days < 28 ? "day" : "week"), "seed \(seed)")
    let period = days < 28 ? NaiveReport.day : NaiveReport.week
    let expected = NaiveReport(specs: specs).cohorts(period: period)
    let last = period(specs.map(\.start).max()!)
    #expect(cohorts.rows.count + cohorts.omitted == Int(last - period(specs.map(\.start).min()!)) + 1)
    for (i, row) in cohorts.rows.enumerated() {
      let first = last - Int64(cohorts.rows.count - 1 - i)
      #expect(row.active.count == cohorts.rows.count - i)
      for (later, n) in row.active.enumerated() {
        #expect(n == expected[first]?[Int64(later)] ?? 0, "\(row.start) + \(later), seed \(seed)")
      }
    }
  }

  @Test(arguments: seeds) func funnel(_ seed: UInt64) {
    let specs = Self.specs(seed)
    let funnel = ReportExamples.report(specs).funnel
    let cart = specs.filter { $0.cart != nil }
    let checkout = cart.filter { s in
      guard let c = s.checkout else { return false }
      return c >= s.cart!
    }
    let purchase = checkout.filter { s in
      guard let p = s.purchase, let c = s.checkout else { return false }
      return p >= c
    }
    #expect(funnel.steps.map(\.sessions) == [specs.count, cart.count, checkout.count, purchase.count], "seed \(seed)")
    #expect(funnel.steps[2].anyOrder == specs.count { $0.checkout != nil })
    #expect(funnel.steps[3].anyOrder == specs.count { $0.purchase != nil })
    let delays: [[Int64]] = [
      cart.map { Int64($0.cart!) }, checkout.map { Int64($0.checkout! - $0.cart!) },
      purchase.map { Int64($0.purchase! - $0.checkout!) },
    ]
    for (i, values) in delays.enumerated() {
      for (permille, found) in [
        (500, funnel.steps[i + 1].medianFromPrevious), (900, funnel.steps[i + 1].p90FromPrevious),
      ] {
        let exact = Double(NaiveReport.quantile(values, permille: permille))
        #expect(abs(Double(found) - exact) <= exact * 0.01, "step \(i + 1), seed \(seed)")
      }
    }
  }

  @Test(arguments: seeds) func paths(_ seed: UInt64) {
    let specs = Self.specs(seed)
    let report = ReportExamples.report(specs).paths
    var counts: [[String]: Int] = [:]
    var sampled = 0
    for s in specs where !s.path.isEmpty {
      sampled += 1
      counts[s.path.map { NaiveReport.page($0)! }, default: 0] += 1 << Int(s.pathWeightLog2)
    }
    #expect(report.sampled == sampled)
    #expect(report.sessions == counts.values.reduce(0, +), "seed \(seed)")
    #expect(report.pathErrorMax == 0)
    for path in report.top { #expect(path.sessions == counts[path.pages], "\(path.pages), seed \(seed)") }
    #expect(report.top.map(\.sessions) == Array(counts.values.sorted(by: >).prefix(report.top.count)))
    // what flows into a position is what stands there, and what stands there goes on or ends
    for (k, nodes) in report.positions.enumerated() {
      let standing = counts.filter { $0.key.count > k }
      #expect(nodes.reduce(0) { $0 + $1.sessions } == standing.values.reduce(0, +), "position \(k), seed \(seed)")
      for (i, node) in nodes.enumerated() {
        let onward = report.links.filter { $0.position == k && $0.from == i }.reduce(0) { $0 + $1.sessions }
        if k + 1 < report.positions.count { #expect(node.sessions == onward + node.exits, "seed \(seed)") }
        // a heavy page is named from its first views on
        if k == 0, i == 0, node.name != "(other)" {
          let exact = standing.filter { $0.key[0] == node.name }.values.reduce(0, +)
          #expect(node.sessions <= exact && Double(node.sessions) >= 0.9 * Double(exact), "seed \(seed)")
        }
      }
    }
  }
}
