/// Splits a line into fields: at runs of blanks, or at each delimiter with the blanks around fields dropped. Fields of
/// comma- and semicolon-separated lines may be quoted (RFC 4180, within one line).
struct FieldSplitter {
  struct Field {
    /// The content, inside the quotes if there are any.
    var range: Range<Int>
    /// Whether quotes in it are doubled.
    var hasDoubledQuotes = false

    /// The vertex that the field names.
    func insert(_ line: TextLine, _ graph: inout GraphAssembly) -> VertexIndex {
      if hasDoubledQuotes {
        return graph.vertices.insert(VertexID(line.text(range).replacing("\"\"", with: "\"")))
      }
      return unsafe graph.vertices.insert(line.bytes + range.lowerBound, range.count)
    }
  }
  private(set) var fields: [Field] = []

  private static let quote = UInt8(ascii: "\"")

  /// Splits off the first `limit` fields; false when a quote is not closed. `fields` then ends with the one it opens.
  mutating func split(_ line: TextLine, _ delimiter: UInt8, limit: Int) -> Bool {
    fields.removeAll(keepingCapacity: true)
    if delimiter == UInt8(ascii: " ") {
      var at = 0
      while fields.count < limit, let token = line.token(from: at) {
        fields.append(Field(range: token))
        at = token.upperBound
      }
      return true
    }
    let mayQuote = delimiter == UInt8(ascii: ",") || delimiter == UInt8(ascii: ";")
    var at = 0
    while fields.count < limit {
      while at < line.count, unsafe LineScan.isBlank(line.bytes[at]), unsafe line.bytes[at] != delimiter { at += 1 }
      if mayQuote, at < line.count, unsafe line.bytes[at] == FieldSplitter.quote {
        guard let end = quoted(line, at) else { return false }
        at = end
        while at < line.count, unsafe line.bytes[at] != delimiter { at += 1 }
      } else {
        let first = at
        while at < line.count, unsafe line.bytes[at] != delimiter { at += 1 }
        var end = at
        while end > first, unsafe LineScan.isBlank(line.bytes[end - 1]) { end -= 1 }
        fields.append(Field(range: first..<end))
      }
      if at == line.count { return true }
      at += 1
    }
    return true
  }

  /// Adds the field whose quote stands at `start`; gives the place behind the closing one.
  private mutating func quoted(_ line: TextLine, _ start: Int) -> Int? {
    var field = Field(range: start + 1..<line.count)
    var at = start + 1
    while at < line.count {
      if unsafe line.bytes[at] == FieldSplitter.quote {
        if at + 1 < line.count, unsafe line.bytes[at + 1] == FieldSplitter.quote {
          field.hasDoubledQuotes = true
          at += 1
        } else {
          field.range = start + 1..<at
          fields.append(field)
          return at + 1
        }
      }
      at += 1
    }
    fields.append(field)
    return nil
  }

  /// All fields of a line as texts, without their quotes.
  static func texts(_ line: TextLine, _ delimiter: UInt8) -> [String] {
    var splitter = FieldSplitter()
    _ = splitter.split(line, delimiter, limit: 1000)
    return splitter.fields.map { line.text($0.range) }
  }
}
