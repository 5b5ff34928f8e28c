public import FlatMemory
public import Foundation

/// How elements become the rows of a file.
@safe public struct RowFormat<Element>: @unchecked Sendable {
  /// End of the files' names, without the dot.
  public let fileExtension: String
  /// What every file begins with.
  public let header: String
  /// Appends an element's row with its line end; `bytes` is what the element's byte spans point into. Reserve room first
  /// (`OutputBuffer.reserve(_:)`).
  public let append: (_ element: Element, _ bytes: UnsafePointer<UInt8>, _ row: inout OutputBuffer) throws -> Void

  /// A format of one's own; see the properties for what is handed in.
  public init(
    fileExtension: String, header: String = "",
    append: @escaping (_ element: Element, _ bytes: UnsafePointer<UInt8>, _ row: inout OutputBuffer) throws -> Void
  ) {
    self.fileExtension = fileExtension
    self.header = header
    unsafe self.append = unsafe append
  }

  /// One line of text an element.
  public static func text(_ line: @escaping @Sendable (Element) -> String) -> RowFormat {
    unsafe RowFormat(fileExtension: "txt") { element, _, row in
      row.text(line(element))
      row.reserve(1)
      row.byte(10)
    }
  }

  /// CSV as RFC 4180 has it, with lines ending in a line feed: a header, then the fields of each element, quoted where
  /// they hold a quote, a comma or a line break.
  public static func csv(header: [String], fields: @escaping @Sendable (Element) -> [String]) -> RowFormat {
    var line = OutputBuffer(capacity: 256)
    defer { line.deallocate() }
    appendCSV(header, to: &line)
    let text = unsafe String(decoding: UnsafeBufferPointer(start: line.base, count: line.count), as: UTF8.self)
    return unsafe RowFormat(fileExtension: "csv", header: text) { element, _, row in
      appendCSV(fields(element), to: &row)
    }
  }
  private static func appendCSV(_ fields: [String], to row: inout OutputBuffer) {
    for (i, field) in fields.enumerated() {
      var field = field
      if i > 0 {
        row.reserve(1)
        row.byte(44)
      }
      field.withUTF8 { u in
        // the writer of fields loads and stores 16 bytes at a time
        row.reserve(3 * u.count + 64)
        guard let p = u.baseAddress else { return }
        let at = unsafe row.base + row.count + 2 * u.count + 32
        unsafe at.update(from: p, count: u.count)
        unsafe row.csvField(at, u.count)
      }
    }
    row.reserve(1)
    row.byte(10)
  }
}

extension RowFormat where Element: Encodable {
  /// One JSON object a line: keys in order, dates as `2026-01-05T10:00:00.000Z`.
  public static var jsonLines: RowFormat {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .custom { date, encoder in
      var container = encoder.singleValueContainer()
      try container.encode(date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }
    return jsonLines(encoder)
  }
  /// One JSON object a line, as an encoder writes it; not with `prettyPrinted`, which breaks lines.
  public static func jsonLines(_ encoder: JSONEncoder) -> RowFormat {
    unsafe RowFormat(fileExtension: "ndjson") { element, _, row in
      let json = try encoder.encode(element)
      row.reserve(json.count + 1)
      unsafe json.withUnsafeBytes {
        if let p = $0.baseAddress { unsafe row.bytesExact(p.assumingMemoryBound(to: UInt8.self), $0.count) }
      }
      row.byte(10)
    }
  }
}
