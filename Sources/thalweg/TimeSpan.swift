/// A length of time on the command line: `250ms`, `90s`, `30m`, `1h30m`, `60d`, `2w`.
///
/// A number without a unit is refused, since no unit would be everybody's first guess; only `0` needs none.
struct TimeSpan: Equatable, Sendable, CustomStringConvertible {
  var milliseconds: Int64

  private static let units: [(name: String, milliseconds: Int64)] = [
    ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
  ]

  init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// Throws an ``ArgumentProblem`` that says what is wrong.
  init(argument: String) throws {
    let text = argument.lowercased().filter { $0 != " " }
    if text == "0" {
      self.init(milliseconds: 0)
      return
    }
    var rest = text[...]
    var total = 0.0
    guard !rest.isEmpty else { throw ArgumentProblem("a length of time such as 30m or 1h30m is wanted") }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { $0.isLetter || $0 == "µ" }
      rest = rest.dropFirst(unit.count)
      guard let count = Double(digits) else {
        throw ArgumentProblem("a length of time such as 30m or 1h30m is wanted")
      }
      if unit.isEmpty {
        throw ArgumentProblem("a unit is missing; did you mean \(argument)s, \(argument)m or \(argument)ms?")
      }
      guard let size = TimeSpan.units.first(where: { $0.name == unit })?.milliseconds else {
        throw ArgumentProblem("'\(unit)' is not a unit of time; use ms, s, m, h, d or w, as in 1h30m")
      }
      total += count * Double(size)
    }
    guard total < 9e15 else { throw ArgumentProblem("that is longer than 285,000 years") }
    self.init(milliseconds: Int64(total.rounded()))
  }

  /// The shortest way to write it: `1h30m`.
  var description: String {
    if milliseconds == 0 { return "0" }
    var left = milliseconds
    var text = ""
    for unit in TimeSpan.units where left >= unit.milliseconds && unit.name != "w" {
      text += "\(left / unit.milliseconds)\(unit.name)"
      left %= unit.milliseconds
    }
    return text
  }
}
