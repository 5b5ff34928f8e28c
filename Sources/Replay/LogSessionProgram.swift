import CKernels
public import EventFormats
import FlatMemory
import Reports
import Sessions
public import StreamCore

extension LogEvent: KeyedEvent {
  public var eventTime: Int64 {
    @inline(__always) get { time }
  }
  public var keyHash: UInt64 {
    @inline(__always) get { userHash }
  }
}

/// What ends a session of log events beside the gap.
struct LogSplits: Sendable {
  var maxDurationMilliseconds = Int64.max
  var maxEvents = UInt32.max
  var onCampaign = false
  var isActive: Bool { maxDurationMilliseconds != .max || maxEvents != .max || onCampaign }
}

/// The replay's session program: what is kept of a visitor's session between its events.
///
/// State: 68 bytes beside key and times. The first event's referrer, agent and URL and the last one's URL are texts in
/// the slab, shared where many sessions are open, the last one overwritten in place; distinct items, the funnel's steps
/// and (for sampled sessions) the path are slab records that most sessions do not have. Rows go to the session rows'
/// buffer, late events to the dead letters'.
@safe struct LogSessionProgram: SessionProgram {
  struct Key: BitwiseCopyable {
    // words of four bytes: a key then needs no padding before the aggregate
    var low: (UInt32, UInt32)
    var high: (UInt32, UInt32)
    var length: UInt16
  }
  struct Aggregate: BitwiseCopyable {
    var events: UInt32
    var views: UInt32
    var value: (UInt32, UInt32)
    /// Texts (``SessionText``) of the first event's URL and of the last one's, 0 for the same as the first's.
    var entry: UInt32
    var exit: UInt32
    /// Texts of the first event.
    var referrer: UInt32
    var agent: UInt32
    var items: DistinctItems
    /// Slab record of the delays to cart, checkout and purchase; 0: none happened.
    var steps: UInt32
    /// Slab record of the path; 0: not sampled.
    var path: UInt32
    /// Hash of the campaign in force, when sessions split on it.
    var campaign: UInt32
  }

  var splitsInOrder: Bool { splits.isActive }

  var slab = Slab()
  var strings = StringTable()
  var paths = PathSampler()
  /// Sessions that hold something.
  private(set) var liveCount = 0
  let splits: LogSplits
  /// The block that the events being processed point into.
  var bytes = unsafe UnsafePointer<UInt8>(bitPattern: 64)!
  /// Where closed sessions go while a batch is being applied; the operator keeps it alive meanwhile.
  var rows: Unmanaged<PartitionBuffer<SessionRow>>?
  var late: LateEventWriter?

  init(splits: LogSplits) { self.splits = splits }
  func deallocate() {
    slab.deallocate()
    strings.deallocate()
  }

  // MARK: key

  @inline(__always) static func time(_ e: UnsafePointer<LogEvent>) -> Int64 { unsafe e.pointee.time }
  @inline(__always) static func hash(_ e: UnsafePointer<LogEvent>) -> UInt64 { unsafe e.pointee.userHash }

