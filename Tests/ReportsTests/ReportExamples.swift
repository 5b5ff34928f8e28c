import Reports

/// Reports that the renderers are tried on.
enum ReportExamples {
  static var quality: ReportQuality {
    var q = ReportQuality()
    q.inputs = ["clicks-2026-01.ndjson.zst", "clicks-2026-02.ndjson.zst"]
    q.inputBytes = 78_412_903
    q.lines = 512_044
    q.eventsDecoded = 511_870
    q.malformed = ["not JSON": 171, "no timestamp": 3]
    q.lateEvents = 12
    q.lateEventsAccepted = 408
    q.sessionsMerged = 57
    q.openAtEnd = 941
    q.watermark = 1_770_249_600_000
    return q
  }

  static func report(_ specs: [SessionSpec], quality: ReportQuality = quality) -> SessionReport {
    var accumulator = SessionReportAccumulator()
    unsafe SessionBatch(specs).forEachRow { unsafe accumulator.add($0, $1) }
    return accumulator.finish(quality: quality)
  }

  /// A shop over five weeks: everything there is to show.
  static func rich(sessions: Int = 60_000) -> SessionReport {
    var generator = SessionGenerator(seed: 20_260_101)
    generator.users = 30_000
    generator.pages = 400
    generator.meanStepMilliseconds = 3_000_000_000 / sessions
    return report(generator.next(sessions))
  }

  static var empty: SessionReport { report([], quality: ReportQuality()) }

  /// One session of one event, nothing logged but a time and a user.
  static var single: SessionReport {
    var s = SessionSpec()
    (s.entry, s.exit) = (nil, nil)
    s.views = 0
    return report([s], quality: ReportQuality())
  }

  /// Texts that try to break out of wherever they are put.
  static var hostile: SessionReport {
    let attack =
      "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>\u{2028}\u{2029}\"'&\u{202e}"
    var specs: [SessionSpec] = []
    for i in 0..<40 {
      var s = SessionSpec()
      s.user = "u\(i % 9)"
      s.start += Int64(i) * 7_000_000
      s.entry =
        "https://shop.example.com/\(attack)/\(i % 3)?utm_source=\(attack)&utm_medium=%3Cb%3E&utm_campaign=%00%1f"
      s.exit = "/\(attack)\u{7}\u{1b}[31m"
      s.referrer = "http://\"><script>alert(1)</script>.example"
      s.agent = attack
      s.views = 2
      s.path = [s.entry!, s.exit!]
      specs.append(s)
    }
    var q = quality
    q.inputs = [attack]
    q.malformed = [attack: 1]
    q.notes = [attack]
    return report(specs, quality: q)
  }
}
