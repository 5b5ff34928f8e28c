/// Cohort retention from the user sample: by day when the log spans less than four weeks, else by week.
enum CohortReport {
  static func make(_ users: borrowing UserSample, start: Int64, end: Int64) -> SessionReport.Cohorts {
    let firstDay = Int32(truncatingIfNeeded: SessionReportAccumulator.day(of: start))
    let lastDay = Int32(truncatingIfNeeded: SessionReportAccumulator.day(of: end))
    let isDaily = lastDay - firstDay < 28
    func period(_ day: Int32) -> Int { isDaily ? Int(day) : Int(UserSample.week(ofDay: day)) }
    let last = period(lastDay)
    let first = max(period(firstDay), last - SessionReportAccumulator.cohortsMax + 1)
    let width = last - first + 1
    // by period of the first visit, then by periods since; only bits that are set are looked at
    var counts = [Int64](repeating: 0, count: width * width)
    users.visit { user in
      let i = period(user.firstDay) - first
      guard i >= 0 else { return }
      var active = UInt64(isDaily ? user.days : user.weeks)
      if width - i < 64 { active &= 1 << UInt64(width - i) - 1 }
      while active != 0 {
        counts[i * width + active.trailingZeroBitCount] += 1
        active &= active - 1
      }
    }
    let scale = Int64(1) << Int64(users.level)
    let rows = (0..<width).map { i in
      let active = counts[i * width..<(i + 1) * width - i]
      let day = isDaily ? Int64(first + i) : Int64(first + i) * 7 - 3
      return SessionReport.Cohorts.Row(
        start: CivilTime.date(day * SessionReportAccumulator.dayMilliseconds), users: Int((active.first ?? 0) * scale),
        active: active.map { Int($0 * scale) })
    }
    return SessionReport.Cohorts(
      unit: isDaily ? "day" : "week", omitted: first - period(firstDay),
      relativeError: SessionReportAccumulator.sampleError(users), rows: rows)
  }
}
