public import FlatMemory

/// A line of a block that gave no edge.
public struct RejectedEdgeLine: Sendable, Equatable {
  /// Of the line's first byte in the block.
  public var offset: Int
  /// Without the line's end.
  public var byteCount: Int
  public var reason: MalformedLineReason
  /// The bytes of the line that are wrong.
  public var place: Range<Int>
  /// Highest time of the block's edges before the line; `.min` before the first.
  public var maximumBefore: Int64
}

/// Turns blocks of an edge list into timed edges; one instance a worker.
///
/// Guarantees: what a line gives depends on the line and the plan alone, so blocks may be cut anywhere between lines.
/// Cost: 15 ns a line of plain integers; some 300 ns for others (texts, quotes, fractions, several blanks in a row).
public struct TimedEdgeParser {
  private let plan: TimedEdgePlan
  private var lines: EdgeListParser
  /// Whether the ids, weight and time stand first, in this order.
  private let isPlain: Bool
  /// Milliseconds in the unit of the times; 0 where that is a fraction.
  private let factor: UInt64

  public init(plan: TimedEdgePlan) {
    self.plan = plan
    let columns = plan.columns
    lines = EdgeListParser(columns, clock: plan.clock)
    let place = columns.weight == nil ? 2 : 3
    isPlain =
      columns.source == 0 && columns.target == 1 && (columns.weight ?? 2) == 2 && columns.time == place
      && columns.operation == nil
    factor = plan.clock.factor.map { $0 >= 1 ? UInt64($0) : 0 } ?? 1000
  }

  /// Appends the edges of whole lines; texts in them are spans of `bytes`, counted from its beginning.
  ///
  /// - Parameters:
  ///   - bytes: lines from `start` to `end`, each with its newline, and 16 readable bytes. Quotes doubled inside a
  ///     quoted name are made one in place.
  ///   - sourceOffset: where `start` stands in the source.
  public mutating func parse(
    _ bytes: UnsafeMutablePointer<UInt8>, start: Int, end: Int, sourceOffset: UInt64,
    edges: inout FlatArray<TimedEdge>, reject: (RejectedEdgeLine) -> Void
  ) {
    var p = unsafe UnsafePointer(bytes + start)
    let last = unsafe UnsafePointer(bytes + end)
    if sourceOffset == 0, end - start >= 3, unsafe p[0] == 0xef, unsafe p[1] == 0xbb, unsafe p[2] == 0xbf {
      unsafe p += 3
    }
    let block = unsafe LineBlock(bytes: UnsafePointer(bytes + start), count: end - start, offset: sourceOffset)
    var maximum = Int64.min
    while unsafe p < last {
      if isPlain, let next = unsafe plainLine(p, &edges, &maximum) {
        unsafe p = unsafe next
        continue
      }
      let line = unsafe TextLine(at: p, of: block)
      unsafe p = unsafe line.next
      if line.isSkipped || line.offset == plan.headerOffset { continue }
      do throws(LineProblem) {
        if line.count > TimedEdgePlan.lineByteCountMax { throw LineProblem(.lineTooLong, 0..<0) }
        let edge = try unsafe self.edge(line, bytes)
        edges.append(edge)
        maximum = max(maximum, edge.time)
      } catch {
        unsafe reject(
          RejectedEdgeLine(
            offset: line.bytes - UnsafePointer(bytes), byteCount: line.count, reason: error.reason,
            place: error.place, maximumBefore: maximum))
      }
    }
  }

  /// Reads a line of plain integers (and a decimal weight); nil when it is any other.
  @inline(__always)
  private func plainLine(
    _ start: UnsafePointer<UInt8>, _ edges: inout FlatArray<TimedEdge>, _ maximum: inout Int64
  ) -> UnsafePointer<UInt8>? {
    let delimiter = plan.columns.delimiter
    let other = delimiter == UInt8(ascii: " ") ? UInt8(ascii: "\t") : delimiter
    var (source, target, time): (UInt64, UInt64, UInt64) = (0, 0, 0)
    var weight = 1.0
    var n = unsafe NumberScan.wholeNumber(start, &source)
    var p = unsafe start + n
    if unsafe n == 0 || p[0] != delimiter && p[0] != other { return nil }
    n = unsafe NumberScan.wholeNumber(p + 1, &target)
    unsafe p += 1 &+ n
    if unsafe n == 0 || p[0] != delimiter && p[0] != other { return nil }
    if plan.columns.weight != nil {
      n = unsafe NumberScan.plainDecimal(p + 1, &weight)
      unsafe p += 1 &+ n
      if unsafe n == 0 || p[0] != delimiter && p[0] != other { return nil }
      if !(Float(weight) > 0) { return nil }
    }
    n = unsafe NumberScan.wholeNumber(p + 1, &time)
    unsafe p += 1 &+ n
    if n == 0 || factor == 0 { return nil }
    if unsafe p[0] == UInt8(ascii: "\r"), unsafe p[1] == UInt8(ascii: "\n") { unsafe p += 1 }
    if unsafe p[0] != UInt8(ascii: "\n") { return nil }
    // at most 15 digits, and a factor of 1,000 at most
    let milliseconds = Int64(time &* factor)
    edges.append(
      TimedEdge(from: Int64(source), to: Int64(target), weight: Float(weight), time: milliseconds))
    maximum = max(maximum, milliseconds)
    return unsafe p + 1
  }

  private mutating func edge(
    _ line: TextLine, _ bytes: UnsafeMutablePointer<UInt8>
  ) throws(LineProblem) -> TimedEdge {
    let parsed = try lines.parsed(line)
    let weight = Float(parsed.weight)
    if let column = plan.columns.weight {
      let place = lines.place(ofColumn: column)
      if weight <= 0 { throw LineProblem(.zeroWeight, place) }
      if !weight.isFinite { throw LineProblem(.weightNotFinite, place) }
    }
    var edge = TimedEdge(from: 0, to: 0, weight: weight, time: parsed.time, isRemoval: parsed.isRemoval)
    (edge.source, edge.sourceByteCount) = unsafe TimedEdgeParser.name(parsed.source, line, bytes)
    (edge.target, edge.targetByteCount) = unsafe TimedEdgeParser.name(parsed.target, line, bytes)
    return edge
  }

  private static func name(
    _ field: FieldSplitter.Field, _ line: TextLine, _ bytes: UnsafeMutablePointer<UInt8>
  ) -> (Int64, UInt32) {
    let start = unsafe (line.bytes - UnsafePointer(bytes)) + field.range.lowerBound
    var count = field.range.count
    if field.hasDoubledQuotes {
      var to = start
      var from = start
      while from < start + count {
        unsafe bytes[to] = unsafe bytes[from]
        unsafe from += bytes[from] == UInt8(ascii: "\"") ? 2 : 1
        to += 1
      }
      count = to - start
    }
    if let integer = unsafe VertexID.canonicalInteger(bytes + start, count) { return (integer, 0) }
    return (Int64(start), UInt32(count))
  }
}