  /// A text of at most 16 bytes, zero-padded.
  @inline(__always) static func words(_ p: UnsafePointer<UInt8>, _ n: Int) -> (UInt64, UInt64) {
    unsafe (load8(p) & tw_mask_low(n), load8(p + 8) & tw_mask_high(n))
  }
  @inline(__always) static func words(of k: UnsafePointer<Key>) -> (UInt64, UInt64) {
    let r = unsafe UnsafeRawPointer(k)
    return unsafe (r.loadUnaligned(as: UInt64.self), r.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
  }
  func hash(of k: UnsafePointer<Key>) -> UInt64 {
    let n = unsafe Int(k.pointee.length)
    let (low, high) = unsafe LogSessionProgram.words(of: k)
    return unsafe n <= 16 ? hashWords(low, high, n) : hashBytes(slab.pointer(UInt32(truncatingIfNeeded: low)), n)
  }
  @inline(__always) func matches(_ k: UnsafePointer<Key>, _ e: UnsafePointer<LogEvent>) -> Bool {
    let n = unsafe Int(e.pointee.userLength)
    guard unsafe k.pointee.length == e.pointee.userLength else { return false }
    let p = unsafe bytes + Int(e.pointee.userOffset)
    let (low, high) = unsafe LogSessionProgram.words(of: k)
    if n <= 16 {
      let (a, b) = unsafe LogSessionProgram.words(p, n)
      return low == a && high == b
    }
    return unsafe equalBytes(slab.pointer(UInt32(truncatingIfNeeded: low)), p, n)
  }
  @inline(__always) mutating func makeKey(_ e: UnsafePointer<LogEvent>) -> Key {
    let n = unsafe Int(e.pointee.userLength)
    let p = unsafe bytes + Int(e.pointee.userOffset)
    let (a, b): (UInt64, UInt64)
    if n > 16 {
      let h = slab.allocate(byteCount: n)
      unsafe tw_copy8(slab.pointer(h), p, n)
      (a, b) = (UInt64(h), 0)
    } else {
      (a, b) = unsafe LogSessionProgram.words(p, n)
    }
    return unsafe Key(
      low: (UInt32(truncatingIfNeeded: a), UInt32(truncatingIfNeeded: a >> 32)),
      high: (UInt32(truncatingIfNeeded: b), UInt32(truncatingIfNeeded: b >> 32)), length: e.pointee.userLength)
  }
  mutating func dropKey(_ k: UnsafePointer<Key>) {
    if unsafe k.pointee.length > 16 { unsafe slab.release(k.pointee.low.0, byteCount: Int(k.pointee.length)) }
  }

  // MARK: aggregate

  @inline(__always) mutating func begin(_ a: UnsafeMutablePointer<Aggregate>, _ e: UnsafePointer<LogEvent>) {
    let url = unsafe bytes + Int(e.pointee.urlOffset)
    let value = unsafe e.pointee.value.bitPattern
    liveCount &+= 1
    unsafe a.initialize(
      to: Aggregate(
        events: 1, views: e.pointee.eventClass == .view ? 1 : 0,
        value: (UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32)),
        entry: keepText(url, Int(e.pointee.urlLength)),
        exit: 0,
        referrer: keepText(bytes + Int(e.pointee.referrerOffset), Int(e.pointee.referrerLength)),
        agent: keepText(bytes + Int(e.pointee.agentOffset), Int(e.pointee.agentLength)),
        items: DistinctItems(), steps: 0, path: 0, campaign: 0))
    if unsafe e.pointee.item != 0 { unsafe DistinctItems.add(LogSessionProgram.items(a), e.pointee.item, &slab) }
    if unsafe e.pointee.eventClass.rawValue >= EventClass.cart.rawValue { unsafe noteStep(a, e, start: e.pointee.time) }
    if splits.onCampaign { unsafe a.pointee.campaign = unsafe campaignHash(url, Int(e.pointee.urlLength)) }
    unsafe a.pointee.path = unsafe paths.begin(
      sampleHash: e.pointee.userHash, isView: e.pointee.eventClass == .view, time: e.pointee.time, url,
      Int(e.pointee.urlLength), isShared: sharesTexts, &strings, &slab)
  }
  @inline(__always) static func items(_ a: UnsafeMutablePointer<Aggregate>) -> UnsafeMutablePointer<DistinctItems> {
    unsafe (UnsafeMutableRawPointer(a) + MemoryLayout<Aggregate>.offset(of: \Aggregate.items)!)
      .assumingMemoryBound(to: DistinctItems.self)
  }

  @inline(__always) mutating func add(
    _ a: UnsafeMutablePointer<Aggregate>, _ e: UnsafePointer<LogEvent>, isFirst: Bool, isLast: Bool, start: Int64,
    formerStart: Int64
  ) {
    let n = unsafe Int(e.pointee.urlLength)
    let url = unsafe bytes + Int(e.pointee.urlOffset)
    if isLast {
      if n > 0 { unsafe a.pointee.exit = unsafe replaceText(a.pointee.exit, by: url, n) }
    } else if isFirst {
      unsafe becomeFirst(a, e, start: start, formerStart: formerStart)
    }
    unsafe a.pointee.events &+= 1
    unsafe a.pointee.views &+= e.pointee.eventClass == .view ? 1 : 0
    if unsafe e.pointee.value != 0 { unsafe addValue(a, e.pointee.value) }
    if unsafe e.pointee.item != 0 { unsafe DistinctItems.add(LogSessionProgram.items(a), e.pointee.item, &slab) }
    if unsafe e.pointee.eventClass.rawValue >= EventClass.cart.rawValue { unsafe noteStep(a, e, start: start) }
    if unsafe a.pointee.path != 0, unsafe e.pointee.eventClass == .view {
      unsafe paths.add(a.pointee.path, time: e.pointee.time, url, n, isShared: sharesTexts, &strings, &slab)
    }
    if splits.onCampaign {
      let c = unsafe campaignHash(url, n)
      if c != 0 { unsafe a.pointee.campaign = c }
    }
  }

