import CKernels
import FlatMemory

/// What is kept of one user.
struct SampledUser: BitwiseCopyable {
  /// Mixed hash of the user id; 0: an empty slot.
  var key: UInt64
  /// Day (since 1970 UTC) of the user's first session.
  var firstDay: Int32
  var sessions: UInt32
  /// Bit k: active k days, k weeks (Monday to Sunday) after the first.
  var days: UInt32
  var weeks: UInt32
}

/// Distinct users with their return visits: exact up to 65,536, then a uniform sample of users by hash threshold
/// (adaptive sampling, Flajolet 1990; a relative of the k-minimum-values sketch).
///
/// Guarantees: a user is either followed from the first session on or not at all, so ratios among sampled users are
/// unbiased; between 32,768 and 65,536 users are held once sampling began, so counts have a relative standard error
/// of at most 0.6% (1/√32,768). Which users are held depends on the set of users only, not on their order.
/// Cost: one cache line a session of a held user, nothing for others; at most 3 MB.
@safe struct UserSample: ~Copyable {
  static let usersMax = 65_536
  /// Days and weeks that fit the masks.
  static let periodsMax = 32

  private static let slotCount = 2 * usersMax
  private let slots: UnsafeMutablePointer<SampledUser>
  private(set) var count = 0
  /// One user in `1 << level` is held.
  private(set) var level: UInt64 = 0

  init(in memory: inout ReportMemory) { unsafe slots = unsafe memory.take(SampledUser.self, count: Self.slotCount) }

  /// Spreads a user hash, so that samples are independent of whatever else is decided by that hash.
  @inline(__always)
  static func key(ofUserHash h: UInt64) -> UInt64 {
    let k = mix(h, 0x5ca1_ab1e_0ddb_a115)
    return k == 0 ? 1 : k
  }

  /// The week of a day, Monday to Sunday, since the week of 1970-01-01 (a Thursday).
  @inline(__always)
  static func week(ofDay day: Int32) -> Int32 {
    let d = Int(day) &+ 3
    return Int32(truncatingIfNeeded: (d &- (d < 0 ? 6 : 0)) / 7)
  }

  /// Whether the user is followed; once not, never again.
  @inline(__always)
  func isHeld(_ key: UInt64) -> Bool { (key &>> 1) &>> (63 &- level) == 0 }

  /// Asks for the slot of a user that is held.
  @inline(__always)
  func prefetch(_ key: UInt64) {
    let slot = unsafe slots + (Int(truncatingIfNeeded: key) & (Self.slotCount &- 1))
    // a slot may lie across two lines
    unsafe tw_prefetch(slot)
    unsafe tw_prefetch(UnsafeRawPointer(slot) + 16)
  }

  /// Counts a session of a user that started on `day`.
  @inline(__always)
  mutating func add(_ key: UInt64, day: Int32) {
    guard isHeld(key) else { return }
    var i = Int(truncatingIfNeeded: key) & (Self.slotCount &- 1)
    while unsafe slots[i].key != key {
      if unsafe slots[i].key == 0 {
        insert(key, day)
        return
      }
      i = (i &+ 1) & (Self.slotCount &- 1)
    }
    let user = unsafe slots + i
    unsafe user.pointee.sessions = unsafe user.pointee.sessions &+ 1
    let first = unsafe user.pointee.firstDay
    let daysLater = Int(day) &- Int(first)
    if daysLater > 0 {
      if daysLater < Self.periodsMax { unsafe user.pointee.days |= 1 &<< UInt32(truncatingIfNeeded: daysLater) }
      let weeksLater = Self.week(ofDay: day) &- Self.week(ofDay: first)
      if weeksLater < Self.periodsMax { unsafe user.pointee.weeks |= 1 &<< UInt32(truncatingIfNeeded: weeksLater) }
    }
  }

  @inline(never)
  private mutating func insert(_ key: UInt64, _ day: Int32) {
    if count == Self.usersMax {
      halve()
      guard isHeld(key) else { return }
    }
    place(SampledUser(key: key, firstDay: day, sessions: 1, days: 1, weeks: 1))
  }

  private mutating func place(_ user: SampledUser) {
    var i = Int(truncatingIfNeeded: user.key) & (Self.slotCount &- 1)
    while unsafe slots[i].key != 0 { i = (i + 1) & (Self.slotCount &- 1) }
    unsafe slots[i] = user
    count += 1
  }

  /// Keeps every second user, in place: from an empty slot on, each held user is placed anew, at its own slot or
  /// before it, since all that come earlier in its run were placed already.
  private mutating func halve() {
    level += 1
    count = 0
    let mask = Self.slotCount &- 1
    var first = 0
    while unsafe slots[first].key != 0 { first += 1 }
    for k in 1..<Self.slotCount {
      let i = (first &+ k) & mask
      let user = unsafe slots[i]
      if user.key == 0 { continue }
      unsafe slots[i].key = 0
      if isHeld(user.key) { place(user) }
    }
  }

  private mutating func clear() {
    unsafe slots.update(
      repeating: SampledUser(key: 0, firstDay: 0, sessions: 0, days: 0, weeks: 0), count: Self.slotCount)
    count = 0
  }

  func visit(_ body: (SampledUser) -> Void) {
    for i in 0..<Self.slotCount where unsafe slots[i].key != 0 { unsafe body(slots[i]) }
  }

  func write(into w: inout StateWriter) {
    w.unsigned(level)
    w.count(count)
    for i in 0..<Self.slotCount where unsafe slots[i].key != 0 {
      let user = unsafe slots[i]
      w.word(user.key)
      w.signed(Int64(user.firstDay))
      w.unsigned(UInt64(user.sessions))
      w.unsigned(UInt64(user.days))
      w.unsigned(UInt64(user.weeks))
    }
  }
  mutating func read(from r: inout StateReader) throws {
    level = UInt64(try r.count(atMost: 48, "halvings of the user sample"))
    let n = try r.count(atMost: Self.usersMax, "users")
    clear()
    for _ in 0..<n {
      let key = try r.word()
      guard key != 0 else { throw r.failure("a user without a key") }
      let firstDay = Int32(truncatingIfNeeded: try r.signed())
      let sessions = UInt32(truncatingIfNeeded: try r.unsigned())
      let days = UInt32(truncatingIfNeeded: try r.unsigned())
      let weeks = UInt32(truncatingIfNeeded: try r.unsigned())
      place(SampledUser(key: key, firstDay: firstDay, sessions: sessions, days: days, weeks: weeks))
    }
  }
}
