/// Which columns of an edge list hold what, how they are separated, and whether the first line names them.
///
/// Found out from the first lines alone: names of the columns where there are any, else the order source, target,
/// weight, time.
struct EdgeColumns {
  /// A blank stands for any run of blanks and tabs.
  var delimiter: UInt8
  var hasHeader = false
  var source = 0
  var target = 1
  /// Nil when weights are not asked for.
  var weight: Int?
  var time: Int?
  /// Whether the line adds or removes its edge: only where a header names such a column and it is asked for.
  var operation: Int?

  /// - Parameter lines: the first lines that are neither blank nor comments.
  init(
    _ lines: [TextLine], wantsWeights: Bool, wantsTimes: Bool, wantsOperations: Bool = false, sourceName: String
  ) throws {
    delimiter = EdgeColumns.delimiter(of: lines)
    guard let first = lines.first else { return }
    let fields = FieldSplitter.texts(first, delimiter)
    let names = fields.map(EdgeColumns.normalised)
    if let from = names.firstIndex(where: EdgeColumns.sourceNames.contains),
      let to = names.firstIndex(where: EdgeColumns.targetNames.contains)
    {
      (hasHeader, source, target) = (true, from, to)
    } else if lines.count > 1, fields.count > 1 {
      let second = FieldSplitter.texts(lines[1], delimiter)
      hasHeader =
        second.count > 1 && !EdgeColumns.startsWithIntegers(fields) && EdgeColumns.startsWithIntegers(second)
        && !fields.prefix(2).contains { EdgeColumns.isInteger($0) }
    }
    var named: [Int?] = [nil, nil]
    if hasHeader {
      named = [EdgeColumns.weightNames, EdgeColumns.timeNames].map { names.firstIndex(where: $0.contains) }
    }
    if hasHeader, wantsOperations { operation = names.firstIndex(where: EdgeColumns.operationNames.contains) }
    let taken = Set([source, target] + (named + [operation]).compactMap { $0 })
    let free = fields.indices.filter { !taken.contains($0) }
    if wantsWeights {
      weight = named[0] ?? free.first ?? (hasHeader ? nil : 2)
      guard weight != nil else {
        throw GraphFileError(
          .badOption,
          "\(sourceName): there is no column of weights among \(fields.joined(separator: ", ")); leave out --weighted")
      }
    }
    if wantsTimes {
      time =
        named[1] ?? free.first { $0 != weight && (wantsWeights || fields.count < 4 || $0 > 2) }
        ?? (wantsWeights ? 3 : 2)
    }
  }

  /// Whether all lines are of the form the fast path reads: two ids, perhaps a weight.
  var isPlain: Bool { source == 0 && target == 1 && time == nil && (weight ?? 2) == 2 }
  /// Columns that must be split off.
  var columnCount: Int { max(source, target, weight ?? 0, time ?? 0, operation ?? 0) + 1 }

  private static let sourceNames: Set<String> = [
    "source", "src", "from", "fromnode", "fromnodeid", "fromid", "sourceid", "srcid", "sourcenode", "start", "u",
    "node1", "vertex1", "id1", "nodefrom", "follower",
  ]
  private static let targetNames: Set<String> = [
    "target", "tgt", "dst", "dest", "destination", "to", "tonode", "tonodeid", "toid", "targetid", "dstid",
    "targetnode", "end", "v", "node2", "vertex2", "id2", "nodeto", "followee",
  ]
  private static let weightNames: Set<String> = ["weight", "w", "wt", "weights", "value", "edgeweight"]
  private static let timeNames: Set<String> = ["time", "timestamp", "ts", "unixtime", "date", "datetime", "t"]

  private static let operationNames: Set<String> = ["op", "operation", "action", "kind", "change", "event"]

  /// Small letters and digits only.
  private static func normalised(_ name: String) -> String {
    String(name.lowercased().filter { $0.isLetter || $0.isNumber })
  }

  private static func startsWithIntegers(_ fields: [String]) -> Bool { fields.prefix(2).allSatisfy(isInteger) }
  private static func isInteger(_ field: String) -> Bool {
    if case .integer = VertexID(field) { return true }
    return false
  }

  /// The byte that occurs in most of the first lines; blanks if there is none.
  static func delimiter(of lines: [TextLine]) -> UInt8 {
    let sample = lines.prefix(20)
    for byte in [UInt8(ascii: "\t"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "|")] {
      let holding = sample.count { line in
        unsafe UnsafeBufferPointer(start: line.bytes, count: line.count).contains(byte)
      }
      if holding * 2 > sample.count { return byte }
    }
    return UInt8(ascii: " ")
  }
}
