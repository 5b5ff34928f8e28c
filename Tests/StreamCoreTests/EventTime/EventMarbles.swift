import StreamCore

/// What a program gave in each interval, and at the end of the input.
struct EventLines: Equatable {
  var intervals: [[String]]
  var end: [String]
}

/// Runs a program over batches of events, one an interval of a second; the stream has its watermark.
func eventMarbles(
  _ batches: [[Event]], delay: Int64 = 0, _ build: (DStream<Event>) -> DStream<String>
) throws -> EventLines {
  let found = try runMarbles(batches) { build($0.withWatermark(delayMilliseconds: delay) { $0.time }) }
  return EventLines(intervals: found.intervals, end: Array(found.all.dropFirst(found.intervals.joined().count)))
}

/// The same with two streams.
func eventMarbles(
  _ a: [[Event]], _ b: [[Event]], delays: (Int64, Int64) = (0, 0), idleTimeout: Int64? = nil,
  advancesWhenIdle: Bool = false, _ build: (DStream<Event>, DStream<Event>) -> DStream<String>
) throws -> EventLines {
  var options = RunShape().options
  options.trigger = .interval(milliseconds: 1000)
  options.pollMilliseconds = 500
  (options.idleTimeoutMilliseconds, options.advancesWhenIdle) = (idleTimeout, advancesWhenIdle)
  let context = StreamingContext(options: options, clock: ManualClock())
  let (left, right) = (QueueSource(a, name: "left"), QueueSource(b, name: "right"))
  left.close()
  right.close()
  let collector = IntervalCollector<String>()
  build(
    context.stream([left]).withWatermark(delayMilliseconds: delays.0) { $0.time },
    context.stream([right]).withWatermark(delayMilliseconds: delays.1) { $0.time }
  ).sink("collected") { _ in collector }
  try context.run()
  return EventLines(
    intervals: collector.intervals, end: Array(collector.all.dropFirst(collector.intervals.joined().count)))
}

func events(_ times: Int64..., key: Int = 0) -> [Event] { times.map { event($0, key, Int($0)) } }

extension DStream<Event> {
  /// How many elements each window has, and the late ones.
  func counts(
    _ windows: TimeWindows, lateness: Int64 = 0, mode: OutputMode = .append, name: String = "counts"
  ) -> DStream<String> {
    let found = keyed { $0.key }.windowed(
      by: windows, name: name, allowedLatenessMilliseconds: lateness, outputMode: mode
    ).count()
    return found.results.map { "\($0.0): \($0.1.window.start)..<\($0.1.window.end) \($0.1.value)" }
      .union(found.late.map { "late \($0.1.time)" })
  }
}
