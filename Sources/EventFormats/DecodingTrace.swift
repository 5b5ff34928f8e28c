import FlatMemory

/// Everything a decoder made of some bytes, for fuzzing: comparable, and checked on the way.
///
/// Guarantees: traps when a decoder breaks what ``LogDecoder`` promises. Blocks have no byte more than a decoder may
/// touch, so that an address sanitizer sees the first one beyond.
/// Cost: some hundred ns a line; copies every text.
struct DecodingTrace: Equatable {
  struct Line: Equatable {
    var offset: Int
    var event = LogEvent.Numbers()
    var texts: [[UInt8]] = []
    var rejection: RejectedLine?
  }
  private(set) var lines: [Line] = []

  /// Decodes all bytes as one block; the last newline may be missing.
  init(_ decoder: LogDecoder, _ bytes: UnsafeRawBufferPointer) {
    unsafe add(decoder, bytes[...], at: 0)
    checkOrder()
  }

  /// Decodes as a reader does: fills a buffer in pieces of random size and hands over the records that are complete.
  init(_ decoder: LogDecoder, _ bytes: UnsafeRawBufferPointer, cutBy chance: inout FuzzChance) {
    let (framing, most) = (decoder.plan.framing, decoder.plan.lineByteCountMax)
    let step = 1 + chance.below(max(bytes.count, 1))
    var from = 0
    var to = 0
    while to < bytes.count {
      to = min(bytes.count, to + 1 + chance.below(step))
      let padded = unsafe PaddedBytes(UnsafeRawBufferPointer(rebasing: bytes[from..<to]))
      defer { padded.deallocate() }
      let whole = unsafe framing.completeRecords(in: padded.base, count: to - from, lineByteCountMax: most)
      precondition(whole >= 0 && whole <= to - from, "records end within the bytes")
      unsafe precondition(whole == 0 || bytes[from + whole - 1] == 10, "a block ends behind a newline")
      if whole > 0 {
        unsafe add(decoder, bytes[from..<from + whole], at: from)
        from += whole
      } else if unsafe RecordFraming.isOverlong(padded.base, count: to - from, lineByteCountMax: most) {
        unsafe skipOverlong(bytes, &from, &to, most, &chance)
      }
    }
    if from < bytes.count { unsafe add(decoder, bytes[from...], at: from) }
    checkOrder()
  }

  /// Gets past the overlong line that begins at `from`, by pieces.
  private mutating func skipOverlong(
    _ bytes: UnsafeRawBufferPointer, _ from: inout Int, _ to: inout Int, _ most: Int, _ chance: inout FuzzChance
  ) {
    let start = from
    var overlong = OverlongLine()
    while from < bytes.count, !overlong.isOver {
      let piece = unsafe PaddedBytes(UnsafeRawBufferPointer(rebasing: bytes[from..<to]))
      defer { piece.deallocate() }
      unsafe from += overlong.skip(piece.base, piece.count)
      to = max(from, min(bytes.count, to + 1 + chance.below(9)))
    }
    to = max(to, from)
    var line = Line(offset: start)
    line.rejection = RejectedLine(
      offset: start, length: Int(overlong.byteCount), column: most, reason: .lineTooLong)
    lines.append(line)
  }

  private mutating func add(_ decoder: LogDecoder, _ piece: Slice<UnsafeRawBufferPointer>, at origin: Int) {
    let bytes = unsafe UnsafeRawBufferPointer(rebasing: piece)
    let n = unsafe bytes.last == 10 ? bytes.count : bytes.count + 1
    let spareStart = n + bytePadding
    // text, padding, spare space of the text's size, padding
    let block = unsafe PaddedBytes(bytes, extra: spareStart + n - bytes.count)
    let b = unsafe block.base
    unsafe b[n - 1] = 10
    var events = FlatArray<LogEvent>()
    var rejected = FlatArray<RejectedLine>()
    defer {
      block.deallocate()
      events.deallocate()
      rejected.deallocate()
    }
    unsafe decoder.decode(b, start: 0, end: n, spareStart: spareStart, events: &events, rejected: &rejected)
    for i in 0..<bytes.count { unsafe precondition(b[i] == bytes[i], "raw bytes stay as they are") }
    unsafe precondition(b[n - 1] == 10, "raw bytes stay as they are")
    for i in 0..<events.count {
      let event = unsafe events.elements[i]
      unsafe lines.append(Line(event, b, count: n, spareStart: spareStart, at: origin))
    }
    for i in 0..<rejected.count {
      let rejection = unsafe rejected.elements[i]
      precondition(Int(rejection.offset) + Int(rejection.length) < n, "a rejected line lies inside the block")
      precondition(rejection.column <= rejection.length, "the trouble lies inside the line")
      var line = Line(offset: origin + Int(rejection.offset))
      line.rejection = rejection
      line.rejection?.offset = UInt32(line.offset)
      lines.append(line)
    }
  }

  private mutating func checkOrder() {
    lines.sort { $0.offset < $1.offset }
    for (a, b) in zip(lines, lines.dropFirst()) { precondition(a.offset < b.offset, "each line counts once") }
  }
}

extension DecodingTrace.Line {
  fileprivate init(_ e: LogEvent, _ b: UnsafePointer<UInt8>, count n: Int, spareStart: Int, at origin: Int) {
    precondition(e.time >= TimeParser.earliest - 400 * 86_400_000 && e.time <= TimeParser.latest + 86_400_000)
    unsafe precondition(e.userLength > 0 && hashBytes(b + Int(e.userOffset), Int(e.userLength)) == e.userHash)
    precondition(e.value.isFinite, "a value is a number")
    precondition(Int(e.lineOffset) < n, "an event begins inside the block")
    func text(_ offset: UInt32, _ length: Int) -> [UInt8] {
      let inLine = Int(offset) + length <= n
      let inSpare = Int(offset) >= spareStart && Int(offset) + length <= spareStart + n
      precondition(length == 0 || inLine || inSpare, "a text lies inside the block")
      return unsafe Array(UnsafeBufferPointer(start: b + Int(offset), count: length))
    }
    self.init(offset: origin + Int(e.lineOffset))
    event = LogEvent.Numbers(
      time: e.time, userHash: e.userHash, value: e.value.bitPattern, item: e.item, eventClass: e.eventClass)
    texts = [
      text(e.userOffset, Int(e.userLength)), text(e.urlOffset, Int(e.urlLength)),
      text(e.referrerOffset, Int(e.referrerLength)), text(e.agentOffset, Int(e.agentLength)),
      text(e.eventOffset, Int(e.eventLength)),
    ]
  }
}

extension LogEvent {
  /// The parts of an event that are no places in a block.
  struct Numbers: Equatable {
    var time: Int64 = 0
    var userHash: UInt64 = 0
    var value: UInt64 = 0
    var item: UInt32 = 0
    var eventClass = EventClass.other
  }
}
