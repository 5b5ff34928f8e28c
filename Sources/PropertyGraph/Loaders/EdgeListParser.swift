import CKernels
import FlatMemory

/// Edge lists: a line per edge, `source target [weight] [time]`.
///
/// Guarantees: a line gives one edge or is malformed; ids of malformed lines make no vertices. Columns that were not
/// asked for are not looked at.
/// Cost: see ``GraphFile``; lines with texts, quotes, times or several blanks in a row take about five times as long as
/// those with two plain integers.
struct EdgeListParser: GraphParser {
  private let columns: EdgeColumns
  private var isHeaderAhead: Bool
  private var splitter = FieldSplitter()
  private(set) var clock = UnixTimeUnit()

  init(_ columns: EdgeColumns, clock: UnixTimeUnit = UnixTimeUnit()) {
    self.columns = columns
    self.clock = clock
    isHeaderAhead = columns.hasHeader
  }

  mutating func parse(_ block: LineBlock, into graph: inout GraphAssembly) throws {
    var p = unsafe block.bytes
    let end = unsafe p + block.count
    while unsafe p < end {
      if columns.isPlain, !isHeaderAhead {
        unsafe p = try unsafe columns.weight == nil ? plainLines(p, end, &graph) : plainWeightedLines(p, end, &graph)
        if unsafe p == end { return }
      }
      unsafe p = try unsafe line(TextLine(at: p, of: block), &graph)
    }
  }

  /// Reads lines of two integers as long as there are any; gives where the first other line begins.
  private func plainLines(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ graph: inout GraphAssembly
  ) throws -> UnsafePointer<UInt8> {
    let delimiter = columns.delimiter
    let other = delimiter == UInt8(ascii: " ") ? UInt8(ascii: "\t") : delimiter
    let names = unsafe graph.names
    var p = unsafe start
    var lines = 0
    while unsafe p < end {
      var (source, target): (UInt64, UInt64) = (0, 0)
      let first = unsafe NumberScan.wholeNumber(p, &source)
      var q = unsafe p + first
      if unsafe first == 0 || q[0] != delimiter && q[0] != other { break }
      let second = unsafe NumberScan.wholeNumber(q + 1, &target)
      if second == 0 { break }
      unsafe q += 1 &+ second
      if unsafe q[0] != UInt8(ascii: "\n") {
        if unsafe q[0] == delimiter || q[0] == other {
          unsafe q = unsafe LineScan.newline(from: q)
        } else if unsafe q[0] == UInt8(ascii: "\r"), unsafe q[1] == UInt8(ascii: "\n") {
          unsafe q += 1
        } else {
          break
        }
      }
      unsafe names[2 &* lines] = source
      unsafe names[2 &* lines &+ 1] = target
      unsafe p = unsafe q + 1
      lines &+= 1
      if lines == GraphAssembly.namedEdgesMax {
        try graph.addNamed(lines)
        lines = 0
      }
    }
    try graph.addNamed(lines)
    return unsafe p
  }

  /// The same for two integers and a weight.
  private func plainWeightedLines(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ graph: inout GraphAssembly
  ) throws -> UnsafePointer<UInt8> {
    let delimiter = columns.delimiter
    let other = delimiter == UInt8(ascii: " ") ? UInt8(ascii: "\t") : delimiter
    let (names, weights) = unsafe (graph.names, graph.namedWeights)
    var p = unsafe start
    var lines = 0
    while unsafe p < end {
      var (source, target, weight): (UInt64, UInt64, Double) = (0, 0, 0)
      let first = unsafe NumberScan.wholeNumber(p, &source)
      var q = unsafe p + first
      if unsafe first == 0 || q[0] != delimiter && q[0] != other { break }
      let second = unsafe NumberScan.wholeNumber(q + 1, &target)
      unsafe q += 1 &+ second
      if unsafe second == 0 || q[0] != delimiter && q[0] != other { break }
      let third = unsafe NumberScan.plainDecimal(q + 1, &weight)
      if third == 0 { break }
      unsafe q += 1 &+ third
      if unsafe q[0] == delimiter || q[0] == other {
        unsafe q = unsafe LineScan.newline(from: q)
      } else if unsafe q[0] == UInt8(ascii: "\r"), unsafe q[1] == UInt8(ascii: "\n") {
        unsafe q += 1
      } else if unsafe q[0] != UInt8(ascii: "\n") {
        break
      }
      unsafe names[2 &* lines] = source
      unsafe names[2 &* lines &+ 1] = target
      unsafe weights[lines] = weight
      unsafe p = unsafe q + 1
      lines &+= 1
      if lines == GraphAssembly.namedEdgesMax {
        try graph.addNamed(lines)
        lines = 0
      }
    }
    try graph.addNamed(lines)
    return unsafe p
  }

  // MARK: Any line

  private mutating func line(_ line: TextLine, _ graph: inout GraphAssembly) throws -> UnsafePointer<UInt8> {
    graph.lineNumber += 1
    if line.isSkipped {
      graph.skippedLines += 1
    } else if isHeaderAhead {
      isHeaderAhead = false
      graph.skippedLines += 1
    } else {
      let edge: ParsedEdge
      do throws(LineProblem) {
        edge = try parsed(line)
      } catch {
        try graph.reject(line, error.reason, at: error.place)
        return unsafe line.next
      }
      let from = edge.source.insert(line, &graph)
      try graph.add(from, edge.target.insert(line, &graph), weight: edge.weight, time: edge.time)
    }
    return unsafe line.next
  }

