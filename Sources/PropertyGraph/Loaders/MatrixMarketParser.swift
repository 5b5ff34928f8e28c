import FlatMemory

/// Matrix Market files of coordinates (pattern, integer and real; general, symmetric and skew-symmetric). The entry in
/// row i and column j is an edge from i to j; vertices are named by their numbers, from 1 on.
///
/// Guarantees: an entry of a symmetric matrix that is not on the diagonal gives an edge each way, the other one with the
/// same weight. Explicit zeros are edges too. As many entries as the head says, or an error.
/// Cost: see ``GraphFile``.
struct MatrixMarketParser: GraphParser {
  enum Symmetry { case general, symmetric, skewSymmetric }

  let symmetry: Symmetry
  private let hasValues: Bool
  private let readsWeights: Bool
  private var vertexCount: UInt64?
  private var entriesExpected = 0
  private var entries = 0

  /// - Parameter banner: the file's first line.
  init(banner: TextLine, readsWeights: Bool, sourceName: String) throws {
    var words: [String] = []
    var at = 0
    while let token = banner.token(from: at) {
      words.append(banner.text(token).lowercased())
      at = token.upperBound
    }
    func problem(_ text: String) -> GraphFileError { GraphFileError(.malformed, "\(sourceName): \(text)") }
    guard words.count >= 5, words[0] == "%%matrixmarket", words[1] == "matrix" else {
      throw problem(
        "a Matrix Market file begins with %%MatrixMarket matrix coordinate FIELD SYMMETRY; this one does not")
    }
    guard words[2] == "coordinate" else {
      throw problem("the matrix is dense (\(words[2])); graphs are read from sparse ones (coordinate)")
    }
    guard ["pattern", "real", "double", "integer"].contains(words[3]) else {
      throw problem("values are \(words[3]); graphs are read from pattern, integer and real matrices")
    }
    switch words[4] {
    case "general": symmetry = .general
    case "symmetric": symmetry = .symmetric
    case "skew-symmetric": symmetry = .skewSymmetric
    default: throw problem("the matrix is \(words[4]); graphs are read from general and symmetric ones")
    }
    hasValues = words[3] != "pattern"
    self.readsWeights = readsWeights
    if readsWeights, !hasValues {
      throw GraphFileError(.badOption, "\(sourceName): the matrix is a pattern without weights; leave out --weighted")
    }
  }

  mutating func parse(_ block: LineBlock, into graph: inout GraphAssembly) throws {
    var p = unsafe block.bytes
    let end = unsafe p + block.count
    while unsafe p < end {
      let line = unsafe TextLine(at: p, of: block)
      unsafe p = unsafe line.next
      graph.lineNumber += 1
      if line.isSkipped {
        graph.skippedLines += 1
      } else if let vertexCount {
        try entry(line, vertexCount, &graph)
      } else {
        graph.skippedLines += 1
        try sizes(line, &graph)
      }
    }
  }

  private mutating func sizes(_ line: TextLine, _ graph: inout GraphAssembly) throws {
    var numbers: [UInt64] = []
    var at = 0
    while let token = line.token(from: at), let number = WholeToken.number(line, token) {
      numbers.append(number)
      at = token.upperBound
    }
    let place = "\(graph.source):\(graph.lineNumber)"
    guard numbers.count == 3, line.token(from: at) == nil else {
      throw GraphFileError(.malformed, "\(place): the sizes 'rows columns entries' belong here")
    }
    guard numbers[0] == numbers[1] else {
      throw GraphFileError(
        .malformed,
        "\(place): \(numbers[0]) rows but \(numbers[1]) columns; the matrix of a graph has as many of both")
    }
    guard numbers[0] <= UInt64(VertexDictionary.verticesMax), numbers[2] <= UInt64(EdgeList.edgesMax) else {
      throw GraphFileError(.tooLarge, "\(place): more vertices or edges than 32 bits number")
    }
    for id in 0..<Int64(numbers[0]) { _ = graph.vertices.insert(integer: id + 1) }
    (vertexCount, entriesExpected) = (numbers[0], Int(numbers[2]))
  }

  private mutating func entry(_ line: TextLine, _ vertexCount: UInt64, _ graph: inout GraphAssembly) throws {
    entries += 1
    let row, column: VertexIndex
    var weight = 1.0
    do throws(LineProblem) {
      guard entries <= entriesExpected else { throw LineProblem(.surplusLine, 0..<line.count) }
      var at = 0
      row = try WholeToken.vertex(line, &at, vertexCount)
      column = try WholeToken.vertex(line, &at, vertexCount)
      if readsWeights {
        guard let token = line.token(from: at) else { throw LineProblem(.missingWeight, line.count..<line.count) }
        weight = try LineProblem.weight(line, token)
        // the mirrored entry has the other sign
        if symmetry == .skewSymmetric, weight > 0 { throw LineProblem(.negativeWeight, token) }
      }
    } catch {
      return try graph.reject(line, error.reason, at: error.place)
    }
    try graph.add(row, column, weight: weight)
    if symmetry != .general, row != column { try graph.add(column, row, weight: weight) }
  }

  mutating func finish(_ graph: inout GraphAssembly) throws {
    guard vertexCount != nil else {
      throw GraphFileError(.malformed, "\(graph.source): the sizes 'rows columns entries' are missing")
    }
    if entries < entriesExpected {
      throw GraphFileError(
        .malformed,
        "\(graph.source): the head says \(entriesExpected) entries, but only \(entries) follow; the file is incomplete")
    }
  }
}

/// Whole numbers in the lines of formats that number their vertices from 1 on.
enum WholeToken {
  @inline(__always)
  static func number(_ line: TextLine, _ token: Range<Int>) -> UInt64? {
    var number: UInt64 = 0
    if unsafe NumberScan.wholeNumber(line.bytes + token.lowerBound, &number) == token.count { return number }
    guard let integer = unsafe VertexID.canonicalInteger(line.bytes + token.lowerBound, token.count), integer >= 0
    else {
      return nil
    }
    return UInt64(integer)
  }

  /// The vertex whose number is the next token of a line.
  @inline(__always)
  static func vertex(_ line: TextLine, _ at: inout Int, _ vertexCount: UInt64) throws(LineProblem) -> VertexIndex {
    guard let token = line.token(from: at) else { throw LineProblem(.unreadableNumber, line.count..<line.count) }
    guard let id = number(line, token) else { throw LineProblem(.unreadableNumber, token) }
    guard id >= 1, id <= vertexCount else { throw LineProblem(.vertexOutOfRange, token) }
    at = token.upperBound
    return VertexIndex(truncatingIfNeeded: id &- 1)
  }
}
