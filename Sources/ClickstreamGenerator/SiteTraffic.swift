/// All visits of a site as one endless sequence of events in time order.
///
/// Guarantees: times never go back; bots cause ``ClickstreamOptions/botShare`` of the events, within one run of the
/// scraper. Cost: 200 ns an event; memory for the visits under way only.
struct SiteTraffic: Sendable {
  private let walk: SiteWalk
  private var pool: VisitorPool
  private var curve: TrafficCurve
  private var random: RandomSource
  private var visits = TimeQueue<Visit>()
  private var nextArrival: Int64
  private let crawlerShare: Double
  private let scraperShare: Double
  private var eventCount = 0.0
  /// Requests given to bots so far.
  private var crawlerEventCount = 0.0
  private var scraperEventCount = 0.0

  var catalogue: Catalogue { walk.catalogue }
  /// Distinct people so far.
  var visitorCount: Int { pool.seenCount }

  init(_ options: ClickstreamOptions) {
    walk = SiteWalk(options)
    pool = VisitorPool(options)
    random = RandomSource(seed: options.seed, stream: 1)
    crawlerShare = options.botShare * 0.6
    scraperShare = options.botShare * 0.4
    let personEventCount = options.plannedEventCount * (1 - options.botShare)
    let eventsPerVisit = SiteTraffic.eventsPerVisit(walk, seed: options.seed, start: options.startMilliseconds)
    curve = TrafficCurve(
      startMilliseconds: options.startMilliseconds, durationMilliseconds: options.plannedDurationMilliseconds,
      visitCount: personEventCount / eventsPerVisit)
    nextArrival = curve.next(&random)
  }

  /// Mean of 5,000 trial visits.
  private static func eventsPerVisit(_ walk: SiteWalk, seed: UInt64, start: Int64) -> Double {
    var random = RandomSource(seed: seed, stream: 2)
    var eventCount = 0
    for trial in 0..<5_000 {
      var visit = walk.person(.human(trial), isReturning: trial % 2 == 0, at: start, &random)
      repeat { eventCount += 1 } while walk.advance(&visit, at: start, &random) != nil
    }
    return Double(eventCount) / 5_000
  }

  /// The next event.
  mutating func next() -> ClickEvent {
    while visits.firstTime >= nextArrival { arrive() }
    let time = visits.firstTime
    var visit = visits.first
    let event = walk.event(visit, at: time)
    if let delay = walk.advance(&visit, at: time, &random) {
      visits.replaceFirst(with: visit, at: time + delay)
    } else {
      visits.removeFirst()
    }
    eventCount += 1
    return event
  }

  /// A person's visit begins, and with it, when bots are behind their share, one of theirs.
  private mutating func arrive() {
    let time = nextArrival
    nextArrival = curve.next(&random)
    let hour = TrafficCurve.hour(at: time)
    let (visitor, isReturning) = pool.next(hour: hour, weekday: TrafficCurve.weekday(at: time), &random)
    visits.insert(walk.person(visitor, isReturning: isReturning, at: time, &random), at: time)
    while crawlerEventCount < eventCount * crawlerShare {
      let requestCount = 3 + Int(random.exponential() * 9)
      crawlerEventCount += Double(requestCount)
      let delay = Int64(random.below(60_000))
      visits.insert(walk.crawler(requestCount: requestCount, &random), at: time + delay)
    }
    while scraperEventCount + 60 < eventCount * scraperShare {
      let requestCount = 120 + random.below(180)
      scraperEventCount += Double(requestCount)
      visits.insert(walk.scraper(requestCount: requestCount, &random), at: time)
    }
  }
}
