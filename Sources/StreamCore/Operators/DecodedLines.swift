public import Foundation

/// A line that is not what it should be, and why.
public struct MalformedLine: Codable, Sendable, Equatable, CustomStringConvertible {
  public var line: String
  /// For a person: which value is missing or of another type, or where the line stops being JSON.
  public var reason: String

  public init(line: String, reason: String) { (self.line, self.reason) = (line, reason) }
  public var description: String { "\(reason): \(line)" }
}

/// What lines decode to, and those that do not decode: each line is in one of the two streams, in its place.
public struct DecodedLines<Value: Sendable>: Sendable {
  public let elements: DStream<Value>
  public let malformed: DStream<MalformedLine>
}

extension DStream where Element == String {
  /// Decodes each line as a JSON value of `type`. Lines that cannot be decoded are in
  /// ``DecodedLines/malformed``, to be kept (``DStream/saveAsJSONLines(_:options:name:)``), counted or looked at: a
  /// stream that goes on for months meets such lines, and neither stopping nor forgetting them is what is wanted.
  ///
  /// `decoder` makes the decoder of a partition. Cost: Foundation's decoder, some µs a line.
  public func decodedJSON<Value: Decodable & Sendable>(
    as type: Value.Type, decoder: @escaping @Sendable () -> JSONDecoder = { JSONDecoder() }
  ) -> DecodedLines<Value> {
    let results: DStream<Result<Value, Rejection>> = operate { _ in
      let decoder = decoder()
      return PartitionOperator { run, _, output in
        for i in 0..<run.count {
          output.append(unsafe decode(run.elements[i], decoder))
          run.copyPosition(i, to: output)
        }
      }
    }
    return DecodedLines(
      elements: results.compactMap { try? $0.get() },
      malformed: results.compactMap { result in
        guard case .failure(let rejection) = result else { return nil }
        return rejection.line
      })
  }
}

private struct Rejection: Error {
  var line: MalformedLine
}

private func decode<Value: Decodable>(_ line: String, _ decoder: JSONDecoder) -> Result<Value, Rejection> {
  do {
    return .success(try decoder.decode(Value.self, from: Data(line.utf8)))
  } catch let error as DecodingError {
    return .failure(Rejection(line: MalformedLine(line: line, reason: reason(error))))
  } catch {
    return .failure(Rejection(line: MalformedLine(line: line, reason: "\(error)")))
  }
}

private func reason(_ error: DecodingError) -> String {
  func place(_ path: [any CodingKey], _ last: (any CodingKey)? = nil) -> String {
    (path + [last].compactMap { $0 }).map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }
      .joined(separator: ".")
  }
  switch error {
  case .keyNotFound(let key, let context): return "'\(place(context.codingPath, key))' is missing"
  case .valueNotFound(let type, let context): return "'\(place(context.codingPath))' is null, not a \(type)"
  case .typeMismatch(let type, let context):
    return context.codingPath.isEmpty
      ? "not a JSON object of such values" : "'\(place(context.codingPath))' is not a \(type)"
  case .dataCorrupted(let context):
    return context.codingPath.isEmpty ? "not JSON" : "'\(place(context.codingPath))': \(context.debugDescription)"
  @unknown default: return "\(error)"
  }
}
