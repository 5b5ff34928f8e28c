import EventFormats
import FlatMemory
import Testing

@Suite struct JSONLinesTests {
  static let time = "\"timestamp\":\"2026-01-01T00:00:00.013Z\""

  private func one(_ line: String, _ plan: DecodingPlan = shopPlan) -> DecodedEvent? {
    let result = decode(line, plan)
    return result.events.count == 1 && result.rejected.isEmpty ? result.events[0] : nil
  }

  @Test func fieldsOfALine() throws {
    let line = """
      {"timestamp":"2026-01-01T00:00:00.013Z","user_id":"u1","event":"addtocart","item_id":"p9",\
      "url":"https://x/p/9?ref=x","referrer":"https://g/","price":12.5}
      """
    let e = try #require(one(line))
    #expect(e.time == 1_767_225_600_013)
    #expect(e.user == "u1" && e.event == "addtocart" && e.eventClass == .cart && e.hasItem)
    #expect(e.url == "https://x/p/9?ref=x" && e.referrer == "https://g/" && e.value == 12.5)
  }

  @Test func numbersAndTruthsAreText() throws {
    let e = try #require(one("{\(Self.time),\"user_id\":42,\"url\":true,\"event\":-1.5e3}"))
    #expect(e.user == "42" && e.url == "true" && e.event == "-1.5e3")
  }

  @Test func nullIsAbsent() {
    let result = decode("{\(Self.time),\"user_id\":null}\n{\"timestamp\":null,\"user_id\":\"u\"}\n", shopPlan)
    #expect(result.events.isEmpty)
    #expect(result.reasons == ["missing-user", "missing-time"])
  }

  @Test func theLastOfRepeatedKeysCounts() throws {
    #expect(one("{\(Self.time),\"user_id\":\"a\",\"user_id\":\"b\"}")?.user == "b")
    #expect(one("{\(Self.time),\"user_id\":\"u\",\"url\":\"a\",\"url\":null}")?.url == "")
    var nested = shopPlan
    nested.fields[.url] = "context.page.url"
    let reopened = """
      {\(Self.time),"user_id":"u","context":{"page":{"url":"a"}},"context":{"page":{"other":1}}}
      """
    for line in ["\(reopened)", "\(reopened)\n\(reopened)\n\(reopened)"] {
      #expect(decode(line, nested).events.allSatisfy { $0.url == "" && $0.user == "u" })
    }
  }

  @Test func nestedPaths() {
    var plan = shopPlan
    plan.fields[.url] = "context.page.url"
    plan.fields[.user] = "user.id"
    plan.fields[.item] = "a\\.b"
    let lines = """
      {"user":{"id":"u1","name":"n"},"context":{"page":{"url":"x","w":[1,{"url":"no"}]},"url":"no"},\
      \(Self.time),"a.b":"i"}
      {"user":{"id":"u2","name":"n"},"context":{"page":{"url":"y","w":[]},"url":"no"},\(Self.time),"a.b":"i"}
      {"user":{"id":"u3","name":"n"},"context":{"page":{},"url":"no"},\(Self.time),"a":{"b":"no"}}
      {"user":{"id":"u4","name":"n"},"context":{"page":null,"url":"no"},\(Self.time)}
      {"user":{"id":"u5","name":"n"},"context":{"page":{"url":{"x":1}},"url":"no"},\(Self.time)}
      """
    let result = decode(lines, plan)
    #expect(result.users == ["u1", "u2", "u3", "u4", "u5"])
    #expect(result.events.map(\.url) == ["x", "y", "", "", ""])
    #expect(result.events.map(\.hasItem) == [true, true, false, false, false])
  }

  @Test func escapes() throws {
    let line =
      #"{"timestamp":"2026-01-01","\u0075ser_id":"a\"\\\/\b\f\n\r\t\u00e9\u6f22\ud83d\ude00","url":"\ud800x"}"#
    let e = try #require(one(line))
    #expect(e.user == "a\"\\/\u{8}\u{c}\n\r\té漢😀")
    #expect(e.url == "\u{fffd}x")
  }

  @Test func spacesAndLineEnds() {
    let text =
      "\u{feff} { \(Self.time) ,\t\"user_id\" : \"u1\" } \r\n\r\n  \n{\(Self.time),\"user_id\":\"u2\"}\r\n\(Self.twice)"
    #expect(decode(text, shopPlan).users == ["u1", "u2", "u3", "u3"])
    #expect(decode(text, shopPlan).rejected.isEmpty)
  }
  static let twice = "{\(time),\"user_id\":\"u3\"}\n{\(time),\"user_id\":\"u3\"}"

  @Test func oneFieldForTwoRoles() {
    var plan = shopPlan
    plan.fields[.item] = "url"
    let result = decode("{\(Self.time),\"user_id\":\"u\",\"url\":\"x\"}\n{\(Self.time),\"user_id\":\"u\"}", plan)
    #expect(result.events.map(\.hasItem) == [true, false])
    #expect(result.events.map(\.url) == ["x", ""])
  }

