import FlatMemory

// Entry points for fuzzers, one per parser of foreign bytes. Each runs the parser on its input and traps when a promise
// is broken: spans inside the block, readable times, each line accounted for once, raw bytes untouched, and the same
// result whatever the parser learned before and wherever the bytes were cut.
//
// The same bytes always take the same way: what varies from input to input is drawn from the bytes.

/// Feeds arbitrary bytes to a decoder.
public func fuzzDecoder(_ format: LogFormat, _ bytes: UnsafeRawBufferPointer) {
  var plan = DecodingPlan(fuzzing: format)
  // now and then a limit that inputs of a fuzzer's size reach
  if bytes.count % 4 == 3 { plan.lineByteCountMax = 48 }
  let decoder = LogDecoder(plan: plan)
  let cold = unsafe DecodingTrace(decoder, bytes)
  unsafe precondition(cold == DecodingTrace(decoder, bytes), "what was learned from these bytes changed the result")
  if format == .ndjson {
    unsafe precondition(
      cold == DecodingTrace(LogDecoder(plan: plan, learns: false), bytes), "learning changed the result")
    unsafe precondition(
      cold == DecodingTrace(LogDecoder(plan: plan, learns: true, isPortable: true), bytes),
      "the machine changed the result")
    let trained = LogDecoder(plan: plan)
    unsafe fuzzTypicalLines.utf8.withContiguousStorageIfAvailable {
      _ = unsafe DecodingTrace(trained, UnsafeRawBufferPointer($0))
    }
    unsafe precondition(cold == DecodingTrace(trained, bytes), "what was learned from other bytes changed the result")
  }
  var chance = unsafe FuzzChance(bytes)
  unsafe precondition(cold == DecodingTrace(decoder, bytes, cutBy: &chance), "a cut changed the result")
}

/// Feeds arbitrary bytes to the detector, and what it recognises to the decoder it chose.
public func fuzzDetector(_ bytes: UnsafeRawBufferPointer) {
  var chance = unsafe FuzzChance(bytes)
  let formats = LogFormat.allCases
  let forced = FormatOptions(
    format: formats[chance.below(formats.count)],
    fields: chance.below(2) == 0 ? [:] : [.time: "1", .user: "2", .url: "page\\.url"], lineByteCountMax: 200)
  for options in [FormatOptions(), forced] {
    do throws(FormatError) {
      let plan = try unsafe FormatDetector.plan(sample: bytes, name: "fuzz", options: options)
      precondition(plan.timeFormat == .clf || plan.fields[.time] != nil, "a plan knows its time")
      unsafe precondition(
        (try? FormatDetector.plan(sample: bytes, name: "fuzz", options: options)) == plan, "the same plan each time")
      let decoder = LogDecoder(plan: plan)
      unsafe precondition(
        DecodingTrace(decoder, bytes) == DecodingTrace(decoder, bytes), "what was learned is forgotten")
    } catch {
      precondition(!error.description.isEmpty, "an error says something")
    }
  }
}

/// Feeds lines of arbitrary bytes to the time parser, in every format: a day remembered must not change a time.
public func fuzzTimes(_ bytes: UnsafeRawBufferPointer) {
  let padded = unsafe PaddedBytes(bytes)
  defer { padded.deallocate() }
  for format in TimeFormat.allCases {
    var warm = TimeParser(format)
    var from = 0
    while from <= bytes.count {
      let to = unsafe lineEnd(padded.base, from, bytes.count)
      var cold = TimeParser(format)
      let time = unsafe cold.parse(padded.base + from, to - from)
      unsafe precondition(warm.parse(padded.base + from, to - from) == time, "the day before changed the time")
      unsafe precondition(cold.parse(padded.base + from, to - from) == time, "a day read again is another")
      precondition(
        time == TimeParser.unreadable
          || time >= TimeParser.earliest - 400 * 86_400_000
            && time <= TimeParser.latest + 86_400_000,
        "only times of the years 0 to 9999")
      from = to + 1
    }
  }
}

/// Feeds arbitrary text to the reader of `--fields` and to the paths in it.
public func fuzzFieldsOption(_ bytes: UnsafeRawBufferPointer) {
  let text = unsafe String(decoding: bytes, as: UTF8.self)
  do throws(FormatError) {
    let fields = try parseFieldsOption(text)
    // any path a user may give is one a decoder can be made for
    _ = unsafe DecodingTrace(
      LogDecoder(plan: DecodingPlan(format: .ndjson, timeFormat: .iso8601, fields: fields)), bytes)
  } catch {
    precondition(!error.description.isEmpty, "an error says something")
  }
  // keys as a JSON object may have them: to a path and back
  let keys = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  precondition(
    JSONFieldPaths.keys(ofPath: JSONFieldPaths.path(ofKeys: keys)) == keys, "a path leads to the keys it was made of")
}

/// Lines as they usually are, with the fields of ``DecodingPlan/init(fuzzing:)``.
private let fuzzTypicalLines = """
  {"time":"2026-01-01T00:00:00.013Z","user":"u1","event":"view","page":{"url":"/a","ref":null},"value":1}
  {"time":"2026-01-01T00:00:00.014Z","user":"u2","event":"cart","page":{"url":"/b","ref":"x"},"value":-1.5e3}
  {"time": "2026-01-01T00:00:00Z", "user": 12, "x": {"url": [1, {}]}, "page": {"ref": "x", "url": "/c\\n"}}
  {"user":"u3","page":{},"time":"2026-01-01","page":{"url":"/d"},"value":true}

  """

extension DecodingPlan {
  /// A plan with fields of every kind, for fuzzing a decoder.
  init(fuzzing format: LogFormat) {
    switch format {
    case .ndjson:
      self.init(
        format: .ndjson, timeFormat: .iso8601,
        fields: [
          .time: "time", .user: "user", .url: "page.url", .referrer: "page.ref", .event: "event", .value: "value",
          .item: "page",
        ])
    case .csv, .tsv:
      self.init(
        format: format, timeFormat: .unixSeconds,
        fields: [.time: "time", .user: "user", .url: "url", .value: "value"],
        columns: [.time: 0, .user: 1, .url: 2, .value: 3], header: ["time", "user", "url", "value"], columnCount: 4,
        delimiter: format == .csv ? 44 : 9)
    case .combined, .common: self.init(format: format, timeFormat: .clf)
    }
  }
}
