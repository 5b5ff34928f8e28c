/// How fast a log is replayed: `max`, or a multiple of the speed at which it was recorded, such as `60x`.
struct ReplaySpeed: Equatable, Sendable, CustomStringConvertible {
  /// 0: as fast as possible.
  var factor: Double

  static let max = ReplaySpeed(factor: 0)
  init(factor: Double) { self.factor = factor }

  /// Throws an ``ArgumentProblem`` when it is neither.
  init(argument: String) throws {
    let text = argument.lowercased()
    if text == "max" {
      factor = 0
      return
    }
    guard text.hasSuffix("x"), let value = Double(text.dropLast()), value > 0, value.isFinite else {
      throw ArgumentProblem("max, or a multiple of the recorded speed such as 1x or 60x, is wanted")
    }
    factor = value
  }

  var description: String {
    factor == 0 ? "max" : factor == factor.rounded() && factor < 1e15 ? "\(Int(factor))x" : "\(factor)x"
  }
}