  /// An event before all others brings the session's referrer, agent and entry page.
  @inline(never) mutating func becomeFirst(
    _ a: UnsafeMutablePointer<Aggregate>, _ e: UnsafePointer<LogEvent>, start: Int64, formerStart: Int64
  ) {
    let n = unsafe Int(e.pointee.urlLength)
    if n > 0 {
      if unsafe a.pointee.exit == 0 {
        // the only page so far is the last one
        unsafe (a.pointee.exit, a.pointee.entry) = unsafe (a.pointee.entry, 0)
      }
      unsafe a.pointee.entry = unsafe replaceText(a.pointee.entry, by: bytes + Int(e.pointee.urlOffset), n)
    }
    let referrer = unsafe keepText(bytes + Int(e.pointee.referrerOffset), Int(e.pointee.referrerLength))
    unsafe releaseText(a.pointee.referrer)
    unsafe a.pointee.referrer = referrer
    if unsafe e.pointee.agentLength > 0 {
      let agent = unsafe keepText(bytes + Int(e.pointee.agentOffset), Int(e.pointee.agentLength))
      unsafe releaseText(a.pointee.agent)
      unsafe a.pointee.agent = agent
    }
    if unsafe a.pointee.steps != 0 { unsafe moveSteps(a, by: formerStart &- start) }
  }

  @inline(__always) func value(_ a: UnsafePointer<Aggregate>) -> Double {
    unsafe Double(bitPattern: UInt64(a.pointee.value.0) | UInt64(a.pointee.value.1) << 32)
  }
  @inline(never) func addValue(_ a: UnsafeMutablePointer<Aggregate>, _ v: Double) {
    let bits = unsafe (value(a) + v).bitPattern
    unsafe a.pointee.value = (UInt32(truncatingIfNeeded: bits), UInt32(truncatingIfNeeded: bits >> 32))
  }

  // MARK: merging and splitting

  mutating func merge(
    _ x: UnsafeMutablePointer<Aggregate>, _ xStart: Int64, _ y: UnsafeMutablePointer<Aggregate>, _ yStart: Int64
  ) {
    unsafe x.pointee.events &+= y.pointee.events
    unsafe x.pointee.views &+= y.pointee.views
    unsafe addValue(x, value(y))
    unsafe mergePages(x, y)
    if unsafe x.pointee.agent == 0 {
      unsafe (x.pointee.agent, y.pointee.agent) = unsafe (y.pointee.agent, 0)
    }
    unsafe DistinctItems.merge(LogSessionProgram.items(x), LogSessionProgram.items(y), &slab)
    unsafe y.pointee.items = DistinctItems()
    unsafe mergeSteps(x, xStart, y, yStart)
    unsafe paths.merge(x.pointee.path, y.pointee.path, isShared: sharesTexts, &strings, &slab)
    if unsafe y.pointee.campaign != 0 { unsafe x.pointee.campaign = unsafe y.pointee.campaign }
    unsafe drop(y)
  }

  /// The later session's last page is the last page; its texts move over.
  private mutating func mergePages(_ x: UnsafeMutablePointer<Aggregate>, _ y: UnsafeMutablePointer<Aggregate>) {
    if unsafe y.pointee.entry == 0, unsafe y.pointee.exit == 0 { return }
    unsafe releaseText(x.pointee.exit)
    unsafe (x.pointee.exit, y.pointee.exit) = unsafe (y.pointee.exit, 0)
    if unsafe x.pointee.entry == 0 {
      // without a page before, an exit of 0 says that the later one's only page is both
      unsafe (x.pointee.entry, y.pointee.entry) = unsafe (y.pointee.entry, 0)
    } else if unsafe x.pointee.exit == 0 {
      unsafe (x.pointee.exit, y.pointee.entry) = unsafe (y.pointee.entry, 0)
    }
  }

