/// A visit under way; it holds what its next event will be.
struct Visit: BitwiseCopyable, Sendable {
  enum Walker: UInt8, BitwiseCopyable, Sendable { case person, crawler, scraper }

  var walker: Walker
  var visitor: VisitorNumber
  var agent: UInt16
  var isPhone = false
  var action: Action = .view
  var page = Page()
  var referrer = Page()
  /// The item looked at last; the category it is from is what the visit is after.
  var item: UInt32 = 0
  var cartItem: UInt32 = 0
  var cartHundredths: UInt32 = 0
  /// Requests a bot still has to make.
  var requestsLeft: UInt32 = 0
}

/// How visits move through the shop: landing, lists, search, products, cart, checkout, purchase, with drop-off at
/// each step.
///
/// Method: a Markov chain over kinds of pages, log-normal dwell times. One pause in a hundred is long; after a long one
/// a visitor may come back by another source. Crawlers walk lists and products evenly; the scraper takes
/// product after product, several a second. Cost: 50–100 ns a step.
struct SiteWalk: Sendable {
  private enum Step: Int { case leave, home, listing, nextPage, search, product, cart, checkout, purchase }

  let catalogue: Catalogue
  private let seed: UInt64
  private let agentTable = AliasTable(UserAgents.people.map(\.weight))
  private let crawlerTable = AliasTable(UserAgents.crawlers.map(\.weight))
  private let newSourceTable = AliasTable(TrafficSources.all.map(\.newWeight))
  private let returningSourceTable = AliasTable(TrafficSources.all.map(\.returningWeight))
  /// By kind of the present page, weights in the order of ``Step``.
  private let stepTables: [AliasTable] = [
    [1, 0, 0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0],  // none, external: never stood on
    [230, 0, 450, 0, 210, 110, 0, 0, 0],  // home
    [200, 20, 40, 150, 60, 530, 0, 0, 0],  // listing
    [210, 10, 70, 0, 130, 580, 0, 0, 0],  // search
    [290, 20, 170, 0, 50, 370, 100, 0, 0],  // product
    [230, 10, 100, 0, 20, 300, 0, 340, 0],  // cart
    [370, 0, 0, 0, 0, 60, 0, 0, 570],  // checkout
    [900, 50, 20, 0, 0, 30, 0, 0, 0],  // confirmation
  ].map { AliasTable($0) }
  /// Median seconds on a kind of page.
  private let dwellSeconds: [Double] = [1, 1, 9, 17, 12, 30, 20, 80, 25]
  private let phoneLeavesCheckout = Probability(0.25)
  private let pausesLong = Probability(0.012)
  private let comesBackBySource = Probability(0.3)

  init(_ options: ClickstreamOptions) {
    catalogue = Catalogue(options)
    seed = options.seed
  }

  /// The first event of a person's visit.
  func person(_ visitor: VisitorNumber, isReturning: Bool, at time: Int64, _ random: inout RandomSource) -> Visit {
    let agent = agentTable.pick(Visitor(visitor, seed: seed).agentWord)
    var visit = Visit(
      walker: .person, visitor: visitor, agent: UInt16(agent), isPhone: UserAgents.people[agent].isPhone)
    visit.item = UInt32(catalogue.draw(&random))
    land(&visit, isReturning: isReturning, at: time, &random)
    return visit
  }

  private func land(_ visit: inout Visit, isReturning: Bool, at time: Int64, _ random: inout RandomSource) {
    let source = TrafficSources.all[(isReturning ? returningSourceTable : newSourceTable).draw(&random)]
    let percent = random.below(100)
    visit.action = .view
    if percent < source.productLandings {
      visit.page = Page(kind: .product, number: visit.item)
    } else if percent < source.productLandings + source.listingLandings {
      visit.page = Page(kind: .listing, detail: 1, number: UInt32(catalogue.category(Int(visit.item))))
    } else {
      visit.page = Page(kind: .home)
    }
    if let channel = source.channel {
      visit.page.campaign = UInt8(1 + TrafficSources.campaign(channel: channel, at: time))
    }
    visit.referrer = source.referrer.map { Page(kind: .external, number: UInt32($0)) } ?? Page()
  }

  /// The first event of a crawler's visit.
  func crawler(requestCount: Int, _ random: inout RandomSource) -> Visit {
    let agent = crawlerTable.draw(&random)
    let visitor = VisitorNumber.crawler(agent: agent, address: random.below(VisitorNumber.crawlerAddressCount))
    var visit = Visit(walker: .crawler, visitor: visitor, agent: UInt16(UserAgents.crawlerBase + agent))
    visit.requestsLeft = UInt32(requestCount)
    visit.page = Page(kind: .home)
    return visit
  }

