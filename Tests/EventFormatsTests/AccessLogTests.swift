import EventFormats
import FlatMemory
import Testing

@Suite struct AccessLogTests {
  static let combined = DecodingPlan(format: .combined, timeFormat: .clf)
  static let common = DecodingPlan(format: .common, timeFormat: .clf)
  static let head = "83.149.9.216 - - [17/May/2015:10:05:03 +0000]"

  private func one(_ line: String, _ plan: DecodingPlan = combined) throws -> DecodedEvent {
    let result = decode(line, plan)
    #expect(result.rejected.isEmpty, "\(line)")
    return try #require(result.events.first)
  }

  @Test func combinedLine() throws {
    let line = "\(Self.head) \"GET /a/b?q=1 HTTP/1.1\" 200 203023 \"http://x/\" \"Mozilla/5.0 (X)\""
    let e = try one(line)
    #expect(e.time == 1_431_857_103_000)
    #expect(e.url == "/a/b?q=1" && e.referrer == "http://x/" && e.agent == "Mozilla/5.0 (X)" && e.event == "GET")
    #expect(e.eventClass == .view && e.value == 0)
    let agent = Array("Mozilla/5.0 (X)".utf8) + [UInt8](repeating: 0, count: bytePadding)
    let hash = unsafe String(agent.withUnsafeBufferPointer { unsafe hashBytes($0.baseAddress!, 15) }, radix: 16)
    #expect(e.user == "83.149.9.216 \(String(repeating: "0", count: 16 - hash.count))\(hash)")
    let samePath = try one("\(Self.head) \"GET /a/b HTTP/2\" 200 1 \"-\" \"-\"")
    #expect(samePath.item == e.item && samePath.referrer == "" && samePath.agent == "")
    #expect(samePath.user != e.user)
  }

  @Test func commonLine() throws {
    let e = try one(
      "lj1036.inktomisearch.com - frank [07/Mar/2004:16:05:49 -0800] \"GET / HTTP/1.0\" 200 -", Self.common)
    #expect(e.user == "lj1036.inktomisearch.com" && e.url == "/" && e.time == 1_078_704_349_000)
  }

  @Test func variants() throws {
    #expect(try one("::1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1", Self.common).user == "::1")
    #expect(
      try one("shop.example:80 2001:db8::1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1", Self.common).user
        == "2001:db8::1")
    #expect(
      try one("1.2.3.4 - John Doe [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1", Self.common).user == "1.2.3.4"
    )
    let extra = try one("\(Self.head) \"GET / HTTP/1.1\" 200 1 \"-\" \"A\" \"1.1.1.1\" 0.003 x\\\\\"y\r")
    #expect(extra.agent == "A")
    #expect(try one("\(Self.head) \"GET / HTTP/1.1\" 200 1 \"-\" \"A\"\r").agent == "A")
    #expect(try one("\(Self.head) \"GET / HTTP/1.1\" 200 1\r").user == "83.149.9.216")
  }

  @Test func escapedQuotes() throws {
    let e = try one("\(Self.head) \"GET /?q=\\\"a\\\" HTTP/1.1\" 200 1 \"http://x/\\\"y\\\\\" \"A \\\"B\\\" \\x16\"")
    #expect(e.url == "/?q=\"a\"" && e.referrer == "http://x/\"y\\" && e.agent == "A \"B\" \\x16")
    #expect(try one("\(Self.head) \"GET / HTTP/1.1\" 200 1 \"-\" \"A \"B\"C\"").agent == "A \"B\"C")
  }

  @Test func requestsThatAreNone() throws {
    let none = try one("\(Self.head) \"-\" 408 - \"-\" \"-\"")
    #expect(none.url == "" && none.event == "" && none.eventClass == .other && !none.hasItem)
    let garbage = try one("\(Self.head) \"\\x16\\x03\\x01\" 400 226 \"-\" \"-\"")
    #expect(garbage.url == "\\x16\\x03\\x01" && garbage.eventClass == .other)
    #expect(try one("\(Self.head) \"GET /old\" 200 1 \"-\" \"-\"").url == "/old")
  }

  @Test(arguments: [
    ("GET /", 200, EventClass.view), ("HEAD /", 200, .view), ("POST /", 200, .other), ("GET /", 404, .other),
    ("GET /", 301, .view), ("GET /a.css", 200, .asset), ("GET /a.min.js?v=1", 200, .asset),
    ("GET /a.JPEG", 200, .asset),
    ("GET /f.woff2", 200, .asset), ("GET /a.pdf", 200, .view), ("GET /a.html", 200, .view), ("GET /a.b/c", 200, .view),
    ("GET /x?f=a.css", 200, .view), ("GET /.css", 200, .asset), ("GET /js", 200, .view), ("GET /feed.xml", 200, .asset),
    ("GETX /", 200, .other), ("GET /robots.txt", 200, .asset), ("GET /a.", 200, .view),
  ])
  func classes(request: String, status: Int, eventClass: EventClass) throws {
    #expect(try one("\(Self.head) \"\(request) HTTP/1.1\" \(status) 1 \"-\" \"-\"").eventClass == eventClass)
  }

  @Test func malformedLines() {
    // the mark stands before the byte where it goes wrong
    for marked in [
      "x▲", "1.2.3.4▲ - - no time", "1.2.3.4 - - [17/May/2015:10:05:03 +0000▲", "\(Self.head)▲",
      "\(Self.head)▲ GET / 200", "\(Self.head) ▲\"GET / HTTP/1.1 200 1", "\(Self.head) \"GET / HTTP/1.1\" ▲20 1",
      "\(Self.head) \"GET / HTTP/1.1\" 200 ▲x", "\(Self.head) \"GET / HTTP/1.1\" 200 1▲x",
      "\(Self.head) \"GET / HTTP/1.1\" 200 1 ▲\"open", "\(Self.head) \"GET / HTTP/1.1\" 200 1 \"-\" ▲\"open\\\"",
    ] {
      let line = marked.replacing("▲", with: "")
      let result = decode("\(line)\n\(Self.head) \"GET / HTTP/1.1\" 200 1 \"-\" \"A\"\n\n\(line)", Self.combined)
      #expect(result.events.count == 1, "\(line)")
      #expect(result.reasons == ["malformed-log-line", "malformed-log-line"], "\(line)")
      #expect(result.rejected.first.map { Int($0.column) } == marked.prefix { $0 != "▲" }.utf8.count, "\(line)")
    }
    let badTime = "1.2.3.4 - - [17/Mai/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"A\""
    #expect(decode(badTime, Self.combined).reasons == ["unreadable-time"])
    #expect(decode(badTime, Self.combined).rejected[0].column == 13)
    let notText = Array("\(Self.head) \"GET /".utf8) + [0xe9] + Array(" HTTP/1.1\" 200 1 \"-\" \"A\"".utf8)
    #expect(decode(notText, Self.combined).reasons == ["not-utf8"])
    var short = Self.combined
    short.lineByteCountMax = 60
    #expect(decode("\(Self.head) \"GET / HTTP/1.1\" 200 1 \"-\" \"A\"", short).reasons == ["line-too-long"])
  }
}
