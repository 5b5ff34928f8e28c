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
}
