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
/// State: 68 bytes beside key and times. The first event's URL, referrer and agent are shared strings; the last URL is
/// a slab string overwritten in place; distinct items, the funnel's steps and (for sampled sessions) the path are slab
/// records that most sessions do not have. Rows go to the session rows' buffer, late events to the dead letters'.
struct LogSessionProgram: SessionProgram {
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
    /// Shared strings of the first event.
    var entry: UInt32
    var referrer: UInt32
    var agent: UInt32
    /// The last event's URL; 0: the same as the first's.
    var exit: UInt32
    var items: DistinctItems
    /// Slab record of the delays to cart, checkout and purchase; 0: none happened.
    var steps: UInt32
    /// Slab record of the path; 0: not sampled.
    var path: UInt32
    /// Hash of the campaign in force, when sessions split on it.
    var campaign: UInt32
    var exitLength: UInt16
  }

  var splitsInOrder: Bool { splits.isActive }

  var slab = Slab()
  var strings = StringTable()
  var paths = PathSampler()
  let splits: LogSplits
  /// The block that the events being processed point into.
  var bytes = UnsafePointer<UInt8>(bitPattern: 64)!
  var rows: PartitionBuffer<SessionRow>?
  var late: LateEventWriter?

  init(splits: LogSplits) { self.splits = splits }
  func deallocate() {
    slab.deallocate()
    strings.deallocate()
  }

  // MARK: key

  @inline(__always) static func time(_ e: UnsafePointer<LogEvent>) -> Int64 { e.pointee.time }
  @inline(__always) static func hash(_ e: UnsafePointer<LogEvent>) -> UInt64 { e.pointee.userHash }

  @inline(__always) static func words(_ p: UnsafePointer<UInt8>, _ n: Int) -> (UInt64, UInt64) {
    (load8(p) & byteMask(n), n > 8 ? load8(p + 8) & byteMask(n &- 8) : 0)
  }
  @inline(__always) static func words(of k: UnsafePointer<Key>) -> (UInt64, UInt64) {
    let r = UnsafeRawPointer(k)
    return (r.loadUnaligned(as: UInt64.self), r.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
  }
  func hash(of k: UnsafePointer<Key>) -> UInt64 {
    let n = Int(k.pointee.length)
    let (low, high) = LogSessionProgram.words(of: k)
    return n <= 16 ? hashWords(low, high, n) : hashBytes(slab.pointer(UInt32(truncatingIfNeeded: low)), n)
  }
  @inline(__always) func matches(_ k: UnsafePointer<Key>, _ e: UnsafePointer<LogEvent>) -> Bool {
    let n = Int(e.pointee.userLength)
    guard k.pointee.length == e.pointee.userLength else { return false }
    let p = bytes + Int(e.pointee.userOffset)
    let (low, high) = LogSessionProgram.words(of: k)
    if n <= 16 {
      let (a, b) = LogSessionProgram.words(p, n)
      return low == a && high == b
    }
    return equalBytes(slab.pointer(UInt32(truncatingIfNeeded: low)), p, n)
  }
  @inline(__always) mutating func makeKey(_ e: UnsafePointer<LogEvent>) -> Key {
    let n = Int(e.pointee.userLength)
    let p = bytes + Int(e.pointee.userOffset)
    var (a, b) = LogSessionProgram.words(p, n)
    if n > 16 {
      let h = slab.allocate(byteCount: n)
      tw_copy8(slab.pointer(h), p, n)
      (a, b) = (UInt64(h), 0)
    }
    return Key(
      low: (UInt32(truncatingIfNeeded: a), UInt32(truncatingIfNeeded: a >> 32)),
      high: (UInt32(truncatingIfNeeded: b), UInt32(truncatingIfNeeded: b >> 32)), length: e.pointee.userLength)
  }
  mutating func dropKey(_ k: UnsafePointer<Key>) {
    if k.pointee.length > 16 { slab.release(k.pointee.low.0, byteCount: Int(k.pointee.length)) }
  }

  // MARK: aggregate

  @inline(__always) mutating func begin(_ a: UnsafeMutablePointer<Aggregate>, _ e: UnsafePointer<LogEvent>) {
    let url = bytes + Int(e.pointee.urlOffset)
    let value = e.pointee.value.bitPattern
    a.initialize(
      to: Aggregate(
        events: 1, views: e.pointee.eventClass == .view ? 1 : 0,
        value: (UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32)),
        entry: strings.hold(url, Int(e.pointee.urlLength), in: &slab),
        referrer: strings.hold(bytes + Int(e.pointee.referrerOffset), Int(e.pointee.referrerLength), in: &slab),
        agent: strings.hold(bytes + Int(e.pointee.agentOffset), Int(e.pointee.agentLength), in: &slab),
        exit: 0, items: DistinctItems(), steps: 0, path: 0, campaign: 0, exitLength: 0))
    if e.pointee.item != 0 { DistinctItems.add(LogSessionProgram.items(a), e.pointee.item, &slab) }
    if e.pointee.eventClass.rawValue >= EventClass.cart.rawValue { noteStep(a, e, start: e.pointee.time) }
    if splits.onCampaign { a.pointee.campaign = campaignHash(url, Int(e.pointee.urlLength)) }
    a.pointee.path = paths.begin(
      sampleHash: e.pointee.userHash, isView: e.pointee.eventClass == .view, time: e.pointee.time, url,
      Int(e.pointee.urlLength), &strings, &slab)
  }
  @inline(__always) static func items(_ a: UnsafeMutablePointer<Aggregate>) -> UnsafeMutablePointer<DistinctItems> {
    (UnsafeMutableRawPointer(a) + MemoryLayout<Aggregate>.offset(of: \Aggregate.items)!)
      .assumingMemoryBound(to: DistinctItems.self)
  }

  @inline(__always) mutating func add(
    _ a: UnsafeMutablePointer<Aggregate>, _ e: UnsafePointer<LogEvent>, isFirst: Bool, isLast: Bool, start: Int64,
    formerStart: Int64
  ) {
    let n = Int(e.pointee.urlLength)
    let url = bytes + Int(e.pointee.urlOffset)
    if isLast {
      if n > 0 { setExit(a, url, n) }
    } else if isFirst {
      becomeFirst(a, e, start: start, formerStart: formerStart)
    }
    a.pointee.events &+= 1
    if e.pointee.eventClass == .view { a.pointee.views &+= 1 }
    if e.pointee.value != 0 { addValue(a, e.pointee.value) }
    if e.pointee.item != 0 { DistinctItems.add(LogSessionProgram.items(a), e.pointee.item, &slab) }
    if e.pointee.eventClass.rawValue >= EventClass.cart.rawValue { noteStep(a, e, start: start) }
    if a.pointee.path != 0, e.pointee.eventClass == .view {
      paths.add(a.pointee.path, time: e.pointee.time, url, n, &strings, &slab)
    }
    if splits.onCampaign {
      let c = campaignHash(url, n)
      if c != 0 { a.pointee.campaign = c }
    }
  }

  @inline(__always) mutating func setExit(_ a: UnsafeMutablePointer<Aggregate>, _ url: UnsafePointer<UInt8>, _ n: Int) {
    if a.pointee.exit == 0 || Slab.sizeClass(n) != Slab.sizeClass(Int(a.pointee.exitLength)) {
      if a.pointee.exit != 0 { slab.release(a.pointee.exit, byteCount: Int(a.pointee.exitLength)) }
      a.pointee.exit = slab.allocate(byteCount: n)
    }
    a.pointee.exitLength = UInt16(truncatingIfNeeded: n)
    tw_copy8(slab.pointer(a.pointee.exit), url, n)
  }

  /// An event before all others brings the session's referrer, agent and entry page.
  @inline(never) mutating func becomeFirst(
    _ a: UnsafeMutablePointer<Aggregate>, _ e: UnsafePointer<LogEvent>, start: Int64, formerStart: Int64
  ) {
    let n = Int(e.pointee.urlLength)
    if a.pointee.exit == 0 {
      let (p, m) = StringTable.text(a.pointee.entry, in: slab)
      if m > 0 {
        // the slab does not move, so its text may be copied within it
        setExit(a, p, m)
      }
    }
    if n > 0 {
      let h = strings.hold(bytes + Int(e.pointee.urlOffset), n, in: &slab)
      strings.release(a.pointee.entry, in: &slab)
      a.pointee.entry = h
    }
    let referrer = strings.hold(bytes + Int(e.pointee.referrerOffset), Int(e.pointee.referrerLength), in: &slab)
    strings.release(a.pointee.referrer, in: &slab)
    a.pointee.referrer = referrer
    if e.pointee.agentLength > 0 {
      let agent = strings.hold(bytes + Int(e.pointee.agentOffset), Int(e.pointee.agentLength), in: &slab)
      strings.release(a.pointee.agent, in: &slab)
      a.pointee.agent = agent
    }
    if a.pointee.steps != 0 { moveSteps(a, by: formerStart &- start) }
  }

  @inline(__always) func value(_ a: UnsafePointer<Aggregate>) -> Double {
    Double(bitPattern: UInt64(a.pointee.value.0) | UInt64(a.pointee.value.1) << 32)
  }
  @inline(never) func addValue(_ a: UnsafeMutablePointer<Aggregate>, _ v: Double) {
    let bits = (value(a) + v).bitPattern
    a.pointee.value = (UInt32(truncatingIfNeeded: bits), UInt32(truncatingIfNeeded: bits >> 32))
  }

  // MARK: merging and splitting

  mutating func merge(
    _ x: UnsafeMutablePointer<Aggregate>, _ xStart: Int64, _ y: UnsafeMutablePointer<Aggregate>, _ yStart: Int64
  ) {
    x.pointee.events &+= y.pointee.events
    x.pointee.views &+= y.pointee.views
    addValue(x, value(y))
    // the later session's last page is the last page
    let (entry, entryLength) = StringTable.text(y.pointee.entry, in: slab)
    if y.pointee.exit != 0 {
      setExit(x, slab.pointer(y.pointee.exit), Int(y.pointee.exitLength))
    } else if entryLength > 0 {
      setExit(x, entry, entryLength)
    }
    if x.pointee.entry == 0, entryLength > 0 { x.pointee.entry = strings.hold(entry, entryLength, in: &slab) }
    if x.pointee.agent == 0 {
      let (p, n) = StringTable.text(y.pointee.agent, in: slab)
      x.pointee.agent = strings.hold(p, n, in: &slab)
    }
    DistinctItems.merge(LogSessionProgram.items(x), LogSessionProgram.items(y), &slab)
    y.pointee.items = DistinctItems()
    mergeSteps(x, xStart, y, yStart)
    paths.merge(x.pointee.path, y.pointee.path, &strings, &slab)
    if y.pointee.campaign != 0 { x.pointee.campaign = y.pointee.campaign }
    drop(y)
  }

  func splitReason(_ a: UnsafePointer<Aggregate>, _ e: UnsafePointer<LogEvent>, start: Int64) -> SessionEndReason? {
    if e.pointee.time &- start > splits.maxDurationMilliseconds { return .maxDuration }
    if a.pointee.events >= splits.maxEvents { return .maxEvents }
    if splits.onCampaign {
      let c = campaignHash(bytes + Int(e.pointee.urlOffset), Int(e.pointee.urlLength))
      if c != 0, c != a.pointee.campaign { return .campaign }
    }
    return nil
  }

  @inline(__always) func prefetch(_ a: UnsafePointer<Aggregate>) {
    tw_prefetch(slab.pointer(a.pointee.exit))
    if a.pointee.items.hasMore { tw_prefetch(slab.pointer(a.pointee.items.handle)) }
  }

  // MARK: output

  mutating func late(_ e: UnsafePointer<LogEvent>, maximum: Int64) { late?.write(e, bytes, maximum: maximum) }

  mutating func drop(_ a: UnsafeMutablePointer<Aggregate>) {
    strings.release(a.pointee.entry, in: &slab)
    strings.release(a.pointee.referrer, in: &slab)
    strings.release(a.pointee.agent, in: &slab)
    if a.pointee.exit != 0 { slab.release(a.pointee.exit, byteCount: Int(a.pointee.exitLength)) }
    a.pointee.items.drop(&slab)
    if a.pointee.steps != 0 { slab.release(a.pointee.steps, byteCount: FunnelSteps.byteCount) }
    paths.drop(a.pointee.path, &strings, &slab)
  }

  mutating func emit(_ s: EmittedSession<LogSessionProgram>) {
    guard let rows, s.kind == .closed else { return }
    let a = s.aggregate
    let userHash = hash(of: s.key)
    var row = SessionRow()
    row.id = mix(userHash, UInt64(bitPattern: s.start) ^ UInt64(s.ordinal) &<< 48)
    row.userHash = userHash
    row.start = s.start
    row.end = s.last
    row.closedAt = s.closedAt
    row.value = value(a)
    row.events = a.pointee.events
    row.views = a.pointee.views
    row.items = a.pointee.items.count(in: slab)
    readSteps(a, into: &row)
    let duration = s.last &- s.start
    let isFast = row.events > 100 && Int64(row.events) &* 1000 > duration
    row.flags = isFast ? 1 : 0
    row.endedBy = isFast ? .bot : SessionEnd(s.reason)
    let userLength = Int(s.key.pointee.length)
    row.user =
      userLength <= 16
      ? append(UnsafeRawPointer(s.key).assumingMemoryBound(to: UInt8.self), userLength, to: rows)
      : append(slab.pointer(s.key.pointee.low.0), userLength, to: rows)
    let (entry, entryLength) = StringTable.text(a.pointee.entry, in: slab)
    row.entry = entryLength == 0 ? .absent : append(entry, entryLength, to: rows)
    row.exit =
      a.pointee.exit == 0 ? row.entry : append(slab.pointer(a.pointee.exit), Int(a.pointee.exitLength), to: rows)
    let (referrer, referrerLength) = StringTable.text(a.pointee.referrer, in: slab)
    row.referrer = referrerLength == 0 ? .absent : append(referrer, referrerLength, to: rows)
    let (agent, agentLength) = StringTable.text(a.pointee.agent, in: slab)
    row.agent = agentLength == 0 ? .absent : append(agent, agentLength, to: rows)
    if a.pointee.path != 0 { paths.write(a.pointee.path, into: &row, rows, slab) }
    rows.append(row)
  }
  @inline(__always)
  private func append(_ p: UnsafePointer<UInt8>, _ n: Int, to rows: PartitionBuffer<SessionRow>) -> ByteSpan {
    rows.arena.reserve(n &+ 16)
    let span = ByteSpan(offset: rows.arena.count, length: n)
    rows.arena.bytes(p, n)
    return span
  }

  // MARK: snapshots

  func snapshot(into snapshot: StateSnapshot) {
    snapshot.add("texts", slab.usedBytes)
    snapshot.add("free-texts", values: slab.freeLists)
    snapshot.add("string-index", values: strings.words)
    let header: [Int64] = [Int64(slab.liveGranules), Int64(paths.opened)]
    header.withUnsafeBufferPointer { snapshot.add("program", values: $0) }
  }
  mutating func restore(from snapshot: RestoredState) throws {
    let h = try snapshot.values("program", of: Int64.self)
    let texts = try snapshot.section("texts")
    guard h.count == 2,
      slab.restore(
        bytes: texts, freeLists: try snapshot.values("free-texts", of: UInt32.self), liveGranules: Int(h[0]))
    else { throw StateError.size("sessions/texts", texts.count) }
    strings.restore(words: try snapshot.section("string-index"))
    paths.opened = Int(h[1])
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
  while i < n, url[i] != 63 { i += 1 }
  var h: UInt64 = 0
  while i < n {
    // at '?' or '&'
    let start = i + 1
    i = start
    while i < n, url[i] != 38, url[i] != 35 { i += 1 }
    if i - start > 4, load4(url + start) == 0x5f6d_7475 { h = mix(h, hashBytes(url + start, i - start)) }  // "utm_"
    if i < n, url[i] == 35 { break }
  }
  return h == 0 ? 0 : UInt32(truncatingIfNeeded: h >> 32) | 1
}
