import FlatMemory

/// What a report has to be told about the site.
public struct ReportOptions: Sendable, Equatable {
  /// Hosts of the site itself: a referrer on one of them (or below it) counts as direct. Needed only where logged
  /// URLs are bare paths; a full entry URL tells its host itself.
  public var siteHosts: [String]

  public init(siteHosts: [String] = []) { self.siteHosts = siteHosts }
}

/// Gathers a session report from closed sessions, one at a time.
///
/// Guarantees: the report depends on the sequence of rows only. State is integers, so a restored accumulator goes on
/// bit for bit as the original would have. Memory stays below 16 MB whatever the input; which figures are then
/// estimates, and how good, is written in the report (see the module's documentation).
/// Cost: about 170 ns a session; ``write(into:)`` 5 ms at most.
public struct SessionReportAccumulator: ~Copyable {
  private let memory: ReportMemory
  let counters: SessionCounters
  private(set) var durations: LogHistogram
  private(set) var viewsPerSession: LogHistogram
  private(set) var delays: FunnelDelays
  private(set) var users: UserSample
  private(set) var timeline: AdaptiveTimeline
  private(set) var entries: FrequentItems
  private(set) var exits: FrequentItems
  private(set) var referrers: FrequentItems
  private(set) var campaigns: FrequentItems
  private(set) var flow: PathFlow
  private let agents: AgentClassifier
  private let sources: TrafficSources

  public init(options: ReportOptions = ReportOptions()) {
    var memory = ReportMemory()
    counters = SessionCounters(in: &memory)
    durations = LogHistogram(in: &memory)
    viewsPerSession = LogHistogram(in: &memory)
    delays = FunnelDelays(in: &memory)
    timeline = AdaptiveTimeline(in: &memory)
    agents = AgentClassifier(in: &memory)
    sources = TrafficSources(siteHosts: options.siteHosts, in: &memory)
    users = UserSample(in: &memory)
    entries = FrequentItems(capacity: 8192, labelBytesMax: PageURL.pageBytesMax, in: &memory)
    exits = FrequentItems(capacity: 8192, labelBytesMax: PageURL.pageBytesMax, in: &memory)
    referrers = FrequentItems(capacity: 4096, labelBytesMax: 96, in: &memory)
    campaigns = FrequentItems(capacity: 4096, labelBytesMax: 3 * TrafficSource.textBytesMax + 2, in: &memory)
    flow = PathFlow(in: &memory)
    self.memory = memory
    counters[.startMin] = .max
    counters[.startMax] = .min
    counters[.endMax] = .min
  }
  deinit { memory.release() }

  /// Sessions added so far.
  public var sessionCount: Int { Int(counters[.sessions]) }

  /// Adds a closed session; `bytes` is the arena its texts lie in.
  public mutating func add(_ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>) {
    // the user's slot is the one certain cache miss: ask for it now, use it last
    let userKey = UserSample.key(ofUserHash: row.pointee.userHash)
    users.prefetch(userKey)
    let start = min(max(row.pointee.start, Self.timeMin), Self.timeMax)
    let end = min(max(row.pointee.end, start), Self.timeMax)
    let duration = end &- start
    let views = Int64(row.pointee.views)
    let purchase: Int64 = row.pointee.purchaseDelayMilliseconds == SessionRow.none ? 0 : 1
    let isEngaged = duration > Self.engagedAfterMilliseconds || purchase == 1 || views >= 2
    let outcome = Outcome(bounces: isEngaged ? 0 : 1, purchases: purchase)

    addFigures(row, start: start, end: end, outcome)
    durations.add(duration)
    viewsPerSession.add(views)
    delays.add(row, counters)

    let day = Self.day(of: start)
    let hour = (start &- day &* Self.dayMilliseconds) / 3_600_000
    let weekday = (day &+ 3 &+ 7 * 1_000_000) % 7
    let cell = Int(truncatingIfNeeded: weekday &* 24 &+ hour)
    counters.hours[cell] &+= 1
    counters.hours[cell &+ 168] &+= views
    timeline.add(time: start, views: views, userKey: userKey)

    addAgent(row, bytes, outcome)
    addPagesAndSource(row, bytes, outcome)
    flow.add(row, bytes)
    users.add(userKey, day: Int32(truncatingIfNeeded: day))
  }

  /// A session longer than this is engaged.
  static let engagedAfterMilliseconds: Int64 = 10_000
  static let dayMilliseconds: Int64 = 86_400_000
  /// Times outside of the years 1 to 9999 count as their limits.
  static let timeMin: Int64 = -62_135_596_800_000
  static let timeMax: Int64 = 253_402_300_799_999

  @inline(__always)
  static func day(of time: Int64) -> Int64 {
    let q = time / dayMilliseconds
    return time < 0 && q &* dayMilliseconds != time ? q &- 1 : q
  }

