/// The name of a vertex outside a graph: a 64-bit integer or a text.
///
/// A text that is a canonical decimal integer of 64 bits names the same vertex as that integer; ``init(_:)`` makes such
/// a text an integer, and a ``VertexDictionary`` does so whatever it is given. "007", "+1", "-0" and numbers beyond 64
/// bits are texts.
public enum VertexID: Hashable, Sendable {
  case integer(Int64)
  case text(String)

  /// The id a text stands for.
  public init(_ text: String) {
    var text = text
    let integer = text.withUTF8 { bytes in
      unsafe bytes.baseAddress.flatMap { unsafe VertexID.canonicalInteger($0, bytes.count) }
    }
    self = integer.map { .integer($0) } ?? .text(text)
  }

  /// The integer that these bytes are the canonical decimal form of.
  @inline(__always)
  static func canonicalInteger(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int64? {
    if count == 0 || count > 20 { return nil }
    let isNegative = unsafe bytes[0] == UInt8(ascii: "-")
    var i = isNegative ? 1 : 0
    if i == count || count - i > 19 { return nil }
    if unsafe bytes[i] == UInt8(ascii: "0"), count > 1 { return nil }
    // 19 digits are below 2^64
    var magnitude: UInt64 = 0
    while i < count {
      let digit = unsafe bytes[i] &- UInt8(ascii: "0")
      if digit > 9 { return nil }
      magnitude = magnitude &* 10 &+ UInt64(digit)
      i &+= 1
    }
    if magnitude > UInt64(Int64.max) + (isNegative ? 1 : 0) { return nil }
    return Int64(truncatingIfNeeded: isNegative ? 0 &- magnitude : magnitude)
  }
}

extension VertexID: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(stringLiteral value: String) { self.init(value) }
}

/// Integers by value, then texts by their bytes.
extension VertexID: Comparable {
  public static func < (a: VertexID, b: VertexID) -> Bool {
    switch (a, b) {
    case (.integer(let a), .integer(let b)): a < b
    case (.integer, .text): true
    case (.text, .integer): false
    case (.text(let a), .text(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
    }
  }
}

extension VertexID: CustomStringConvertible {
  public var description: String {
    switch self {
    case .integer(let value): String(value)
    case .text(let text): text
    }
  }
}
