import EventFormats
import FlatMemory
import Testing

@Suite struct BadInputReportTests {
  private func report(_ text: String, _ plan: DecodingPlan, width: Int = 60) -> String {
    let bytes = Array(text.utf8)
    let rejected = decode(bytes, plan).rejected
    let examples = rejected.map { line in
      BadInputReport.Example(
        lineNumber: UInt64(bytes[..<Int(line.offset)].count { $0 == 10 } + 1), offset: UInt64(line.offset),
        bytes: Array(bytes[Int(line.offset)..<Int(line.offset + line.length)]), rejected: line)
    }
    return BadInputReport(plan: plan, source: "a.log", examples: examples).text(width: width)
  }

  @Test func caretsAndFixes() {
    #expect(
      report(
        """
        {"timestamp":"2026-01-01T00:00:00Z","user_id":'u'}
        {"ts":"2026-01-01T00:00:00Z","user_id":"u"}
        {"timestamp":1767225600,"user_id":"é"}
        {"timestamp":"2026-01-01T00:00:00Z","userid":"u"}
        {"timestamp":"2026-01-01T00:00:00Z","user_id":
        """, shopPlan) == """
          a.log:1: malformed JSON
            {"timestamp":"2026-01-01T00:00:00Z","user_id":'u'}
                                                          ^
            Strings and keys need double quotes
          a.log:2: no time (field timestamp)
            {"ts":"2026-01-01T00:00:00Z","user_id":"u"}
            ^
            Fields of this line: ts, user_id
          a.log:3: unreadable time
            {"timestamp":1767225600,"user_id":"é"}
                         ^
            Expected ISO 8601, such as 2026-01-01T00:00:00Z; this looks like seconds: try --time-format seconds
          a.log:4: no user (field user_id)
            {"timestamp":"2026-01-01T00:00:00Z","userid":"u"}
            ^
            Fields of this line: timestamp, userid; did you mean --fields user=userid?
          a.log:5: malformed JSON: the line ends too early
            {"timestamp":"2026-01-01T00:00:00Z","user_id":
                                                          ^
            Was the file cut off, or is one object spread over several lines?

          """)
  }

  @Test func longLinesAreCut() {
    let long = String(repeating: "é", count: 100)
    #expect(
      report("{\"a\":\"\(long)\",x:\"\(long)\"}\nxx\(long)", shopPlan, width: 40) == """
        a.log:1: malformed JSON
          …ééééééééééééééé",x:"éééééééééééééé…
                            ^
        a.log:2: malformed JSON
          xxééééééééééééééééééééééééééééééééé…
          ^

        """)
  }

  @Test func tables() {
    let plan = DecodingPlan(
      format: .csv, timeFormat: .unixSeconds, fields: [.time: "time", .user: "user"], columns: [.time: 0, .user: 1],
      header: ["time", "user", "url"], columnCount: 3)
    #expect(
      report("1389052815,u,\"a\"b\n1389052815,u,a,b\n1389052815123,u,a\n1389052815,,a\n", plan) == """
        a.log:1: malformed CSV: a quote out of place
          1389052815,u,"a"b
                          ^
          A quote stands at both ends of a field or nowhere; inside such a field it is doubled
        a.log:2: wrong number of columns: 4 instead of 3
          1389052815,u,a,b
                          ^
          Columns are split at commas; a field that holds one must be quoted
        a.log:3: unreadable time
          1389052815123,u,a
          ^
          Expected Unix seconds, such as 1767225600; this looks like milliseconds: try --time-format milliseconds
        a.log:4: no user (column user)
          1389052815,,a
          ^

        """)
  }

  @Test func theWrongFormat() {
    let line = "1.2.3.4 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1"
    #expect(
      report("\(line)\n\(line)", shopPlan, width: 50) == """
        a.log:1: malformed JSON
          1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET…
          ^
        a.log:2: malformed JSON
          1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET…
          ^
        These lines read as common: try --format common

        """)
    let combined = DecodingPlan(format: .combined, timeFormat: .clf)
    #expect(
      report("{\"a\":1}", combined) == """
        a.log:1: not a line of a combined access log
          {"a":1}
                 ^
          Expected: address ident user [time] "request" status bytes "referrer" "user agent"
        These lines read as ndjson: try --format ndjson

        """)
  }

  @Test func bytesThatAreNoText() {
    let bytes: [UInt8] = [0x7b, 0x09, 0xe9, 0x01, 0x7d]
    let line = RejectedLine(offset: 0, length: 5, column: 2, reason: .notUTF8)
    let example = BadInputReport.Example(offset: 77, bytes: bytes, rejected: line)
    #expect(
      BadInputReport(plan: shopPlan, source: "a.log", examples: [example]).text() == """
        a.log:byte 77: not UTF-8
          { \u{fffd}·}
            ^
          If it is Latin-1, convert it first: iconv -f LATIN1 -t UTF-8 a.log | …

        """)
  }
}

