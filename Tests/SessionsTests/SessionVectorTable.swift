import Sessions

/// Facts from the test suites of other engines, as data: what went in, what came out. Ids and numbers only; each case
/// names the engine and the test it was observed in.
///
/// Watermarks are given as this engine understands them: no event before `w` is expected. Flink's watermark `f` says the
/// same of events at `f` too, so its `f` is our `f + 1`. Kafka's stream time and Spark's watermark are taken as they are.
struct SessionVector: Sendable, CustomStringConvertible {
  struct Row: Hashable, Sendable {
    var key: String
    var start: Int64
    /// As the case reports it: the last event, or a gap after it.
    var end: Int64
    var count: Int
    var sum: Int64?
    var sumOfDistinct: Int?

    init(_ key: String, _ start: Int64, _ end: Int64, _ count: Int, sum: Int64? = nil, sumOfDistinct: Int? = nil) {
      (self.key, self.start, self.end, self.count) = (key, start, end, count)
      (self.sum, self.sumOfDistinct) = (sum, sumOfDistinct)
    }
  }
  enum Step: Sendable {
    case event(String, Int64, value: Int32 = 0, gap: Int64? = nil, isLate: Bool = false)
    case watermark(Int64)
    /// Sessions closed since the last such step, in any order.
    case closes([Row])
    /// Further emissions since the start, in order, without the closed ones (update emission).
    case updates([(EmittedSession<Clicks>.Kind, Row)])
    case finish
  }
  enum End: Sendable { case lastEvent, gapAfter }

  var id: String
  /// The engine and its test.
  var source: String
  /// Milliseconds in one unit of the numbers below.
  var unit: Int64 = 1
  var gap: Int64
  var boundary = GapBoundary.merge
  var lateness: Int64 = 0
  var emission = SessionEmission.append
  /// Each event first moves the watermark to itself (Kafka's stream time).
  var watermarkFollowsEvents = false
  var end = End.gapAfter
  var steps: [Step]
  /// Why the outcome is not that of the source; nil when it is.
  var difference: String?

  var description: String { id }

  static let all: [SessionVector] = batch + sparkStreaming + flink + kafka + others

  static let batch: [SessionVector] = [
    SessionVector(
      id: "SPB-1", source: "Spark: simple session window with record at window start", unit: 1000, gap: 10,
      steps: [.event("*", 30), .finish, .closes([Row("*", 30, 40, 1)])]),
    SessionVector(
      id: "SPB-3", source: "Spark: session window groupBy with multiple keys", unit: 1000, gap: 10,
      steps: [
        .event("a", 34, value: 1), .event("a", 39, value: 1), .event("a", 56, value: 2), .event("a", 64, value: 2),
        .event("b", 27, value: 4), .finish,
        .closes([
          Row("b", 27, 37, 1, sum: 4, sumOfDistinct: 4), Row("a", 34, 49, 2, sum: 2, sumOfDistinct: 1),
          Row("a", 56, 74, 2, sum: 4, sumOfDistinct: 2),
        ]),
      ]),
    SessionVector(
      id: "SPB-6", source: "Spark: filter out events with negative or zero gap", unit: 1000, gap: 10, end: .lastEvent,
      steps: [
        .event("*", 34, gap: 0), .event("*", 56, gap: -10), .event("*", 27, gap: 5), .finish,
        .closes([Row("*", 27, 27, 1), Row("*", 34, 34, 1), Row("*", 56, 56, 1)]),
      ],
      difference:
        "Spark drops events whose gap is not positive; here no event is dropped in silence: such a gap merges "
        + "events of the same millisecond only"),
    SessionVector(
      id: "SPB-5", source: "Spark: null timestamps", unit: 1000, gap: 10,
      steps: [
        .event("*", 5, value: 1), .event("*", 32, value: 2), .finish,
        .closes([Row("*", 5, 15, 1), Row("*", 32, 42, 1)]),
      ],
      difference: "Spark drops rows without a time; here they are dead letters of the decoder and never reach the "
        + "operator, so the case has only the two timed events"),
  ]

