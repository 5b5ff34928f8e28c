public import CKernels
public import FlatMemory
public import StreamCore

/// Groups the events of each key into sessions by event time, in any order of arrival, in O(1) memory a session.
///
/// **What it guarantees.** An event covers the closed interval `[time, time + gap]` (cut at midnight if asked); a session
/// is a maximal union of overlapping intervals of one key. Whatever the order of arrival within the watermark delay, the
/// sessions are those of the sorted events. An event is late only if the session it would belong to ended before the
/// watermark by more than the allowed lateness (Flink's rule, judged on the merged session), or if it would stretch a
/// session back over one already given out. Results depend on the sequence of (event, watermark) alone.
///
/// **How.** A flat table of slots; an index from key hash to the newest session of the key; further open sessions of the
/// key (there are some only while late events arrive) hang on a chain of slots. A lazy timer wheel closes sessions; a
/// session whose end has passed is also closed when its key is met, so nothing depends on when timers run.
///
/// **Cost.** About 15 ns an event while the open sessions fit the cache, 25 ns with prefetching at a million of them;
/// state: a slot, 16 bytes of index and what the program keeps. After a crash: slots are copied as they are, the index
/// is rebuilt.
@safe public struct Sessionizer<Program: SessionProgram>: @unchecked Sendable {
  /// An open session.
  public struct Slot: BitwiseCopyable {
    @usableFromInline var start: Int64
    @usableFromInline var last: Int64
    /// The session takes events up to `last + tail`.
    @usableFromInline var tail: UInt32
    /// Events this far before the start, or further, would stretch the session over one already given out; `.max`: none.
    @usableFromInline var floorBelow: UInt32
    @usableFromInline var hash: UInt32
    /// Next slot in the timer bucket or the free list.
    @usableFromInline var next: UInt32
    /// Next older session of the key, 0 for none.
    @usableFromInline var older: UInt32
    /// Bit 31: live; the rest counts splits.
    @usableFromInline var ordinal: UInt32
    @usableFromInline var key: Program.Key
    @usableFromInline var aggregate: Program.Aggregate
  }

  public var program: Program
  public let options: SessionOptions
  public private(set) var openCount = 0
  public private(set) var openPeak = 0
  public private(set) var lateCount = 0
  /// Sessions that an event joined together.
  public private(set) var mergedCount = 0
  /// Events before the watermark that still found their session.
  public private(set) var outOfOrderCount = 0
  public private(set) var watermark = Int64.min

  @usableFromInline let memory: ReservedMemory
  @usableFromInline let slots: UnsafeMutablePointer<Slot>
  @usableFromInline let slotMax: Int
  @usableFromInline var top: UInt32 = 1
  @usableFromInline var freeSlot: UInt32 = 0
  @usableFromInline var index = HashIndex()
  @usableFromInline var wheel: TimerWheel
  @usableFromInline var ended = RecentlyEnded()
  /// Events at most this far apart merge; the gap as the options have it.
  @usableFromInline let gap: Int64
  @usableFromInline let standardGap: Int64
  @usableFromInline let lateness: Int64
  @usableFromInline let updates: Bool
  @usableFromInline let hasDays: Bool
  @usableFromInline let hasDynamicGaps: Bool
  /// An event that falls in its key's only open session or follows it does no more than that.
  @usableFromInline let isPlain: Bool
  /// An event holds its session open for the one gap.
  @usableFromInline let hasOneGap: Bool
  /// Whether sessions already given out have to be remembered so that later ones cannot overlap them.
  ///
  /// Not where all events have one gap and nothing else ends a session: a session was given out because its reach and the
  /// lateness lay before the watermark, and an event no later than its last one reaches no further. So it is late itself,
  /// and too far from any session that is still open to stretch that one back (which begins beyond the reach). The same
  /// holds for gaps cut at midnight, which keep their order.
  @usableFromInline let remembersEnded: Bool
  /// Highest event time of an input that is over; sessions that reach so far are ended by that.
  public internal(set) var inputEnd = Int64.max
  /// Open sessions above which the state no longer sits in the cache and events are prefetched.
  @usableFromInline let prefetchAbove = 4096

