import EventFormats
import FlatMemory

/// What the beginnings of the inputs say before anything is created: whether they can be read at all, and how far
/// their events are out of order.
struct InputHead {
  /// Longest distance of an event behind an earlier one, over all heads.
  private(set) var disorderMilliseconds: Int64 = 0

  /// Decodes the heads. Throws ``BadInputError`` when too many of the first 1,000 lines are malformed.
  init(sources: [LogFileSource], maxBadPercent: Double?) throws {
    for (i, source) in sources.enumerated() where source.sample.count > 0 {
      let sample = source.sample
      // a line that the sample ends within is left out, unless it is the only one
      let isCut = sample.count >= LogFileSource.sampleByteCount
      let n = unsafe isCut ? sample.bytes.lastIndex(of: 10).map { $0 + 1 } ?? sample.count : sample.count
      let needsEnd = unsafe sample.base[n - 1] != 10
      if needsEnd { unsafe sample.base[n] = 10 }
      var events = FlatArray<LogEvent>(capacity: 1024)
      var rejected = FlatArray<RejectedLine>(capacity: 64)
      defer {
        events.deallocate()
        rejected.deallocate()
      }
      sample.decode(needsEnd ? n + 1 : n, plan: source.plan, events: &events, rejected: &rejected)
      measureDisorder(events)
      try unsafe check(i, sources, sample.base, events, rejected, maxBadPercent)
    }
  }

  private mutating func measureDisorder(_ events: FlatArray<LogEvent>) {
    var maximum = Int64.min
    for i in 0..<events.count {
      let e = events[i]
      if e.time >= maximum {
        maximum = e.time
      } else {
        disorderMilliseconds = max(disorderMilliseconds, min(maximum &- e.time, ReplayJob.unlimitedDelayMilliseconds))
      }
    }
  }

  private func check(
    _ i: Int, _ sources: [LogFileSource], _ head: UnsafePointer<UInt8>, _ events: FlatArray<LogEvent>,
    _ rejected: FlatArray<RejectedLine>, _ maxBadPercent: Double?
  ) throws {
    // the first 1,000 lines: events and rejected lines are each in the order of their lines
    var (e, r) = (0, 0)
    while e + r < 1000, e < events.count || r < rejected.count {
      let takesEvent =
        r == rejected.count || e < events.count && events[e].lineOffset < rejected[r].offset
      if takesEvent { e += 1 } else { r += 1 }
    }
    let percentMax = maxBadPercent ?? 50
    guard r > 0, Double(r) * 100 > percentMax * Double(e + r) else { return }
    // a limit given by the user holds for the whole input, which may be better than its first lines
    if maxBadPercent != nil, e + r >= 1000 { return }
    let examples = unsafe rejected.elements.prefix(3).map { r in
      BadLineCheck.Example(
        source: i, offset: UInt64(r.offset),
        raw: unsafe Array(UnsafeBufferPointer(start: head + Int(r.offset), count: min(Int(r.length), 4096))),
        reason: r.reason.rawValue,
        column: Int(r.column))
    }
    throw BadInputError(
      description: explainBadInput(
        Array(examples), bad: r, read: e + r, percentMax: percentMax, sources: sources))
  }
}
