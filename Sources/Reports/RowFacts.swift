import CKernels
import FlatMemory

/// What a row says, made out before anything is counted.
struct RowFacts: BitwiseCopyable {
  enum Referrer: UInt8 { case absent, own, other }

  /// Of ``UserSample``.
  var userKey: UInt64 = 0
  /// Page identities; 0 where the page is absent.
  var entryHash: UInt64 = 0
  var exitHash: UInt64 = 0
  /// The pages' texts in the arena; absent where the page is, empty for the site's root.
  var entryPath = ByteSpan.absent
  var exitPath = ByteSpan.absent
  /// Positions as ``PageCounts/hint(_:)`` gave them.
  var entryHint: Int32 = -1
  var exitHint: Int32 = -1
  /// The entry URL's host in the arena, empty where it has none.
  var entryHost = ByteSpan(offset: 0, length: 0)
  /// The entry URL's query in the arena; absent unless it holds campaign parameters.
  var taggedQuery = ByteSpan.absent
  var referrerHash: UInt64 = 0
  var source: SourceKey
  var agent = AgentClass()
  var hasAgent = false
  var hasReferrer = false
  /// Known once the source was read.
  var referrer = Referrer.absent
  /// Known once the figures were counted.
  var day: Int32 = 0
  var outcome = SessionReportAccumulator.Outcome(bounces: 0, purchases: 0)

  /// Whether there is more to its source than "(direct)".
  var hasSource: Bool { hasReferrer || !taggedQuery.isAbsent }
}

/// Reads rows' texts: pages, referrer, source, agent.
///
/// Guarantees: what is read depends on the row alone; everything kept here is a cache of pure functions.
/// Cost: 30 ns for full URLs of one site.
@safe struct RowReader: ~Copyable {
  private let agents: AgentClassifier
  private let sources: TrafficSources
  private let tagFilter: TagFilter
  /// The source of a row that tells of none.
  var direct: SourceKey {
    @inline(__always) get { sources.direct }
  }
  let origin: OriginMemo

  init(siteHosts: [String], in memory: inout ReportMemory) {
    agents = AgentClassifier(in: &memory)
    sources = TrafficSources(siteHosts: siteHosts, in: &memory)
    tagFilter = TagFilter(in: &memory)
    origin = OriginMemo(in: &memory)
  }

  /// Reads a row's pages. Written in place: a copy would wait for what it has just stored.
  @inline(__always)
  func readPages(
    _ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, into facts: UnsafeMutablePointer<RowFacts>
  ) {
    let (entry, exit) = unsafe (row.pointee.entry, row.pointee.exit)
    unsafe RowReader.readEntry(entry, bytes, origin, tagFilter, into: facts)
    if exit != entry {
      unsafe RowReader.readExit(exit, bytes, origin, into: facts)
    } else {
      unsafe (facts.pointee.exitHash, facts.pointee.exitPath) = unsafe (
        facts.pointee.entryHash, facts.pointee.entryPath
      )
    }
  }
  @inline(__always)
  private static func readEntry(
    _ entry: ByteSpan, _ bytes: UnsafePointer<UInt8>, _ origin: OriginMemo, _ tagFilter: TagFilter,
    into facts: UnsafeMutablePointer<RowFacts>
  ) {
    var (hash, path) = (UInt64(0), ByteSpan.absent)
    var (host, tagged) = (ByteSpan(offset: 0, length: 0), ByteSpan.absent)
    if unsafe !Self.isAbsent(entry, bytes) {
      let p = unsafe bytes + Int(entry.offset)
      let url = unsafe PageURL(p, Int(entry.length), near: origin)
      hash = unsafe url.pageHash(p)
      path = url.path(in: entry)
      host = ByteSpan(offset: Int(entry.offset) &+ url.hostStart, length: url.hostEnd &- url.hostStart)
      if url.hasQuery, unsafe tagFilter.mayHoldTags(p, url.parameters),
        unsafe !CampaignTags(p, from: url.queryStart, to: url.queryEnd).isEmpty
      {
        tagged = ByteSpan(offset: Int(entry.offset) &+ url.queryStart, length: url.queryEnd &- url.queryStart)
      }
    }
    unsafe (facts.pointee.entryHash, facts.pointee.entryPath) = (hash, path)
    unsafe (facts.pointee.entryHost, facts.pointee.taggedQuery) = (host, tagged)
  }
  @inline(__always)
  private static func readExit(
    _ exit: ByteSpan, _ bytes: UnsafePointer<UInt8>, _ origin: OriginMemo, into facts: UnsafeMutablePointer<RowFacts>
  ) {
    var (hash, path) = (UInt64(0), ByteSpan.absent)
    if unsafe !Self.isAbsent(exit, bytes) {
      let p = unsafe bytes + Int(exit.offset)
      let url = unsafe PageURL(p, Int(exit.length), near: origin)
      hash = unsafe url.pageHash(p)
      path = url.path(in: exit)
    }
    unsafe (facts.pointee.exitHash, facts.pointee.exitPath) = (hash, path)
  }

  /// Reads what else tells of the visitor.
  @inline(__always)
  func readVisitor(
    _ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, into facts: UnsafeMutablePointer<RowFacts>
  ) {
    unsafe facts.pointee.userKey = UserSample.key(ofUserHash: row.pointee.userHash)
    unsafe facts.pointee.source = sources.direct
    unsafe facts.pointee.referrer = .absent
    unsafe facts.pointee.hasReferrer = !Self.isAbsent(row.pointee.referrer, bytes)
    let agent = unsafe row.pointee.agent
    let hasAgent = unsafe !Self.isAbsent(agent, bytes)
    unsafe facts.pointee.hasAgent = hasAgent
    if hasAgent { unsafe facts.pointee.agent = agents.classify(bytes + Int(agent.offset), Int(agent.length)) }
  }

