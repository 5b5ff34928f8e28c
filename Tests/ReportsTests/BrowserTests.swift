import Foundation
import Testing

@testable import Reports

/// The page in a real browser: every chart drawn or its absence explained, no error, no sideways scrolling.
///
/// Needs Chromium or Chrome in PATH; without it these tests are skipped and say so.
@Suite(.enabled(if: Chromium.path != nil, "no chromium or google-chrome in PATH: the page was not tried in a browser"))
struct BrowserTests {
  @Test(arguments: ["rich", "empty", "single", "hostile"]) func everyChartIsDrawn(_ name: String) throws {
    let report =
      switch name {
      case "rich": ReportExamples.rich(sessions: 4_000)
      case "empty": ReportExamples.empty
      case "single": ReportExamples.single
      default: ReportExamples.hostile
      }
    for width in name == "rich" ? [390, 1280] : [390] {
      let result = try Chromium.open(report.html(), width: width)
      #expect(result.charts == "8/8", "\(name) at \(width)")
      #expect(result.errors.isEmpty, "\(name) at \(width)")
      #expect(result.console.isEmpty, "\(name) at \(width)")
    }
  }

  /// The check itself: a chart that draws nothing, and one that throws, are noticed.
  @Test func aBrokenChartIsNoticed() throws {
    let html = ReportExamples.rich(sessions: 500).html()
    let nothing = try Chromium.open(
      html.replacing("var charts={timeline:timeline", with: "var charts={timeline:function(){}"), width: 1280)
    #expect(nothing.charts == "7/8" && nothing.errors.contains("timeline"))
    let throwing = try Chromium.open(html.replacing("\"durations\":{", with: "\"lost\":{"), width: 1280)
    #expect(throwing.charts == "7/8" && throwing.errors.contains("durations"))
  }
}

/// Opens a page in a frame of a given width and reads its self-check.
enum Chromium {
  struct Result {
    var charts: String
    var errors: String
    var console: [String]
  }
  struct Failure: Error, CustomStringConvertible { let description: String }

  static let path: String? = {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    for name in ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"] {
      for folder in folders where FileManager.default.isExecutableFile(atPath: "\(folder)/\(name)") {
        return "\(folder)/\(name)"
      }
    }
    return nil
  }()

  static func open(_ html: String, width: Int) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "report-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try html.write(to: folder.appending(path: "page.html"), atomically: true, encoding: .utf8)
    // a browser window has a least width; a frame does not
    let frame = """
      <!DOCTYPE html><html><body><iframe id="f" src="page.html" style="width:\(width)px;height:900px;border:0"
        onload="var d=this.contentDocument.documentElement.dataset,o=document.documentElement.dataset;
        o.charts=d.charts;o.errors=d.errors"></iframe></body></html>
      """
    let page = folder.appending(path: "frame.html")
    try frame.write(to: page, atomically: true, encoding: .utf8)
    let log = folder.appending(path: "log")
    let output = folder.appending(path: "dom")
    for file in [log, output] { try Data().write(to: file) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path!)
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--enable-logging=stderr",
      "--user-data-dir=\(folder.path)/profile", "--window-size=1400,1000", "--dump-dom", page.absoluteString,
    ]
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: log)
    try process.run()
    process.waitUntilExit()
    let dom = try String(contentsOf: output, encoding: .utf8)
    let console = try String(decoding: Data(contentsOf: log), as: UTF8.self).split(separator: "\n").map(String.init)
    guard let charts = attribute("data-charts", of: dom), let errors = attribute("data-errors", of: dom) else {
      throw Failure(description: "the browser did not open the page: \(console.suffix(5).joined(separator: "\n"))")
    }
    return Result(charts: charts, errors: errors, console: console.filter { $0.contains(":CONSOLE") })
  }

  private static func attribute(_ name: String, of dom: String) -> String? {
    guard let start = dom.firstRange(of: "\(name)=\"")?.upperBound, let end = dom[start...].firstIndex(of: "\"") else {
      return nil
    }
    return String(dom[start..<end])
  }
}
