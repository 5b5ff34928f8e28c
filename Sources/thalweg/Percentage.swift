/// A share on the command line: `5%` or `0.5%`; a bare number up to 100 is percent too.
struct Percentage: Equatable, Sendable, CustomStringConvertible {
  var percent: Double

  /// Throws an ``ArgumentProblem`` when it is no number from 0 to 100.
  init(argument: String) throws {
    let digits = argument.hasSuffix("%") ? argument.dropLast() : argument[...]
    guard let value = Double(digits), value >= 0, value <= 100 else {
      throw ArgumentProblem("a share from 0% to 100% is wanted, such as 5%")
    }
    percent = value
  }

  var description: String { percent == percent.rounded() ? "\(Int(percent))%" : "\(percent)%" }
}
