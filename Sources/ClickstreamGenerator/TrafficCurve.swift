/// When visits begin: a Poisson process whose rate follows the hour of day and the weekday.
///
/// Method: thinning (Lewis and Shedler 1979): arrivals at the highest rate, each kept with the ratio of the rate at its
/// time to the highest. Cost: about 50 ns a visit.
struct TrafficCurve: Sendable {
  /// Relative rates by hour of the day, UTC, and by weekday from Monday.
  static let hourWeights = [
    18, 11, 7, 5, 5, 8, 17, 31, 45, 55, 61, 66, 70, 66, 62, 61, 63, 68, 77, 89, 96, 88, 64, 36,
  ]
  static let weekdayWeights = [98, 95, 96, 97, 90, 108, 120]
  private static let weightMax = 96 * 120

  private let startMilliseconds: Int64
  /// Of arrivals at the highest rate.
  private let meanGapMilliseconds: Double
  /// Milliseconds since the start, with their fraction.
  private var elapsed = 0.0

  /// - Parameters:
  ///   - visitCount: the visits expected in `durationMilliseconds` from `startMilliseconds`.
  init(startMilliseconds: Int64, durationMilliseconds: Int64, visitCount: Double) {
    self.startMilliseconds = startMilliseconds
    var weightedMilliseconds = 0.0
    var time = startMilliseconds
    let end = startMilliseconds + durationMilliseconds
    while time < end {
      let hourEnd = min(end, time - time % 3_600_000 + 3_600_000)
      weightedMilliseconds += Double(TrafficCurve.weight(at: time)) * Double(hourEnd - time)
      time = hourEnd
    }
    meanGapMilliseconds = weightedMilliseconds / (Double(TrafficCurve.weightMax) * max(visitCount, 1))
  }

  static func hour(at time: Int64) -> Int { Int(time / 3_600_000 % 24) }
  /// 0 is Monday; 1 January 1970 was a Thursday.
  static func weekday(at time: Int64) -> Int { Int((time / 86_400_000 + 3) % 7) }
  static func weight(at time: Int64) -> Int { hourWeights[hour(at: time)] * weekdayWeights[weekday(at: time)] }

  /// The time at which the next visit begins.
  mutating func next(_ random: inout RandomSource) -> Int64 {
    while true {
      elapsed += random.exponential() * meanGapMilliseconds
      // a stream never gets as far as the bound; it keeps the conversion in range
      let time = startMilliseconds + Int64(min(elapsed, 1e16))
      if random.below(TrafficCurve.weightMax) < TrafficCurve.weight(at: time) { return time }
    }
  }
}
