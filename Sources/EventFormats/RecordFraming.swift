import CKernels
import FlatMemory

/// Where records end in a stream of bytes: what a reader asks to cut it into blocks.
///
/// A reader fills its buffer, asks ``completeRecords(in:count:lineByteCountMax:)``, hands that prefix to a decoder and
/// keeps the rest in front of what it reads next. At the end of the input it adds a newline, if the last byte is none,
/// and hands over everything. When the answer is 0 and ``isOverlong(_:count:lineByteCountMax:)`` says so, the line at
/// the front is too long for any decoder: ``OverlongLine`` says how to get past it.
public enum RecordFraming: Sendable, Equatable {
  /// A record is a line.
  case newline
  /// A record is a line, or several where newlines stand in quotes; see ``CSVRecordWalk`` for records that are wrong.
  case quotedCSV(delimiter: UInt8, columnsMin: Int, columnsMax: Int)

  /// Length of the longest prefix of whole records, 0 if there is none. Reads up to 63 bytes past `count`.
  ///
  /// Cost: looks at the last line only, or (quoted) at 5–10 GB/s; records of several lines are walked one by one.
  public func completeRecords(in bytes: UnsafePointer<UInt8>, count: Int, lineByteCountMax: Int) -> Int {
    switch self {
    case .newline:
      var n = count
      while n > 0, bytes[n - 1] != 10 { n -= 1 }
      return n
    case .quotedCSV(let delimiter, let columnsMin, let columnsMax):
      // a line with an even number of quotes is a record by itself, or a malformed one
      let even = tw_even_quote_lines(bytes, count)
      if lineEnd(bytes, even, count) == count { return even }
      let walk = CSVRecordWalk(
        delimiter: delimiter, columnsMin: columnsMin, columnsMax: columnsMax, lineByteCountMax: lineByteCountMax)
      return RecordFraming.walkedRecords(walk, bytes, from: even, count)
    }
  }

  /// Whether bytes without a complete record begin with a line that is longer than any decoder takes.
  public static func isOverlong(_ bytes: UnsafePointer<UInt8>, count: Int, lineByteCountMax: Int) -> Bool {
    count > lineByteCountMax && lineEnd(bytes, 0, count) > lineByteCountMax
  }

  private static func walkedRecords(_ walk: CSVRecordWalk, _ b: UnsafePointer<UInt8>, from: Int, _ count: Int) -> Int {
    let stops = UnsafeMutablePointer<UInt32>.allocate(capacity: count - from + 16)
    let spans = UnsafeMutablePointer<ByteSpan>.allocate(capacity: walk.columnsMax + 1)
    defer {
      stops.deallocate()
      spans.deallocate()
    }
    let stopCount = tw_positions(b + from, count - from, walk.delimiter, 10, 34, 34, UInt32(from), stops)
    var p = from
    var k = 0
    while p < count {
      let outcome = walk.next(b, p, end: count, isWhole: false, stops: stops, stopCount: stopCount, k: &k, spans: spans)
      if outcome.status == .incomplete { break }
      p = outcome.end + 1
    }
    return p
  }
}

/// Gets a reader past a line that does not fit its buffer.
///
/// The reader notes the line's offset and as many of its first bytes as it wants to keep, rejects it as
/// `line-too-long`, and hands every buffer to ``skip(_:_:)`` until the line's end has come; ``byteCount`` is then the
/// line's length without its newline.
public struct OverlongLine: Sendable {
  public private(set) var byteCount: UInt64 = 0
  public private(set) var isOver = false

  public init() {}

  /// Bytes at the front of the buffer that belong to the line, its newline included. ``isOver`` tells whether that
  /// came.
  public mutating func skip(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
    if isOver { return 0 }
    let end = lineEnd(bytes, 0, count)
    byteCount += UInt64(end)
    isOver = end < count
    return min(end + 1, count)
  }
}
