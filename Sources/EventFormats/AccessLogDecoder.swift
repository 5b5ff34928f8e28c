import CKernels
import FlatMemory

/// Common and Combined access logs to events: `address ident user [time] "request" status bytes "referrer" "agent" …`.
///
/// Rules: the user of a Combined line is its address and a hash of its user agent (`<address> <16 hex digits>`), of a
/// Common line its address; the event is the method, the url the request's target, the item the target without its
/// query; `-` is absent. A request is a view unless it asks for a static file (asset), its method is neither GET nor
/// HEAD, or its status is 400 or above (other). Whatever follows the known fields is passed over. A first column with
/// the virtual host (`host:port address …`) is recognised.
/// Method: one pass lists the positions of quotes, backslashes and newlines of the block; a line is a walk over them.
/// Cost: about 60 ns a line.
@safe final class AccessLogDecoder {
  private var assembler: EventAssembler
  private let lineByteCountMax: Int
  private let isCombined: Bool
  private let row = unsafe FieldRow.allocate()
  private var stops = FlatArray<UInt32>(capacity: 64)

  init(plan: DecodingPlan) {
    assembler = EventAssembler(plan: plan)
    lineByteCountMax = plan.lineByteCountMax
    isCombined = plan.format == .combined
  }
  deinit {
    assembler.deallocate()
    unsafe row.deallocate()
    stops.deallocate()
  }

  func decode(
    _ b: UnsafeMutablePointer<UInt8>, start: Int, end: Int, spareStart: Int, events: inout FlatArray<LogEvent>,
    rejected: inout FlatArray<RejectedLine>
  ) {
    stops.reserve(end - start + 16)
    let stopCount = unsafe tw_positions(b + start, end - start, 10, 34, 92, 92, UInt32(start), stops.base)
    let checksUTF8 = unsafe tw_any_high(b + start, end - start) != 0 && tw_utf8_valid(b + start, end - start) == 0
    let stops = unsafe UnsafePointer(self.stops.base)
    let (row, isCombined, lineByteCountMax) = unsafe (self.row, self.isCombined, self.lineByteCountMax)
    var assembler = self.assembler
    var decoded = events
    var line = unsafe AccessLogLine(b: b, stops: stops, row: row, isCombined: isCombined, spare: spareStart)
    var p = start
    while p < end {
      unsafe FieldRow.clear(row)
      let lineStart = p
      let eventClass = line.read(lineStart)
      // to the newline, past whatever follows the known fields
      var k = line.k
      while unsafe b[Int(stops[k])] != 10 { k &+= 1 }
      let lineEnd = unsafe Int(stops[k])
      line.k = k &+ 1
      p = lineEnd &+ 1
      assert(k < stopCount)
      if let eventClass, !checksUTF8, lineEnd &- lineStart <= lineByteCountMax {
        unsafe assembler.add(
          b, row, lineStart: lineStart, lineEnd: lineEnd, eventClass: eventClass, events: &decoded, rejected: &rejected)
      } else if let reason = unsafe self.reason(b, lineStart, lineEnd, line.errorAt, checksUTF8, eventClass != nil) {
        rejected.append(reason)
      } else if let eventClass {
        unsafe assembler.add(
          b, row, lineStart: lineStart, lineEnd: lineEnd, eventClass: eventClass, events: &decoded, rejected: &rejected)
      }
    }
    events = decoded
    self.assembler = assembler
  }

  /// Why a line gives no event; nil when it does, or is blank.
  @inline(never)
  private func reason(
    _ b: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ errorAt: Int, _ checksUTF8: Bool, _ wasRead: Bool
  ) -> RejectedLine? {
    let n = end - start
    if n > lineByteCountMax {
      return RejectedLine(offset: start, length: n, column: lineByteCountMax, reason: .lineTooLong)
    }
    if checksUTF8, unsafe tw_utf8_valid(b + start, n) == 0 {
      return unsafe RejectedLine(offset: start, length: n, column: utf8PrefixLength(b + start, n), reason: .notUTF8)
    }
    if unsafe wasRead || JSONText.skipSpace(b, start) >= end { return nil }
    return RejectedLine(offset: start, length: n, column: errorAt - start, reason: .malformedLogLine)
  }
}

/// A walk over one line; holds the position in the list of stops.
@safe private struct AccessLogLine {
  let b: UnsafeMutablePointer<UInt8>
  let stops: UnsafePointer<UInt32>
  let row: UnsafeMutablePointer<ByteSpan>
  let isCombined: Bool
  var spare: Int
  /// First stop not passed.
  var k = 0
  var errorAt = 0