  /// What every breakdown counts besides sessions.
  struct Outcome: BitwiseCopyable {
    var bounces: Int64
    var purchases: Int64
  }

  /// Upper bounds of the duration bins, milliseconds, the last one open.
  static let durationBinBounds: [Int64] = [
    0, 1_000, 3_000, 10_000, 30_000, 60_000, 180_000, 600_000, 1_800_000, 3_600_000, 10_800_000,
  ]

  @inline(__always)
  private static func durationBin(_ d: Int64) -> Int {
    var n = 0
    n &+= d > 0 ? 1 : 0
    n &+= d > 1_000 ? 1 : 0
    n &+= d > 3_000 ? 1 : 0
    n &+= d > 10_000 ? 1 : 0
    n &+= d > 30_000 ? 1 : 0
    n &+= d > 60_000 ? 1 : 0
    n &+= d > 180_000 ? 1 : 0
    n &+= d > 600_000 ? 1 : 0
    n &+= d > 1_800_000 ? 1 : 0
    n &+= d > 3_600_000 ? 1 : 0
    n &+= d > 10_800_000 ? 1 : 0
    return n
  }

  @inline(__always)
  private func addFigures(_ row: UnsafePointer<SessionRow>, start: Int64, end: Int64, _ outcome: Outcome) {
    counters.add(.sessions, 1)
    counters.add(.events, Int64(row.pointee.events))
    counters.add(.views, Int64(row.pointee.views))
    counters.add(.items, Int64(row.pointee.items))
    counters.add(.durationMilliseconds, end &- start)
    counters.add(.engaged, 1 &- outcome.bounces)
    counters.add(.purchases, outcome.purchases)
    counters.add(value: row.pointee.value)
    counters[.startMin] = min(counters[.startMin], start)
    counters[.startMax] = max(counters[.startMax], start)
    counters[.endMax] = max(counters[.endMax], end)
    counters.durations[Self.durationBin(end &- start)] &+= 1
    counters.add(
      .ending, row.pointee.endedBy.rawValue, bounces: outcome.bounces, purchases: outcome.purchases)
  }

  @inline(__always)
  private func addAgent(_ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, _ outcome: Outcome) {
    let span = row.pointee.agent
    var agent = AgentClass()
    let p = bytes + Int(span.offset)
    if Self.isAbsent(span, p) {
      counters.add(.agentAbsent, 1)
    } else {
      agent = agents.classify(p, Int(span.length))
      let (b, u) = (outcome.bounces, outcome.purchases)
      counters.add(.device, agent.device.rawValue, bounces: b, purchases: u)
      if agent.bot == .none {
        counters.add(.system, agent.system.rawValue, bounces: b, purchases: u)
        counters.add(.browser, agent.browser.rawValue, bounces: b, purchases: u)
      }
    }
    if agent.bot == .none, row.pointee.flags & 1 != 0 || row.pointee.endedBy == .bot { agent.bot = .rate }
    guard agent.bot != .none else { return }
    counters.add(.bot, agent.bot.rawValue, bounces: outcome.bounces, purchases: outcome.purchases)
    counters.add(.botSessions, 1)
    counters.add(.botEvents, Int64(row.pointee.events))
    counters.add(.botViews, Int64(row.pointee.views))
    counters.add(.botEngaged, 1 &- outcome.bounces)
  }

  /// Not logged, empty, or the "-" of access logs.
  @inline(__always)
  private static func isAbsent(_ span: ByteSpan, _ p: UnsafePointer<UInt8>) -> Bool {
    span.isAbsent || span.length == 0 || (span.length == 1 && p[0] == UInt8(ascii: "-"))
  }

  @inline(__always)
  private mutating func addPagesAndSource(
    _ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, _ outcome: Outcome
  ) {
    let (entry, exit) = (row.pointee.entry, row.pointee.exit)
    let p = bytes + Int(entry.offset)
    var url = PageURL(p, 0)
    var pageHash: UInt64 = 0
    if Self.isAbsent(entry, p) {
      counters.add(.entryAbsent, 1)
    } else {
      url = PageURL(p, Int(entry.length))
      pageHash = url.pageHash(p)
      Self.count(pageHash, url, p, in: &entries, outcome)
    }
    let q = bytes + Int(exit.offset)
    if exit == entry, !entry.isAbsent, pageHash != 0 {
      Self.count(pageHash, url, p, in: &exits, outcome)
    } else if Self.isAbsent(exit, q) {
      counters.add(.exitAbsent, 1)
    } else {
      let last = PageURL(q, Int(exit.length))
      Self.count(last.pageHash(q), last, q, in: &exits, outcome)
    }
    addSource(row, bytes, p, url, outcome)
  }