  /// Not logged, empty, or the "-" of access logs; without a branch, and without a look at an empty text.
  @inline(__always)
  private static func isAbsent(_ span: ByteSpan, _ bytes: UnsafePointer<UInt8>) -> Bool {
    let first = unsafe bytes[span.length == 1 ? Int(span.offset) : 0]
    let isDash = (span.length == 1 ? 1 : 0) & (first == UInt8(ascii: "-") ? 1 : 0)
    // 0 and the length of an absent text become the two lowest
    return (span.length &+ 1 < 2 ? 1 : 0) | isDash != 0
  }

  /// The campaign parameters of the entry URL, as spans of the arena.
  @inline(__always)
  private func tags(_ facts: RowFacts, _ bytes: UnsafePointer<UInt8>) -> CampaignTags {
    let query = facts.taggedQuery
    if query.isAbsent { return CampaignTags() }
    return unsafe CampaignTags(bytes, from: Int(query.offset), to: Int(query.offset) &+ Int(query.length))
  }

  /// Fills in referrer and source of a row that has one.
  @inline(__always)
  func readSource(
    _ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, _ facts: UnsafeMutablePointer<RowFacts>
  ) {
    let tags = unsafe tags(facts.pointee, bytes)
    guard unsafe facts.pointee.hasReferrer else {
      unsafe facts.pointee.source = sources.campaign(bytes, tags, host: nil, referrer: bytes, 0)
      return
    }
    let span = unsafe row.pointee.referrer
    let (h, count) = unsafe Self.host(bytes + Int(span.offset), Int(span.length))
    let found = unsafe sources.host(h, count)
    let site = unsafe facts.pointee.entryHost
    if unsafe count == 0 || found.kind == .own
      || (site.length > 0 && isSameSite(bytes + Int(site.offset), Int(site.length), h, count))
    {
      unsafe facts.pointee.referrer = .own
      if tags.isEmpty { return }
      unsafe facts.pointee.source = sources.campaign(bytes, tags, host: nil, referrer: h, count)
    } else {
      unsafe (facts.pointee.referrer, facts.pointee.referrerHash) = (.other, found.hash)
      unsafe facts.pointee.source =
        tags.isEmpty ? found.source : sources.campaign(bytes, tags, host: found, referrer: h, count)
    }
  }

  /// The host of a referrer.
  @inline(__always)
  private static func host(_ r: UnsafePointer<UInt8>, _ n: Int) -> (UnsafePointer<UInt8>, Int) {
    let url = unsafe PageURL(originOf: r, n)
    if url.hasHost { return unsafe (r + url.hostStart, url.hostEnd &- url.hostStart) }
    // a bare word is no URL: "google.com" is a host that came without its scheme; a path is of the site itself
    var end = url.pathStart
    while end < n, unsafe r[end] != UInt8(ascii: "/"), unsafe r[end] != UInt8(ascii: "?"),
      unsafe r[end] != UInt8(ascii: "#")
    { end += 1 }
    return unsafe (r + url.pathStart, end - url.pathStart)
  }

  // MARK: - Texts of what is counted for the first time

  /// The host of the row's referrer as reports show it; nil when it has none, or the site's own.
  @inline(never)
  func referrerText(_ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, _ facts: RowFacts) -> String? {
    guard facts.referrer == .other else { return nil }
    let span = unsafe row.pointee.referrer
    let (h, n) = unsafe Self.host(bytes + Int(span.offset), Int(span.length))
    return unsafe TrafficSources.normalized(h, n)
  }

  /// The row's source in full.
  @inline(never)
  func source(_ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, _ facts: RowFacts) -> TrafficSource {
    let host = unsafe referrerText(row, bytes, facts)
    let tags = unsafe tags(facts, bytes)
    if !tags.isEmpty { return unsafe sources.resolve(bytes, tags, hostText: host) }
    return host.map { sources.referred(by: $0).source } ?? .direct
  }
}

/// The scheme and host of the last URL that had them: the next one mostly begins the same.
@safe struct OriginMemo: BitwiseCopyable {
  private static let bytesMax = 48
  /// The host's start and end, then the text.
  private let words: UnsafeMutablePointer<UInt64>

  init(in memory: inout ReportMemory) { unsafe words = unsafe memory.take(UInt64.self, count: 2 + 64 / 8) }

  var start: Int {
    @inline(__always) get { unsafe Int(truncatingIfNeeded: words[0]) }
  }
  /// 0 before there was any.
  var end: Int {
    @inline(__always) get { unsafe Int(truncatingIfNeeded: words[1]) }
  }
  /// 64 readable bytes.
  var text: UnsafePointer<UInt8> {
    @inline(__always) get { unsafe UnsafeRawPointer(words + 2).assumingMemoryBound(to: UInt8.self) }
  }

  func keep(_ p: UnsafePointer<UInt8>, _ n: Int, _ url: PageURL) {
    guard url.hasHost, url.hostEnd <= Self.bytesMax, url.hostEnd < n, unsafe p[url.hostEnd] == UInt8(ascii: "/") else {
      return
    }
    unsafe words[0] = UInt64(url.hostStart)
    unsafe words[1] = UInt64(url.hostEnd)
    var i = 0
    while i < url.hostEnd {
      unsafe words[2 + i / 8] = unsafe load8(p + i)
      i += 8
    }
  }
}
