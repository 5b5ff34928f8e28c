/// What a field of the input means to a session.
public enum FieldRole: String, Codable, CodingKeyRepresentable, CaseIterable, Sendable {
  case time, user, item, event, url, referrer
  case userAgent = "user-agent"
  case value

  /// Position in a row of fields.
  var index: Int {
    switch self {
    case .time: 0
    case .user: 1
    case .item: 2
    case .event: 3
    case .url: 4
    case .referrer: 5
    case .userAgent: 6
    case .value: 7
    }
  }
}

/// Reads the value of `--fields`: `role=field` pairs separated by commas, such as `user=visitor.id,time=ts`.
///
/// A field is the name of a column, the number of a column (from 1), or a path of JSON keys joined by dots
/// (`\.` is a dot inside a key, `\\` a backslash, `\,` a comma).
/// Throws a ``FormatError`` that names the part at fault.
public func parseFieldsOption(_ text: String) throws(FormatError) -> [FieldRole: String] {
  var fields: [FieldRole: String] = [:]
  for part in splitOutsideEscapes(text, at: ",") {
    let pair = part.drop(while: { $0 == " " })
    guard !pair.isEmpty else { continue }
    guard let equals = pair.firstIndex(of: "=") else {
      throw .badOption("--fields: \"\(pair)\" is not of the form role=field; for example --fields user=visitor_id")
    }
    let name = String(pair[..<equals]).lowercased()
    let field = String(pair[pair.index(after: equals)...]).replacing("\\,", with: ",")
    guard let role = FieldRole(rawValue: name) else {
      let roles = FieldRole.allCases.map(\.rawValue)
      let guess = closestName(to: name, among: roles).map { "; did you mean \($0)=\(field)?" } ?? ""
      throw .badOption("--fields: \"\(name)\" is not a role (\(roles.joined(separator: ", ")))\(guess)")
    }
    guard !field.isEmpty else { throw .badOption("--fields: \(name)= names no field") }
    guard fields.updateValue(field, forKey: role) == nil else {
      throw .badOption("--fields: \(name) is given twice")
    }
  }
  return fields
}

/// Splits at a separator that no backslash precedes; the backslashes stay.
func splitOutsideEscapes(_ text: String, at separator: Unicode.Scalar) -> [String] {
  var parts: [String] = [""]
  var escaped = false
  for c in text.unicodeScalars {
    if c == separator, !escaped {
      parts.append("")
    } else {
      parts[parts.count - 1].unicodeScalars.append(c)
    }
    escaped = c == "\\" && !escaped
  }
  return parts
}
