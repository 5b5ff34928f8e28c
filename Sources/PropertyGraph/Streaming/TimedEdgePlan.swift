import FlatMemory

/// How the lines of an edge list with times are read, found out from its beginning: which column holds what, how they
/// are separated, the unit of the times (seconds, milliseconds, microseconds or nanoseconds since 1970).
///
/// The plan is made once per source and is the same for every block of it, so blocks can be decoded side by side.
public struct TimedEdgePlan: Sendable {
  let columns: EdgeColumns
  /// Where the line of column names begins; nil when there is none.
  let headerOffset: UInt64?
  let clock: UnixTimeUnit
  public let isWeighted: Bool
  /// Longer lines are malformed.
  public static let lineByteCountMax = 1 << 20

  /// - Parameter sample: the first bytes of the source, cut anywhere.
  ///
  /// Throws ``GraphFileError`` when weights are asked for and a header names none.
  public init(sample: [UInt8], isWeighted: Bool = false, sourceName: String) throws {
    self.isWeighted = isWeighted
    let mark = sample.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    var bytes = Array(sample[mark...])
    // a line that is cut off says nothing, unless it is the only one
    if let last = bytes.lastIndex(of: UInt8(ascii: "\n")) { bytes.removeSubrange((last + 1)...) }
    if let last = bytes.last, last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
    let count = bytes.count
    bytes.append(contentsOf: [UInt8](repeating: 0, count: bytePadding))
    (columns, headerOffset, clock) = try unsafe bytes.withUnsafeBufferPointer { buffer in
      let block = unsafe LineBlock(bytes: buffer.baseAddress.unsafelyUnwrapped, count: count, offset: UInt64(mark))
      let lines = count == 0 ? [] : GraphFile.firstLines(of: block)
      let columns = try EdgeColumns(
        lines, wantsWeights: isWeighted, wantsTimes: true, wantsOperations: true, sourceName: sourceName)
      var parser = EdgeListParser(columns)
      for line in lines.dropFirst(columns.hasHeader ? 1 : 0) where parser.clock.factor == nil {
        _ = try? parser.parsed(line)
      }
      return (columns, columns.hasHeader ? lines.first?.offset : nil, parser.clock)
    }
  }

  /// Whether lines may take edges away: a header names a column such as `op`.
  public var hasRemovals: Bool { columns.operation != nil }

  /// The plan in a line.
  public var summary: String {
    let unit =
      switch clock.factor {
      case nil, 1000: "seconds"
      case 1: "milliseconds"
      case let f? where f > 1e-5: "microseconds"
      default: "nanoseconds"
      }
    let place = (columns.time ?? 3) + 1
    let separator =
      switch columns.delimiter {
      case UInt8(ascii: "\t"): "tabs"
      case UInt8(ascii: ","): "commas"
      case UInt8(ascii: ";"): "semicolons"
      case UInt8(ascii: "|"): "bars"
      default: "blanks"
      }
    let parts = [
      columns.weight.map { "weights in column \($0 + 1)" }, "times in column \(place) in \(unit)",
      columns.operation.map { "operations in column \($0 + 1)" },
    ]
    return "an edge list separated by \(separator), \(parts.compactMap(\.self).joined(separator: ", "))"
  }
}