  /// The first event of a run of the scraper.
  func scraper(requestCount: Int, _ random: inout RandomSource) -> Visit {
    var visit = Visit(walker: .scraper, visitor: .scraper, agent: UInt16(UserAgents.scraperIndex))
    visit.requestsLeft = UInt32(requestCount)
    visit.item = UInt32(random.below(catalogue.itemCount))
    visit.page = Page(kind: .product, number: visit.item)
    return visit
  }

  /// The event a visit stands at.
  @inline(__always)
  func event(_ visit: Visit, at time: Int64) -> ClickEvent {
    let item: UInt32
    switch visit.page.kind {
    case .product, .cart: item = visit.page.number
    case .confirmation: item = visit.cartItem
    default: item = ClickEvent.noItem
    }
    return ClickEvent(
      time: time, visitor: visit.visitor, agent: visit.agent, action: visit.action, page: visit.page,
      referrer: visit.referrer, item: item, valueHundredths: visit.action == .purchase ? visit.cartHundredths : 0)
  }

  /// Moves a visit on to its next event; the milliseconds until then, or nil when it is over.
  func advance(_ visit: inout Visit, at time: Int64, _ random: inout RandomSource) -> Int64? {
    switch visit.walker {
    case .person: advancePerson(&visit, at: time, &random)
    case .crawler, .scraper: advanceBot(&visit, &random)
    }
  }

  private func advancePerson(_ visit: inout Visit, at time: Int64, _ random: inout RandomSource) -> Int64? {
    let kind = Int(visit.page.kind.rawValue)
    guard let step = Step(rawValue: stepTables[kind].draw(&random)), step != .leave else { return nil }
    if step == .purchase, visit.isPhone, random.chance(phoneLeavesCheckout) { return nil }
    if random.chance(pausesLong) {
      let pause = Int64(300_000 + random.below(7_200_000))
      if random.chance(comesBackBySource) {
        land(&visit, isReturning: true, at: time + pause, &random)
      } else {
        move(&visit, step, &random)
      }
      return pause
    }
    let seconds = random.logNormal(median: dwellSeconds[kind], deviation: 0.9)
    move(&visit, step, &random)
    return Int64(min(max(seconds, 0.4), 7_200) * 1_000)
  }

  private func move(_ visit: inout Visit, _ step: Step, _ random: inout RandomSource) {
    visit.referrer = visit.page
    // the cart is a form's target: it is not a page to come from
    if visit.page.kind == .cart { visit.referrer = Page(kind: .product, number: visit.page.number) }
    visit.action = .view
    let category = catalogue.category(Int(visit.item))
    switch step {
    case .leave: break
    case .home: visit.page = Page(kind: .home)
    case .listing: visit.page = Page(kind: .listing, detail: 1, number: UInt32(category))
    case .nextPage:
      visit.page = Page(kind: .listing, detail: min(visit.page.detail + 1, 40), number: visit.page.number)
    case .search:
      visit.action = .search
      let term = random.below(Catalogue.searchTerms.count)
      visit.page = Page(kind: .search, number: UInt32(term))
      visit.item = UInt32(catalogue.draw(category: term % catalogue.categoryCount, &random))
    case .product:
      visit.item = UInt32(catalogue.draw(category: category, &random))
      visit.page = Page(kind: .product, number: visit.item)
    case .cart:
      visit.action = .addtocart
      visit.page = Page(kind: .cart, number: visit.item)
      visit.cartItem = visit.item
      let quantity = random.below(12) == 0 ? 2 : 1
      visit.cartHundredths &+= UInt32(catalogue.priceHundredths(Int(visit.item)) * quantity)
    case .checkout:
      visit.action = .checkout
      visit.page = Page(kind: .checkout)
    case .purchase:
      visit.action = .purchase
      visit.page = Page(kind: .confirmation)
    }
    if visit.referrer.kind == .confirmation { visit.cartHundredths = 0 }
  }

  private func advanceBot(_ visit: inout Visit, _ random: inout RandomSource) -> Int64? {
    visit.requestsLeft -= 1
    if visit.requestsLeft == 0 { return nil }
    if visit.walker == .scraper {
      visit.item = (visit.item + 1) % UInt32(catalogue.itemCount)
      visit.page = Page(kind: .product, number: visit.item)
      return Int64(120 + random.below(500))
    }
    if random.below(4) == 0 {
      let category = random.below(catalogue.categoryCount)
      visit.page = Page(kind: .listing, detail: UInt16(1 + random.below(5)), number: UInt32(category))
    } else {
      visit.page = Page(kind: .product, number: UInt32(random.below(catalogue.itemCount)))
    }
    return Int64(1_500 + random.below(9_000))
  }
}
