import CKernels
import FlatMemory

/// What to show a person when lines of an input cannot be decoded: where, why, the line with a caret, the likely fix.
///
/// Deterministic: the text follows from the plan, the examples and the width alone.
public struct BadInputReport: Sendable {
  /// One rejected line, with its bytes.
  public struct Example: Sendable {
    /// Number of the line in the input, from 1, if known.
    public var lineNumber: UInt64?
    /// Of the line in the decompressed input, in bytes; shown when there is no line number.
    public var offset: UInt64
    /// The line without its newline.
    public var bytes: [UInt8]
    public var rejected: RejectedLine

    public init(lineNumber: UInt64? = nil, offset: UInt64, bytes: [UInt8], rejected: RejectedLine) {
      self.lineNumber = lineNumber
      self.offset = offset
      self.bytes = bytes
      self.rejected = rejected
    }
  }

  public var plan: DecodingPlan
  public var source: String
  public var examples: [Example]

  public init(plan: DecodingPlan, source: String, examples: [Example]) {
    self.plan = plan
    self.source = source
    self.examples = examples
  }

  /// The report, lines of at most `width` characters for the quoted input, ending with a newline.
  public func text(width: Int = 80) -> String {
    var text = ""
    for example in examples {
      let place = example.lineNumber.map { "\($0)" } ?? "byte \(example.offset)"
      text += "\(source):\(place): \(reason(example))\n"
      text += excerpt(example, width: max(width, 24))
      if let fix = fix(example) { text += "  \(fix)\n" }
    }
    if let format = otherFormat() {
      text += "These lines read as \(format.rawValue): try --format \(format.rawValue)\n"
    }
    return text
  }

  // MARK: The line and its caret

  /// The line cut to the width around the place where it went wrong, and a caret below that.
  private func excerpt(_ example: Example, width: Int) -> String {
    let column = Int(example.rejected.column)
    let room = width - 4
    // enough bytes on either side to fill the width whatever the characters
    let from = max(0, column - 4 * room)
    let to = min(example.bytes.count, column + 4 * room)
    let before = BadInputReport.printable(example.bytes[from..<min(column, to)])
    let after = BadInputReport.printable(example.bytes[min(column, to)..<to])
    var left = before[...]
    var right = after[...]
    var isCutLeft = from > 0
    var isCutRight = to < example.bytes.count
    if left.count + right.count > room {
      let leftRoom = max(room / 2, room - right.count)
      if left.count > leftRoom {
        left = left.suffix(leftRoom - 1)
        isCutLeft = true
      }
      let rightRoom = room - left.count - (isCutLeft ? 1 : 0)
      if right.count > rightRoom {
        right = right.prefix(rightRoom - 1)
        isCutRight = true
      }
    }
    let start = isCutLeft ? "…" : ""
    let caret = String(repeating: " ", count: start.count + left.count)
    return "  \(start)\(String(left))\(String(right))\(isCutRight ? "…" : "")\n  \(caret)^\n"
  }

  /// Bytes as characters one column wide: control bytes as `·`, what is not UTF-8 as `\u{fffd}`.
  private static func printable(_ bytes: ArraySlice<UInt8>) -> [Character] {
    String(decoding: bytes, as: UTF8.self).map { c in
      c == "\t" ? " " : (c.unicodeScalars.first?.value ?? 0) < 32 ? "·" : c
    }
  }

  // MARK: What happened, and what to do

  private func reason(_ example: Example) -> String {
    switch example.rejected.reason {
    case .malformedJSON:
      Int(example.rejected.column) >= example.bytes.count ? "malformed JSON: the line ends too early" : "malformed JSON"
    case .missingTime: "no time (\(fieldName(.time)))"
    case .unreadableTime: "unreadable time"
    case .missingUser: "no user (\(fieldName(.user)))"
    case .userTooLong: "the user id is longer than 65,535 bytes"
    case .lineTooLong: "the line is longer than \(plan.lineByteCountMax) bytes"
    case .notUTF8: "not UTF-8"
    case .malformedCSV: "malformed CSV: a quote out of place"
    case .wrongColumnCount: "wrong number of columns: \(columnCount(example)) instead of \(plan.columnCount)"
    case .malformedLogLine: "not a line of a \(plan.format.rawValue) access log"
    }
  }

  private func fieldName(_ role: FieldRole) -> String {
    switch plan.format {
    case .ndjson: "field \(plan.fields[role] ?? role.rawValue)"
    case .csv, .tsv: "column \(plan.fields[role] ?? String((plan.columns[role] ?? 0) + 1))"
    case .combined, .common: role.rawValue
    }
  }

