import CKernels
import FlatMemory

/// What a report has to be told about the site.
public struct ReportOptions: Sendable, Equatable {
  /// Hosts of the site itself: a referrer on one of them (or below it) counts as direct. Needed only where logged
  /// URLs are bare paths; a full entry URL tells its host itself.
  public var siteHosts: [String]

  public init(siteHosts: [String] = []) { self.siteHosts = siteHosts }
}

/// Gathers a session report from closed sessions.
///
/// Method: rows are taken in blocks of 64, in three rounds: their texts are read, with the cache lines their pages and
/// users will need asked for on the way; then the pages' own lines; then all is counted, row by row.
/// Guarantees: the report depends on the sequence of rows only, not on how they come in calls. State is integers, so a restored accumulator goes on
/// bit for bit as the original would have. Memory stays below 16 MB whatever the input; which figures are then
/// estimates, and how good, is written in the report (see the module's documentation).
/// Cost: about 105 ns a session in batches of thousands (see the module's documentation); ``write(into:)`` 5 ms at most.
@safe public struct SessionReportAccumulator: ~Copyable {
  private let memory: ReportMemory
  let counters: SessionCounters
  private(set) var durations: LogHistogram
  private(set) var viewsPerSession: LogHistogram
  private(set) var delays: FunnelDelays
  private(set) var users: UserSample
  private(set) var timeline: AdaptiveTimeline
  private(set) var pages: PageCounts
  private(set) var referrers: FrequentItems
  private(set) var campaigns: FrequentItems
  private(set) var flow: PathFlow
  private let reader: RowReader
  /// Of the block at hand: what its rows say, and positions of those that have what only some have.
  private let facts: UnsafeMutablePointer<RowFacts>
  private let chosen: UnsafeMutablePointer<UInt8>
  /// Pages of the block's paths, as many a row as a path has at most.
  private let pathPages: UnsafeMutablePointer<UInt64>
  /// Their positions as ``FrequentItems/hint(_:)`` gave them.
  private let pathHints: UnsafeMutablePointer<Int32>
  private var today = CalendarDay()

  public init(options: ReportOptions = ReportOptions()) {
    var memory = ReportMemory()
    counters = SessionCounters(in: &memory)
    durations = LogHistogram(in: &memory)
    viewsPerSession = LogHistogram(in: &memory)
    delays = FunnelDelays(in: &memory)
    timeline = AdaptiveTimeline(in: &memory)
    reader = RowReader(siteHosts: options.siteHosts, in: &memory)
    unsafe facts = unsafe memory.take(RowFacts.self, count: Self.blockRows)
    unsafe pathPages = unsafe memory.take(UInt64.self, count: Self.blockRows * PathFlow.viewsMax)
    unsafe pathHints = unsafe memory.take(Int32.self, count: Self.blockRows * PathFlow.viewsMax)
    unsafe chosen = unsafe memory.take(UInt8.self, count: 5 * Self.blockRows)
    users = UserSample(in: &memory)
    pages = PageCounts(in: &memory)
    referrers = FrequentItems(capacity: 4096, labelBytesMax: 96, in: &memory)
    campaigns = FrequentItems(capacity: 4096, labelBytesMax: 3 * TrafficSource.textBytesMax + 2, in: &memory)
    flow = PathFlow(in: &memory)
    self.memory = memory
    counters[.startMin] = .max
    counters[.startMax] = .min
    counters[.endMax] = .min
  }
  deinit { memory.release() }

  /// Readies the memory of the accumulator that is made next, on another thread; for those who have other things to do
  /// before they make it.
  public static func prepareMemory() { ReportMemory.prepare() }

  /// Sessions added so far.
  public var sessionCount: Int { Int(counters[.sessions]) }

  /// Adds a closed session; `bytes` is the arena its texts lie in. Many sessions at once are cheaper.
  public mutating func add(_ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>) {
    unsafe withUnsafePointer(to: PlacedRow(row, bytes)) { unsafe addBlock($0, 1, ahead: 1) }
  }

  /// Adds closed sessions in the order of `rows`.
  public mutating func add(_ rows: UnsafeBufferPointer<PlacedRow>) {
    guard let first = rows.baseAddress else { return }
    var from = 0
    while from < rows.count {
      let left = rows.count &- from
      unsafe addBlock(first + from, min(left, Self.blockRows), ahead: left)
      from &+= Self.blockRows
    }
  }

