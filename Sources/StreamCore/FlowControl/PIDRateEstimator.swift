/// Why a rate estimator cannot be made of its parameters.
public struct RateEstimatorError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String
}

/// How many elements a second a source may give, from how fast the batches before were processed: back-pressure.
///
/// A proportional–integral–derivative controller, as Spark's. With the speed v of the last batch and its error
/// e = rate − v: rate ← rate − P·e − I·w − D·(change of e a second), at least the minimum, where w is what waited: the
/// scheduling delay times v, spread over one batch interval.
/// Guarantees: nil, and nothing learned, from a batch that is older than the last, empty, or took no time; nil from the
/// first one, which only sets the rate to its speed.
/// Cost: a few floating-point operations a batch.
/// Method: Spark Streaming's PIDRateEstimator; defaults P 1.0, I 0.2, D 0, minimum 100 elements a second.
public struct PIDRateEstimator: Sendable {
  private let batchIntervalMilliseconds: Double
  private let proportional: Double
  private let integral: Double
  private let derivative: Double
  private let rateMin: Double
  private var last: (timeMilliseconds: Int64, rate: Double, error: Double)?

  /// - Parameters:
  ///   - proportional: how strongly the difference to the last batch's speed counts; not negative.
  ///   - integral: how strongly what waits counts; not negative.
  ///   - derivative: how strongly a change of the difference counts; not negative.
  ///   - rateMin: least elements a second; positive.
  public init(
    batchIntervalMilliseconds: Int64, proportional: Double = 1.0, integral: Double = 0.2, derivative: Double = 0,
    rateMin: Double = 100
  ) throws {
    func check(_ isGood: Bool, _ what: String) throws {
      if !isGood { throw RateEstimatorError(description: "the rate estimator's \(what)") }
    }
    try check(
      batchIntervalMilliseconds > 0, "batch interval is \(batchIntervalMilliseconds) ms; it must be positive")
    try check(proportional >= 0, "proportional term is \(proportional); it must not be negative")
    try check(integral >= 0, "integral term is \(integral); it must not be negative")
    try check(derivative >= 0, "derivative term is \(derivative); it must not be negative")
    try check(rateMin > 0, "minimum rate is \(rateMin); it must be positive")
    self.batchIntervalMilliseconds = Double(batchIntervalMilliseconds)
    self.proportional = proportional
    self.integral = integral
    self.derivative = derivative
    self.rateMin = rateMin
  }

  /// The new rate in elements a second after a batch, or nil to keep the one before.
  ///
  /// - Parameters:
  ///   - timeMilliseconds: when the batch was done.
  ///   - elementCount: how many elements it had.
  ///   - processingMilliseconds: how long it took.
  ///   - schedulingMilliseconds: how long it had waited before.
  public mutating func newRate(
    timeMilliseconds: Int64, elementCount: Int, processingMilliseconds: Int64, schedulingMilliseconds: Int64
  ) -> Double? {
    guard elementCount > 0, processingMilliseconds > 0 else { return nil }
    if let last, timeMilliseconds <= last.timeMilliseconds { return nil }
    let speed = Double(elementCount) / Double(processingMilliseconds) * 1000
    guard let last else {
      self.last = (timeMilliseconds, speed, 0)
      return nil
    }
    let seconds = Double(timeMilliseconds - last.timeMilliseconds) / 1000
    let error = last.rate - speed
    let waiting = Double(schedulingMilliseconds) * speed / batchIntervalMilliseconds
    let slope = (error - last.error) / seconds
    let rate = max(rateMin, last.rate - proportional * error - integral * waiting - derivative * slope)
    self.last = (timeMilliseconds, rate, error)
    return rate
  }
}