  public init(options: SessionOptions, program: Program) {
    self.options = options
    self.program = program
    // dead slots wait for their timers; with a quarter to spare, reclaiming them early is rare
    slotMax = options.openSessionsMax + options.openSessionsMax / 4 + 64
    memory = ReservedMemory(byteCount: MemoryLayout<Slot>.stride * slotMax)
    unsafe slots = unsafe memory.base.assumingMemoryBound(to: Slot.self)
    wheel = options.makeWheel()
    gap = options.mergeGapMilliseconds
    standardGap = options.gapMilliseconds
    lateness = options.allowedLatenessMilliseconds
    updates = options.emission == .update
    hasDays = options.days != nil
    hasDynamicGaps = program.hasDynamicGaps
    isPlain = !updates && !program.splitsInOrder
    hasOneGap = !hasDays && !hasDynamicGaps
    remembersEnded = program.hasDynamicGaps || program.splitsInOrder
  }
  public func deallocate() {
    index.deallocate()
    wheel.deallocate()
    ended.deallocate()
    memory.release()
  }

  mutating func restoreCounters(_ h: [Int64]) {
    (watermark, wheel.position, wheel.nextFire) = (h[4], h[5], h[6])
    (openCount, openPeak, lateCount, mergedCount, outOfOrderCount) = (
      Int(h[8]), Int(h[9]), Int(h[10]), Int(h[11]), Int(h[12])
    )
  }

  // MARK: events

  /// Takes events in order of arrival. `maximumBefore` and `runningMaxima` give the highest event time of the source up
  /// to each event; the watermark is that less `delay`. Without maxima the watermark moves by ``advance(to:)`` only.
  @inlinable
  public mutating func process(
    _ events: UnsafePointer<Program.Event>, count n: Int, maximumBefore: Int64, runningMaxima: UnsafePointer<Int64>?,
    delayMilliseconds: Int64
  ) {
    var i = 0
    while i < n {
      let end = min(i &+ Sessionizer.timerStride, n)
      if openCount > prefetchAbove {
        unsafe takeFar(events, &i, min(end, n &- 24), maximumBefore, runningMaxima, delayMilliseconds)
      }
      unsafe takeNear(
        events, &i, min(end, n &- Sessionizer.eventsAhead), maximumBefore, runningMaxima, delayMilliseconds)
      while i < end {
        unsafe takeOne(events + i, i, maximumBefore, runningMaxima, delayMilliseconds)
        i &+= 1
      }
      // not at each event: whether one is due then, nobody could foretell
      if watermark >= wheel.nextFire { fire() }
    }
  }
  /// Events between two looks at the timers. What they would close is also closed when its key is met.
  @inlinable @inline(__always)
  static var timerStride: Int { 64 }

