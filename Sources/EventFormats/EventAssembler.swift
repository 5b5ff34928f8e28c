import FlatMemory

/// A line's fields to a ``LogEvent``, or to the reason why there is none.
///
/// Guarantees: every line handed in ends up in exactly one of `events` and `rejected`.
/// Cost: 10 ns: the time, three short hashes, one 64-byte store. The owner calls ``deallocate()``.
struct EventAssembler {
  static let textByteCountMax = 65_535
  static let eventNameByteCountMax = 255

  var time: TimeParser
  let classifier = EventClassifier()
  let hasValue: Bool
  /// Roles that are read from another role's field, and how many.
  private let aliases: [(from: Int, to: Int)]
  private let hasAliases: Bool

  init(plan: DecodingPlan, aliases: [(from: Int, to: Int)] = []) {
    time = TimeParser(plan.timeFormat)
    hasValue = plan.fields[.value] != nil || plan.columns[.value] != nil
    self.aliases = aliases
    hasAliases = !aliases.isEmpty
  }
  func deallocate() { classifier.deallocate() }

  /// Adds the event of one line, `[lineStart, lineEnd)` without its newline. A class handed in is taken as it is.
  @inline(__always)
  mutating func add(
    _ b: UnsafeMutablePointer<UInt8>, _ row: UnsafeMutablePointer<ByteSpan>, lineStart: Int, lineEnd: Int,
    eventClass: EventClass? = nil, events: inout FlatArray<LogEvent>, rejected: inout FlatArray<RejectedLine>
  ) {
    if hasAliases { for alias in aliases { unsafe row[alias.to] = unsafe row[alias.from] } }
    let timeText = unsafe row[0]
    let user = unsafe row[1]
    let time =
      unsafe timeText.length &+ 1 > 1
      ? time.parse(b + Int(timeText.offset), Int(timeText.length)) : TimeParser.unreadable
    // absent is UInt32.max: one compare for absent, empty and too long
    if time == TimeParser.unreadable || user.length &- 1 >= 65_535 {
      unsafe reject(row, time, lineStart, lineEnd, &rejected)
      return
    }
    // written field by field where it stays: 64 bytes are too many for the registers
    events.reserve(events.count &+ 1)
    let event = unsafe events.base + events.count
    events.count &+= 1
    unsafe event.pointee.time = time
    unsafe event.pointee.lineOffset = UInt32(truncatingIfNeeded: lineStart)
    unsafe event.pointee.userHash = unsafe hashBytes(b + Int(user.offset), Int(user.length))
    unsafe event.pointee.userOffset = user.offset
    unsafe event.pointee.userLength = UInt16(truncatingIfNeeded: user.length)
    unsafe event.pointee.urlOffset = unsafe row[4].offset
    unsafe event.pointee.urlLength = unsafe EventAssembler.textLength(b, row[4])
    unsafe event.pointee.referrerOffset = unsafe row[5].offset
    unsafe event.pointee.referrerLength = unsafe EventAssembler.textLength(b, row[5])
    unsafe event.pointee.agentOffset = unsafe row[6].offset
    unsafe event.pointee.agentLength = unsafe EventAssembler.textLength(b, row[6])
    let item = unsafe row[2]
    unsafe event.pointee.item =
      unsafe item.length &+ 1 > 1
      ? EventAssembler.fingerprint(hashBytes(b + Int(item.offset), Int(item.length))) : 0
    let name = unsafe row[3]
    if name.length &+ 1 > 1 {
      unsafe event.pointee.eventOffset = name.offset
      unsafe event.pointee.eventLength = unsafe UInt8(
        truncatingIfNeeded: name.length <= 255 ? Int(name.length) : EventAssembler.cut(b + Int(name.offset), 255))
      unsafe event.pointee.eventClass = unsafe eventClass ?? classifier.classify(b + Int(name.offset), Int(name.length))
    } else {
      unsafe event.pointee.eventOffset = 0
      unsafe event.pointee.eventLength = 0
      unsafe event.pointee.eventClass = eventClass ?? .view
    }
    unsafe event.pointee.reserved = 0
    unsafe event.pointee.value =
      unsafe hasValue && row[7].length &+ 1 > 1
      ? NumberParser.double(b + Int(row[7].offset), Int(row[7].length)) : 0
  }

  /// The 32-bit fingerprint of an item from its hash; never 0.
  @inline(__always)
  static func fingerprint(_ hash: UInt64) -> UInt32 {
    let f = UInt32(truncatingIfNeeded: hash &>> 32)
    return f == 0 ? 1 : f
  }

  /// Length of an optional text, 0 when absent, cut at 65,535 bytes.
  @inline(__always)
  static func textLength(_ b: UnsafePointer<UInt8>, _ span: ByteSpan) -> UInt16 {
    if span.length <= 65_535 { return UInt16(truncatingIfNeeded: span.length) }
    return unsafe span.isAbsent ? 0 : UInt16(truncatingIfNeeded: cut(b + Int(span.offset), textByteCountMax))
  }

  /// The most bytes, at most `limit`, that end between two characters of a longer text.
  @inline(never)
  static func cut(_ p: UnsafePointer<UInt8>, _ limit: Int) -> Int {
    var n = limit
    while n > limit - 4, n > 0, unsafe p[n] & 0xc0 == 0x80 { n -= 1 }
    return n
  }

  @inline(never)
  private func reject(
    _ row: UnsafeMutablePointer<ByteSpan>, _ parsed: Int64, _ lineStart: Int, _ lineEnd: Int,
    _ rejected: inout FlatArray<RejectedLine>
  ) {
    let reason: RejectionReason
    var column = 0
    // unescaped text stands outside the line: then the line's start is all that is known
    func place(_ span: ByteSpan) -> Int {
      let at = Int(span.offset) - lineStart
      return at >= 0 && at <= lineEnd - lineStart ? at : 0
    }
    if unsafe row[0].isAbsent || row[0].length == 0 {
      reason = .missingTime
    } else if parsed == TimeParser.unreadable {
      reason = .unreadableTime
      column = unsafe place(row[0])
    } else if unsafe row[1].isAbsent || row[1].length == 0 {
      reason = .missingUser
    } else {
      reason = .userTooLong
      column = unsafe place(row[1])
    }
    rejected.append(RejectedLine(offset: lineStart, length: lineEnd - lineStart, column: column, reason: reason))
  }
}
