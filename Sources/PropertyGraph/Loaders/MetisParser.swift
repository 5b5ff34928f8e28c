/// METIS graph files: the head `vertices edges [format [constraints]]`, then line i holds the neighbours of vertex i, with
/// the weights of the edges where the format says so. Sizes and weights of vertices are passed over. Vertices are named
/// by their numbers, from 1 on.
///
/// Guarantees: as many lines as the head says, or an error; a blank line is a vertex without neighbours. Every edge
/// stands in the lines of both its ends and gives an edge each way; a count that does not agree is a warning.
/// Cost: see ``GraphFile``.
struct MetisParser: GraphParser {
  private let readsWeights: Bool
  private var vertexCount: UInt64?
  private var edgesExpected = 0
  private var numbersBeforeNeighbours = 0
  private var hasEdgeWeights = false
  private var vertex: UInt64 = 0
  private var edges = 0

  init(readsWeights: Bool) { self.readsWeights = readsWeights }

  mutating func parse(_ block: LineBlock, into graph: inout GraphAssembly) throws {
    var p = unsafe block.bytes
    let end = unsafe p + block.count
    while unsafe p < end {
      let line = unsafe TextLine(at: p, of: block)
      unsafe p = unsafe line.next
      graph.lineNumber += 1
      if line.count > 0, unsafe line.bytes[0] == UInt8(ascii: "%") {
        graph.skippedLines += 1
      } else if let vertexCount {
        try neighbours(line, vertexCount, &graph)
      } else {
        graph.skippedLines += 1
        if !line.isSkipped { try head(line, &graph) }
      }
    }
  }

  private mutating func head(_ line: TextLine, _ graph: inout GraphAssembly) throws {
    var numbers: [UInt64] = []
    var format = ""
    var at = 0
    while let token = line.token(from: at), numbers.count < 4 {
      if numbers.count == 2 { format = line.text(token) }
      // the format is a row of three switches, "011"
      guard let number = numbers.count == 2 ? UInt64(format) : WholeToken.number(line, token) else { break }
      numbers.append(number)
      at = token.upperBound
    }
    let place = "\(graph.source):\(graph.lineNumber)"
    guard numbers.count >= 2, line.token(from: at) == nil, format.count <= 3,
      format.allSatisfy({ $0 == "0" || $0 == "1" })
    else {
      throw GraphFileError(.malformed, "\(place): a METIS file begins with 'vertices edges [format [constraints]]'")
    }
    guard numbers[0] <= UInt64(VertexDictionary.verticesMax), numbers[1] <= UInt64(EdgeList.edgesMax / 2) else {
      throw GraphFileError(.tooLarge, "\(place): more vertices or edges than 32 bits number")
    }
    let switches = Array(String(repeating: "0", count: 3 - format.count) + format)
    let constraints = numbers.count > 3 ? Int(clamping: numbers[3]) : switches[1] == "1" ? 1 : 0
    numbersBeforeNeighbours = (switches[0] == "1" ? 1 : 0) + constraints
    hasEdgeWeights = switches[2] == "1"
    if readsWeights, !hasEdgeWeights {
      throw GraphFileError(
        .badOption,
        "\(place): the edges have no weights (the format is \(format.isEmpty ? "0" : format)); "
          + "leave out --weighted")
    }
    for id in 0..<Int64(numbers[0]) { _ = graph.vertices.insert(integer: id + 1) }
    (vertexCount, edgesExpected) = (numbers[0], Int(numbers[1]))
  }

  private mutating func neighbours(_ line: TextLine, _ vertexCount: UInt64, _ graph: inout GraphAssembly) throws {
    guard vertex < vertexCount else {
      graph.skippedLines += line.isSkipped ? 1 : 0
      return line.isSkipped ? () : try graph.reject(line, .surplusLine, at: 0..<line.count)
    }
    let source = VertexIndex(vertex)
    vertex += 1
    // a malformed line gives no edge at all: it is read twice
    do throws(LineProblem) {
      try forEachNeighbour(line, vertexCount) { _, _ in }
    } catch {
      return try graph.reject(line, error.reason, at: error.place)
    }
    var failure: (any Error)?
    try forEachNeighbour(line, vertexCount) { target, weight in
      edges += 1
      do { try graph.add(source, target, weight: weight) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  @inline(__always)
  private func forEachNeighbour(
    _ line: TextLine, _ vertexCount: UInt64, _ body: (VertexIndex, Double) -> Void
  ) throws(LineProblem) {
    var at = 0
    for _ in 0..<numbersBeforeNeighbours {
      guard let token = line.token(from: at) else { throw LineProblem(.unreadableNumber, line.count..<line.count) }
      guard WholeToken.number(line, token) != nil else { throw LineProblem(.unreadableNumber, token) }
      at = token.upperBound
    }
    while line.token(from: at) != nil {
      let target = try WholeToken.vertex(line, &at, vertexCount)
      var weight = 1.0
      if hasEdgeWeights {
        guard let token = line.token(from: at) else { throw LineProblem(.missingWeight, line.count..<line.count) }
        if readsWeights { weight = try LineProblem.weight(line, token) }
        at = token.upperBound
      }
      body(target, weight)
    }
  }

  mutating func finish(_ graph: inout GraphAssembly) throws {
    guard let vertexCount else {
      throw GraphFileError(.malformed, "\(graph.source): the head 'vertices edges' of a METIS file is missing")
    }
    guard vertex == vertexCount else {
      throw GraphFileError(
        .malformed,
        "\(graph.source): the head says \(vertexCount) vertices, but only \(vertex) lines follow; "
          + "the file is incomplete")
    }
    if edges != 2 * edgesExpected, graph.malformed.count == 0 {
      graph.warnings.append(
        "\(graph.source): the head says \(edgesExpected) edges, which stand in two lines each; "
          + "the lines hold \(edges) neighbours instead of \(2 * edgesExpected)")
    }
  }
}
