import EventFormats
import FlatMemory
import Foundation
import Testing

@Suite struct DetectionTests {
  @Test func ndjson() throws {
    let p = try plan(
      """
      {"timestamp":"2026-01-01T00:00:00.013Z","user_id":"u1","event":"view","item_id":"p","url":"x",\
      "referrer":"","price":1}
      {"timestamp":"2026-01-01T00:00:00.014Z","user_id":"u2"}

      """)
    #expect(p.format == .ndjson && p.timeFormat == .iso8601 && p.framing == .newline)
    #expect(
      p.fields == [
        .time: "timestamp", .user: "user_id", .event: "event", .item: "item_id", .url: "url", .referrer: "referrer",
        .value: "price",
      ])
  }

  @Test func nestedNames() throws {
    let p = try plan(
      """
      {"eventTime":1389052815123,"type":"track","user":{"id":"u","name":"n"},"context":{"page":{\
      "url":"x","referrer":"y"},"userAgent":"A"},"properties":{"productId":"p","price":"12.50"}}

      """)
    #expect(p.timeFormat == .unixMilliseconds)
    #expect(
      p.fields == [
        .time: "eventTime", .user: "user.id", .event: "type", .item: "properties.productId", .url: "context.page.url",
        .referrer: "context.page.referrer", .userAgent: "context.userAgent", .value: "properties.price",
      ])
  }

  @Test func valuesDecideBetweenTimes() throws {
    // "time" holds no time, "ts" holds microseconds
    let p = try plan("{\"time\":\"noon\",\"ts\":1389052815123456,\"user\":\"u\"}\n")
    #expect(p.fields[.time] == "ts" && p.timeFormat == .unixMicroseconds)
  }

  @Test func tables() throws {
    let csv = try plan("\u{feff}Time,User ID,\"Page, URL\",Price\n1389052815,u1,\"a,b\",1\n1389052816,u2,c,2\n")
    #expect(csv.format == .csv && csv.delimiter == 44 && csv.timeFormat == .unixSeconds)
    #expect(csv.columns == [.time: 0, .user: 1, .value: 3] && csv.columnCount == 4)
    #expect(csv.header.count == 4 && csv.header[2] == "Page, URL")
    let semicolons = try plan("a;user;b;time\n1,5;u;x;2026-01-01\n2,5;v;y;2026-01-02\n")
    #expect(semicolons.format == .csv && semicolons.delimiter == 59 && semicolons.columns == [.time: 3, .user: 1])
    let tabs = try plan("uuid\ttimestamp_unix\turl\nx\t1389052815\ty\n")
    #expect(tabs.format == .tsv && tabs.columns == [.user: 0, .time: 1, .url: 2] && tabs.framing == .newline)
  }

  @Test func columnsByNumber() throws {
    let text = "1389052815,u1,x\n1389052816,u2,y\n"
    let p = try plan(text, FormatOptions(fields: [.time: "1", .user: "2"]))
    #expect(p.header.isEmpty && p.columns == [.time: 0, .user: 1])
    #expect(decode(text, p).users == ["u1", "u2"])
  }

  @Test func accessLogs() throws {
    let head = "1.2.3.4 - - [17/May/2015:10:05:03 +0000] \"GET /, HTTP/1.1\" 200 1"
    #expect(try plan("\(head) \"-\" \"A\"\n\(head) \"-\" \"A\"\n").format == .combined)
    #expect(try plan("\(head)\n\(head)\n").format == .common)
    #expect(try plan("\(head)\nnonsense\n").format == .common)
  }

  @Test func optionsOverrule() throws {
    let text = "{\"a\":{\"b.c\":\"u\"},\"t\":1389052815,\"user\":\"v\"}\n"
    let options = FormatOptions(format: .ndjson, fields: [.user: "a.b\\.c", .time: "t"], timeFormat: .unixMilliseconds)
    let p = try plan(text, options)
    #expect(p.fields == [.user: "a.b\\.c", .time: "t"] && p.timeFormat == .unixMilliseconds)
    #expect(decode(text, p).events.map(\.user) == ["u"])
    #expect(decode(text, p).events.map(\.time) == [1_389_052_815])
  }

  @Test func plansAreKept() throws {
    let p = try plan("user;time;url\nu;2026-01-01;x\n")
    let copy = try JSONDecoder().decode(DecodingPlan.self, from: JSONEncoder().encode(p))
    #expect(copy == p)
  }

  @Test func fieldsOption() throws {
    #expect(
      try parseFieldsOption("user=visitor.id, time=ts,user-agent=a\\,b") == [
        .user: "visitor.id", .time: "ts", .userAgent: "a,b",
      ])
    #expect(try parseFieldsOption("") == [:])
  }

  // MARK: Real files

  static let data = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../shared/data").standardizedFileURL

  private func real(_ path: String) -> String? {
    for base in [Self.data.path, ProcessInfo.processInfo.environment["THALWEG_DATA"] ?? "", "/work/shared/data"] {
      let file = "\(base)/\(path)"
      if FileManager.default.fileExists(atPath: file) { return file }
    }
    print("skipped: \(path) is not here")
    return nil
  }

  private func readAll(_ path: String) throws -> [UInt8] {
    let source = try openInput(path: path)
    var all: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let n = try piece.withUnsafeMutableBytes { try source.read(into: $0.baseAddress!, 1 << 20) }
      if n == 0 { return all }
      all += piece[..<n]
    }
  }

  @Test(arguments: [
    ("weblogs/apache_logs_semicomplete/apache_logs.zst", LogFormat.combined, 9999, 1),
    ("weblogs/databricks_apache/apache.access.log", .common, 1406, 0),
    ("trivago_recsys19/trivago_val_100k.csv.zst", .csv, 100_003, 0),
    ("wikimedia_sessions/session_dataset.tsv.zst", .tsv, 63_524, 2),
    ("wikiticker_2015/wikiticker-2015-09-12-sampled.json.gz", .ndjson, 39_244, 0),
    ("rsc15_100k/yoochoose-clicks-100k_test.txt.zst", .tsv, 13_568, 0),
  ])
  func realFiles(path: String, format: LogFormat, events: Int, rejected: Int) throws {
    guard let file = real(path) else { return }
    let bytes = try readAll(file)
    let p = try bytes.prefix(1 << 20).withUnsafeBytes {
      try FormatDetector.plan(sample: $0, name: path, options: FormatOptions())
    }
    #expect(p.format == format)
    let result = decode(bytes, p, blockByteCount: 1 << 18)
    #expect(result.events.count == events && result.rejected.count == rejected)
    let small = decode(Array(bytes.prefix(200_000)), p, blockByteCount: 3000)
    #expect(small == decode(Array(bytes.prefix(200_000)), p, blockByteCount: 1 << 20))
  }
}