  private func columnCount(_ example: Example) -> Int {
    example.bytes.count { $0 == plan.delimiter } + 1
  }

  private func fix(_ example: Example) -> String? {
    switch example.rejected.reason {
    case .malformedJSON: jsonFix(example)
    case .missingTime: fieldFix(example, .time)
    case .missingUser: fieldFix(example, .user)
    case .unreadableTime: timeFix(example)
    case .userTooLong: "Is \(fieldName(.user)) the user? Name another with --fields user=FIELD"
    case .lineTooLong: "A longer limit is set with --max-line"
    case .notUTF8: "If it is Latin-1, convert it first: iconv -f LATIN1 -t UTF-8 \(source) | …"
    case .malformedCSV: "A quote stands at both ends of a field or nowhere; inside such a field it is doubled"
    case .wrongColumnCount: "Columns are split at \(delimiterName); a field that holds one must be quoted"
    case .malformedLogLine:
      "Expected: address ident user [time] \"request\" status bytes"
        + (plan.format == .combined ? " \"referrer\" \"user agent\"" : "")
    }
  }

  private var delimiterName: String {
    switch plan.delimiter {
    case 44: "commas"
    case 9: "tabs"
    case 59: "semicolons"
    default: "\"\(Character(UnicodeScalar(plan.delimiter)))\""
    }
  }

  private func jsonFix(_ example: Example) -> String? {
    let at = Int(example.rejected.column)
    guard at < example.bytes.count else { return "Was the file cut off, or is one object spread over several lines?" }
    switch example.bytes[at] {
    case 39: return "Strings and keys need double quotes"
    case 0..<32: return "A control byte in a string must be escaped"
    case 78, 73: return "NaN and Infinity are no JSON; write null"
    case 125, 93: return "A comma before a closing bracket is no JSON"
    default: return nil
    }
  }

  /// The field is not in this line: what else is?
  private func fieldFix(_ example: Example, _ role: FieldRole) -> String? {
    guard plan.format == .ndjson, let wanted = plan.fields[role] else { return nil }
    var outline = JSONOutline()
    unsafe example.bytes.withUnsafeBytes { unsafe outline.add($0) }
    let names = outline.fields.map(\.name)
    if names.contains(wanted) { return "\(wanted) is there, but empty" }
    let guess = closestName(to: wanted, among: names).map { "; did you mean --fields \(role.rawValue)=\($0)?" } ?? ""
    return "Fields of this line: \(names.isEmpty ? "none" : names.prefix(20).joined(separator: ", "))\(guess)"
  }

  private func timeFix(_ example: Example) -> String? {
    let expected: String
    switch plan.timeFormat {
    case .iso8601: expected = "ISO 8601, such as 2026-01-01T00:00:00Z"
    case .clf: expected = "[17/May/2015:10:05:03 +0000]"
    case .unixSeconds: expected = "Unix seconds, such as 1767225600"
    case .unixMilliseconds: expected = "Unix milliseconds, such as 1767225600000"
    case .unixMicroseconds: expected = "Unix microseconds, such as 1767225600000000"
    case .unixNanoseconds: expected = "Unix nanoseconds, such as 1767225600000000000"
    }
    // the value begins at the column and ends with its quotes, or at the next delimiter
    let tail = example.bytes.dropFirst(Int(example.rejected.column))
    let value = tail.prefix { $0 != 34 && $0 != 44 && $0 != 125 && $0 != 93 && $0 != plan.delimiter && $0 != 9 }
    let text = String(decoding: value.prefix(100), as: UTF8.self)
    if let other = TimeFormat(sample: text), other != plan.timeFormat {
      return "Expected \(expected); this looks like \(other.rawValue): try --time-format \(other.rawValue)"
    }
    return "Expected \(expected)"
  }

  /// Another format that all examples together read as.
  private func otherFormat() -> LogFormat? {
    let malformed = examples.filter { example in
      switch example.rejected.reason {
      case .malformedJSON, .malformedCSV, .wrongColumnCount, .malformedLogLine: true
      default: false
      }
    }
    guard !malformed.isEmpty, malformed.count == examples.count else { return nil }
    let sample = Array(malformed.map { $0.bytes + [10] }.joined())
    guard let format = unsafe sample.withUnsafeBytes({ unsafe FormatDetector.clearFormat(of: $0) }) else { return nil }
    return format == plan.format ? nil : format
  }
}
