import EventFormats
import FlatMemory
import Testing

@Suite struct DelimitedTests {
  static func plan(_ format: LogFormat = .csv, columns: Int = 4, lineByteCountMax: Int = 1 << 20) -> DecodingPlan {
    DecodingPlan(
      format: format, timeFormat: .unixSeconds, fields: [.time: "time", .user: "user", .url: "url"],
      columns: [.time: 0, .user: 1, .url: 2], header: ["time", "user", "url", "note"], columnCount: columns,
      delimiter: format == .tsv ? 9 : 44, lineByteCountMax: lineByteCountMax)
  }

  @Test func quoting() {
    let text =
      "\u{feff}time,user,url,note\r\n1389052815,u1,\"a,\"\"b\"\"\nc\",x\r\n"
      + "1389052816,\"u2\",,\n\n1389052817,u3,\"\",\"y\"\r\n"
    let result = decode(text, Self.plan())
    #expect(result.rejected.isEmpty)
    #expect(result.users == ["u1", "u2", "u3"])
    #expect(result.events.map(\.url) == ["a,\"b\"\nc", "", ""])
    #expect(result.events[0].time == 1_389_052_815_000)
  }

  @Test func repeatedHeaderIsSkipped() {
    let text =
      "time,user,url,note\n1389052815,u1,,\ntime,user,url,note\n"
      + "\"time\",\"user\",url,note\n1389052815,u2,,\ntime,user,x,note\n"
    let result = decode(text, Self.plan())
    #expect(result.users == ["u1", "u2"])
    #expect(result.reasons == ["unreadable-time"])
  }

  @Test func columnCounts() {
    let text = "1389052815,u1\n1389052815,u2,x\n1389052815\n1389052815,u3,x,y,z\n1389052815,u4,x,y\n"
    let result = decode(text, Self.plan())
    #expect(result.users == ["u1", "u2", "u4"])
    #expect(result.reasons == ["wrong-column-count", "wrong-column-count"])
  }

  @Test func misplacedQuotesCostOneLine() {
    let good = "1389052815,u,x,y\n"
    for bad in [
      "1389052815,u,x\"x,y\n", "1389052815,u,\"x\"x,y\n", "1389052815,u,\"x,y\n", "1389052815,\"u\n",
      "1389052815,u,x,\"\"\"\n", "1389052815,u,\"x,y\"\"\n", "\"\n",
    ] {
      for block in [1 << 20, 40] {
        let result = decode(Array((good + bad + good + good).utf8), Self.plan(), blockByteCount: block)
        #expect(result.users == ["u", "u", "u"], "\(bad)")
        #expect(result.reasons == ["malformed-csv"], "\(bad)")
        #expect(result.rejected.first.map { Int($0.length) } == bad.utf8.count - 1, "\(bad)")
      }
    }
  }

  @Test func anOpenQuoteIsBoundedByTheLongestLine() {
    let plan = Self.plan(lineByteCountMax: 100)
    let good = "1389052815,u,x,y\n"
    let text = "1389052815,u,\"x,y\n" + String(repeating: good, count: 200) + "1389052815,u,\"x\ny\",z\n"
    for block in [1 << 20, 500, 120, 64] {
      let result = decode(Array(text.utf8), plan, blockByteCount: block)
      #expect(result.events.count == 201)
      #expect(result.events.last?.url == "x\ny")
      #expect(result.reasons == ["malformed-csv"])
    }
    let long = "1389052815,u,\(String(repeating: "x", count: 100)),y\n"
    #expect(decode(good + long + good, plan).reasons == ["line-too-long"])
  }

  @Test func tabs() {
    let text =
      "time\tuser\turl\tnote\n1389052815\tu1\tsays \"hi\"\t\n"
      + "1389052815\t\"u2\"\t\"a \"\"b\"\"\"\t\r\n1389052815\tu3\t\"open\t\n"
    let result = decode(text, Self.plan(.tsv))
    #expect(result.users == ["u1", "u2", "u3"])
    #expect(result.events.map(\.url) == ["says \"hi\"", "a \"b\"", "\"open"])
  }

  @Test func notUTF8() {
    let text = Array("1389052815,u1,é,\n1389052815,u2,".utf8) + [0xe9] + Array(",\n1389052815,u3,é,\n".utf8)
    let result = decode(text, Self.plan())
    #expect(result.users == ["u1", "u3"])
    #expect(result.reasons == ["not-utf8"])
    #expect(result.rejected[0].column == 14)
  }