  static let sparkStreaming: [SessionVector] = [
    SessionVector(
      id: "SPS-2", source: "Spark: complete mode, session window", unit: 1000, gap: 10,
      steps: [
        .event("hello", 40), .event("world", 40), .event("spark", 40), .event("streaming", 40), .event("world", 41),
        .event("hello", 41), .event("structured", 41), .event("streaming", 41), .event("spark", 25),
        .event("streaming", 25), .event("spark", 30), .event("streaming", 30), .event("hello", 60),
        .event("apache", 60),
        .event("spark", 60), .event("structured", 90), .event("streaming", 90), .finish,
        .closes([
          Row("spark", 25, 50, 3), Row("streaming", 25, 51, 4), Row("hello", 40, 51, 2), Row("world", 40, 51, 2),
          Row("structured", 41, 51, 1), Row("hello", 60, 70, 1), Row("apache", 60, 70, 1), Row("spark", 60, 70, 1),
          Row("structured", 90, 100, 1), Row("streaming", 90, 100, 1),
        ]),
      ]),
    SessionVector(
      id: "SPS-4", source: "Spark: session window with first and last", unit: 1000, gap: 10,
      steps: [
        .event("a", 41), .watermark(11), .event("a", 42), .watermark(12), .event("a", 40), .event("b", 100),
        .watermark(70), .closes([Row("a", 40, 52, 3)]), .event("b", 101), .watermark(71), .closes([]),
      ]),
    SessionVector(
      id: "SPT-1", source: "Spark: event-time timeout with watermark", unit: 1000, gap: 5, end: .lastEvent,
      steps: [
        .event("a", 11), .event("a", 13), .event("a", 15), .watermark(5), .event("a", 4), .event("a", 10),
        .event("b", 31), .watermark(21), .closes([Row("a", 4, 4, 1), Row("a", 10, 15, 4)]), .finish,
        .closes([Row("b", 31, 31, 1)]),
      ],
      difference: "Spark drops the event at 4 because it is before the watermark 5 itself; here lateness is judged on "
        + "the session, which lasts until 9, so the event is kept. The timeout of a at 20 fires alike"),
  ]

  static let flink: [SessionVector] = [
    SessionVector(
      id: "FLK-1", source: "Flink: window assignment", gap: 5000,
      // before merging: each event alone, so each under its own key
      steps: [
        .event("k1", 0), .event("k2", 4999), .event("k3", 5000), .finish,
        .closes([Row("k1", 0, 5000, 1), Row("k2", 4999, 9999, 1), Row("k3", 5000, 10000, 1)]),
      ]),
    SessionVector(
      id: "FLK-2", source: "Flink: merge consecutive windows", gap: 1,
      steps: [
        .event("k", 0), .event("k", 1), .event("k", 2), .event("k", 4), .event("k", 5), .finish,
        .closes([Row("k", 0, 3, 3), Row("k", 4, 6, 2)]),
      ]),
    SessionVector(
      id: "FLK-4", source: "Flink: late merging of a merging window set", gap: 3, emission: .update,
      // windows that are shorter than the gap are events with their own gap
      steps: [
        .event("k", 0), .event("k", 5), .event("k", 10), .event("k", 8, gap: 2), .event("k", 5), .event("k", 8, gap: 2),
        .event("k", 3, gap: 2),
        .updates([
          (.current, Row("k", 0, 3, 1)), (.current, Row("k", 5, 8, 1)), (.current, Row("k", 10, 13, 1)),
          (.retracted, Row("k", 10, 13, 1)), (.retracted, Row("k", 5, 8, 1)), (.current, Row("k", 5, 13, 3)),
          (.retracted, Row("k", 5, 13, 3)), (.current, Row("k", 5, 13, 4)), (.retracted, Row("k", 5, 13, 4)),
          (.current, Row("k", 5, 13, 5)), (.retracted, Row("k", 5, 13, 5)), (.retracted, Row("k", 0, 3, 1)),
          (.current, Row("k", 0, 13, 7)),
        ]), .finish, .closes([Row("k", 0, 13, 7)]),
      ]),
    SessionVector(
      id: "FLK-5", source: "Flink: drop due to lateness, session, zero lateness, purging trigger", gap: 3000,
      steps: flinkLateness + [
        .event("key2", 8500), .watermark(7401), .event("key2", 7000), .watermark(11502),
        .closes([Row("key2", 1000, 11500, 5)]), .event("key2", 11600), .watermark(14601),
        .closes([Row("key2", 11600, 14600, 1)]), .event("key2", 10000, isLate: true),
        .event("key2", 10100, isLate: true), .event("key2", 14500), .watermark(20001),
        .closes([Row("key2", 14500, 17500, 1)]), .watermark(100_001), .closes([]),
      ]),
    SessionVector(
      id: "FLK-7", source: "Flink: drop due to lateness, session, with lateness", gap: 3000, lateness: 10,
      steps: flinkLateness + [
        .event("key2", 8500), .watermark(7401), .event("key2", 7000), .watermark(11502), .closes([]),
        .event("key2", 11600), .watermark(14601), .closes([Row("key2", 1000, 11500, 5)]), .event("key2", 10000),
        .event("key2", 14500), .watermark(20001), .closes([Row("key2", 10000, 17500, 3)]),
      ],
      difference: "Flink fires at the end of the window and again at each late event; here append gives a session out "
        + "once, when no event can change it any more. The last result of each window is the same"),
    SessionVector(
      id: "FLK-9", source: "Flink: drop due to lateness, session, huge lateness", gap: 3000, lateness: 10_000,
      steps: flinkLateness + [
        .event("key2", 8500), .watermark(7401), .event("key2", 7000), .watermark(11502), .event("key2", 11600),
        .watermark(14601), .event("key2", 10000), .event("key2", 14500), .watermark(20001), .closes([]),
        .watermark(27_501), .closes([Row("key2", 1000, 17500, 8)]),
      ],
      difference: "Flink emits [1000, 11500) and [11600, 14600), then their union in two versions without retracting "
        + "them; here append gives out the union once, when the lateness is over"),
  ]
  /// What the three cases on lateness begin with.
  private static let flinkLateness: [Step] = [
    .event("key2", 1000), .watermark(2000), .event("key2", 2000), .watermark(4999), .event("key2", 4500),
  ]

