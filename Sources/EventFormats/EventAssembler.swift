import CKernels
import FlatMemory

/// A line's fields to a ``LogEvent``, or to the reason why there is none.
///
/// Guarantees: every line handed in ends up in exactly one of `events` and `rejected`.
/// Cost: 6 ns: the time, three short hashes, one 64-byte store. The owner calls ``deallocate()``.
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

  /// Adds the event of one line, `[lineStart, lineEnd)` without its newline.
  @inline(never)
  mutating func add(
    _ b: UnsafeMutablePointer<UInt8>, _ row: UnsafeMutablePointer<ByteSpan>, lineStart: Int, lineEnd: Int,
    events: inout FlatArray<LogEvent>, rejected: inout FlatArray<RejectedLine>
  ) {
    unsafe addLine(b, row, lineStart, lineEnd, nil, &events, &rejected)
  }

  /// Adds the event of one line whose class is known.
  @inline(never)
  mutating func add(
    _ b: UnsafeMutablePointer<UInt8>, _ row: UnsafeMutablePointer<ByteSpan>, lineStart: Int, lineEnd: Int,
    eventClass: EventClass, events: inout FlatArray<LogEvent>, rejected: inout FlatArray<RejectedLine>
  ) {
    unsafe addLine(b, row, lineStart, lineEnd, eventClass, &events, &rejected)
  }

  @inline(__always)
  private mutating func addLine(
    _ b: UnsafeMutablePointer<UInt8>, _ row: UnsafeMutablePointer<ByteSpan>, _ lineStart: Int, _ lineEnd: Int,
    _ eventClass: EventClass?, _ events: inout FlatArray<LogEvent>, _ rejected: inout FlatArray<RejectedLine>
  ) {
    if hasAliases { unsafe fillAliases(row) }
    events.reserve(events.count &+ 1)
    if unsafe assemble(b, row, lineStart, eventClass, events.base + events.count) {
      events.count &+= 1
    } else {
      unsafe reject(row, b, lineStart, lineEnd, &rejected)
    }
  }

  /// Adds the events of lines that follow each other: ``FieldRow/ignored`` places of `rows` each. The newline of the
  /// first is `newlines[0]`, that of the next `newlineStride` later.
  @inline(never)
  mutating func add(
    _ b: UnsafeMutablePointer<UInt8>, rows: UnsafeMutablePointer<ByteSpan>, count: Int, lineStart: Int,
    newlines: UnsafePointer<UInt32>, newlineStride: Int, events: inout FlatArray<LogEvent>,
    rejected: inout FlatArray<RejectedLine>
  ) {
    var assembler = self
    var lineStart = lineStart
    var row = unsafe rows
    var newline = unsafe newlines
    events.reserve(events.count &+ count)
    var event = unsafe events.base + events.count
    if hasAliases { for i in 0..<count { unsafe fillAliases(rows + i * FieldRow.ignored) } }
    for _ in 0..<count {
      let lineEnd = unsafe Int(newline.pointee)
      if unsafe assembler.assemble(b, row, lineStart, nil, event) {
        unsafe event += 1
      } else {
        unsafe assembler.reject(row, b, lineStart, lineEnd, &rejected)
      }
      lineStart = lineEnd &+ 1
      unsafe row += FieldRow.ignored
      unsafe newline += newlineStride
    }
    events.count = unsafe event - events.base
    self = assembler
  }

  @inline(never)
  private func fillAliases(_ row: UnsafeMutablePointer<ByteSpan>) {
    for alias in aliases { unsafe row[alias.to] = unsafe row[alias.from] }
  }

  /// Writes the event of a row, field by field where it stays: 64 bytes are too many for the registers. False when the
  /// row gives none.
  @inline(__always)
  private mutating func assemble(
    _ b: UnsafePointer<UInt8>, _ row: UnsafePointer<ByteSpan>, _ lineStart: Int, _ eventClass: EventClass?,
    _ event: UnsafeMutablePointer<LogEvent>
  ) -> Bool {
    let timeText = unsafe row[0]
    // access logs, whose lines have their class, write no such times: this is decided where the code is compiled
    let milliseconds =
      unsafe eventClass == nil
      ? time.millisecondsInSameMinute(b + Int(timeText.offset), Int(timeText.length)) : -1
    if _fastPath(milliseconds >= 0) {
      unsafe event.pointee.time = time.minuteStart &+ milliseconds
    } else {
      let read = unsafe eventClass == nil ? otherTime(b, timeText) : anyTime(b, timeText)
      if read == TimeParser.unreadable { return false }
      unsafe event.pointee.time = read
    }
    let user = unsafe row[1]
    let userText = unsafe b + Int(user.offset)
    if _fastPath(user.length &- 1 < 16) {
      unsafe event.pointee.userHash = unsafe hashShort(userText, Int(user.length))
    } else {
      // absent is UInt32.max: one compare for absent, empty and too long
      if user.length &- 1 >= 65_535 { return false }
      unsafe event.pointee.userHash = unsafe hashBytes(userText, Int(user.length))
    }
    unsafe event.pointee.lineOffset = UInt32(truncatingIfNeeded: lineStart)
    unsafe event.pointee.userOffset = user.offset
    unsafe event.pointee.userLength = UInt16(truncatingIfNeeded: user.length)
    unsafe event.pointee.urlOffset = unsafe row[4].offset
    unsafe event.pointee.urlLength = unsafe EventAssembler.textLength(b, row[4])
    unsafe event.pointee.referrerOffset = unsafe row[5].offset
    unsafe event.pointee.referrerLength = unsafe EventAssembler.textLength(b, row[5])
    unsafe event.pointee.agentOffset = unsafe row[6].offset
    unsafe event.pointee.agentLength = unsafe EventAssembler.textLength(b, row[6])
    let item = unsafe row[2]
    if item.length &- 1 < 16 {
      unsafe event.pointee.item = unsafe EventAssembler.fingerprint(
        hashShort(b + Int(item.offset), Int(item.length)))
    } else {
      unsafe event.pointee.item =
        unsafe item.length &+ 1 > 1
        ? EventAssembler.fingerprint(hashBytes(b + Int(item.offset), Int(item.length))) : 0
    }
    let name = unsafe row[3]
    if _fastPath(name.length &- 1 < 16) {
      unsafe event.pointee.eventOffset = name.offset
      unsafe event.pointee.eventLength = UInt8(truncatingIfNeeded: name.length)
      let text = unsafe b + Int(name.offset)
      unsafe event.pointee.eventClass =
        unsafe eventClass ?? classifier.classify(text, Int(name.length), hashShort(text, Int(name.length)))
    } else {
      unsafe setOtherName(b, name, eventClass, event)
    }
    unsafe event.pointee.reserved = 0
    unsafe event.pointee.value =
      unsafe hasValue && row[7].length &+ 1 > 1
      ? NumberParser.double(b + Int(row[7].offset), Int(row[7].length)) : 0
    return true
  }

  /// The hash of 1 to 16 bytes.
  @inline(__always)
  private func hashShort(_ p: UnsafePointer<UInt8>, _ n: Int) -> UInt64 {
    unsafe hashWords(load8(p) & tw_mask_low(n), load8(p + 8) & tw_mask_high(n), n)
  }

  @inline(__always)
  private mutating func anyTime(_ b: UnsafePointer<UInt8>, _ text: ByteSpan) -> Int64 {
    if text.length &+ 1 <= 1 { return TimeParser.unreadable }
    return unsafe time.parse(b + Int(text.offset), Int(text.length))
  }
  @inline(never)
  private mutating func otherTime(_ b: UnsafePointer<UInt8>, _ text: ByteSpan) -> Int64 { unsafe anyTime(b, text) }

  /// A name that is absent, or long.
  @inline(never)
  private func setOtherName(
    _ b: UnsafePointer<UInt8>, _ name: ByteSpan, _ eventClass: EventClass?, _ event: UnsafeMutablePointer<LogEvent>
  ) {
    guard name.length &+ 1 > 1 else {
      unsafe (event.pointee.eventOffset, event.pointee.eventLength) = (0, 0)
      unsafe event.pointee.eventClass = eventClass ?? .view
      return
    }
    let text = unsafe b + Int(name.offset)
    let n = Int(name.length)
    unsafe event.pointee.eventOffset = name.offset
    unsafe event.pointee.eventLength = unsafe UInt8(
      truncatingIfNeeded: n <= 255 ? n : EventAssembler.cut(text, EventAssembler.eventNameByteCountMax))
    unsafe event.pointee.eventClass = unsafe eventClass ?? classifier.classify(text, n, hashBytes(text, n))
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
    if _fastPath(span.length <= 65_535) { return UInt16(truncatingIfNeeded: span.length) }
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
  private mutating func reject(
    _ row: UnsafePointer<ByteSpan>, _ b: UnsafePointer<UInt8>, _ lineStart: Int, _ lineEnd: Int,
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
    } else if unsafe time.parse(b + Int(row[0].offset), Int(row[0].length)) == TimeParser.unreadable {
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
