import CKernels
import FlatMemory

/// What a row's texts say, read before anything is counted.
struct RowFacts: BitwiseCopyable {
  enum Referrer: UInt8 { case absent, own, other }

  /// Of ``UserSample``.
  var userKey: UInt64
  /// Page identities; 0 where the page is absent.
  var entryHash: UInt64 = 0
  var exitHash: UInt64 = 0
  /// The pages' texts in the arena; absent where the page is, empty for the site's root.
  var entryPath = ByteSpan.absent
  var exitPath = ByteSpan.absent
  /// Positions as ``PageCounts/hint(_:)`` gave them.
  var entryHint: Int32 = -1
  var exitHint: Int32 = -1
  var referrerHash: UInt64 = 0
  var source: SourceKey
  var agent = AgentClass()
  var hasAgent = false
  var referrer = Referrer.absent
}

/// Reads rows' texts: pages, referrer, source, agent.
///
/// Guarantees: what is read depends on the row alone; everything kept here is a cache of pure functions.
/// Cost: 30 ns for full URLs of one site.
@safe struct RowReader: ~Copyable {
  private let agents: AgentClassifier
  private let sources: TrafficSources
  private let origin: OriginMemo

  init(siteHosts: [String], in memory: inout ReportMemory) {
    agents = AgentClassifier(in: &memory)
    sources = TrafficSources(siteHosts: siteHosts, in: &memory)
    origin = OriginMemo(in: &memory)
  }

  @inline(__always)
  func read(_ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>) -> RowFacts {
    var facts = unsafe RowFacts(userKey: UserSample.key(ofUserHash: row.pointee.userHash), source: sources.direct)
    let (entry, exit) = unsafe (row.pointee.entry, row.pointee.exit)
    let p = unsafe bytes + Int(entry.offset)
    var url = unsafe PageURL(p, 0)
    if unsafe !Self.isAbsent(entry, p) {
      url = unsafe PageURL(p, Int(entry.length), near: origin)
      facts.entryHash = unsafe url.pageHash(p)
      facts.entryPath = url.path(in: entry)
    }
    if exit == entry {
      (facts.exitHash, facts.exitPath) = (facts.entryHash, facts.entryPath)
    } else {
      let q = unsafe bytes + Int(exit.offset)
      if unsafe !Self.isAbsent(exit, q) {
        let last = unsafe PageURL(q, Int(exit.length), near: origin)
        facts.exitHash = unsafe last.pageHash(q)
        facts.exitPath = last.path(in: exit)
      }
    }
    let tags = unsafe url.hasQuery ? CampaignTags(p, from: url.queryStart, to: url.queryEnd) : CampaignTags()
    let referrer = unsafe row.pointee.referrer
    let r = unsafe bytes + Int(referrer.offset)
    if unsafe !Self.isAbsent(referrer, r) {
      unsafe readReferrer(r, Int(referrer.length), p, url, tags, &facts)
    } else if !tags.isEmpty {
      facts.source = unsafe sources.campaign(p, tags, host: nil, referrer: r, 0)
    }
    let agent = unsafe row.pointee.agent
    let a = unsafe bytes + Int(agent.offset)
    if unsafe !Self.isAbsent(agent, a) {
      facts.hasAgent = true
      facts.agent = unsafe agents.classify(a, Int(agent.length))
    }
    return facts
  }

  /// Not logged, empty, or the "-" of access logs.
  @inline(__always)
  private static func isAbsent(_ span: ByteSpan, _ p: UnsafePointer<UInt8>) -> Bool {
    unsafe span.isAbsent || span.length == 0 || (span.length == 1 && p[0] == UInt8(ascii: "-"))
  }

  @inline(__always)
  private func readReferrer(
    _ r: UnsafePointer<UInt8>, _ n: Int, _ p: UnsafePointer<UInt8>, _ url: PageURL, _ tags: CampaignTags,
    _ facts: inout RowFacts
  ) {
    let (h, count) = unsafe Self.host(r, n)
    let found = unsafe sources.host(h, count)
    if unsafe count == 0 || found.kind == .own
      || (url.hasHost && isSameSite(p + url.hostStart, url.hostEnd &- url.hostStart, h, count))
    {
      facts.referrer = .own
      if !tags.isEmpty { facts.source = unsafe sources.campaign(p, tags, host: nil, referrer: h, count) }
    } else {
      (facts.referrer, facts.referrerHash) = (.other, found.hash)
      facts.source =
        unsafe tags.isEmpty ? found.source : sources.campaign(p, tags, host: found, referrer: h, count)
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
    let entry = unsafe row.pointee.entry
    let p = unsafe bytes + Int(entry.offset)
    if !facts.entryPath.isAbsent {
      let url = unsafe PageURL(p, Int(entry.length))
      let tags = unsafe CampaignTags(p, from: url.queryStart, to: url.queryEnd)
      if !tags.isEmpty { return unsafe sources.resolve(p, tags, hostText: host) }
    }
    return host.map { sources.referred(by: $0).source } ?? .direct
  }
}

/// The scheme and host of the last URL that had them: the next one mostly begins the same.
@safe struct OriginMemo: ~Copyable {
  private static let bytesMax = 48
  /// The host's start and end, then the text.
  private let words: UnsafeMutablePointer<UInt64>
  private var text: UnsafePointer<UInt8> { unsafe UnsafeRawPointer(words + 2).assumingMemoryBound(to: UInt8.self) }

  init(in memory: inout ReportMemory) { unsafe words = unsafe memory.take(UInt64.self, count: 2 + Self.bytesMax / 8) }

  /// Whether the URL begins with the origin kept, and a path follows.
  @inline(__always)
  func matches(_ p: UnsafePointer<UInt8>, _ n: Int) -> (start: Int, end: Int)? {
    let end = unsafe Int(truncatingIfNeeded: words[1])
    guard end > 0, end < n, unsafe p[end] == UInt8(ascii: "/") else { return nil }
    var i = 0
    var difference: UInt64 = 0
    while i < end {
      difference |= unsafe (load8(p + i) ^ load8(text + i)) & byteMask(end &- i)
      i &+= 8
    }
    return unsafe difference == 0 ? (Int(truncatingIfNeeded: words[0]), end) : nil
  }

  @inline(__always)
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
