import StreamCore
import Testing
import TestSupport

/// The cases of Spark's PIDRateEstimatorSuite, in our words.
@Suite struct PIDRateEstimatorTests {
  private func estimator(
    interval: Int64 = 20, _ p: Double = 1, _ i: Double = 0, _ d: Double = 0, min: Double = 10
  ) throws -> PIDRateEstimator {
    try PIDRateEstimator(
      batchIntervalMilliseconds: interval, proportional: p, integral: i, derivative: d, rateMin: min)
  }

  @Test func parametersAreChecked() throws {
    let wrong: [(Int64, Double, Double, Double, Double, String)] = [
      (0, 0, 0, 0, 10, "batch interval is 0 ms; it must be positive"),
      (100, -1, 0, 0, 10, "proportional term is -1.0; it must not be negative"),
      (100, 0, -0.1, 0, 10, "integral term is -0.1; it must not be negative"),
      (100, 0, 0, -2, 10, "derivative term is -2.0; it must not be negative"),
      (100, 0, 0, 0, 0, "minimum rate is 0.0; it must be positive"),
      (100, 0, 0, 0, -10, "minimum rate is -10.0; it must be positive"),
    ]
    for (interval, p, i, d, least, text) in wrong {
      let error = #expect(throws: RateEstimatorError.self) { try estimator(interval: interval, p, i, d, min: least) }
      #expect(error?.description == "the rate estimator's " + text)
    }
  }

  @Test func theFirstBatchOnlySetsTheRate() throws {
    var e = try estimator(interval: 100, 1, 0, 0)
    #expect(
      e.newRate(timeMilliseconds: 0, elementCount: 10, processingMilliseconds: 10, schedulingMilliseconds: 0) == nil)
    #expect(
      e.newRate(timeMilliseconds: 10, elementCount: 10, processingMilliseconds: 10, schedulingMilliseconds: 0) == 1000)
  }

  @Test func emptyInstantOrOldBatchesTeachNothing() throws {
    var e = try estimator()
    _ = e.newRate(timeMilliseconds: 5, elementCount: 10, processingMilliseconds: 10, schedulingMilliseconds: 0)
    #expect(
      e.newRate(timeMilliseconds: 10, elementCount: 0, processingMilliseconds: 10, schedulingMilliseconds: 0) == nil)
    #expect(
      e.newRate(timeMilliseconds: 10, elementCount: 10, processingMilliseconds: 0, schedulingMilliseconds: 0) == nil)
    #expect(
      e.newRate(timeMilliseconds: 5, elementCount: 10, processingMilliseconds: 10, schedulingMilliseconds: 0) == nil)
    // they left no trace
    #expect(
      e.newRate(timeMilliseconds: 6, elementCount: 20, processingMilliseconds: 10, schedulingMilliseconds: 0) == 2000)
  }

  private func rates(
    _ e: PIDRateEstimator, processing: Int64, scheduling: Int64, elements: (Int) -> Int
  ) -> [Double?] {
    var e = e
    return (0..<50).map {
      e.newRate(
        timeMilliseconds: Int64($0) * 20, elementCount: elements($0), processingMilliseconds: processing,
        schedulingMilliseconds: scheduling)
    }
  }

  @Test func withoutDelayTheSpeedIsFollowed() throws {
    let rising = rates(try estimator(1, 1), processing: 20, scheduling: 0) { ($0 + 1) * 20 }
    #expect(rising[0] == nil)
    #expect(Array(rising.dropFirst()) == (1..<50).map { Double($0 + 1) * 1000 })
    let falling = rates(try estimator(1, 1), processing: 20, scheduling: 0) { (50 - $0) * 20 }
    #expect(Array(falling.dropFirst()) == (1..<50).map { Double(50 - $0) * 1000 })
  }

  @Test func withDelayTheRateStaysBelowTheSpeed() throws {
    let found = rates(try estimator(1, 0.01), processing: 20, scheduling: 100) { (50 - $0) * 20 }
    for i in 1..<50 {
      let rate = try #require(found[i])
      #expect(rate < Double(50 - i) * 1000)
      #expect(rate >= 10)
    }
  }

  /// Much work and long delays: never below the minimum, and ends there.
  @Test func endsAtTheMinimum() throws {
    let found = rates(try estimator(1, 1, min: 5), processing: 1000, scheduling: 250) { _ in 20 }
    #expect(found.dropFirst().allSatisfy { $0! >= 5 })
    #expect(found.last == 5)
  }

  /// Whatever comes: at least the minimum, and one number only of the same batches.
  @Test func neverBelowTheMinimum() throws {
    try forRandomCases("rate estimates", count: 100) { random in
      var e = try estimator(
        interval: Int64(1 + random.below(100)), Double(random.below(30)) / 10, Double(random.below(30)) / 10,
        Double(random.below(30)) / 10, min: 3)
      var time: Int64 = 0
      for _ in 0..<100 {
        time += Int64(random.below(50))
        let rate = e.newRate(
          timeMilliseconds: time, elementCount: random.below(1000), processingMilliseconds: Int64(random.below(100)),
          schedulingMilliseconds: Int64(random.below(200)))
        if let rate, !(rate >= 3) || !rate.isFinite { return "\(rate)" }
      }
      return nil
    }
  }
}
