import EventFormats
import FlatMemory
import Testing

@Suite struct FramingTests {
  private func prefix(_ text: String, _ framing: RecordFraming, lineByteCountMax: Int = 1000) -> Int {
    let bytes = Array(text.utf8) + [UInt8](repeating: 0x0a, count: bytePadding)
    return bytes.withUnsafeBufferPointer {
      framing.completeRecords(in: $0.baseAddress!, count: text.utf8.count, lineByteCountMax: lineByteCountMax)
    }
  }
  private let csv = RecordFraming.quotedCSV(delimiter: 44, columnsMin: 2, columnsMax: 3)

  @Test func linesEndAtNewlines() {
    #expect(prefix("", .newline) == 0)
    #expect(prefix("abc", .newline) == 0)
    #expect(prefix("abc\n", .newline) == 4)
    #expect(prefix("abc\nde\"\nf", .newline) == 8)
  }

  @Test func newlinesInQuotesDoNotEndRecords() {
    #expect(prefix("", csv) == 0)
    #expect(prefix("a,b\nc,d\ne", csv) == 8)
    #expect(prefix("a,\"b\nc\"\nd", csv) == 8)
    #expect(prefix("a,\"b\nc\"", csv) == 0)
    #expect(prefix("a,\"b\nc", csv) == 0)
    #expect(prefix("x,y\na,\"b\nc,d\n", csv) == 4)
    #expect(prefix("a,\"b\"\"\n\"\"c\"\r\nd", csv) == 13)
    #expect(prefix("x,y\na,\"b\"\r", csv) == 4)
  }

  @Test func aStrayQuoteSwallowsNoMoreThanTheLongestLine() {
    let line = "aaaa,bbbb\n"
    let stray = "aaaa,\"bbb\n" + String(repeating: line, count: 50)
    // undecided until the longest line has passed without a closing quote
    #expect(prefix(stray, csv, lineByteCountMax: 600) == 0)
    #expect(prefix(stray, csv, lineByteCountMax: 200) == stray.utf8.count)
    // decided at once by what follows the next quote
    #expect(prefix("a,\"b\nc,\"d\"\ne,f\n", csv) == 15)
    #expect(prefix("a\"b,c\nd,e\n", csv) == 10)
    // too many columns: only the first line is lost
    #expect(prefix("a,b,c,\"d\n\",e\nf,g\n", csv) == 9)
  }

  @Test func overlongLinesAreSkipped() {
    var skipper = OverlongLine()
    let first = [UInt8](repeating: 120, count: 50)
    let second = Array("yyy\nnext\n".utf8)
    #expect(first.withUnsafeBufferPointer { skipper.skip($0.baseAddress!, 50) } == 50)
    #expect(!skipper.isOver)
    #expect(second.withUnsafeBufferPointer { skipper.skip($0.baseAddress!, 9) } == 4)
    #expect(skipper.isOver && skipper.byteCount == 53)
    #expect(second.withUnsafeBufferPointer { skipper.skip($0.baseAddress!, 9) } == 0)
  }

  @Test(arguments: LogFormat.allCases)
  func aPieceWithoutANewlineIsRejected(format: LogFormat) {
    let plan = DecodingPlan(
      format: format, timeFormat: format == .combined || format == .common ? .clf : .unixSeconds,
      fields: [.time: "t", .user: "u"], columns: [.time: 0, .user: 1], columnCount: 2,
      delimiter: format == .tsv ? 9 : 44, lineByteCountMax: 40)
    let first =
      switch format {
      case .ndjson: "{\"t\":1389052815,\"u\":\"a\"}\n"
      case .csv: "1389052815,a\n"
      case .tsv: "1389052815\ta\n"
      case .combined, .common: "1.2.3.4 - - [17/May/2015:10:05:03 +0000] \"-\" 408 -\n"
      }
    // what a reader cuts from an overlong line may hold anything but a newline
    var text = Array((first + String(repeating: "\"1.2.3.4 - - [{\\", count: 8)).utf8)
    let count = text.count
    text += [UInt8](repeating: 0, count: 2 * count + 3 * bytePadding)
    var events = FlatArray<LogEvent>()
    var rejected = FlatArray<RejectedLine>()
    defer {
      events.deallocate()
      rejected.deallocate()
    }
    text.withUnsafeMutableBufferPointer {
      LogDecoder(plan: plan).decode(
        $0.baseAddress!, start: 0, end: count, spareStart: count + bytePadding, events: &events, rejected: &rejected)
    }
    let tooLong = first.utf8.count > 41
    #expect(events.count == (tooLong ? 0 : 1))
    #expect(rejected.count == (tooLong ? 2 : 1))
    #expect(
      rejected.elements.last
        == RejectedLine(offset: first.utf8.count, length: count - first.utf8.count, column: 40, reason: .lineTooLong))
  }
}
