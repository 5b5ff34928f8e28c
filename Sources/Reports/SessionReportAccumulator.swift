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
/// Cost: @@COST@@; ``write(into:)`` 5 ms at most.
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
  private let facts: UnsafeMutablePointer<RowFacts>
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

  /// Sessions added so far.
  public var sessionCount: Int { Int(counters[.sessions]) }

  /// Adds a closed session; `bytes` is the arena its texts lie in. Many sessions at once are cheaper.
  public mutating func add(_ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>) {
    unsafe withUnsafePointer(to: row) { unsafe addBlock($0, 1, ahead: 1, bytes) }
  }

  /// Adds closed sessions in the order of `rows`; `bytes` is the arena their texts lie in.
  public mutating func add(
    _ rows: UnsafeBufferPointer<UnsafePointer<SessionRow>>, _ bytes: UnsafePointer<UInt8>
  ) {
    guard let first = rows.baseAddress else { return }
    var from = 0
    while from < rows.count {
      let left = rows.count &- from
      unsafe addBlock(first + from, min(left, Self.blockRows), ahead: left, bytes)
      from &+= Self.blockRows
    }
  }

  private static let blockRows = 64

  /// Adds `n` of the `ahead` rows that are to come.
  private mutating func addBlock(
    _ rows: UnsafePointer<UnsafePointer<SessionRow>>, _ n: Int, ahead: Int, _ bytes: UnsafePointer<UInt8>
  ) {
    for i in 0..<n {
      if i &+ 12 < ahead {
        unsafe tw_prefetch(rows[i + 12])
        unsafe tw_prefetch(UnsafeRawPointer(rows[i + 12]) + (MemoryLayout<SessionRow>.size - 8))
      }
      if i &+ 5 < ahead {
        let text = unsafe bytes + Int(rows[i + 5].pointee.entry.offset)
        unsafe tw_prefetch(text)
        unsafe tw_prefetch(text + 64)
      }
      let read = unsafe reader.read(rows[i], bytes)
      users.prefetch(read.userKey)
      pages.prefetch(read.entryHash)
      pages.prefetch(read.exitHash)
      unsafe facts[i] = read
    }
    for i in 0..<n {
      let f = unsafe facts + i
      unsafe f.pointee.entryHint = unsafe pages.hint(f.pointee.entryHash)
      if unsafe f.pointee.exitHash != f.pointee.entryHash {
        unsafe f.pointee.exitHint = unsafe pages.hint(f.pointee.exitHash)
      }
    }
    for i in 0..<n { unsafe count(rows[i], bytes, facts + i) }
  }

  @inline(__always)
  private mutating func count(
    _ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, _ facts: UnsafePointer<RowFacts>
  ) {
    let start = unsafe min(max(row.pointee.start, Self.timeMin), Self.timeMax)
    let end = unsafe min(max(row.pointee.end, start), Self.timeMax)
    let duration = end &- start
    let views = unsafe Int64(row.pointee.views)
    let purchase: Int64 = unsafe row.pointee.purchaseDelayMilliseconds == SessionRow.none ? 0 : 1
    let isEngaged = duration > Self.engagedAfterMilliseconds || purchase == 1 || views >= 2
    let outcome = Outcome(bounces: isEngaged ? 0 : 1, purchases: purchase)

    unsafe addFigures(row, start: start, end: end, outcome)
    durations.add(duration)
    viewsPerSession.add(views)
    unsafe delays.add(row, counters)

    if start < today.start || start >= today.start &+ Self.dayMilliseconds { today = CalendarDay(of: start) }
    let cell = today.hourOfWeek(start)
    unsafe counters.hours[cell] &+= 1
    unsafe counters.hours[cell &+ 168] &+= views
    unsafe timeline.add(time: start, views: views, userKey: facts.pointee.userKey)

    unsafe addAgent(row, facts, outcome)
    unsafe addPages(bytes, facts, outcome)
    unsafe addSource(row, bytes, facts, outcome)
    unsafe flow.add(row, bytes)
    unsafe users.add(facts.pointee.userKey, day: today.number)
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
    unsafe counters.add(.events, Int64(row.pointee.events))
    unsafe counters.add(.views, Int64(row.pointee.views))
    unsafe counters.add(.items, Int64(row.pointee.items))
    counters.add(.durationMilliseconds, end &- start)
    counters.add(.engaged, 1 &- outcome.bounces)
    counters.add(.purchases, outcome.purchases)
    unsafe counters.add(value: row.pointee.value)
    counters[.startMin] = min(counters[.startMin], start)
    counters[.startMax] = max(counters[.startMax], start)
    counters[.endMax] = max(counters[.endMax], end)
    unsafe counters.durations[Self.durationBin(end &- start)] &+= 1
    unsafe counters.add(
      .ending, row.pointee.endedBy.rawValue, bounces: outcome.bounces, purchases: outcome.purchases)
  }

  @inline(__always)
  private func addAgent(_ row: UnsafePointer<SessionRow>, _ facts: UnsafePointer<RowFacts>, _ outcome: Outcome) {
    var agent = unsafe facts.pointee.agent
    if unsafe !facts.pointee.hasAgent {
      counters.add(.agentAbsent, 1)
    } else {
      let (b, u) = (outcome.bounces, outcome.purchases)
      counters.add(.device, agent.device.rawValue, bounces: b, purchases: u)
      if agent.bot == .none {
        counters.add(.system, agent.system.rawValue, bounces: b, purchases: u)
        counters.add(.browser, agent.browser.rawValue, bounces: b, purchases: u)
      }
    }
    if agent.bot == .none, unsafe row.pointee.flags & 1 != 0 || row.pointee.endedBy == .bot { agent.bot = .rate }
    guard agent.bot != .none else { return }
    counters.add(.bot, agent.bot.rawValue, bounces: outcome.bounces, purchases: outcome.purchases)
    counters.add(.botSessions, 1)
    unsafe counters.add(.botEvents, Int64(row.pointee.events))
    unsafe counters.add(.botViews, Int64(row.pointee.views))
    counters.add(.botEngaged, 1 &- outcome.bounces)
  }

  @inline(__always)
  private mutating func addPages(
    _ bytes: UnsafePointer<UInt8>, _ facts: UnsafePointer<RowFacts>, _ outcome: Outcome
  ) {
    let (entry, exit) = unsafe (facts.pointee.entryPath, facts.pointee.exitPath)
    var position = -1
    if entry.isAbsent {
      counters.add(.entryAbsent, 1)
    } else {
      position = unsafe pages.position(
        facts.pointee.entryHash, hint: facts.pointee.entryHint, bytes + Int(entry.offset), Int(entry.length))
      pages.addEntry(at: position, outcome)
    }
    if exit.isAbsent {
      counters.add(.exitAbsent, 1)
      return
    }
    let isSamePage = unsafe facts.pointee.exitHash == facts.pointee.entryHash
    if position < 0 || !isSamePage {
      position = unsafe pages.position(
        facts.pointee.exitHash, hint: facts.pointee.exitHint, bytes + Int(exit.offset), Int(exit.length))
    }
    pages.addExit(at: position, outcome)
  }

  @inline(__always)
  private mutating func addSource(
    _ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, _ facts: UnsafePointer<RowFacts>,
    _ outcome: Outcome
  ) {
    let (bounces, purchases) = (outcome.bounces, outcome.purchases)
    switch unsafe facts.pointee.referrer {
    case .absent: counters.add(.referrerAbsent, 1)
    case .own: counters.add(.referrerOwn, 1)
    case .other:
      let hash = unsafe facts.pointee.referrerHash
      if referrers.add(hash, weight: 1, bounces: bounces, purchases: purchases) == 0 {
        let text = unsafe reader.referrerText(row, bytes, facts.pointee) ?? ""
        referrers.insert(hash) { $0.part(text, bytesMax: 96) }
        _ = referrers.add(hash, weight: 1, bounces: bounces, purchases: purchases)
      }
    }
    let source = unsafe facts.pointee.source
    counters.add(.channel, source.channel.rawValue, bounces: bounces, purchases: purchases)
    if campaigns.add(source.hash, weight: 1, bounces: bounces, purchases: purchases) != 0 { return }
    let resolved = unsafe reader.source(row, bytes, facts.pointee)
    campaigns.insert(source.hash) { resolved.write(into: &$0) }
    _ = campaigns.add(source.hash, weight: 1, bounces: bounces, purchases: purchases)
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