  /// Takes events up to `end` of many open sessions, whose state is far.
  @inlinable @inline(__always)
  mutating func takeFar(
    _ events: UnsafePointer<Program.Event>, _ i: inout Int, _ end: Int, _ maximumBefore: Int64,
    _ runningMaxima: UnsafePointer<Int64>?, _ delay: Int64
  ) {
    // three distances: the index line, the slot (needs the index), what the aggregate points to (needs the slot)
    while i < end {
      unsafe tw_prefetch(index.words + indexPosition(events + (i &+ 24)))
      let b = unsafe slots + Int(HashIndex.slot(of: index.words[indexPosition(events + (i &+ 16))]))
      unsafe tw_prefetch(b)
      unsafe tw_prefetch(UnsafeRawPointer(b) + 64)
      unsafe tw_prefetch(UnsafeRawPointer(b) + (MemoryLayout<Slot>.size - 1))
      let c = unsafe slots + Int(HashIndex.slot(of: index.words[indexPosition(events + (i &+ 8))]))
      unsafe program.prefetch(Sessionizer.aggregate(c))
      unsafe program.prefetch(event: events + (i &+ Sessionizer.eventsAhead))
      unsafe takeOne(events + i, i, maximumBefore, runningMaxima, delay)
      i &+= 1
    }
  }
  /// Takes events up to `end` of sessions whose state is in the cache.
  @inlinable @inline(__always)
  mutating func takeNear(
    _ events: UnsafePointer<Program.Event>, _ i: inout Int, _ end: Int, _ maximumBefore: Int64,
    _ runningMaxima: UnsafePointer<Int64>?, _ delay: Int64
  ) {
    while i < end {
      unsafe tw_prefetch(index.words + indexPosition(events + (i &+ Sessionizer.eventsAhead)))
      unsafe program.prefetch(event: events + (i &+ Sessionizer.eventsAhead))
      unsafe takeOne(events + i, i, maximumBefore, runningMaxima, delay)
      i &+= 1
    }
  }
  /// How many events before its turn what an event points to is fetched: at 20 ns each, longer than a cache line takes
  /// to come from another core.
  @inlinable @inline(__always)
  static var eventsAhead: Int { 8 }
  @inlinable @inline(__always)
  func indexPosition(_ e: UnsafePointer<Program.Event>) -> Int {
    unsafe Int(Sessionizer.hash32(Program.hash(e))) & index.mask
  }
  /// The bits that choose places in the table: not the top ones, which chose the partition.
  @inlinable @inline(__always)
  static func hash32(_ h: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: h &>> 8) }

  @inlinable @inline(__always)
  mutating func takeOne(
    _ e: UnsafePointer<Program.Event>, _ i: Int, _ maximumBefore: Int64, _ runningMaxima: UnsafePointer<Int64>?,
    _ delay: Int64
  ) {
    var maximum = Int64.min
    if let runningMaxima = unsafe runningMaxima {
      maximum = unsafe max(maximumBefore, runningMaxima[i])
      if maximum != .min {
        let w = maximum &- delay
        if w > watermark { _watermark = w }
      }
    }
    unsafe take(e, maximum: maximum)
  }
  @usableFromInline var _watermark: Int64 {
    @inline(__always) get { watermark }
    @inline(__always) set { watermark = newValue }
  }

  /// Takes one event at the present watermark.
  @inlinable @inline(__always)
  public mutating func take(_ e: UnsafePointer<Program.Event>, maximum: Int64) {
    let t = unsafe Program.time(e)
    let reach = unsafe intervalEnd(e, t)
    let hash = unsafe Sessionizer.hash32(Program.hash(e))
    var i = Int(hash) & index.mask
    while true {
      let x = unsafe index.words[i]
      if x == 0 { break }
      if HashIndex.hash(of: x) == hash {
        let id = HashIndex.slot(of: x)
        let s = unsafe slots + Int(id)
        if unsafe program.matches(Sessionizer.key(s), e) {
          // the common case: one open session, still taking events, and this one falls in or after it
          if unsafe s.pointee.older == 0, unsafe t >= s.pointee.start,
            unsafe t <= s.pointee.last &+ Int64(s.pointee.tail),
            unsafe !isOver(s.pointee.last &+ Int64(s.pointee.tail)), isPlain
          {
            let isLast = unsafe t >= s.pointee.last
            if isLast {
              let end = unsafe max(Sessionizer.reach(s), reach)
              unsafe s.pointee.last = t
              unsafe s.pointee.tail = UInt32(truncatingIfNeeded: end &- t)
            } else if unsafe reach > s.pointee.last &+ Int64(s.pointee.tail) {
              unsafe s.pointee.tail = unsafe UInt32(truncatingIfNeeded: reach &- s.pointee.last)
            }
            if t < watermark { noteOutOfOrder() }
            unsafe program.add(
              Sessionizer.aggregate(s), e, isFirst: false, isLast: isLast, start: s.pointee.start,
              formerStart: s.pointee.start)
            return
          }
          unsafe takeIntoChain(id, e, t, reach, maximum)
          return
        }
      }
      i = (i &+ 1) & index.mask
    }
    unsafe open(e, t, reach, hash, chain: 0, maximum)
  }
  @inlinable @inline(__always) mutating func noteOutOfOrder() { _outOfOrderCount &+= 1 }
  @usableFromInline var _outOfOrderCount: Int {
    get { outOfOrderCount }
    set { outOfOrderCount = newValue }
  }

  /// Last millisecond that an event holds its session open for.
  @inlinable @inline(__always)
  func intervalEnd(_ e: UnsafePointer<Program.Event>, _ t: Int64) -> Int64 {
    var reach = t &+ gap
    if hasOneGap { return reach }
    if hasDynamicGaps {
      let own = unsafe program.gapMilliseconds(e, standard: standardGap)
      if own != standardGap { reach = t &+ options.mergeGap(ofGap: own) }
    }
    if hasDays, let days = options.days { reach = min(reach, days.day(containing: t).end &- 1) }
    return reach
  }
  /// Whether a session that reaches so far has ended before the watermark by more than the allowed lateness.
  @inlinable @inline(__always)
  func isOver(_ reach: Int64) -> Bool { reach &+ lateness < watermark }

  // pointers to stored properties of a slot, without copying the slot
  @inlinable @inline(__always)
  static func key(_ s: UnsafeMutablePointer<Slot>) -> UnsafeMutablePointer<Program.Key> {
    unsafe (UnsafeMutableRawPointer(s) + MemoryLayout<Slot>.offset(of: \Slot.key)!).assumingMemoryBound(
      to: Program.Key.self)
  }
  @inlinable @inline(__always)
  static func aggregate(_ s: UnsafeMutablePointer<Slot>) -> UnsafeMutablePointer<Program.Aggregate> {
    unsafe (UnsafeMutableRawPointer(s) + MemoryLayout<Slot>.offset(of: \Slot.aggregate)!)
      .assumingMemoryBound(to: Program.Aggregate.self)
  }
  /// A distance that is too long for any gap, or from no time at all, is `.max`.
  @inlinable @inline(__always)
  static func distance(from floor: Int64, to start: Int64) -> UInt32 {
    floor == .min ? .max : UInt32(truncatingIfNeeded: min(start &- floor, Int64(UInt32.max)))
  }
  @inlinable @inline(__always)
  static func reach(_ s: UnsafeMutablePointer<Slot>) -> Int64 { unsafe s.pointee.last &+ Int64(s.pointee.tail) }

  // MARK: opening

  /// Opens a session for an event that no open one takes. `chain`: the key's newest open session, 0 for none.
  @inline(never) @inlinable
  mutating func open(
    _ e: UnsafePointer<Program.Event>, _ t: Int64, _ reach: Int64, _ hash: UInt32, chain: UInt32, _ maximum: Int64
  ) {
    // what is due makes room
    if openCount >= options.openSessionsMax { fire() }
    var floor = Int64.min
    if remembersEnded, watermark != .min {
      // what ended before that is forgotten, on whichever occasion
      floor = unsafe max(ended.last(Program.hash(e)), watermark &- 2 &* gap &- lateness &- 2)
    }
    // an own gap can hold open what lies before or inside a session already given out
    if isOver(reach) || t <= floor || openCount >= options.openSessionsMax {
      _lateCount &+= 1
      unsafe program.late(e, maximum: maximum)
      return
    }
    let id = takeSlot()
    let s = unsafe slots + Int(id)
    unsafe s.pointee.start = t
    unsafe s.pointee.last = t
    unsafe s.pointee.tail = UInt32(truncatingIfNeeded: reach &- t)
    unsafe s.pointee.hash = hash
    unsafe s.pointee.ordinal = 1 << 31
    unsafe s.pointee.floorBelow = Sessionizer.distance(from: floor, to: t)
    unsafe Sessionizer.key(s).initialize(to: program.makeKey(e))
    unsafe program.begin(Sessionizer.aggregate(s), e)
    if t < watermark { noteOutOfOrder() }
    link(id, chain: chain)
    arm(id)
    _openCount &+= 1
    if updates { unsafe emit(s, .current, .gap) }
  }
  @usableFromInline var _openCount: Int {
    get { openCount }
    set {
      openCount = newValue
      if newValue > openPeak { openPeak = newValue }
    }
  }
  @usableFromInline var _lateCount: Int {
    get { lateCount }
    set { lateCount = newValue }
  }

  @inlinable
  mutating func takeSlot() -> UInt32 {
    if freeSlot == 0, Int(top) == slotMax { reclaimSlots() }
    let id = freeSlot
    if id != 0 {
      freeSlot = unsafe slots[Int(id)].next
      unsafe tw_prefetch(slots + Int(freeSlot))
      unsafe tw_prefetch(UnsafeRawPointer(slots + Int(freeSlot)) + 64)
      return id
    }
    top += 1
    return top - 1
  }
  /// Frees the slots of sessions that are gone but still wait in the list of a timer. Keeps the order of the others.
  @inline(never) @usableFromInline
  mutating func reclaimSlots() {
    for b in 0..<TimerWheel.bucketCount {
      var id = unsafe wheel.heads[b]
      var kept: UInt32 = 0
      unsafe wheel.heads[b] = 0
      while id != 0 {
        let s = unsafe slots + Int(id)
        let next = unsafe s.pointee.next
        if unsafe s.pointee.ordinal == 0 {
          unsafe s.pointee.next = freeSlot
          freeSlot = id
        } else {
          unsafe s.pointee.next = 0
          if kept == 0 { unsafe wheel.heads[b] = id } else { unsafe slots[Int(kept)].next = id }
          kept = id
        }
        id = next
      }
    }
    precondition(freeSlot != 0, "every slot holds an open session")
  }
  @usableFromInline var _mergedCount: Int {
    get { mergedCount }
    set { mergedCount = newValue }
  }
}
