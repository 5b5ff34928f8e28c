import CKernels

/// Lists of vertices: the first field of every line is an id, whatever follows it. A first line that is no number while
/// the second one is, names the columns.
struct VertexListParser: GraphParser {
  private let delimiter: UInt8
  private var isHeaderAhead: Bool
  private var splitter = FieldSplitter()

  /// - Parameter lines: the first lines that are neither blank nor comments.
  init(_ lines: [TextLine]) {
    let delimiter = EdgeColumns.delimiter(of: lines)
    let isInteger = lines.prefix(2).map { line in
      guard let id = FieldSplitter.texts(line, delimiter).first, case .integer = VertexID(id) else { return false }
      return true
    }
    self.delimiter = delimiter
    isHeaderAhead = isInteger == [false, true]
  }

  mutating func parse(_ block: LineBlock, into graph: inout GraphAssembly) throws {
    var p = unsafe block.bytes
    let end = unsafe p + block.count
    while unsafe p < end {
      let line = unsafe TextLine(at: p, of: block)
      unsafe p = unsafe line.next
      graph.lineNumber += 1
      if line.isSkipped || isHeaderAhead {
        if !line.isSkipped { isHeaderAhead = false }
        graph.skippedLines += 1
      } else if !splitter.split(line, delimiter, limit: 1) {
        try graph.reject(line, .openQuote, at: 0..<line.count)
      } else if let field = splitter.fields.first, !field.range.isEmpty {
        if unsafe tw_utf8_valid(line.bytes + field.range.lowerBound, field.range.count) == 0 {
          try graph.reject(line, .notUTF8, at: field.range)
        } else {
          _ = field.insert(line, &graph)
        }
      } else {
        try graph.reject(line, .missingSource, at: 0..<0)
      }
    }
  }
}
