import Testing

@testable import PropertyGraph

/// What the loaders make of small files in each format, and of lines that are wrong.
@Suite struct GraphFileTests {
  private func read(_ text: String, _ options: GraphFileOptions = GraphFileOptions(badPercentMax: 100)) throws
    -> LoadedGraph
  {
    try GraphFile.read(MemoryInput(text), options: options)
  }

  /// Edges as "a>b", with names.
  private func edges(_ graph: LoadedGraph) -> [String] {
    (0..<graph.edges.count).map {
      "\(graph.vertices.text(of: graph.edges.sources[$0]))>\(graph.vertices.text(of: graph.edges.targets[$0]))"
    }
  }

  private func message(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return "no error"
  }

  // MARK: Edge lists

  @Test(arguments: [
    "1 2\n2 3\n", "1\t2\n2\t3", "1,2\r\n2,3\r\n", "1, 2\n2 ,3\n", "1;2\n2;3\n", "1|2\n2|3", "  1   2  \n2\t3 \n",
    "# one\n% two\n\n1 2\n  \n2 3\n", "\u{feff}1 2\n2 3\n", "1 2 0.5 xyz\n2 3 7 -\n", "src,dst,weight\n1,2,5\n2,3,6\n",
    "\"1\",\"2\"\n\"2\",\"3\"\n", "FromNodeId\tToNodeId\n1\t2\n2\t3\n", "target,other,source\n2,x,1\n3,y,2\n",
    "follows,who\n1,2\n2,3\n", "1\t2\n1\t2\n2\t3\n2 3\n",
  ])
  func edgeListsOfAllKinds(_ text: String) throws {
    let graph = try read(text)
    #expect(graph.format == .edges)
    #expect(graph.malformedLineCount == 0)
    var seen: [String] = []
    for edge in edges(graph) where !seen.contains(edge) { seen.append(edge) }
    #expect(seen == ["1>2", "2>3"])
  }