  /// Fills the row; nil when the line is malformed, at ``errorAt``. Leaves k at or before the line's newline.
  @inline(__always)
  mutating func read(_ start: Int) -> EventClass? {
    var address = start
    var p = spaceAfter(start)
    guard unsafe b[p] == 32 else { return fail(p) }
    var addressEnd = p
    // " - - [" is nearly all there is between address and time
    if unsafe load8(b + p) & 0xffff_ffff_ffff == 0x5b20_2d20_2d20 {
      p &+= 6
    } else {
      guard let time = timeStart(p, &address, &addressEnd) else { return fail(p) }
      p = time
    }
    let time = p
    if unsafe b[p &+ 26] == 93, unsafe Int(stops[k]) == p &+ 28 {
      p &+= 26
    } else {
      while unsafe b[p] != 93, unsafe b[p] != 34, unsafe b[p] != 10 { p &+= 1 }
      guard unsafe b[p] == 93 else { return fail(p) }
    }
    unsafe row[0] = ByteSpan(offset: time, length: p &- time)
    guard unsafe Int(stops[k]) == p &+ 2, unsafe b[p &+ 1] == 32, unsafe b[p &+ 2] == 34 else { return fail(p &+ 1) }
    let request = p &+ 3
    var escaped = false
    let requestEnd = quotedEnd(&escaped)
    if requestEnd < 0 { return fail(request &- 1) }
    p = requestEnd &+ 1
    // " 200 "
    let status = unsafe Int(b[p &+ 1] &- 48) &* 100 &+ Int(b[p &+ 2] &- 48) &* 10 &+ Int(b[p &+ 3] &- 48)
    guard unsafe b[p] == 32, unsafe b[p &+ 1] &- 49 <= 8, unsafe b[p &+ 2] &- 48 <= 9, unsafe b[p &+ 3] &- 48 <= 9,
      unsafe b[p &+ 4] == 32
    else {
      return fail(p &+ 1)
    }
    p &+= 5
    if unsafe b[p] == 45 { p &+= 1 } else { while unsafe b[p] &- 48 <= 9 { p &+= 1 } }
    guard unsafe b[p &- 1] != 32, unsafe b[p] <= 32 else { return fail(p) }
    if isCombined, unsafe b[p] == 32, unsafe b[p &+ 1] == 34, unsafe Int(stops[k]) == p &+ 1 {
      guard readReferrerAndAgent(p &+ 2, address, addressEnd) else { return nil }
    } else {
      unsafe row[1] = ByteSpan(offset: address, length: addressEnd &- address)
    }
    return readRequest(request, requestEnd, escaped, status)
  }

  @inline(never)
  private mutating func fail(_ at: Int) -> EventClass? {
    errorAt = at
    return nil
  }

  /// The first space, or newline, from p on.
  @inline(__always)
  private func spaceAfter(_ from: Int) -> Int {
    var p = from
    while true {
      let m = unsafe tw_any16(b + p, 32, 10, 32, 10)
      if m != 0 { return p &+ m.trailingZeroBitCount }
      p &+= 16
    }
  }

  /// The first byte of the time of a line whose ident or user is given, or that begins with its virtual host.
  @inline(never)
  private func timeStart(_ space: Int, _ address: inout Int, _ addressEnd: inout Int) -> Int? {
    var p = space
    while unsafe b[p] != 10, unsafe b[p] != 34, unsafe !(b[p] == 32 && b[p + 1] == 91) { p += 1 }
    guard unsafe b[p] == 32 else { return nil }
    let second = space + 1
    let secondEnd = spaceAfter(second)
    var looksLikeAddress = secondEnd < p
    var separators = 0
    for i in second..<max(second, secondEnd) {
      let c = unsafe b[i]
      if c == 46 || c == 58 { separators += 1 }
      let isHexadecimal = c &- 48 <= 9 || (c | 0x20) &- 97 <= 5
      if !isHexadecimal, c != 46, c != 58 { looksLikeAddress = false }
    }
    if looksLikeAddress, separators >= 2 { (address, addressEnd) = (second, secondEnd) }
    return p + 2
  }

  /// From an opening quote at `stops[k]` to its closing one: a quote before a space or the line's end that no backslash
  /// precedes. k moves behind it; -1 when the line ends first.
  @inline(__always)
  private mutating func quotedEnd(_ escaped: inout Bool) -> Int {
    k &+= 1
    while true {
      let s = unsafe Int(stops[k])
      let c = unsafe b[s]
      if c == 10 { return -1 }
      k &+= 1
      if c == 34 {
        if unsafe b[s &+ 1] <= 32 { return s }
      } else {
        escaped = true
        // the byte behind a backslash means nothing by itself
        if unsafe Int(stops[k]) == s &+ 1, unsafe b[s &+ 1] != 10 { k &+= 1 }
      }
    }
  }