  private static let blockRows = 64

  /// How many rows of a block have what only some have; which ones is in ``chosen``.
  private struct Chosen: BitwiseCopyable {
    var sources = 0
    var carts = 0
    var paths = 0
    var users = 0
    var agents = 0
  }
  @inline(__always) private var withSource: UnsafeMutablePointer<UInt8> { unsafe chosen }
  @inline(__always) private var withCart: UnsafeMutablePointer<UInt8> { unsafe chosen + Self.blockRows }
  @inline(__always) private var withPath: UnsafeMutablePointer<UInt8> { unsafe chosen + 2 * Self.blockRows }
  @inline(__always) private var withUser: UnsafeMutablePointer<UInt8> { unsafe chosen + 3 * Self.blockRows }
  /// Those with an agent, or too fast for a visitor.
  @inline(__always) private var withAgent: UnsafeMutablePointer<UInt8> { unsafe chosen + 4 * Self.blockRows }

  /// Adds `n` of the `ahead` rows that are to come.
  private mutating func addBlock(
    _ rows: UnsafePointer<PlacedRow>, _ n: Int, ahead: Int
  ) {
    let some = unsafe read(rows, n, ahead: ahead)
    for k in 0..<some.paths {
      let r = unsafe rows[Int(withPath[k])]
      unsafe flow.read(r.row, r.bytes, near: reader.origin, into: pathPages + k &* PathFlow.viewsMax)
    }
    unsafe addTimes(rows, n, some)
    let totals = unsafe addFigures(rows, n)
    for k in 0..<some.paths {
      let pages = k &* PathFlow.viewsMax
      unsafe flow.prefetch(rows[Int(withPath[k])].row, pathPages + pages, into: pathHints + pages)
    }
    for k in 0..<some.carts { unsafe delays.add(rows[Int(withCart[k])].row, counters) }
    for i in 0..<n { unsafe addPages(rows[i].bytes, facts + i) }
    unsafe addSources(rows, n, some, of: totals)
    counters.add(.agentAbsent, Int64(n))
    for k in 0..<some.agents {
      let i = unsafe Int(withAgent[k])
      unsafe addAgent(rows[i].row, facts + i)
    }
    for k in 0..<some.paths {
      let r = unsafe rows[Int(withPath[k])]
      let pages = k &* PathFlow.viewsMax
      unsafe flow.add(r.row, r.bytes, pathPages + pages, pathHints + pages)
    }
    for k in 0..<some.users {
      let f = unsafe facts + Int(withUser[k])
      unsafe users.add(f.pointee.userKey, day: f.pointee.day)
    }
  }

  /// Reads the rows' texts, asks for what counting them will touch, and notes which of them have what only some have:
  /// without branches, since it cannot be foretold.
  @inline(__always)
  private func read(
    _ rows: UnsafePointer<PlacedRow>, _ n: Int, ahead: Int
  ) -> Chosen {
    for i in 0..<n {
      if i &+ 16 < ahead {
        unsafe tw_prefetch(rows[i &+ 16].row)
        unsafe tw_prefetch(UnsafeRawPointer(rows[i &+ 16].row) + (MemoryLayout<SessionRow>.size - 8))
      }
      if i &+ 8 < ahead {
        let text = unsafe rows[i &+ 8].bytes + Int(rows[i &+ 8].row.pointee.entry.offset)
        unsafe tw_prefetch(text)
        unsafe tw_prefetch(text + 64)
      }
      unsafe reader.readPages(rows[i].row, rows[i].bytes, into: facts + i)
    }
    var some = Chosen()
    for i in 0..<n {
      let row = unsafe rows[i].row
      let found = unsafe facts + i
      unsafe reader.readVisitor(row, rows[i].bytes, into: found)
      unsafe pages.prefetch(found.pointee.entryHash)
      unsafe pages.prefetch(found.pointee.exitHash)
      let index = UInt8(truncatingIfNeeded: i)
      unsafe withSource[some.sources] = index
      some.sources &+= unsafe found.pointee.hasSource ? 1 : 0
      unsafe withCart[some.carts] = index
      some.carts &+=
        unsafe row.pointee.cartDelayMilliseconds & row.pointee.checkoutDelayMilliseconds != SessionRow.none ? 1 : 0
      unsafe withPath[some.paths] = index
      some.paths &+= unsafe row.pointee.pathCount > 0 ? 1 : 0
      unsafe withUser[some.users] = index
      some.users &+= unsafe users.isHeld(found.pointee.userKey) ? 1 : 0
      unsafe withAgent[some.agents] = index
      some.agents &+= unsafe found.pointee.hasAgent || Self.isFast(row) ? 1 : 0
    }
    return some
  }

