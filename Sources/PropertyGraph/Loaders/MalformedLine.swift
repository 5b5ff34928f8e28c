/// Why a line of a graph file gave no edge. The names are part of the dead-letter format.
public enum MalformedLineReason: String, Sendable, CaseIterable {
  case missingSource = "missing-source"
  case missingTarget = "missing-target"
  case missingWeight = "missing-weight"
  case unreadableWeight = "unreadable-weight"
  case negativeWeight = "negative-weight"
  case weightNotFinite = "weight-not-finite"
  case missingTime = "missing-time"
  case unreadableTime = "unreadable-time"
  case openQuote = "open-quote"
  case notUTF8 = "not-utf8"
  case unreadableNumber = "unreadable-number"
  case vertexOutOfRange = "vertex-out-of-range"
  case surplusLine = "surplus-line"
  case zeroWeight = "zero-weight"
  case unknownOperation = "unknown-operation"
  case lineTooLong = "line-too-long"
}

/// A line that gave no edge: where it stands, what is wrong with it, its bytes.
public struct MalformedLine: Sendable, Equatable {
  /// From 1.
  public var lineNumber: Int
  /// Of the line's first byte in the unpacked input.
  public var offset: UInt64
  public var reason: MalformedLineReason
  /// The bytes of the line that are wrong; empty where something is missing.
  public var place: Range<Int>
  /// The line without its end.
  public var bytes: [UInt8]

  public init(lineNumber: Int, offset: UInt64, reason: MalformedLineReason, place: Range<Int>, bytes: [UInt8]) {
    (self.lineNumber, self.offset, self.reason, self.place, self.bytes) = (lineNumber, offset, reason, place, bytes)
  }

  /// What is wrong, for people: "the weight -2 is negative; …".
  public var explanation: String {
    let what = String(decoding: bytes[place.clamped(to: 0..<bytes.count)].prefix(60), as: UTF8.self)
    return switch reason {
    case .missingSource: "there is no source vertex"
    case .missingTarget: "there is no target vertex; an edge is written as two ids: source target"
    case .missingWeight: "there is no weight; without --weighted all edges count 1"
    case .unreadableWeight: "the weight \(what) is not a number"
    case .negativeWeight:
      "the weight \(what) is negative; PageRank and shortest paths need weights of zero or more"
    case .weightNotFinite: "the weight \(what) is not a finite number"
    case .missingTime: "there is no time"
    case .unreadableTime: "the time \(what) is not a Unix time"
    case .openQuote: "a quote is not closed; inside a quoted field quotes are doubled"
    case .notUTF8: "not UTF-8; if it is Latin-1, convert it first with iconv -f LATIN1 -t UTF-8"
    case .unreadableNumber: "\(what.isEmpty ? "the end of the line" : what) stands where a whole number belongs"
    case .vertexOutOfRange: "there is no vertex \(what): the file's head says how many there are, the first one being 1"
    case .surplusLine: "there are more lines than the file's head says"
    case .zeroWeight: "the weight \(what) is zero, or too small for 32 bits: such an edge leads nowhere"
    case .unknownOperation: "\(what) is neither insert (+) nor delete (-)"
    case .lineTooLong: "the line is longer than 1 MiB"
    }
  }

  /// The line cut to the width around the wrong place, with a caret below it; two lines.
  public func excerpt(width: Int = 80) -> String {
    let room = max(width, 24) - 4
    let column = min(place.lowerBound, bytes.count)
    let from = column > room / 2 && bytes.count > room ? column - room / 2 : 0
    let to = min(bytes.count, from + room)
    let before = MalformedLine.printable(bytes[from..<column])
    let after = MalformedLine.printable(bytes[column..<max(column, to)])
    let start = from > 0 ? "…" : ""
    let end = to < bytes.count ? "…" : ""
    let caret = String(repeating: " ", count: start.count + before.count)
    return "  \(start)\(before)\(after)\(end)\n  \(caret)^"
  }

  private static func printable(_ bytes: ArraySlice<UInt8>) -> String {
    String(
      String(decoding: bytes, as: UTF8.self).map { c in
        c == "\t" ? " " : (c.unicodeScalars.first?.value ?? 0) < 32 ? "·" : c
      })
  }
}