  @inline(__always)
  private mutating func readReferrerAndAgent(_ referrer: Int, _ address: Int, _ addressEnd: Int) -> Bool {
    var escaped = false
    let referrerEnd = quotedEnd(&escaped)
    guard referrerEnd >= 0 else {
      errorAt = referrer &- 1
      return false
    }
    unsafe row[5] = text(referrer, referrerEnd, escaped)
    var agent = referrerEnd
    var agentEnd = referrerEnd
    if unsafe b[referrerEnd &+ 1] == 32, unsafe Int(stops[k]) == referrerEnd &+ 2, unsafe b[referrerEnd &+ 2] == 34 {
      escaped = false
      agent = referrerEnd &+ 3
      agentEnd = quotedEnd(&escaped)
      guard agentEnd >= 0 else {
        errorAt = agent &- 1
        return false
      }
      unsafe row[6] = text(agent, agentEnd, escaped)
    }
    // the user: address, space, hash of the agent
    let n = addressEnd &- address
    unsafe tw_copy16(b + spare, b + address, n)
    unsafe b[spare &+ n] = 32
    unsafe AccessLogLine.writeHexadecimal(hashBytes(b + agent, agentEnd &- agent), b + spare + n + 1)
    unsafe row[1] = ByteSpan(offset: spare, length: n &+ 17)
    spare &+= n &+ 17
    return true
  }

  /// A quoted text; `-` and nothing are absent.
  @inline(__always)
  private mutating func text(_ from: Int, _ to: Int, _ escaped: Bool) -> ByteSpan {
    if to &- from <= 1, unsafe to == from || b[from] == 45 { return .absent }
    return escaped ? unescaped(from, to) : ByteSpan(offset: from, length: to &- from)
  }

  /// `\"` and `\\` are taken apart; other escapes (`\x16`) stay as they are.
  @inline(never)
  private mutating func unescaped(_ from: Int, _ to: Int) -> ByteSpan {
    let start = spare
    var i = from
    while i < to {
      if unsafe b[i] == 92, i + 1 < to, unsafe b[i + 1] == 34 || b[i + 1] == 92 { i += 1 }
      unsafe b[spare] = unsafe b[i]
      spare += 1
      i += 1
    }
    return ByteSpan(offset: start, length: spare - start)
  }

  /// `GET /path?query HTTP/1.1`: method, target, item and class.
  @inline(__always)
  private mutating func readRequest(_ from: Int, _ to: Int, _ escaped: Bool, _ status: Int) -> EventClass {
    var p = from
    while unsafe b[p] &- 65 <= 25 { p &+= 1 }
    guard p > from, unsafe b[p] == 32, p < to else {
      // no method: "-" where none came, or bytes that were no HTTP
      unsafe row[4] = text(from, to, escaped)
      return .other
    }
    unsafe row[3] = ByteSpan(offset: from, length: p &- from)
    let isGet =
      unsafe (p &- from == 3 && load4(b + from) & 0xff_ffff == 0x54_4547)
      || (p &- from == 4 && load4(b + from) == 0x4441_4548)
    let target = p &+ 1
    var targetEnd = to
    if to &- target >= 9, unsafe load8(b + to - 9) & 0xffff_ffff_ffff == 0x2f50_5454_4820 {
      targetEnd = to &- 9  // " HTTP/1.1"
    } else if to &- target >= 7, unsafe load8(b + to - 7) & 0xffff_ffff_ffff == 0x2f50_5454_4820 {
      targetEnd = to &- 7  // " HTTP/2"
    }
    let url = text(target, targetEnd, escaped)
    unsafe row[4] = url
    if url.isAbsent { return .other }
    let path = unsafe b + Int(url.offset)
    let n = unsafe RequestPath.lengthWithoutQuery(path, Int(url.length))
    unsafe row[2] = ByteSpan(offset: Int(url.offset), length: n)
    if status >= 400 || !isGet { return .other }
    return unsafe RequestPath.isAsset(path, n) ? .asset : .view
  }

  /// Sixteen lower-case hexadecimal digits, the highest first.
  @inline(__always)
  static func writeHexadecimal(_ v: UInt64, _ p: UnsafeMutablePointer<UInt8>) {
    unsafe UnsafeMutableRawPointer(p).storeBytes(of: eightDigits(v &>> 32), as: UInt64.self)
    unsafe UnsafeMutableRawPointer(p + 8).storeBytes(of: eightDigits(v & 0xffff_ffff), as: UInt64.self)
  }
  @inline(__always)
  private static func eightDigits(_ v: UInt64) -> UInt64 {
    // a nibble per byte, the highest nibble in the lowest byte, then '0'...'9' or 'a'...'f'
    var x = v.byteSwapped &>> 32
    x = (x | x &<< 16) & 0x0000_ffff_0000_ffff
    x = (x | x &<< 8) & 0x00ff_00ff_00ff_00ff
    x = (x &>> 4 | x &<< 8) & 0x0f0f_0f0f_0f0f_0f0f
    let letters = ((x &+ 0x0606_0606_0606_0606) &>> 4) & 0x0101_0101_0101_0101
    return x &+ 0x3030_3030_3030_3030 &+ letters &* 39
  }
}
