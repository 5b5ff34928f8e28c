import Foundation
import Testing

@testable import Reports

/// The report as JSON, terminal text and HTML: stable, complete, and safe whatever the data says.
@Suite struct RenderingTests {
  @Test func jsonIsStableAndReadsBack() throws {
    let report = ReportExamples.rich(sessions: 3_000)
    let json = report.json()
    #expect(json == report.json())
    #expect(try SessionReport(json: json) == report)
    #expect(json.hasSuffix("}\n") && !json.contains("\\/"))
    // no number with more than six decimals, none in scientific notation
    #expect(json.firstRange(of: /[0-9]\.[0-9]{7}/) == nil)
    #expect(json.firstRange(of: /[0-9][eE][-+]?[0-9]/) == nil)
  }

  @Test func goldenJSON() {
    var first = SessionSpec()
    first.entry = "https://shop.example.com/sale?utm_source=google&utm_medium=cpc&utm_campaign=brand"
    first.exit = "https://shop.example.com/thanks"
    (first.duration, first.events, first.views, first.items, first.value) = (754_321, 9, 4, 3, 59.9)
    (first.cart, first.checkout, first.purchase) = (100_000, 400_000, 700_000)
    first.agent = SessionGenerator.agents[1]
    first.path = ["/sale", "/p/1", "/cart", "/thanks"]
    var second = SessionSpec()
    (second.id, second.user, second.start, second.endedBy) = (2, "u2", first.start + 90_000, .endOfInput)
    second.referrer = "https://www.facebook.com/"
    second.path = ["/"]
    var third = first
    (third.id, third.start, third.purchase, third.value, third.agent) = (
      3, first.start + 172_800, nil, 0, "curl/8.5.0"
    )
    var report = ReportExamples.report([first, second, third])
    // 336 lines of numbers that the oracle checks
    report.hours = SessionReport.HourGrid()
    let json = Self.wrapped(report.compactJSON())
    #expect(json == GoldenReport.json, "the report changed; if it was meant to, replace GoldenReport.json by:\n\(json)")
  }

  /// Lines of some 80 characters, broken behind commas.
  private static func wrapped(_ json: String) -> String {
    var text = ""
    var column = 0
    for c in json {
      text.append(c)
      column += 1
      if c == ",", column >= 80 { (text, column) = (text + "\n", 0) }
    }
    return text
  }

  @Test(arguments: [60, 80, 100, 160]) func textFitsTheTerminal(_ width: Int) {
    for report in [
      ReportExamples.rich(sessions: 2_000), ReportExamples.empty, ReportExamples.single, ReportExamples.hostile,
    ] {
      let text = report.text(width: width, color: false)
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.count <= 61)
      for line in lines { #expect(line.count <= width, "\(line)") }
      #expect(
        !text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.properties.generalCategory == .format })
      let colored = report.text(width: width, color: true)
      #expect(colored.replacing(/\u{1b}\[[0-9]+m/, with: "") == text)
    }
  }

  @Test func textSaysWhatIsMissing() {
    #expect(ReportExamples.empty.text(width: 80, color: false).contains("No session"))
    #expect(ReportExamples.single.text(width: 80, color: false).contains("No user agents in this log."))
  }

  @Test func nothingFromTheDataBecomesMarkup() throws {
    let html = ReportExamples.hostile.html()
    for attack in [
      "<script>document", "<img", "<b>", "onerror=alert(1)>", "\u{2028}", "\u{2029}", "\u{202e}", "\u{1b}",
    ] {
      #expect(!html.contains(attack), "\(attack.debugDescription) is in the page")
    }
    // one script element for the data, one for the program, each closed once
    #expect(html.ranges(of: "<script").count == 2 && html.ranges(of: "</script>").count == 2)
    let start = try #require(html.firstRange(of: "id=\"report-data\">")).upperBound
    let end = try #require(html[start...].firstRange(of: "</script>")).lowerBound
    #expect(try SessionReport(json: String(html[start..<end])) == ReportExamples.hostile)
  }

  @Test func pageAsksNoOtherHost() {
    let html = ReportExamples.rich(sessions: 500).html()
    #expect(html.contains("default-src 'none'"))
    let loads = /(src|href|action)\s*=\s*["'](?!data:)/
    #expect(html.firstRange(of: loads) == nil)
    for word in ["@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket", "import("] {
      #expect(!html.contains(word))
    }
  }

  @Test func numbersForPeople() {
    #expect(ReportFormat.grouped(-1_234_567) == "-1,234,567")
    #expect(ReportFormat.grouped(999) == "999")
    #expect(ReportFormat.percent(0.12345) == "12.3%")
    #expect(ReportFormat.percent(0.0001) == "<0.1%")
    #expect(ReportFormat.percent(0.9999) == ">99.9%")
    #expect(ReportFormat.percent(0) == "0.0%" && ReportFormat.percent(1) == "100.0%")
    #expect(ReportFormat.duration(999) == "999 ms")
    #expect(ReportFormat.duration(59_949) == "59.9 s" && ReportFormat.duration(59_950) == "1 min 00 s")
    #expect(ReportFormat.duration(3_599_499) == "59 min 59 s" && ReportFormat.duration(3_600_000) == "1 h 00 min")
    #expect(ReportFormat.duration(93_600_000) == "1 d 2 h")
    #expect(ReportFormat.bytes(1_500_000) == "1.5 MB" && ReportFormat.bytes(12) == "12 bytes")
    #expect(ReportFormat.width(900_000) == "15 minutes" && ReportFormat.width(604_800_000) == "week")
    #expect(CivilTime.timestamp(0) == "1970-01-01T00:00:00Z")
    #expect(CivilTime.timestamp(951_827_696_123) == "2000-02-29T12:34:56.123Z")
    #expect(CivilTime.timestamp(-1) == "1969-12-31T23:59:59.999Z")
    #expect(CivilTime.timestamp(SessionReportAccumulator.timeMin) == "0001-01-01T00:00:00Z")
    #expect(CivilTime.timestamp(SessionReportAccumulator.timeMax) == "9999-12-31T23:59:59.999Z")
  }
}
