import FlatMemory
import PropertyGraph
import Testing

@testable import GraphReplay

/// Lines of JSON and the history behind the report.
@Suite struct GraphRowWriterTests {
  private func line(_ ids: [VertexID], topCount: Int = 10) -> String {
    var delta = GraphDelta()
    delta.timeMilliseconds = 0
    delta.top = ids.map { GraphDelta.RankedVertex(id: $0, rank: 0.5) }
    var out = OutputBuffer(capacity: 16)
    defer { out.deallocate() }
    var writer = GraphRowWriter(includesTimings: false, topCount: topCount)
    writer.append(delta, to: &out)
    return String(decoding: UnsafeBufferPointer(start: out.base, count: out.count), as: UTF8.self)
  }

  /// Integers that a double cannot hold are texts, the lowest one included.
  @Test func idsAreJSON() {
    let text = line([.integer(.min), .integer(-1 << 53), .integer((1 << 53) + 1), .text("a\"\n\u{1F30A}")])
    #expect(
      text.hasSuffix(
        #""top":[{"id":"-9223372036854775808","rank":0.5},{"id":-9007199254740992,"rank":0.5},"#
          + #"{"id":"9007199254740993","rank":0.5},{"id":"a\"\n"# + "\u{1F30A}" + #"","rank":0.5}]}"# + "\n"))
    #expect(line([1, 2, 3], topCount: 1).hasSuffix(#""top":[{"id":1,"rank":0.5}]}"# + "\n"))
    #expect(line([]).hasPrefix(#"{"batch":0,"time":"1970-01-01T00:00:00.000Z","edges":0,"#))
  }

  /// However many batches there are, few points are kept, and no change is lost.
  @Test func historyStaysSmall() throws {
    var history = GraphHistory(keepsPoints: true)
    for i in 1...5000 {
      var delta = GraphDelta()
      (delta.number, delta.timeMilliseconds, delta.insertedCount, delta.edgeCount) = (i, Int64(i), i, i * 2)
      history.add(delta)
      if i % 777 == 0 { history = try GraphHistory(decoding: history.encoded()) }
    }
    #expect(history.points.count == 625 && history.stride == 8)
    #expect(history.points.reduce(0) { $0 + $1.inserted } == 5000 * 5001 / 2)
    #expect(history.points.map(\.number) == Swift.stride(from: 8, through: 5000, by: 8).map { $0 })
    #expect(history.batches == 5000 && history.last.edges == 10_000)
  }
}
