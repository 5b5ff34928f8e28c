/// Lines as they come out of crashed writers, full disks and mixed-up pipes: a damaged copy of a good line, or
/// something else altogether.
///
/// Guarantees: one line, never longer than the good one by more than 64 bytes; never an event by the rules of its
/// format; no open quote that would reach into the next CSV line.
struct LineDamage: Sendable {
  enum Kind: Int, CaseIterable, Sendable {
    /// The writer stopped half way.
    case cutShort
    /// The beginning is missing, as behind a rotated file.
    case headLost
    /// A time that does not exist.
    case impossibleTime
    /// A message of another program in between.
    case strayMessage
    /// Bytes that are no text.
    case noise
    /// A quote inside a string that was not escaped (JSON); in other formats a stray message.
    case unescapedQuote
  }
  private static let messages: [StaticString] = [
    "WARN  connection reset by peer", "<html><head><title>502 Bad Gateway</title></head></html>",
    "panic: no space left on device", "--- log rotated ---",
  ]

  let format: ClickstreamFormat

  /// Turns the good line that begins at `start`, with its time at `timeOffset`, into a bad one.
  func damage(_ out: inout LineWriter, start: Int, timeOffset: Int, _ random: inout RandomSource) {
    let end = out.count - 1
    let line = unsafe out.base + start
    switch Kind.allCases[random.below(Kind.allCases.count)] {
    case .cutShort:
      // where a cut leaves every field that is needed, the line would still be an event
      let keepable = format == .ndjson ? end - start - 2 : timeOffset + 18
      out.truncate(to: start + 1 + random.below(keepable))
    case .headLost:
      let lost = timeOffset + 5 + random.below(12)
      unsafe line.update(from: line + lost, count: end - start - lost)
      out.truncate(to: end - lost)
    case .impossibleTime:
      // the month of an ISO time, the day of a log's
      let at = timeOffset + (format == .combined ? 0 : 5)
      unsafe (line[at], line[at + 1]) = (57, 57)
      out.truncate(to: end)
    case .unescapedQuote where format == .ndjson:
      out.truncate(to: end - 2)
      out.text(" \"beta\"\"}")
    case .strayMessage, .unescapedQuote:
      out.truncate(to: start)
      out.text(LineDamage.messages[random.below(LineDamage.messages.count)])
    case .noise:
      out.truncate(to: start)
      for _ in 0..<(12 + random.below(50)) { out.byte(0x80 | UInt8(truncatingIfNeeded: random.next() >> 57)) }
      out.byte(0xff)
    }
    out.byte(10)
  }
}
