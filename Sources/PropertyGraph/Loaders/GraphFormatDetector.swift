/// Finds out from the first lines, and the file's name, how a graph is written.
///
/// Matrix Market files say so in their first line. METIS files look like edge lists at the top: they are known by the
/// extension `.graph` or `.metis` and a plausible head. Adjacency lists are lines of whole numbers of which no two begin
/// alike, with different counts: more than three somewhere, or three and one. Everything else is an edge list.
enum GraphFormatDetector {
  /// - Parameter lines: the first lines that are neither blank nor comments; may be empty.
  static func format(banner: TextLine, lines: [TextLine], name: String) -> GraphFormat {
    if banner.text(0..<min(banner.count, 14)).lowercased() == "%%matrixmarket" { return .matrixMarket }
    if isMetisName(name), let head = lines.first, (2...4).contains(wholeNumbers(head)?.count ?? 0) { return .metis }
    return looksLikeAdjacency(lines) ? .adjacency : .edges
  }

  private static func isMetisName(_ name: String) -> Bool {
    var name = name.lowercased()[...]
    for packing in [".zst", ".gz"] where name.hasSuffix(packing) { name = name.dropLast(packing.count) }
    return name.hasSuffix(".graph") || name.hasSuffix(".metis")
  }

  private static func looksLikeAdjacency(_ lines: [TextLine]) -> Bool {
    guard !lines.isEmpty else { return false }
    var counts = Set<Int>()
    var first = Set<UInt64>()
    for line in lines {
      guard let numbers = wholeNumbers(line), first.insert(numbers[0]).inserted else { return false }
      counts.insert(numbers.count)
    }
    if counts == [1] { return true }
    if lines.count == 1 { return counts.contains { $0 > 4 } }
    guard let most = counts.max(), counts.count > 1 else { return false }
    return most > 3 || most == 3 && counts.contains(1)
  }

  /// The whole numbers that a line consists of; nil when there is anything else in it.
  private static func wholeNumbers(_ line: TextLine) -> [UInt64]? {
    var numbers: [UInt64] = []
    var at = 0
    while let token = line.token(from: at) {
      guard let number = WholeToken.number(line, token) else { return nil }
      numbers.append(number)
      at = token.upperBound
    }
    return numbers.isEmpty ? nil : numbers
  }
}
