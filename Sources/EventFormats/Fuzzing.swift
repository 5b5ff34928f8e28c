import FlatMemory

// Entry points for fuzzers, one per parser of foreign bytes. Each copies its input into a padded block, runs the
// parser, and traps when a promise is broken: spans inside the block, readable times, each line accounted for once, raw
// bytes untouched, and the same result whatever the parser learned before.

/// Feeds arbitrary bytes to a decoder.
public func fuzzDecoder(_ format: LogFormat, _ bytes: UnsafeRawBufferPointer) {
  let plan = fuzzPlan(format)
  let decoder = LogDecoder(plan: plan)
  let cold = FuzzRun(decoder, bytes)
  let warm = FuzzRun(decoder, bytes)
  precondition(cold.summary == warm.summary, "what was learned changed the result")
  // the same bytes cut where the framing says
  let half = bytes.count / 2
  let padded = PaddedBytes(bytes)
  defer { padded.deallocate() }
  let cut = plan.framing.completeRecords(in: padded.base, count: half, lineByteCountMax: plan.lineByteCountMax)
  precondition(cut >= 0 && cut <= half && (cut == 0 || bytes[cut - 1] == 10), "a block ends behind a newline")
  let front = FuzzRun(decoder, UnsafeRawBufferPointer(rebasing: bytes[..<cut]))
  let back = FuzzRun(decoder, UnsafeRawBufferPointer(rebasing: bytes[cut...]))
  precondition(front.summary + back.summary.map { $0.moved(by: cut) } == cold.summary, "a cut changed the result")
}

/// Feeds arbitrary bytes to the detector.
public func fuzzDetector(_ bytes: UnsafeRawBufferPointer) {
  guard let plan = try? FormatDetector.plan(sample: bytes, name: "fuzz", options: FormatOptions()) else { return }
  precondition(plan.timeFormat == .clf || plan.fields[.time] != nil, "a plan knows its time")
  _ = FuzzRun(LogDecoder(plan: plan), bytes)
}

/// Feeds arbitrary bytes to the decompressors, by their magic bytes.
public func fuzzInflate(_ bytes: UnsafeRawBufferPointer) {
  guard let input = try? input(from: MemoryBytes(Array(bytes))) else { return }
  let block = UnsafeMutableRawPointer.allocate(byteCount: 1 << 16, alignment: 64)
  defer { block.deallocate() }
  var total = 0
  while total < 64 << 20, let got = try? input.read(into: block, 1 << 16), got > 0 {
    precondition(got <= 1 << 16, "no more than was asked for")
    total += got
  }
}

/// Feeds arbitrary bytes to the zstd reader: the magic number is put in front.
public func fuzzInflateZstd(_ bytes: UnsafeRawBufferPointer) { fuzzInflate(behind: [0x28, 0xb5, 0x2f, 0xfd], bytes) }

/// Feeds arbitrary bytes to the gzip reader: the fixed header is put in front.
public func fuzzInflateGzip(_ bytes: UnsafeRawBufferPointer) {
  fuzzInflate(behind: [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], bytes)
}

private func fuzzInflate(behind magic: [UInt8], _ bytes: UnsafeRawBufferPointer) {
  (magic + Array(bytes)).withUnsafeBytes { fuzzInflate($0) }
}

private func fuzzPlan(_ format: LogFormat) -> DecodingPlan {
  switch format {
  case .ndjson:
    DecodingPlan(
      format: .ndjson, timeFormat: .iso8601,
      fields: [.time: "time", .user: "user", .url: "page.url", .referrer: "page.ref", .event: "event", .value: "value"])
  case .csv, .tsv:
    DecodingPlan(
      format: format, timeFormat: .unixSeconds, fields: [.time: "time", .user: "user", .url: "url"],
      columns: [.time: 0, .user: 1, .url: 2], header: ["time", "user", "url"], columnCount: 3,
      delimiter: format == .csv ? 44 : 9)
  case .combined, .common: DecodingPlan(format: format, timeFormat: .clf)
  }
}

/// One decoding of arbitrary bytes, checked.
private struct FuzzRun {
  struct Line: Equatable {
    var offset: Int
    var time: Int64
    var userHash: UInt64
    var texts: [[UInt8]]
    var reason: RejectionReason?

    func moved(by distance: Int) -> Line {
      var line = self
      line.offset += distance
      return line
    }
  }
  private(set) var summary: [Line] = []

  init(_ decoder: LogDecoder, _ bytes: UnsafeRawBufferPointer) {
    let n = bytes.count + 1
    let block = PaddedBytes(bytes, extra: n + 1 + 2 * bytePadding)
    let b = block.base
    b[bytes.count] = 10
    let spareStart = n + bytePadding
    var events = FlatArray<LogEvent>()
    var rejected = FlatArray<RejectedLine>()
    defer {
      block.deallocate()
      events.deallocate()
      rejected.deallocate()
    }
    decoder.decode(b, start: 0, end: n, spareStart: spareStart, events: &events, rejected: &rejected)
    for i in 0..<bytes.count { precondition(b[i] == bytes[i], "raw bytes stay as they are") }
    precondition(b[bytes.count] == 10, "raw bytes stay as they are")
    for e in events.elements {
      precondition(e.time >= TimeParser.earliest - 400 * 86_400_000 && e.time <= TimeParser.latest + 86_400_000)
      func text(_ offset: UInt32, _ length: Int) -> [UInt8] {
        let inLine = Int(offset) + length <= n
        let inSpare = Int(offset) >= spareStart && Int(offset) + length <= spareStart + n
        precondition(length == 0 || inLine || inSpare, "a text lies inside the block")
        return Array(UnsafeBufferPointer(start: b + Int(offset), count: length))
      }
      precondition(e.userLength > 0 && hashBytes(b + Int(e.userOffset), Int(e.userLength)) == e.userHash)
      let texts = [
        text(e.userOffset, Int(e.userLength)), text(e.urlOffset, Int(e.urlLength)),
        text(e.referrerOffset, Int(e.referrerLength)), text(e.agentOffset, Int(e.agentLength)),
        text(e.eventOffset, Int(e.eventLength)),
      ]
      summary.append(Line(offset: Int(e.lineOffset), time: e.time, userHash: e.userHash, texts: texts))
    }
    for r in rejected.elements {
      precondition(Int(r.offset) + Int(r.length) < n && r.column <= r.length, "a rejected line lies inside the block")
      summary.append(Line(offset: Int(r.offset), time: 0, userHash: 0, texts: [], reason: r.reason))
    }
    summary.sort { $0.offset < $1.offset }
    for (a, b) in zip(summary, summary.dropFirst()) { precondition(a.offset < b.offset, "each line counts once") }
  }
}