  /// Asks for the pages of row `i`, and for one of the users: a few at a time, more would have to wait for each other.
  @inline(__always)
  private func prefetch(_ i: Int, _ some: Chosen) {
    let f = unsafe facts + i
    unsafe f.pointee.entryHint = unsafe pages.hint(f.pointee.entryHash)
    unsafe f.pointee.exitHint = unsafe pages.hint(f.pointee.exitHash)
    guard i < some.users else { return }
    let user = unsafe Int(withUser[i])
    unsafe users.prefetch(facts[user].userKey)
  }

  /// Counts what the rows' numbers say; gives all their bounces and purchases.
  @inline(never)
  private mutating func addFigures(_ rows: UnsafePointer<PlacedRow>, _ n: Int) -> Outcome {
    var (events, views, items, duration, engaged, purchases) = (
      Int64(0), Int64(0), Int64(0), Int64(0), Int64(0), Int64(0)
    )
    var (startMin, startMax, endMax) = (counters[.startMin], counters[.startMax], counters[.endMax])
    var (lengthMax, viewsMax) = (Int64(0), Int64(0))
    for i in 0..<n {
      let row = unsafe rows[i].row
      let start = unsafe min(max(row.pointee.start, Self.timeMin), Self.timeMax)
      let end = unsafe min(max(row.pointee.end, start), Self.timeMax)
      let length = end &- start
      let viewCount = unsafe Int64(row.pointee.views)
      let purchase: Int64 = unsafe row.pointee.purchaseDelayMilliseconds == SessionRow.none ? 0 : 1
      let isLong: Int64 = length > Self.engagedAfterMilliseconds ? 1 : 0
      let hasViews: Int64 = viewCount >= 2 ? 1 : 0
      let isEngaged = isLong | hasViews | purchase
      let outcome = Outcome(bounces: 1 &- isEngaged, purchases: purchase)
      events &+= unsafe Int64(row.pointee.events)
      views &+= viewCount
      items &+= unsafe Int64(row.pointee.items)
      duration &+= length
      engaged &+= isEngaged
      purchases &+= purchase
      unsafe counters.add(value: row.pointee.value)
      startMin = min(startMin, start)
      startMax = max(startMax, start)
      endMax = max(endMax, end)
      counters.addDuration(length)
      unsafe counters.add(
        .ending, row.pointee.endedBy.rawValue, bounces: outcome.bounces, purchases: outcome.purchases)
      let durationCounted = min(length, LogHistogram.valueMax)
      durations.count(durationCounted)
      viewsPerSession.count(viewCount)
      lengthMax = max(lengthMax, durationCounted)
      viewsMax = max(viewsMax, viewCount)
      unsafe (facts + i).pointee.outcome = outcome
    }
    durations.finish(count: n, maximum: lengthMax)
    viewsPerSession.finish(count: n, maximum: viewsMax)
    counters.add(.sessions, Int64(n))
    counters.add(.events, events)
    counters.add(.views, views)
    counters.add(.items, items)
    counters.add(.durationMilliseconds, duration)
    counters.add(.engaged, engaged)
    counters.add(.purchases, purchases)
    (counters[.startMin], counters[.startMax], counters[.endMax]) = (startMin, startMax, endMax)
    return Outcome(bounces: Int64(n) &- engaged, purchases: purchases)
  }

  /// Counts the rows by time, and asks for what comes next.
  @inline(never)
  private mutating func addTimes(_ rows: UnsafePointer<PlacedRow>, _ n: Int, _ some: Chosen) {
    for i in 0..<n {
      prefetch(i, some)
      let row = unsafe rows[i].row
      let start = unsafe min(max(row.pointee.start, Self.timeMin), Self.timeMax)
      let viewCount = unsafe Int64(row.pointee.views)
      if start < today.start || start >= today.start &+ Self.dayMilliseconds { today = CalendarDay(of: start) }
      let cell = today.hourOfWeek(start)
      unsafe counters.hours[cell] &+= 1
      unsafe counters.hours[cell &+ 168] &+= viewCount
      let f = unsafe facts + i
      unsafe timeline.add(time: start, views: viewCount, userKey: f.pointee.userKey)
      unsafe f.pointee.day = today.number
    }
  }

