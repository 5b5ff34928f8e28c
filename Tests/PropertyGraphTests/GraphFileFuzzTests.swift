import Testing

@testable import PropertyGraph

/// Arbitrary bytes never stop the program, and every line is accounted for.
@Suite struct GraphFileFuzzTests {
  private static let pieces = [
    "1", "2", "17", "-3", "007", "99999999999999999999", "0.5", "-1", "nan", "1e9", "a", "grün", "\"x,y\"", "\"", "",
    " ", "  ", "\t", ",", ";", "|", "#", "%", "\n", "\n", "\n", "\r\n",
    "%%MatrixMarket matrix coordinate real general\n",
    "%%MatrixMarket matrix coordinate pattern symmetric\n", "4 4 3\n", "3 2 1\n", "src,dst,weight\n", "\u{feff}",
  ]

  @Test(arguments: [GraphFormat?.none, .edges, .adjacency, .matrixMarket, .metis], [false, true])
  func arbitraryLines(_ format: GraphFormat?, _ readsWeights: Bool) {
    for seed in UInt64(0)..<400 {
      var random = SeededSource(seed: seed, stream: 77)
      var bytes: [UInt8] = []
      for _ in 0..<random.below(60) {
        if random.below(30) == 0 {
          bytes.append(UInt8(truncatingIfNeeded: random.next()))
        } else {
          bytes += Array(Self.pieces[Int(random.below(UInt64(Self.pieces.count)))].utf8)
        }
      }
      let options = GraphFileOptions(format: format, readsWeights: readsWeights, badPercentMax: 100)
      let stride = 1 + Int(random.below(9))
      var malformed: [MalformedLine] = []
      guard
        let graph = try? GraphFile.read(
          MemoryInput(bytes: bytes, stride: stride), options: options, malformed: { malformed.append($0) })
      else { continue }
      let lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
      let lineCount = lines.count - (bytes.last == 10 ? 1 : 0)
      #expect(graph.lineCount == lineCount, "seed \(seed), \(bytes)")
      #expect(malformed.count == graph.malformedLineCount, "seed \(seed)")
      #expect(graph.edges.weights.map { $0.allSatisfy { $0 >= 0 && $0.isFinite } } ?? true, "seed \(seed)")
      let ends = graph.edges.sources + graph.edges.targets
      #expect(ends.allSatisfy { Int($0) < graph.vertices.count }, "seed \(seed)")
      for line in malformed {
        // the place is in the line, and the line is where it is said to be
        let start = Int(line.offset)
        #expect(Array(bytes[start..<start + line.bytes.count]) == line.bytes, "seed \(seed)")
        #expect(line.place.upperBound <= line.bytes.count && !line.excerpt().isEmpty, "seed \(seed)")
        #expect(bytes[..<start].count { $0 == 10 } == line.lineNumber - 1, "seed \(seed)")
      }
    }
  }
}
