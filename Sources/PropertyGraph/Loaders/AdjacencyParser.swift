import CKernels

/// Adjacency lists: a line per vertex, `vertex neighbour neighbour …`, separated by blanks or one other delimiter. A
/// vertex alone in its line has no neighbours and stays.
///
/// Cost: see ``GraphFile``.
struct AdjacencyParser: GraphParser {
  /// A blank, or what ids are separated by besides blanks.
  private let separator: UInt8

  init(separator: UInt8) { self.separator = separator }

  mutating func parse(_ block: LineBlock, into graph: inout GraphAssembly) throws {
    var p = unsafe block.bytes
    let end = unsafe p + block.count
    while unsafe p < end {
      let line = unsafe TextLine(at: p, of: block)
      unsafe p = unsafe line.next
      graph.lineNumber += 1
      if line.isSkipped {
        graph.skippedLines += 1
      } else if unsafe tw_utf8_valid(line.bytes, line.count) == 0 {
        try graph.reject(line, .notUTF8, at: 0..<line.count)
      } else {
        try neighbours(line, &graph)
      }
    }
  }

  private func neighbours(_ line: TextLine, _ graph: inout GraphAssembly) throws {
    guard let first = line.token(from: 0, separator: separator) else {
      return try graph.reject(line, .missingSource, at: 0..<line.count)
    }
    let source = insert(line, first, &graph)
    var at = first.upperBound
    while let token = line.token(from: at, separator: separator) {
      at = token.upperBound
      try graph.add(source, insert(line, token, &graph))
    }
  }

  @inline(__always)
  private func insert(_ line: TextLine, _ token: Range<Int>, _ graph: inout GraphAssembly) -> VertexIndex {
    var number: UInt64 = 0
    if unsafe NumberScan.wholeNumber(line.bytes + token.lowerBound, &number) == token.count {
      return graph.vertices.insert(integer: Int64(bitPattern: number))
    }
    return unsafe graph.vertices.insert(line.bytes + token.lowerBound, token.count)
  }
}