@Suite struct DeadLetterTests {
  private func letter(_ raw: [UInt8], source: String = "a.log", reason: String = "malformed-json") -> String {
    var output = OutputBuffer(capacity: 1)
    defer { output.deallocate() }
    let padded = raw + [UInt8](repeating: 0x22, count: bytePadding)
    padded.withUnsafeBufferPointer {
      appendDeadLetter(
        to: &output, source: source, offset: 1_234_567_890_123, reason: reason, raw: $0.baseAddress!,
        rawLength: raw.count)
    }
    return String(decoding: UnsafeBufferPointer(start: output.base, count: output.count), as: UTF8.self)
  }

  @Test func text() {
    #expect(
      letter(Array("{\"é\": \\x\t\u{1}".utf8)) == """
        {"source":"a.log","offset":1234567890123,"reason":"malformed-json","raw":"{\\"é\\": \\\\x\\t\\u0001"}

        """)
    #expect(letter([], source: "a\"b").hasPrefix("{\"source\":\"a\\\"b\",") && letter([]).hasSuffix("\"raw\":\"\"}\n"))
  }

  @Test(
    arguments: [
      ([0xff], "/w=="), ([0xff, 0xfe], "//4="), ([0xff, 0xfe, 0x41], "//5B"), ([0x41, 0x42, 0xe9, 0xfb], "QULp+w=="),
    ] as [([UInt8], String)])
  func bytes(raw: [UInt8], base64: String) {
    #expect(letter(raw).hasSuffix("\"reason\":\"malformed-json\",\"raw_base64\":\"\(base64)\"}\n"))
  }

  /// What is UTF-8 is decided as the standard library does.
  @Test func bytesAndTextAreToldApart() {
    var g = SeededGenerator(seed: newSeed("bytesAndTextAreToldApart"))
    let pieces: [[UInt8]] = [
      [0x41], Array("é".utf8), Array("漢".utf8), Array("😀".utf8), [0xc0, 0x80], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80],
      [0xf0, 0x8f, 0xbf, 0xbf], [0xf4, 0x90, 0x80, 0x80], [0xf4, 0x8f, 0xbf, 0xbf], [0xed, 0x9f, 0xbf], [0x80], [0xff],
      [0xe6, 0xbc], [0xf0, 0x9f, 0x98], [0xc2], [0xf5, 0x80, 0x80, 0x80], [0xdf, 0xbf],
    ]
    var valid = 0
    for _ in 0..<20_000 {
      var raw = [UInt8](repeating: 0x61, count: g.below(100))
      // mostly good characters, since one bad one decides
      for _ in 0..<g.below(30) { raw += pieces[g.chance(97) ? g.below(4) : g.below(pieces.count)] }
      raw += [UInt8](repeating: 0x61, count: g.below(40))
      let isText = String(validating: raw, as: UTF8.self) != nil
      valid += isText ? 1 : 0
      #expect(letter(raw).contains("\"raw\":") == isText, "\(raw)")
    }
    #expect(valid > 1000 && valid < 19_000)
  }
}
