import EventFormats
import Testing

/// The fuzz entries, driven by random mutations of lines that are nearly right.
@Suite struct FuzzEntryTests {
  private static let seeds: [LogFormat: [String]] = [
    .ndjson: [
      "{\"time\":\"2026-01-01T00:00:00.013Z\",\"user\":\"u1\",\"event\":\"view\",\"page\":"
        + "{\"url\":\"x\\u00e9\",\"ref\":null}}\n",
      "{ \"user\" : 12 , \"page\" : {\"ref\":\"a\\\"b\"}, \"time\":\"2026-01-01T00:00:00Z\","
        + "\"value\":-1.5e3,\"t\":[1,{}]}\r\n",
      "{\"time\":\"2026-01-01\",\"user\":\"é漢😀\",\"page\":{},\"x\":true}\n",
    ],
    .csv: ["time,user,url\n", "1389052815,u1,\"a \"\"b\"\"\n,c\"\n", "1389052816.5,é,\r\n", "1389052815,\"u\"\n"],
    .tsv: ["time\tuser\turl\n", "1389052815\tu1\t\"a \"\"b\"\"\"\n", "1389052816.5\té\t\r\n"],
    .combined: [
      "1.2.3.4 - - [17/May/2015:10:05:03 +0000] \"GET /a?b HTTP/1.1\" 200 1 \"http://x/\" \"A \\\"B\\\" (C)\"\n",
      "::1 - joe [17/May/2015:10:05:03 +0000] \"-\" 408 - \"-\" \"-\" \"extra\" 1.5\r\n",
    ],
    .common: ["h:80 1.2.3.4 - - [17/May/2015:10:05:03 -0800] \"POST /a.css HTTP/2\" 404 12\n"],
  ]

  private func mutated(_ format: LogFormat, _ g: inout SeededGenerator) -> [UInt8] {
    let lines = Self.seeds[format, default: []]
    var bytes: [UInt8] = []
    for _ in 0..<(1 + g.below(6)) { bytes += Array(lines[g.below(lines.count)].utf8) }
    for _ in 0..<g.below(5) where !bytes.isEmpty {
      let at = g.below(bytes.count)
      switch g.below(5) {
      case 0: bytes[at] = UInt8(g.below(256))
      case 1: bytes.remove(at: at)
      case 2: bytes.insert(Array("\"\\,\n{}[]:\t\r \u{0}".utf8)[g.below(13)], at: at)
      case 3: bytes.removeSubrange(at..<min(bytes.count, at + g.below(40)))
      default: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + g.below(40))], at: g.below(bytes.count))
      }
    }
    return bytes
  }

  @Test(arguments: LogFormat.allCases)
  func decoders(format: LogFormat) {
    var g = SeededGenerator(seed: newSeed("decoders(\(format))"))
    var bytesSeen = 0
    for _ in 0..<1500 {
      let bytes = mutated(format, &g)
      bytes.withUnsafeBytes { fuzzDecoder(format, $0) }
      bytes.withUnsafeBytes { fuzzDetector($0) }
      bytesSeen += bytes.count
    }
    #expect(bytesSeen > 0)
  }

  @Test func inflaters() {
    var g = SeededGenerator(seed: newSeed("inflaters"))
    var bytesSeen = 0
    for _ in 0..<2000 {
      let bytes = (0..<g.below(60)).map { _ in UInt8(g.below(256)) }
      bytes.withUnsafeBytes { fuzzInflateZstd($0) }
      bytes.withUnsafeBytes { fuzzInflateGzip($0) }
      bytes.withUnsafeBytes { fuzzInflate($0) }
      bytesSeen += bytes.count
    }
    #expect(bytesSeen > 0)
  }
}