  func splitReason(_ a: UnsafePointer<Aggregate>, _ e: UnsafePointer<LogEvent>, start: Int64) -> SessionEndReason? {
    if unsafe e.pointee.time &- start > splits.maxDurationMilliseconds { return .maxDuration }
    if unsafe a.pointee.events >= splits.maxEvents { return .maxEvents }
    if splits.onCampaign {
      let c = unsafe campaignHash(bytes + Int(e.pointee.urlOffset), Int(e.pointee.urlLength))
      if c != 0, unsafe c != a.pointee.campaign { return .campaign }
    }
    return nil
  }

  @inline(__always) func prefetch(_ a: UnsafePointer<Aggregate>) {
    unsafe tw_prefetch(text(a.pointee.exit).0)
    if unsafe a.pointee.items.hasMore { unsafe tw_prefetch(slab.pointer(a.pointee.items.handle)) }
  }
  @inline(__always) func prefetch(closing a: UnsafePointer<Aggregate>) {
    let (entry, exit) = unsafe (slab.pointer(a.pointee.entry), slab.pointer(a.pointee.exit))
    unsafe tw_prefetch(entry)
    unsafe tw_prefetch(entry + 48)
    unsafe tw_prefetch(exit)
    unsafe tw_prefetch(exit + 48)
  }

  /// The lines of the user and of the URL, to its end; a referrer mostly begins there.
  @inline(__always) func prefetch(event e: UnsafePointer<LogEvent>) {
    unsafe tw_prefetch(bytes + Int(e.pointee.userOffset))
    let url = unsafe bytes + Int(e.pointee.urlOffset)
    unsafe tw_prefetch(url)
    unsafe tw_prefetch(url + Int(e.pointee.urlLength))
  }

  // MARK: output

  mutating func late(_ e: UnsafePointer<LogEvent>, maximum: Int64) { unsafe late?.write(e, bytes, maximum: maximum) }

  mutating func drop(_ a: UnsafeMutablePointer<Aggregate>) {
    liveCount &-= 1
    unsafe releaseText(a.pointee.entry)
    unsafe releaseText(a.pointee.referrer)
    unsafe releaseText(a.pointee.agent)
    unsafe releaseText(a.pointee.exit)
    unsafe a.pointee.items.drop(&slab)
    if unsafe a.pointee.steps != 0 { unsafe slab.release(a.pointee.steps, byteCount: FunnelSteps.byteCount) }
    unsafe paths.drop(a.pointee.path, &strings, &slab)
  }

  mutating func emit(_ s: EmittedSession<LogSessionProgram>) {
    guard s.kind == .closed else { return }
    unsafe rows?._withUnsafeGuaranteedRef { write(s, to: $0) }
  }
  private func write(_ s: EmittedSession<LogSessionProgram>, to rows: PartitionBuffer<SessionRow>) {
    let a = unsafe s.aggregate
    let userHash = unsafe hash(of: s.key)
    // written where it stays
    let row = unsafe rows.reserve(1)
    unsafe row.initialize(to: SessionRow())
    unsafe row.pointee.id = mix(userHash, UInt64(bitPattern: s.start) ^ UInt64(s.ordinal) &<< 48)
    unsafe row.pointee.userHash = userHash
    unsafe row.pointee.start = s.start
    unsafe row.pointee.end = s.last
    unsafe row.pointee.closedAt = s.closedAt
    unsafe row.pointee.value = value(a)
    unsafe row.pointee.events = a.pointee.events
    unsafe row.pointee.views = a.pointee.views
    unsafe row.pointee.items = a.pointee.items.count(in: slab)
    unsafe readSteps(a, into: &row.pointee)
    let isFast = unsafe a.pointee.events > 100 && Int64(a.pointee.events) &* 1000 > s.last &- s.start
    unsafe row.pointee.flags = isFast ? 1 : 0
    unsafe row.pointee.endedBy = isFast ? .bot : SessionEnd(s.reason)
    // a copy of three words, put back at the end: one access to the shared buffer instead of one an append
    var arena = rows.arenaValue
    unsafe writeTexts(of: s, to: row, &arena)
    rows.arenaValue = arena
    rows.commit(1)
  }
  @inline(__always)
  private func writeTexts(
    of s: EmittedSession<LogSessionProgram>, to row: UnsafeMutablePointer<SessionRow>, _ arena: inout OutputBuffer
  ) {
    let a = unsafe s.aggregate
    let (entry, entryLength) = unsafe text(a.pointee.entry)
    let (referrer, referrerLength) = unsafe text(a.pointee.referrer)
    let (agent, agentLength) = unsafe text(a.pointee.agent)
    let (exit, exitLength) = unsafe text(a.pointee.exit)
    let userLength = unsafe Int(s.key.pointee.length)
    arena.reserve(userLength &+ entryLength &+ exitLength &+ referrerLength &+ agentLength &+ 64)
    if userLength <= 16 {
      unsafe row.pointee.user = ByteSpan(offset: arena.count, length: userLength)
      unsafe arena.bytes16(UnsafeRawPointer(s.key).assumingMemoryBound(to: UInt8.self), userLength)
    } else {
      unsafe row.pointee.user = append(slab.pointer(s.key.pointee.low.0), userLength, to: &arena)
    }
    let first = unsafe append(entry, entryLength, to: &arena)
    let last = unsafe append(exit, exitLength, to: &arena)
    // the only page is both: chosen by a mask
    let isOnly: UInt32 = unsafe a.pointee.exit == 0 ? ~0 : 0
    unsafe row.pointee.entry = first
    unsafe row.pointee.exit.offset = first.offset & isOnly | last.offset & ~isOnly
    unsafe row.pointee.exit.length = first.length & isOnly | last.length & ~isOnly
    unsafe row.pointee.referrer = append(referrer, referrerLength, to: &arena)
    if agentLength > 0 { unsafe row.pointee.agent = append(agent, agentLength, to: &arena) }
    if unsafe a.pointee.path != 0 { unsafe paths.write(a.pointee.path, into: &row.pointee, &arena, slab) }
  }
  /// A text, absent when it is empty. Reserved before; up to 47 bytes are read and written past its end: whether a
  /// session has a referrer or a second page cannot be foretold, so that one of no bytes is copied like any other.
  @inline(__always)
  private func append(_ p: UnsafePointer<UInt8>, _ n: Int, to arena: inout OutputBuffer) -> ByteSpan {
    let span =
      n == 0 ? ByteSpan.absent : ByteSpan(offset: arena.count, length: n)
    unsafe arena.bytes48(p, n)
    return span
  }

