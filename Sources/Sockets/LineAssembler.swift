/// Cuts received bytes into lines, however they were split on the way.
///
/// Lines end in a line feed, or a carriage return and a line feed. A line longer than the limit is left out and counted.
/// Cost: one search and one copy.
struct LineAssembler {
  private var rest: [UInt8] = []
  private var isSkipping = false
  private let byteCountMax: Int
  private(set) var oversizedCount = 0

  init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

  /// Bytes of a line whose end has not come.
  var restByteCount: Int { isSkipping ? 0 : rest.count }

  mutating func append(_ bytes: some Collection<UInt8>) -> [String] {
    var lines: [String] = []
    var from = bytes.startIndex
    while let newline = bytes[from...].firstIndex(of: 10) {
      rest += bytes[from..<newline]
      limit()
      if isSkipping { isSkipping = false } else { lines.append(takeLine()) }
      rest.removeAll(keepingCapacity: true)
      from = bytes.index(after: newline)
    }
    rest += bytes[from...]
    limit()
    return lines
  }
  private mutating func limit() {
    if isSkipping {
      rest.removeAll(keepingCapacity: true)
    } else if rest.count > byteCountMax {
      isSkipping = true
      oversizedCount += 1
      rest.removeAll(keepingCapacity: true)
    }
  }
  /// What came after the last line end, as a line.
  mutating func takeLine() -> String {
    if rest.last == 13 { rest.removeLast() }
    defer { rest.removeAll(keepingCapacity: true) }
    return String(decoding: rest, as: UTF8.self)
  }
}
