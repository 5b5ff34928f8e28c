import Testing

@testable import ClickstreamGenerator

/// The events look like a shop's: proportions within wide bounds, over one large stream.
@Suite struct TrafficTests {
  static let events: [ClickEvent] = {
    var options = ClickstreamOptions()
    (options.seed, options.eventCount, options.visitorCount) = (5, 60_000, 6_000)
    options.durationMilliseconds = 28 * 86_400_000
    var traffic = SiteTraffic(options)
    return (0..<60_000).map { _ in traffic.next() }
  }()
  static let people = events.filter { !$0.visitor.isBot }

  @Test func theFunnelNarrows() {
    let counts = Action.allCases.map { action in TrafficTests.people.count { $0.action == action } }
    #expect(counts[0] > 40_000)
    #expect(counts[1] > 1_000)
    #expect(counts[2] > 2 * counts[3])
    #expect(counts[3] > counts[4])
    #expect(counts[4] > 100)
    #expect(TrafficTests.people.allSatisfy { ($0.action == .purchase) == ($0.valueHundredths > 0) })
  }

  @Test func purchasesFollowACheckoutAndACart() {
    var lastAction: [UInt32: Action] = [:]
    var carted: Set<UInt32> = []
    for event in TrafficTests.people {
      let visitor = event.visitor.rawValue
      if event.action == .addtocart { carted.insert(visitor) }
      if event.action == .checkout { #expect(carted.contains(visitor)) }
      if event.action == .purchase { #expect(carted.contains(visitor)) }
      lastAction[visitor] = event.action
    }
    #expect(lastAction.values.contains(.purchase))
  }

  @Test func popularityFallsAsARankPower() {
    var counts: [UInt32: Int] = [:]
    for event in TrafficTests.people where event.page.kind == .product { counts[event.page.number, default: 0] += 1 }
    let ranked = counts.values.sorted(by: >)
    // between the ranks 4 and 256, 64 times apart, an exponent of one asks for a factor of 64
    let factor = Double(ranked[3]) / Double(ranked[255])
    #expect((25...130).contains(factor), "\(factor)")
    #expect(ranked.count > 900)
  }

  @Test func visitorsReturnOnOtherDays() {
    var days: [UInt32: Set<Int64>] = [:]
    for event in TrafficTests.people { days[event.visitor.rawValue, default: []].insert(event.time / 86_400_000) }
    let returning = days.values.count { $0.count > 1 }
    #expect((0.2...0.9).contains(Double(returning) / Double(days.count)))
    #expect((3_000...6_000).contains(days.count))
  }

  @Test func nightsAreQuietAndWeekendsBusy() {
    var hours = [Int](repeating: 0, count: 24)
    var weekdays = [Int](repeating: 0, count: 7)
    for event in TrafficTests.people {
      hours[TrafficCurve.hour(at: event.time)] += 1
      weekdays[TrafficCurve.weekday(at: event.time)] += 1
    }
    #expect(hours[20] > 8 * hours[3])
    #expect(weekdays[6] > weekdays[0])
    #expect(weekdays[5] > weekdays[4])
  }

  @Test func botsKeepToTheirShare() {
    let botCount = TrafficTests.events.count - TrafficTests.people.count
    #expect((2_600...3_400).contains(botCount))
    let scraped = TrafficTests.events.filter { $0.visitor == .scraper }.map(\.time)
    // more than a hundred requests within a hundred seconds
    #expect(zip(scraped, scraped.dropFirst(100)).contains { $1 - $0 < 100_000 })
    #expect(TrafficTests.people.count == 60_000 - botCount)
  }

  @Test func sourcesDevicesAndCampaignsAreMixed() {
    let share = { (isIn: (ClickEvent) -> Bool) -> Double in
      Double(TrafficTests.people.count(where: isIn)) / Double(TrafficTests.people.count)
    }
    #expect((0.1...0.5).contains(share { $0.referrer.kind == .external }))
    #expect((0.03...0.3).contains(share { $0.page.campaign > 0 }))
    #expect((0.3...0.6).contains(share { UserAgents.people[Int($0.agent)].isPhone }))
    #expect(Set(TrafficTests.people.map(\.agent)).count > 18)
    #expect(Set(TrafficTests.people.filter { $0.referrer.kind == .external }.map(\.referrer.number)).count == 15)
    // a person keeps to one browser
    var agents: [UInt32: UInt16] = [:]
    #expect(
      TrafficTests.people.allSatisfy {
        agents.updateValue($0.agent, forKey: $0.visitor.rawValue) ?? $0.agent == $0.agent
      })
  }

  @Test(
    arguments: [(20_000, 3_600_000, 3), (20_000, 86_400_000, 14), (40_000, 5_184_000_000, 0)] as [(Int, Int64, Int64)])
  func streamsSpanTheirDuration(eventCount: Int, duration: Int64, startHour: Int64) {
    var options = ClickstreamOptions()
    options.startMilliseconds += startHour * 3_600_000
    (options.eventCount, options.durationMilliseconds) = (eventCount, duration)
    var traffic = SiteTraffic(options)
    var last: Int64 = 0
    for _ in 0..<eventCount { last = traffic.next().time }
    let span = Double(last - options.startMilliseconds) / Double(duration)
    #expect((0.9...1.1).contains(span), "\(span)")
  }

  @Test func addressesTellVisitorsApart() {
    let humans = (0..<100_000).map { VisitorNumber.human($0).address }
    #expect(Set(humans).count == humans.count)
    #expect(humans.allSatisfy { $0 >> 24 == 10 })
    let crawlers = (0..<UserAgents.crawlers.count).flatMap { agent in
      (0..<VisitorNumber.crawlerAddressCount).map { VisitorNumber.crawler(agent: agent, address: $0).address }
    }
    #expect(Set(crawlers + [VisitorNumber.scraper.address]).count == crawlers.count + 1)
  }
}