  // MARK: snapshots

  /// Bytes that a snapshot copies.
  var stateByteCount: Int { unsafe slab.usedBytes.count + strings.words.count * 8 }
  func snapshot(into snapshot: StateSnapshot) {
    unsafe snapshot.add("texts", slab.usedBytes)
    unsafe snapshot.add("free-texts", values: slab.freeLists)
    unsafe snapshot.add("string-index", values: strings.words)
    let header: [Int64] = [Int64(slab.liveGranules), Int64(paths.opened), Int64(liveCount)]
    unsafe header.withUnsafeBufferPointer { unsafe snapshot.add("program", values: $0) }
  }
  mutating func restore(from snapshot: RestoredState) throws {
    let h = try snapshot.values("program", of: Int64.self)
    let texts = try unsafe snapshot.section("texts")
    guard h.count == 3,
      unsafe slab.restore(
        bytes: texts, freeLists: try snapshot.values("free-texts", of: UInt32.self), liveGranules: Int(h[0]))
    else { throw StateError.size("sessions/texts", texts.count) }
    unsafe strings.restore(words: try snapshot.section("string-index"))
    (paths.opened, liveCount) = (Int(h[1]), Int(h[2]))
  }
}

extension SessionEnd {
  init(_ reason: SessionEndReason) {
    switch reason {
    case .gap: self = .gap
    case .maxDuration: self = .maxDuration
    case .maxEvents: self = .maxEvents
    case .midnight: self = .midnight
    case .campaign: self = .campaign
    case .endOfInput: self = .endOfInput
    }
  }
}

/// A hash of a URL's `utm_campaign` (with source and medium where given), 0 when it has none.
func campaignHash(_ url: UnsafePointer<UInt8>, _ n: Int) -> UInt32 {
  var i = 0
  while i < n, unsafe url[i] != 63 { i += 1 }
  var h: UInt64 = 0
  while i < n {
    // at '?' or '&'
    let start = i + 1
    i = start
    while i < n, unsafe url[i] != 38, unsafe url[i] != 35 { i += 1 }
    // "utm_"
    if i - start > 4, unsafe load4(url + start) == 0x5f6d_7475 { h = unsafe mix(h, hashBytes(url + start, i - start)) }
    if i < n, unsafe url[i] == 35 { break }
  }
  return h == 0 ? 0 : UInt32(truncatingIfNeeded: h >> 32) | 1
}
