/// A share on the command line: `5%`, `0.5%`. A bare number is refused but for 0, since 0.5 could be meant either way.
struct Percentage: Equatable, Sendable, CustomStringConvertible {
  var percent: Double
  /// 0 to 1.
  var ratio: Double { percent / 100 }

  /// Throws an ``ArgumentProblem`` when it is no share from 0% to 100%.
  init(argument: String) throws {
    let digits = argument.hasSuffix("%") ? argument.dropLast() : argument[...]
    guard let value = Double(digits), value >= 0, value <= 100 else {
      throw ArgumentProblem("a share from 0% to 100% is wanted, such as 5%")
    }
    guard value == 0 || digits.count < argument.count else {
      throw ArgumentProblem("the percent sign is missing; did you mean \(argument)%?")
    }
    percent = value
  }

  var description: String { percent == percent.rounded() ? "\(Int(percent))%" : "\(percent)%" }
}
