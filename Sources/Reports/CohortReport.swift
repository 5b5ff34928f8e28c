/// Cohort retention from the user sample: by day when the log spans less than four weeks, else by week.
enum CohortReport {
  static func make(_ users: borrowing UserSample, start: Int64, end: Int64) -> SessionReport.Cohorts {
    let firstDay = Int32(truncatingIfNeeded: SessionReportAccumulator.day(of: start))
    let lastDay = Int32(truncatingIfNeeded: SessionReportAccumulator.day(of: end))
    let isDaily = lastDay - firstDay < 28
    func period(_ day: Int32) -> Int { isDaily ? Int(day) : Int(UserSample.week(ofDay: day)) }
    let last = period(lastDay)
    let first = max(period(firstDay), last - SessionReportAccumulator.cohortsMax + 1)
    var counts = [[Int64]](repeating: [], count: last - first + 1)
    for i in counts.indices { counts[i] = [Int64](repeating: 0, count: last - first - i + 1) }
    users.visit { user in
      let i = period(user.firstDay) - first
      guard i >= 0 else { return }
      let active = isDaily ? user.days : user.weeks
      for later in counts[i].indices where active >> UInt32(later) & 1 == 1 { counts[i][later] += 1 }
    }
    let scale = Int64(1) << Int64(users.level)
    let rows = counts.enumerated().map { i, active in
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