  /// What stands in a line.
  struct ParsedEdge {
    var source: FieldSplitter.Field
    var target: FieldSplitter.Field
    var weight = 1.0
    var time: Int64 = 0
    var isRemoval = false
  }

  /// The edge of one line that is neither blank nor a comment nor the header.
  mutating func parsed(_ line: TextLine) throws(LineProblem) -> ParsedEdge {
    try split(line)
    var edge = ParsedEdge(
      source: try vertexField(columns.source, line, .missingSource),
      target: try vertexField(columns.target, line, .missingTarget))
    if let column = columns.weight { edge.weight = try weight(column, line) }
    if let column = columns.time { edge.time = try time(column, line) }
    if let column = columns.operation { edge.isRemoval = try isRemoval(column, line) }
    return edge
  }

  /// Where a column stands in the line that was parsed last.
  func place(ofColumn column: Int) -> Range<Int> {
    column < splitter.fields.count ? splitter.fields[column].range : 0..<0
  }

  private mutating func split(_ line: TextLine) throws(LineProblem) {
    if !splitter.split(line, columns.delimiter, limit: columns.columnCount) {
      let start = splitter.fields.last.map { $0.range.lowerBound - 1 } ?? 0
      throw LineProblem(.openQuote, start..<line.count)
    }
    if splitter.fields.count == 1, columns.delimiter != UInt8(ascii: " ") {
      // blanks between two integers, where the other lines have another delimiter
      var other = FieldSplitter()
      _ = other.split(line, UInt8(ascii: " "), limit: columns.columnCount)
      let integers = other.fields.prefix(2).count {
        unsafe VertexID.canonicalInteger(line.bytes + $0.range.lowerBound, $0.range.count) != nil
      }
      if integers == 2 { splitter = other }
    }
  }

  private func vertexField(
    _ column: Int, _ line: TextLine, _ missing: MalformedLineReason
  ) throws(LineProblem) -> FieldSplitter.Field {
    guard column < splitter.fields.count else { throw LineProblem(missing, line.count..<line.count) }
    let field = splitter.fields[column]
    guard !field.range.isEmpty else { throw LineProblem(missing, field.range) }
    if unsafe tw_utf8_valid(line.bytes + field.range.lowerBound, field.range.count) == 0 {
      throw LineProblem(.notUTF8, field.range)
    }
    return field
  }

  private func weight(_ column: Int, _ line: TextLine) throws(LineProblem) -> Double {
    guard column < splitter.fields.count, !splitter.fields[column].range.isEmpty else {
      throw LineProblem(.missingWeight, line.count..<line.count)
    }
    return try LineProblem.weight(line, splitter.fields[column].range)
  }

  private mutating func time(_ column: Int, _ line: TextLine) throws(LineProblem) -> Int64 {
    guard column < splitter.fields.count, !splitter.fields[column].range.isEmpty else {
      throw LineProblem(.missingTime, line.count..<line.count)
    }
    let range = splitter.fields[column].range
    guard let time = unsafe clock.milliseconds(line.bytes + range.lowerBound, range.count) else {
      throw LineProblem(.unreadableTime, range)
    }
    return time
  }

  /// Whether the line takes an edge away. An empty field adds one.
  private func isRemoval(_ column: Int, _ line: TextLine) throws(LineProblem) -> Bool {
    guard column < splitter.fields.count else { return false }
    let range = splitter.fields[column].range
    switch line.text(range).lowercased() {
    case "", "+", "1", "insert", "add", "i", "a", "create": return false
    case "-", "-1", "delete", "remove", "d", "r": return true
    default: throw LineProblem(.unknownOperation, range)
    }
  }
}

/// What is wrong with a line, and where in it.
struct LineProblem: Error {
  let reason: MalformedLineReason
  let place: Range<Int>

  init(_ reason: MalformedLineReason, _ place: Range<Int>) { (self.reason, self.place) = (reason, place) }

  /// The weight in a field: finite, zero or more.
  static func weight(_ line: TextLine, _ range: Range<Int>) throws(LineProblem) -> Double {
    guard let weight = unsafe NumberScan.decimal(line.bytes + range.lowerBound, range.count) else {
      throw LineProblem(.unreadableWeight, range)
    }
    guard weight.isFinite else { throw LineProblem(.weightNotFinite, range) }
    guard weight >= 0 else { throw LineProblem(.negativeWeight, range) }
    // negative zero becomes zero
    return weight + 0
  }
}

/// The unit of the Unix times in a file: by the magnitude of the first one, each covering the years 1973 to 5138 of its
/// own; smaller numbers are seconds.
struct UnixTimeUnit {
  /// How many milliseconds one is; nil before the first time.
  private(set) var factor: Double?

  /// Milliseconds since 1970, or nil when the field is no number or beyond the years that 64 bits hold.
  mutating func milliseconds(_ p: UnsafePointer<UInt8>, _ count: Int) -> Int64? {
    guard let number = unsafe NumberScan.decimal(p, count), number.isFinite else { return nil }
    if factor == nil {
      factor =
        switch abs(number) {
        case ..<1e11: 1000
        case ..<1e14: 1
        case ..<1e17: 1e-3
        default: 1e-6
        }
    }
    let milliseconds = (number * (factor ?? 1)).rounded(.down)
    return abs(milliseconds) < 9e18 ? Int64(milliseconds) : nil
  }
}
