import ClickstreamGenerator
import Testing

/// All formats tell the same events, in lines that strict parsers of their own accept.
@Suite struct FormatTests {
  static let site = "https://shop.example.com"

  static func events(_ format: ClickstreamFormat) throws -> [ReadEvent] {
    let all = lines(try generate(DeliveryTests.options(format, events: 20_000)).bytes)
    return try all.dropFirst(format == .csv ? 1 : 0).map { line in
      let event =
        switch format {
        case .ndjson: readJSON(line)
        case .csv: readCSV(line)
        case .combined: readCombined(line)
        }
      return try #require(event, "\(String(decoding: line, as: UTF8.self))")
    }
  }

  @Test func csvTellsWhatNDJSONTells() throws {
    let json = try FormatTests.events(.ndjson)
    #expect(try FormatTests.events(.csv) == json)
    #expect(json.count == 20_000)
    let header = lines(try generate(DeliveryTests.options(.csv, events: 1)).bytes)[0]
    #expect(String(decoding: header, as: UTF8.self) == "timestamp,user_id,event,item_id,url,referrer,user_agent,value")
  }

  @Test func combinedTellsTheSameToTheSecond() throws {
    let json = try FormatTests.events(.ndjson)
    let combined = try FormatTests.events(.combined)
    #expect(json.count == combined.count)
    var addresses: [String: String] = [:]
    for (a, b) in zip(json, combined) {
      #expect(a.time / 1_000 * 1_000 == b.time)
      #expect(a.url == FormatTests.site + b.url)
      #expect(a.referrer == b.referrer)
      #expect(a.agent == b.agent)
      #expect(addresses.updateValue(b.user, forKey: a.user) ?? b.user == b.user)
    }
    #expect(Set(addresses.values).count == addresses.count)
    #expect(Set(combined.map(\.event)).isSuperset(of: ["200", "302", "304", "404"]))
  }

  @Test func fieldsAreConsistent() throws {
    for event in try FormatTests.events(.ndjson) {
      #expect(event.url.hasPrefix(FormatTests.site + "/"))
      #expect(event.value.isEmpty == (event.event != "purchase"))
      switch event.event {
      case "search": #expect(event.url.contains("/search?q="))
      case "addtocart": #expect(event.url.hasSuffix("/cart/add?item=\(event.item)"))
      case "checkout": #expect(event.url.hasSuffix("/checkout") && event.item.isEmpty)
      case "purchase": #expect(event.url.hasSuffix("/order/complete") && !event.item.isEmpty)
      default: #expect(event.event == "view")
      }
      if event.event == "view", !event.item.isEmpty {
        #expect(event.url.split(separator: "?")[0].hasSuffix("/\(event.item)"))
      }
    }
  }

  @Test(arguments: [
    (0 as Int64, "1970-01-01T00:00:"), (951_782_400_000, "2000-02-29T00:00:"), (4_107_542_400_000, "2100-03-01T00:00:"),
    (1_767_225_540_000, "2025-12-31T23:59:"),
  ])
  func datesAreThoseOfTheCalendar(start: Int64, prefix: String) throws {
    var options = ClickstreamOptions()
    (options.startMilliseconds, options.eventCount, options.durationMilliseconds) = (start, 2_000, 50_000)
    let first = try #require(lines(try generate(options).bytes).first)
    #expect(String(decoding: first, as: UTF8.self).hasPrefix("{\"timestamp\":\"\(prefix)"))
    #expect(abs(try #require(readJSON(first)).time - start) < 60_000)
  }
}