  /// Random records against a parser that goes byte by byte, in blocks of any size.
  @Test(arguments: [1 << 20, 300, 90])
  func agreesWithAReference(blockByteCount: Int) {
    var g = SeededGenerator(seed: newSeed("agreesWithAReference(\(blockByteCount))"))
    let plan = Self.plan(lineByteCountMax: 200)
    let pieces: [String] = ["a", "b", "\"", "\"\"", ",", "\n", "\r\n", "é", " ", "\",", ",\"", "\"\n", "1389052815,u"]
    for _ in 0..<1500 {
      var text = ""
      for _ in 0..<g.below(20) {
        switch g.below(4) {
        case 0: text += (0..<g.below(8)).map { _ in pieces[g.below(pieces.count)] }.joined() + "\n"
        default:
          let cell = (0..<g.below(8)).map { _ in pieces[g.below(pieces.count)] }.joined()
          let quoted = "\"" + cell.replacing("\"", with: "\"\"") + "\""
          text +=
            "1389052815,u\(g.below(100)),\(quoted),\(g.chance(50) ? "\"z\"" : "")" + (g.chance(30) ? "\r\n" : "\n")
        }
      }
      let want = reference(Array(text.utf8), plan)
      let got = decode(Array(text.utf8), plan, blockByteCount: blockByteCount)
      let gotLines =
        (got.events.map { Line(offset: $0.offset, user: $0.user, url: $0.url) }
        + got.rejected.map { Line(offset: Int($0.offset), user: nil, url: $0.reason.name) }).sorted {
          $0.offset < $1.offset
        }
      guard gotLines == want else {
        Issue.record("\(text.debugDescription)\ngot \(gotLines)\nwant \(want)")
        break
      }
    }
  }

  private struct Line: Equatable {
    var offset: Int
    var user: String?
    var url: String
  }

  private func reference(_ bytes: [UInt8], _ plan: DecodingPlan) -> [Line] {
    var bytes = bytes
    if let last = bytes.last, last != 10 { bytes.append(10) }
    var lines: [Line] = []
    var p = 0
    while p < bytes.count {
      let lineEnd = bytes[p...].firstIndex(of: 10)!
      let lineTooLong = lineEnd - p > plan.lineByteCountMax
      if let (cells, end) = record(bytes, p), end - p <= plan.lineByteCountMax {
        if cells == [[]], bytes[p] != 34 {
          p = end + 1
          continue
        }
        if cells.count >= 2, cells.count <= plan.columnCount {
          let text = cells.map { String(decoding: $0, as: UTF8.self) }
          if Array(text[0].utf8) != Array("1389052815".utf8) {
            lines.append(Line(offset: p, user: nil, url: text[0].isEmpty ? "missing-time" : "unreadable-time"))
          } else if text[1].isEmpty {
            lines.append(Line(offset: p, user: nil, url: "missing-user"))
          } else {
            lines.append(Line(offset: p, user: text[1], url: cells.count > 2 ? text[2] : ""))
          }
          p = end + 1
          continue
        }
        lines.append(
          Line(
            offset: p, user: nil,
            url: lineTooLong ? "line-too-long" : end == lineEnd ? "wrong-column-count" : "malformed-csv"))
      } else {
        lines.append(Line(offset: p, user: nil, url: lineTooLong ? "line-too-long" : "malformed-csv"))
      }
      p = lineEnd + 1
    }
    return lines
  }

  /// The cells of the record at p and the position of its newline; nil when a quote is out of place.
  private func record(_ bytes: [UInt8], _ start: Int) -> ([[UInt8]], Int)? {
    var cells: [[UInt8]] = []
    var p = start
    while true {
      var cell: [UInt8] = []
      if bytes[p] == 34 {
        p += 1
        while true {
          guard p < bytes.count else { return nil }
          if bytes[p] == 34 {
            if p + 1 < bytes.count, bytes[p + 1] == 34 {
              cell.append(34)
              p += 2
              continue
            }
            p += 1
            break
          }
          cell.append(bytes[p])
          p += 1
        }
        if bytes[p] == 13, bytes[p + 1] == 10 { p += 1 }
        guard bytes[p] == 44 || bytes[p] == 10 else { return nil }
      } else {
        while bytes[p] != 44, bytes[p] != 10 {
          if bytes[p] == 34 { return nil }
          cell.append(bytes[p])
          p += 1
        }
        if bytes[p] == 10, cell.last == 13 { cell.removeLast() }
      }
      cells.append(cell)
      if bytes[p] == 10 { return (cells, p) }
      p += 1
    }
  }
}
