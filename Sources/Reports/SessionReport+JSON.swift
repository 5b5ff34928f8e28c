import Foundation

extension SessionReport {
  /// The report as JSON: UTF-8, keys sorted, indented by two spaces, newline at the end. The same report gives the
  /// same bytes; numbers are integers or decimals of at most six places.
  public func json() -> String { encoded([.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]) + "\n" }

  /// The same on one line.
  func compactJSON() -> String { encoded([.sortedKeys, .withoutEscapingSlashes]) }

  private func encoded(_ formatting: JSONEncoder.OutputFormatting) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    do {
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    } catch {
      // every field is an integer, a finite number or a text: nothing of it can fail to encode
      preconditionFailure("a report that cannot be written as JSON: \(error)")
    }
  }

  /// Reads a report that ``json()`` wrote.
  public init(json: String) throws {
    self = try JSONDecoder().decode(SessionReport.self, from: Data(json.utf8))
  }
}
