import StreamCore
import Testing

@Suite struct DecodedLinesTests {
  struct View: Codable, Sendable, Equatable {
    struct Page: Codable, Sendable, Equatable { var path: String }
    var time: Int64
    var pages: [Page]
  }

  @Test func eachLineIsEitherAnElementOrMalformed() throws {
    let good = #"{"time":1,"pages":[{"path":"/a"}]}"#
    let bad: [(line: String, reason: String)] = [
      ("12:00 GET /", "not JSON"), ("", "not JSON"), ("7", "not a JSON object of such values"),
      (#"{"time":"one","pages":[]}"#, "'time' is not a Int64"), (#"{"pages":[]}"#, "'time' is missing"),
      (#"{"time":null,"pages":[]}"#, "'time' is null, not a Int64"),
      (#"{"time":2,"pages":[{"path":"/"},{}]}"#, "'pages.[1].path' is missing"),
    ]
    let context = StreamingContext()
    let views = context.queueStream([[good] + bad.map(\.line), [good]]).decodedJSON(as: View.self)
    let (elements, malformed) = (MemoryTable<View>(), MemoryTable<MalformedLine>())
    views.elements.saveToMemory(elements)
    views.malformed.saveToMemory(malformed)
    _ = try context.run()
    #expect(elements.elements == Array(repeating: View(time: 1, pages: [.init(path: "/a")]), count: 2))
    #expect(malformed.elements == bad.map { MalformedLine(line: $0.line, reason: $0.reason) })
  }
}