  @inline(__always)
  private static func count(
    _ hash: UInt64, _ url: PageURL, _ p: UnsafePointer<UInt8>, in table: inout FrequentItems, _ outcome: Outcome
  ) {
    if table.add(hash, weight: 1, bounces: outcome.bounces, purchases: outcome.purchases) != 0 { return }
    table.insert(hash) { url.writePage(p, into: &$0) }
    _ = table.add(hash, weight: 1, bounces: outcome.bounces, purchases: outcome.purchases)
  }

  @inline(__always)
  private mutating func addSource(
    _ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, _ p: UnsafePointer<UInt8>, _ url: PageURL,
    _ outcome: Outcome
  ) {
    let (bounces, purchases) = (outcome.bounces, outcome.purchases)
    let span = row.pointee.referrer
    let r = bytes + Int(span.offset)
    var host: ReferrerHost?
    var referrer = PageURL(r, 0)
    if Self.isAbsent(span, r) {
      counters.add(.referrerAbsent, 1)
    } else {
      referrer = PageURL(r, Int(span.length))
      // a bare word is no URL: "google.com" is a host that came without its scheme
      if !referrer.hasHost { (referrer.hostStart, referrer.hostEnd) = (referrer.pathStart, Self.wordEnd(r, referrer)) }
      let (h, n) = (r + referrer.hostStart, referrer.hostEnd &- referrer.hostStart)
      let found = sources.host(h, n)
      if n == 0 || found.kind == .own
        || (url.hasHost && isSameSite(p + url.hostStart, url.hostEnd &- url.hostStart, h, n))
      {
        counters.add(.referrerOwn, 1)
      } else {
        host = found
        if referrers.add(found.hash, weight: 1, bounces: bounces, purchases: purchases) == 0 {
          referrers.insert(found.hash) { $0.part(TrafficSources.normalized(h, n), bytesMax: 96) }
          _ = referrers.add(found.hash, weight: 1, bounces: bounces, purchases: purchases)
        }
      }
    }
    let (h, n) = (r + referrer.hostStart, referrer.hostEnd &- referrer.hostStart)
    let tags = url.hasQuery ? CampaignTags(p, from: url.queryStart, to: url.queryEnd) : CampaignTags()
    let source =
      tags.isEmpty ? host?.source ?? sources.direct : sources.campaign(p, tags, host: host, referrer: h, n)
    counters.add(.channel, source.channel.rawValue, bounces: bounces, purchases: purchases)
    if campaigns.add(source.hash, weight: 1, bounces: bounces, purchases: purchases) != 0 { return }
    let hostText = host == nil ? nil : TrafficSources.normalized(h, n)
    let resolved =
      tags.isEmpty
      ? hostText.map { sources.referred(by: $0).source } ?? TrafficSource.direct
      : sources.resolve(p, tags, hostText: hostText)
    campaigns.insert(source.hash) { resolved.write(into: &$0) }
    _ = campaigns.add(source.hash, weight: 1, bounces: bounces, purchases: purchases)
  }

  /// The end of the first path segment of a referrer without a scheme; empty for a path of the site itself ("/…").
  private static func wordEnd(_ p: UnsafePointer<UInt8>, _ url: PageURL) -> Int {
    var i = url.pathStart
    while i < url.pathEnd, p[i] != UInt8(ascii: "/") { i += 1 }
    return i
  }

  mutating func readState(from r: inout StateReader) throws {
    try counters.read(from: &r)
    try durations.read(from: &r)
    try viewsPerSession.read(from: &r)
    try delays.read(from: &r)
    try users.read(from: &r)
    try timeline.read(from: &r)
    try entries.read(from: &r)
    try exits.read(from: &r)
    try referrers.read(from: &r)
    try campaigns.read(from: &r)
    try flow.read(from: &r)
  }
}

/// Whether two hosts are one site: equal, or one below the other, "www." apart.
@inline(__always)
func isSameSite(_ a: UnsafePointer<UInt8>, _ aCount: Int, _ b: UnsafePointer<UInt8>, _ bCount: Int) -> Bool {
  let www: UInt32 = 0x2e77_7777  // "www."
  let aSkip = aCount > 4 && load4(a) == www ? 4 : 0
  let bSkip = bCount > 4 && load4(b) == www ? 4 : 0
  let (x, n) = (a + aSkip, aCount &- aSkip)
  let (y, m) = (b + bSkip, bCount &- bSkip)
  if n == m { return equalBytes(x, y, n) }
  let (long, longCount, short, shortCount) = n > m ? (x, n, y, m) : (y, m, x, n)
  let extra = longCount &- shortCount
  return shortCount > 0 && long[extra &- 1] == UInt8(ascii: ".") && equalBytes(long + extra, short, shortCount)
}