  static let kafka: [SessionVector] = [
    SessionVector(
      id: "KAF-1", source: "Kafka Streams: should merge sessions", gap: 300_000, watermarkFollowsEvents: true,
      end: .lastEvent,
      steps: [
        .event("mel", 0), .event("mel", 300_001), .closes([Row("mel", 0, 0, 1)]), .event("mel", 150_000), .finish,
        .closes([Row("mel", 150_000, 300_001, 2)]),
      ],
      difference: "Kafka takes back a session that stream time has closed while its store still has it; here a session "
        + "given out stays as it is. With one millisecond of lateness the outcome is Kafka's (KAF-1 with lateness)"),
    SessionVector(
      id: "KAF-1 with lateness", source: "Kafka Streams: should merge sessions", gap: 300_000, lateness: 1,
      watermarkFollowsEvents: true, end: .lastEvent,
      steps: [
        .event("mel", 0), .event("mel", 300_001), .event("mel", 150_000), .finish,
        .closes([Row("mel", 0, 300_001, 3)]),
      ]),
    SessionVector(
      id: "KAF-3", source: "Kafka Streams: should count, session windowed", gap: 500, emission: .update,
      watermarkFollowsEvents: true, end: .lastEvent,
      steps: [
        .event("1", 10), .event("1", 15), .event("1", 600), .event("2", 600), .event("2", 599),
        .updates([
          (.current, Row("1", 10, 10, 1)), (.retracted, Row("1", 10, 10, 1)), (.current, Row("1", 10, 15, 2)),
          (.current, Row("1", 600, 600, 1)), (.current, Row("2", 600, 600, 1)), (.retracted, Row("2", 600, 600, 1)),
          (.current, Row("2", 599, 600, 2)),
        ]), .closes([Row("1", 10, 15, 2)]),
      ]),
    SessionVector(
      id: "KAF-5", source: "Kafka Streams: skipping a late record with nonzero grace", gap: 10, lateness: 1,
      watermarkFollowsEvents: true, end: .lastEvent,
      steps: [
        .event("dummy", 0), .event("OnTime1", 0), .event("dummy", 11), .event("OnTime2", 0), .event("dummy", 12),
        .event("Late1", 0, isLate: true),
      ]),
  ]

  static let others: [SessionVector] = [
    SessionVector(
      id: "BEA-1", source: "Beam: sessions, simple", gap: 10, boundary: .split,
      steps: [
        .event("k", 0), .event("k", 10), .event("k", 101), .finish,
        .closes([Row("k", 0, 10, 1), Row("k", 10, 20, 1), Row("k", 101, 111, 1)]),
      ]),
    SessionVector(
      id: "REG-1", source: "Beam issue 18677: overlapping sessions with zero lateness", gap: 5, boundary: .split,
      end: .lastEvent,
      steps: [
        .event("k", 0), .watermark(6), .closes([Row("k", 0, 0, 1)]), .event("k", 3), .event("k", 0, isLate: true),
        .event("k", 2), .watermark(9), .closes([Row("k", 2, 3, 2)]),
      ],
      difference: "the source reports [0, 5) and [3, 8), which overlap. Here sessions run from the first event to the "
        + "last and those of a key never overlap: what would reach back to a session given out is late"),
    SessionVector(
      id: "BWX-1", source: "Bytewax: extend, merge, exact gap", unit: 1000, gap: 10, end: .lastEvent,
      steps: [.event("k", 0), .event("k", 20), .event("k", 10), .finish, .closes([Row("k", 0, 20, 3)])]),
    SessionVector(
      id: "PWY-1", source: "Pathway: session, max gap 1.5, in half ticks", unit: 1, gap: 3, boundary: .split,
      end: .lastEvent,
      steps: [
        .event("k", 20), .event("k", 22), .event("k", 24), .event("k", 60), .event("k", 68), .event("k", 70), .finish,
        .closes([Row("k", 20, 24, 3), Row("k", 60, 60, 1), Row("k", 68, 70, 2)]),
      ]),
  ]
}