  @Test func idsKeepTheirBytes() throws {
    let graph = try read("007 7\n-3 +3\n123456789012345678 12345678901234567890\n0 00\ngrün 1e3\n")
    #expect(
      edges(graph) == ["007>7", "-3>+3", "123456789012345678>12345678901234567890", "0>00", "grün>1e3"])
    #expect(graph.vertices.find(VertexID.integer(123_456_789_012_345_678)) != nil)
    #expect(graph.vertices.find(VertexID.text("12345678901234567890")) != nil)
  }

  @Test func quotedFieldsMayHoldDelimitersAndQuotes() throws {
    let graph = try read("\"a,b\",\"say \"\"hi\"\"\"\nx,y\n")
    #expect(edges(graph) == ["a,b>say \"hi\"", "x>y"])
  }

  @Test func weightsAndTimes() throws {
    let graph = try read(
      "a b 0.5 1082040961\nb c 1e-3 1082155839\nc d 3 1082414391\n",
      GraphFileOptions(readsWeights: true, readsTimes: true))
    #expect(graph.edges.weights == [0.5, 0.001, 3])
    #expect(graph.edges.times == [1_082_040_961_000, 1_082_155_839_000, 1_082_414_391_000])
    let times = try read("1 2 1082040961\n3 4 1082155839\n", GraphFileOptions(readsTimes: true))
    #expect(times.edges.times == [1_082_040_961_000, 1_082_155_839_000])
    let named = try read("time,dst,w,src\n9,b,2.5,a\n", GraphFileOptions(readsWeights: true, readsTimes: true))
    #expect(edges(named) == ["a>b"])
    #expect(named.edges.weights == [2.5])
    #expect(named.edges.times == [9000])
  }

  /// Plain lines and any others give the same weights, to the last bit.
  @Test func weightsAreRoundedCorrectly() throws {
    var random = SeededSource(seed: 11, stream: 0)
    var texts: [String] = []
    for _ in 0..<5000 {
      let digits = String(random.below(10_000_000_000_000_000)).prefix(Int(1 + random.below(16)))
      let point = Int(random.below(UInt64(digits.count + 1)))
      texts.append(
        random.below(2) == 0 ? String(digits) : "\(digits.prefix(point)).\(digits.dropFirst(point))")
    }
    texts += [
      "0.1", "123456789012345", "1234567890123456789", "0.000000000000000000001", "1e22", "2.5E-3", "-0", ".5", "5.",
    ]
    let graph = try read(
      texts.map { "1 2 \($0)\n" }.joined(), GraphFileOptions(readsWeights: true))
    let expected = texts.map { Double($0.hasSuffix(".") ? $0 + "0" : $0.hasPrefix(".") ? "0" + $0 : $0) ?? .nan }
    let found = graph.edges.weights ?? []
    let wrong = zip(texts, zip(found, expected)).first { $1.0 != $1.1 || $1.0.sign == .minus }
    #expect(found.count == expected.count && wrong == nil, "seed 11: \(String(describing: wrong))")
  }

  @Test func malformedLinesAreHandedOnWithTheirPlace() throws {
    var lines: [MalformedLine] = []
    let text = "# c\n1 2 1\n3\n1 2 -2\n1 2 nan\n1 2 1e999\n1 2 x\n1 2\n5 6 7\n"
    let graph = try GraphFile.read(
      MemoryInput(text), options: GraphFileOptions(format: .edges, readsWeights: true, badPercentMax: 100)
    ) { lines.append($0) }
    #expect(edges(graph) == ["1>2", "5>6"])
    #expect(
      lines.map(\.reason) == [
        .missingTarget, .negativeWeight, .weightNotFinite, .weightNotFinite, .unreadableWeight, .missingWeight,
      ])
    #expect(lines.map(\.lineNumber) == [3, 4, 5, 6, 7, 8])
    #expect(lines.map(\.offset) == [10, 12, 19, 27, 37, 43])
    #expect(
      lines.map { String(decoding: $0.bytes, as: UTF8.self) } == [
        "3", "1 2 -2", "1 2 nan", "1 2 1e999", "1 2 x", "1 2",
      ])
    #expect(lines[1].explanation.hasPrefix("the weight -2 is negative; PageRank and shortest paths need weights of"))
    #expect(graph.malformedLines == lines)
    #expect(graph.malformedLineCount == 6)
    #expect(graph.lineCount == 9)
    // the vertices of malformed lines do not exist
    #expect(graph.vertices.count == 4)
  }

  @Test func whatIsNotUTF8OrQuotedIsMalformed() throws {
    var lines: [MalformedLine] = []
    let bytes = Array("a,b\nc,\"d\n,e\n".utf8) + [0xff, 0x2c, 0x41, 0x0a]
    let graph = try GraphFile.read(MemoryInput(bytes: bytes), options: GraphFileOptions(badPercentMax: 100)) {
      lines.append($0)
    }
    #expect(edges(graph) == ["a>b"])
    #expect(lines.map(\.reason) == [.openQuote, .missingSource, .notUTF8])
    #expect(lines.last?.bytes == [0xff, 0x2c, 0x41])
  }

  @Test func tooManyMalformedLinesStopTheReading() throws {
    let good = (0..<3000).map { "\($0) \($0 + 1)\n" }.joined()
    let bad = (0..<600).map { "oops\($0)\n" }.joined()
    // 600 of the first 1,000
    let text = message { _ = try read(bad + good, GraphFileOptions()) }
    #expect(
      text.hasPrefix("600 of 1000 lines (60%) could not be read; the limit is 50% (--max-bad)\nmemory:1: there is"))
    #expect(text.split(separator: "\n").count == 10)
    // behind the first 1,000 there may be any number, unless a limit is given
    #expect(try read(good + bad, GraphFileOptions()).malformedLineCount == 600)
    #expect(
      message { _ = try read(good + bad, GraphFileOptions(badPercentMax: 10)) }.hasPrefix("600 of 3600 lines (16.7%)"))
    #expect(try read(good + bad, GraphFileOptions(badPercentMax: 20)).malformedLineCount == 600)
    #expect(message { _ = try read("x\n", GraphFileOptions()) }.hasPrefix("1 of 1 lines (100%)"))
  }

  @Test func emptyInputs() throws {
    #expect(message { _ = try read("") } == "memory: the input is empty; there is no graph in it")
    #expect(try read("# nothing\n").edges.count == 0)
    #expect(
      message { _ = try read("src,dst,time\n1,2,3\n", GraphFileOptions(readsWeights: true)) }.contains("--weighted"))
  }

  /// Blocks, pieces of input and the fast path make no difference.
  @Test(arguments: [1, 3, 7, 4096]) func piecesOfInputMakeNoDifference(_ stride: Int) throws {
    var random = SeededSource(seed: 5, stream: UInt64(stride))
    var text = ""
    var expected: [String] = []
    for _ in 0..<3000 {
      let (a, b) = (random.below(1000), random.next() >> random.below(60))
      let form = random.below(5)
      text += form == 0 ? "# \(a)\n" : form == 1 ? "\(a)  \(b)\n" : form == 2 ? "\(a)\t\(b) 7\r\n" : "\(a) \(b)\n"
      if form != 0 { expected.append("\(a)>\(b)") }
    }
    let graph = try GraphFile.read(MemoryInput(text, stride: stride))
    let agrees = edges(graph) == expected
    #expect(agrees, "seed 5, stream \(stride)")
    #expect(graph.lineCount == 3000)
  }

  @Test func linesLongerThanABlock() throws {
    let neighbours = (1...300_000).map(String.init)
    let graph = try read("0 " + neighbours.joined(separator: " ") + "\n5\n")
    #expect(graph.format == .adjacency)
    #expect(graph.edges.count == 300_000)
    #expect(graph.vertices.count == 300_001)
  }

  // MARK: The other formats

  @Test func adjacencyLists() throws {
    let graph = try read("1 3 5\n2 4 5 10\n3 1 5 8 10\n4\n")
    #expect(graph.format == .adjacency)
    #expect(edges(graph) == ["1>3", "1>5", "2>4", "2>5", "2>10", "3>1", "3>5", "3>8", "3>10"])
    #expect(try read("9\n8\n").vertices.count == 2)
    #expect(try read("1 2 3\n2\n3 1\n").format == .adjacency)
    // an edge list with a line cut short
    #expect(try read("1 2\n2\n3 4\n").malformedLines.map(\.lineNumber) == [2])
    let texts = try read("ann bob,cy\ndee\n", GraphFileOptions(format: .adjacency))
    #expect(edges(texts) == ["ann>bob,cy"])
    #expect(
      message { _ = try read("1 2 3 4\n2\n", GraphFileOptions(readsWeights: true)) }.contains("have no weights"))
  }

  @Test func matrixMarket() throws {
    let general = try read(
      "%%MatrixMarket matrix coordinate real general\n% note\n4 4 3\n1 2 0.5\n2 1 -1\n3 3 2\n")
    #expect(general.format == .matrixMarket)
    #expect(!general.isUndirected)
    #expect(edges(general) == ["1>2", "2>1", "3>3"])
    #expect(general.vertices.count == 4)
    let symmetric = try read(
      "%%MatrixMarket matrix coordinate integer symmetric\n3 3 2\n2 1 4\n3 3 2\n", GraphFileOptions(readsWeights: true))
    #expect(symmetric.isUndirected)
    #expect(edges(symmetric) == ["2>1", "1>2", "3>3"])
    #expect(symmetric.edges.weights == [4, 4, 2])
  }

  @Test(arguments: [
    ("%%MatrixMarket matrix array real general\n2 2\n", "dense"),
    ("%%MatrixMarket matrix coordinate complex general\n", "complex"),
    ("%%MatrixMarket matrix coordinate real hermitian\n", "hermitian"),
    ("%%MatrixMarket matrix coordinate pattern general\n2 3 1\n1 1\n", "2 rows but 3 columns"),
    ("%%MatrixMarket matrix coordinate pattern general\n2 2\n1 1\n", "belong here"),
    ("%%MatrixMarket matrix coordinate pattern general\n2 2 2\n1 1\n", "only 1 follow; the file is incomplete"),
    ("%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 3\n", "there is no vertex 3"),
    ("%%MatrixMarket matrix coordinate pattern general\n2 2 1\n0 1\n", "there is no vertex 0"),
    ("%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 x\n", "x stands where a whole number belongs"),
    ("%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1\n", "the end of the line stands"),
    ("%%MatrixMarket matrix coordinate pattern general\n2 2 0\n1 1\n", "more lines than"),
    ("%%MatrixMarket matrix coordinate pattern general\n", "are missing"),
  ])
  func matrixMarketThatIsWrong(_ text: String, _ part: String) {
    let found = message { _ = try read(text, GraphFileOptions()) }
    #expect(found.contains(part), "\(found)")
  }

  @Test func metis() throws {
    let plain = try read("% a\n4 2\n2\n1 3\n2\n\n", GraphFileOptions(format: .metis))
    #expect(plain.isUndirected)
    #expect(edges(plain) == ["1>2", "2>1", "2>3", "3>2"])
    #expect(plain.vertices.count == 4)
    #expect(plain.warnings.isEmpty)
    // vertex sizes, two weights of vertices, weights of edges
    let weighted = try read(
      "2 1 111 2\n9 8 7 2 0.5\n9 8 7 1 0.5\n", GraphFileOptions(format: .metis, readsWeights: true))
    #expect(edges(weighted) == ["1>2", "2>1"])
    #expect(weighted.edges.weights == [0.5, 0.5])
    #expect(try read("3 5\n2\n1\n\n", GraphFileOptions(format: .metis)).warnings.count == 1)
  }

  @Test(arguments: [
    ("3 1\n2\n", "only 1 lines follow; the file is incomplete"), ("x\n", "begins with"), ("3 1 2\n", "begins with"),
    ("1 0\n2\n", "there is no vertex 2"), ("1 0\n\n1\n", "more lines than"), ("# x\n", "is missing"),
    ("2 1 1\n2 5\n1\n", "there is no weight"),
  ])
  func metisThatIsWrong(_ text: String, _ part: String) {
    let found = message { _ = try read(text, GraphFileOptions(format: .metis, badPercentMax: 0)) }
    #expect(found.contains(part), "\(found)")
  }

  @Test func excerptsPointAtThePlace() {
    let long = [UInt8](repeating: 120, count: 300)
    let line = MalformedLine(lineNumber: 1, offset: 0, reason: .unreadableNumber, place: 200..<300, bytes: long)
    let excerpt = line.excerpt(width: 40).split(separator: "\n")
    #expect(excerpt.map(\.count).allSatisfy { $0 <= 40 })
    #expect(excerpt.last?.last == "^")
    #expect(excerpt.first?.hasPrefix("  …x") == true && excerpt.first?.hasSuffix("x…") == true)
  }
}