  /// A day, UTC. Sessions come nearly in order, so the day of one is mostly that of the one before.
  private struct CalendarDay: BitwiseCopyable {
    /// Since 1970-01-01.
    var number: Int32 = 0
    var start: Int64 = 0
    /// Hours of the week before it, from Monday.
    private var hours: Int = 3 * 24

    init() {}
    init(of time: Int64) {
      let day = SessionReportAccumulator.day(of: time)
      number = Int32(truncatingIfNeeded: day)
      start = day &* SessionReportAccumulator.dayMilliseconds
      hours = Int(truncatingIfNeeded: (day &+ 3 &+ 7 * 1_000_000) % 7) &* 24
    }
    /// 0 on Mondays at 00:00 to 167; of a time on this day.
    @inline(__always)
    func hourOfWeek(_ time: Int64) -> Int {
      hours &+ Int(UInt32(truncatingIfNeeded: time &- start) / 3_600_000)
    }
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

  /// More events in its time than a visitor can make.
  @inline(__always)
  private static func isFast(_ row: UnsafePointer<SessionRow>) -> Bool {
    unsafe (row.pointee.flags & 1) | (row.pointee.endedBy == .bot ? 1 : 0) != 0
  }

  /// Counts an agent; all rows were counted as those without one before.
  @inline(__always)
  private func addAgent(_ row: UnsafePointer<SessionRow>, _ facts: UnsafePointer<RowFacts>) {
    let outcome = unsafe facts.pointee.outcome
    var agent = unsafe facts.pointee.hasAgent ? facts.pointee.agent : AgentClass()
    if unsafe facts.pointee.hasAgent {
      counters.add(.agentAbsent, -1)
      let (b, u) = (outcome.bounces, outcome.purchases)
      counters.add(.device, agent.device.rawValue, bounces: b, purchases: u)
      if agent.bot == .none {
        counters.add(.system, agent.system.rawValue, bounces: b, purchases: u)
        counters.add(.browser, agent.browser.rawValue, bounces: b, purchases: u)
      }
    }
    if agent.bot == .none, unsafe Self.isFast(row) { agent.bot = .rate }
    guard agent.bot != .none else { return }
    counters.add(.bot, agent.bot.rawValue, bounces: outcome.bounces, purchases: outcome.purchases)
    counters.add(.botSessions, 1)
    unsafe counters.add(.botEvents, Int64(row.pointee.events))
    unsafe counters.add(.botViews, Int64(row.pointee.views))
    counters.add(.botEngaged, 1 &- outcome.bounces)
  }

  @inline(__always)
  private mutating func addPages(_ bytes: UnsafePointer<UInt8>, _ facts: UnsafePointer<RowFacts>) {
    let outcome = unsafe facts.pointee.outcome
    let (entry, exit) = unsafe (facts.pointee.entryPath, facts.pointee.exitPath)
    if entry.isAbsent {
      counters.add(.entryAbsent, 1)
    } else {
      let position = unsafe pages.position(
        facts.pointee.entryHash, hint: facts.pointee.entryHint, bytes + Int(entry.offset), Int(entry.length))
      pages.addEntry(at: position, outcome)
    }
    if exit.isAbsent {
      counters.add(.exitAbsent, 1)
    } else {
      let position = unsafe pages.position(
        facts.pointee.exitHash, hint: facts.pointee.exitHint, bytes + Int(exit.offset), Int(exit.length))
      pages.addExit(at: position, outcome)
    }
  }