  /// Each malformed line stands alone, and after valid lines that taught the very layout it breaks.
  @Test func malformedLines() {
    let valid = "{\(Self.time),\"user_id\":\"u\",\"n\":12,\"tags\":[1,2],\"url\":\"x\"}"
    // the mark stands before the byte where it goes wrong
    let broken = [
      "{▲", "▲null", "▲[1]", "{\"user_id\":\"u\"▲", "\(valid)▲x",
      valid.replacing("12", with: "0▲12"), valid.replacing("12", with: "1.▲"), valid.replacing("12", with: "▲nul"),
      valid.replacing("12", with: "12▲a"), valid.replacing("12", with: "▲+1"), valid.replacing("12", with: "▲"),
      valid.replacing("12", with: "1e▲"), valid.replacing("12", with: "-▲"), valid.replacing("12", with: "true▲1"),
      valid.replacing("12", with: "12345678▲a"), valid.replacing("[1,2]", with: "[1,2,▲]"),
      valid.replacing("[1,2]", with: "[1,2▲}"), valid.replacing("[1,2]", with: "{\"a\"▲}"),
      valid.replacing("\"x\"}", with: "\"x}▲"), valid.replacing("\"x\"", with: "\"▲\\x\""),
      valid.replacing("\"x\"", with: "\"▲\\u12g4\""), valid.replacing("\"x\"", with: "\"a▲\tb\""),
      valid.replacing(",\"url\"", with: ",▲,\"url\""), valid.replacing("\"url\":", with: "\"url\" ▲"),
      valid.replacing("}", with: ",▲}"),
    ]
    for marked in broken {
      let line = marked.replacing("▲", with: "")
      let column = marked.prefix { $0 != "▲" }.utf8.count
      for before in ["", "\(valid)\n\(valid)\n"] {
        let result = decode("\(before)\(line)\n\(valid)\n", shopPlan)
        #expect(result.reasons == ["malformed-json"], "\(line)")
        #expect(result.events.count == (before.isEmpty ? 1 : 3), "\(line)")
        #expect(result.rejected.first.map { Int($0.offset) } == before.utf8.count, "\(line)")
        #expect(result.rejected.first.map { Int($0.length) } == line.utf8.count, "\(line)")
        #expect(result.rejected.first.map { Int($0.column) } == column, "\(line)")
      }
    }
  }

  @Test func nestingIsBounded() {
    func nested(_ depth: Int) -> String {
      let open = String(repeating: "[", count: depth)
      let close = String(repeating: "]", count: depth)
      return "{\(Self.time),\"user_id\":\"u\",\"x\":\(open)\(close)}"
    }
    #expect(decode(nested(1024), shopPlan).events.count == 1)
    #expect(decode(nested(1025), shopPlan).reasons == ["malformed-json"])
  }

  @Test func notUTF8() {
    let good = Array("{\(Self.time),\"user_id\":\"é\"}\n".utf8)
    let bad = Array("{\(Self.time),\"user_id\":\"".utf8) + [0xe9] + Array("\"}\n".utf8)
    let result = decode(good + bad + good, shopPlan)
    #expect(result.users == ["é", "é"])
    #expect(result.reasons == ["not-utf8"])
    #expect(result.rejected[0].column == 51)
  }

  @Test func limits() {
    var plan = shopPlan
    plan.lineByteCountMax = 100
    let fits = "{\(Self.time),\"user_id\":\"\(String(repeating: "u", count: 47))\"}"
    #expect(fits.utf8.count == 100)
    let tooLong = fits.replacing("}", with: " }")
    let result = decode("\(fits)\n\(fits)\n\(tooLong)\n\(fits)\n\(fits)", plan)
    #expect(result.events.count == 4)
    #expect(result.reasons == ["line-too-long"])
    let longUser = String(repeating: "é", count: 32_768)
    let long = decode(
      "{\(Self.time),\"user_id\":\"\(longUser)\"}\n{\(Self.time),\"user_id\":\"u\",\"url\":\"\(longUser)\"}", shopPlan)
    #expect(long.reasons == ["user-too-long"])
    #expect(long.events.map(\.url.utf8.count) == [65_534])
  }

  @Test func classesOfEvents() {
    let names: [(String, EventClass)] = [
      ("view", .view), ("Page View", .view), ("page_view", .view), ("screen-view", .view), ("ADD_TO_CART", .cart),
      ("addtocart", .cart), ("begin_checkout", .checkout), ("Checkout Started", .checkout), ("purchase", .purchase),
      ("Order Completed", .purchase), ("transaction", .purchase), ("click", .other), ("views of the sea", .other),
    ]
    for (name, eventClass) in names {
      let line = "{\(Self.time),\"user_id\":\"u\",\"event\":\"\(name)\"}"
      #expect(decode("\(line)\n\(line)\n", shopPlan).events.map(\.eventClass) == [eventClass, eventClass], "\(name)")
    }
    #expect(one("{\(Self.time),\"user_id\":\"u\"}")?.eventClass == .view)
  }
}