  /// Counts referrers and sources. Most rows have none: those are counted in one go, where that comes to the same.
  @inline(__always)
  private mutating func addSources(
    _ rows: UnsafePointer<PlacedRow>, _ n: Int, _ some: Chosen, of totals: Outcome
  ) {
    var (found, bounces, purchases) = (0, totals.bounces, totals.purchases)
    for k in 0..<some.sources {
      let i = unsafe Int(withSource[k])
      let f = unsafe facts + i
      unsafe addReferrer(rows[i], f)
      found &+= unsafe f.pointee.referrer == .absent ? 0 : 1
      bounces &-= unsafe f.pointee.outcome.bounces
      purchases &-= unsafe f.pointee.outcome.purchases
    }
    counters.add(.referrerAbsent, Int64(n &- found))
    let direct = reader.direct
    let weight = Int64(n &- some.sources)
    // "(direct)" has to be in the table, and none of the others may make it drop out before its turn
    if weight > 0, some.sources <= campaigns.capacity - campaigns.count,
      campaigns.add(direct.hash, weight: weight, bounces: bounces, purchases: purchases) != 0
    {
      counters.add(.channel, direct.channel.rawValue, sessions: weight, bounces: bounces, purchases: purchases)
      for k in 0..<some.sources {
        let i = unsafe Int(withSource[k])
        unsafe addSource(rows[i], facts + i)
      }
    } else {
      for i in 0..<n { unsafe addSource(rows[i], facts + i) }
    }
  }

  /// Reads and counts a row's referrer, and reads its source.
  @inline(__always)
  private mutating func addReferrer(
    _ placed: PlacedRow, _ facts: UnsafeMutablePointer<RowFacts>
  ) {
    let (row, bytes) = unsafe (placed.row, placed.bytes)
    unsafe reader.readSource(row, bytes, facts)
    counters.add(.referrerOwn, unsafe facts.pointee.referrer == .own ? 1 : 0)
    guard unsafe facts.pointee.referrer == .other else { return }
    let (bounces, purchases) = unsafe (facts.pointee.outcome.bounces, facts.pointee.outcome.purchases)
    let hash = unsafe facts.pointee.referrerHash
    if referrers.add(hash, weight: 1, bounces: bounces, purchases: purchases) != 0 { return }
    let text = unsafe reader.referrerText(row, bytes, facts.pointee) ?? ""
    referrers.insert(hash, weight: 1, bounces: bounces, purchases: purchases) { $0.part(text, bytesMax: 96) }
  }

  @inline(__always)
  private mutating func addSource(
    _ placed: PlacedRow, _ facts: UnsafePointer<RowFacts>
  ) {
    let (row, bytes) = unsafe (placed.row, placed.bytes)
    let (bounces, purchases) = unsafe (facts.pointee.outcome.bounces, facts.pointee.outcome.purchases)
    let source = unsafe facts.pointee.source
    counters.add(.channel, source.channel.rawValue, bounces: bounces, purchases: purchases)
    if campaigns.add(source.hash, weight: 1, bounces: bounces, purchases: purchases) != 0 { return }
    let resolved = unsafe reader.source(row, bytes, facts.pointee)
    campaigns.insert(source.hash, weight: 1, bounces: bounces, purchases: purchases) { resolved.write(into: &$0) }
  }

  mutating func readState(from r: inout StateReader) throws {
    try counters.read(from: &r)
    try durations.read(from: &r)
    try viewsPerSession.read(from: &r)
    try delays.read(from: &r)
    try users.read(from: &r)
    try timeline.read(from: &r)
    try pages.read(from: &r)
    try referrers.read(from: &r)
    try campaigns.read(from: &r)
    try flow.read(from: &r)
  }
}

/// Whether two hosts are one site: equal, or one below the other, "www." apart.
@inline(__always)
func isSameSite(_ a: UnsafePointer<UInt8>, _ aCount: Int, _ b: UnsafePointer<UInt8>, _ bCount: Int) -> Bool {
  let www: UInt32 = 0x2e77_7777  // "www."
  let aSkip = unsafe aCount > 4 && load4(a) == www ? 4 : 0
  let bSkip = unsafe bCount > 4 && load4(b) == www ? 4 : 0
  let (x, n) = unsafe (a + aSkip, aCount &- aSkip)
  let (y, m) = unsafe (b + bSkip, bCount &- bSkip)
  if n == m { return unsafe equalBytes(x, y, n) }
  let (long, longCount, short, shortCount) = unsafe n > m ? (x, n, y, m) : (y, m, x, n)
  let extra = longCount &- shortCount
  return unsafe shortCount > 0 && long[extra &- 1] == UInt8(ascii: ".") && equalBytes(long + extra, short, shortCount)
}
