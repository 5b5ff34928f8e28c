import Foundation
import StreamCore

// The code of the guide's pages, compiled. What stands between two lines that begin with `//:` stands in a page, word for
// word but for the indentation; ``DocumentationTests`` sees to it.

struct Sale: Codable, Sendable {
  var time: Int64
  var shop: String
  var item: String
  var amount: Double
}
struct View: Codable, Sendable {
  var time: Int64
  var user: String
  var page: String
}
struct Total: Codable, Sendable {
  var user: String
  var keyHash: UInt64 { user.stableHash }
  var count: Int
}
/// Stands for a database with transactions.
final class Store: Sendable {
  var newestBatchID: Int { -1 }
  func transaction(_ body: () throws -> Void) throws { try body() }
  func insert(_ row: (String, Int)) throws {}
  func setNewestBatchID(_ id: Int) throws {}
}
final class OrderFeed: Receiver<String>, @unchecked Sendable {}

enum ReadMeSnippets {
  static func program() {
    //:
    struct View: Codable, Sendable {
      var time: Int64  // milliseconds
      var page: String
    }

    let context = StreamingContext(checkpoint: CheckpointOptions(directory: "state"))
    let views = context.textFileStream(folder: "incoming").decodedJSON(as: View.self)
    views.malformed.saveAsJSONLines("malformed")
    views.elements
      .withWatermark(delayMilliseconds: 10_000) { $0.time }
      .keyed { $0.page }
      .windowed(by: .tumbling(milliseconds: 60_000), name: "views-per-minute")
      .count().results
      .saveToFiles(
        "counts", format: .csv(header: ["start", "page", "views"]) { ["\($0.1.window.start)", $0.0, "\($0.1.value)"] })
    context.runOrExit()
    //:
  }
}

enum FrontPageSnippets {
  static func time(_ context: StreamingContext) {
    //:
    let lines = context.textFileStream(folder: "incoming").decodedJSON(as: View.self)
    lines.malformed.saveAsJSONLines("malformed")
    let views = lines.elements.withWatermark(delayMilliseconds: 10_000) { $0.time }

    let perMinute = views.keyed { $0.page }
      .windowed(by: .tumbling(milliseconds: 60_000), name: "views-per-minute")
      .count()
    perMinute.results.forEach(name: "results") { page, count in print(count.window.start, page, count.value) }
    perMinute.late.forEach(name: "late") { page, view in print("late:", view) }
    //:
  }
  static func state(_ views: DStream<View>) {
    //:
    let totals = views.keyed { $0.user }.mapWithState(name: "clicks") { user, view, clicks in
      clicks.value = (clicks.value ?? 0) + 1
      return (user, clicks.value!)
    }
    //:
    totals.mapped.print()
  }
  static func checkpoints() {
    //:
    let context = StreamingContext(checkpoint: CheckpointOptions(directory: "state"))
    context.textFileStream(folder: "incoming")
      .countByValue()
      .map { line, count in "\(count) \(line)" }
      .saveAsTextFiles("counts")
    context.runOrExit()
    //:
  }
  static func live(_ context: StreamingContext) throws {
    //:
    context.start()
    signal(SIGTERM, SIG_IGN)  // it comes to the source below instead
    let signals = DispatchSource.makeSignalSource(signal: SIGTERM)
    signals.setEventHandler { context.requestStop() }
    signals.activate()
    let outcome = try context.awaitTermination()
    //:
    print(outcome)
  }
}

enum BatchSnippets {
  static func options() {
    //:
    let context = StreamingContext(
      options: StreamingOptions(
        trigger: .interval(milliseconds: 1000), recordsPerIntervalMax: 500_000, backPressure: true))
    //:
    _ = context
  }
  static func intervals(_ words: DStream<String>, _ sales: DStream<Sale>) {
    //:
    words.countByValue().print()
    words.countByValueAndWindow(.milliseconds(60_000, slide: 10_000), name: "last-minute").print()
    sales.keyed { $0.shop }.mapValues { $0.amount }
      .reduceByKeyAndWindow(.intervals(60, slide: 10), name: "turnover", +, inverse: -)
      .print()
    //:
  }
}

enum EventTimeSnippets {
  static func watermark(_ sales: DStream<Sale>) {
    //:
    let timed = sales.withWatermark(delayMilliseconds: 30_000) { $0.time }
    //:
    windows(timed)
    duplicates(timed)
  }
  static func windows(_ timed: DStream<Sale>) {
    //:
    let hourly = timed.keyed { $0.shop }
      .windowed(
        by: .sliding(milliseconds: 3_600_000, slideMilliseconds: 600_000), name: "hourly",
        allowedLatenessMilliseconds: 60_000, outputMode: .update
      )
      .aggregate(startingWith: 0.0) { total, sale in total += sale.amount }
    hourly.results.forEach(name: "results") { shop, total in print(shop, total.window.start, total.value) }
    hourly.late.saveToFiles("late-sales", format: .csv(header: ["shop", "item"]) { [$0.0, $0.1.item] })
    //:
  }
  static func chain(_ views: DStream<View>) {
    //:
    let perMinute = views.keyed { $0.page }
      .windowed(by: .tumbling(milliseconds: 60_000), name: "minutes").count().results
    let busiestMinutes =
      perMinute
      .map { page, count in (page, count.value) }
      .windowed(by: .tumbling(milliseconds: 3_600_000), name: "hours").reduce { max($0, $1) }.results
    //:
    busiestMinutes.print()
  }
  static func join(_ impressions: DStream<View>, _ sales: DStream<Sale>) {
    //:
    let attributed = impressions.keyed { $0.page }
      .leftOuterJoin(
        sales.keyed { $0.item }, name: "attribution",
        within: TimeBounds(beforeMilliseconds: 0, afterMilliseconds: 3_600_000))
    attributed.results.forEach(name: "results") { page, pair in print(page, pair.0.user, pair.1?.amount ?? 0) }
    //:
  }
  static func duplicates(_ timed: DStream<Sale>) {
    //:
    let once = timed.dropDuplicatesWithinWatermark(name: "once", horizonMilliseconds: 600_000) {
      PairKey($0.shop, $0.item)
    }
    once.unique.print()
    //:
  }
  static func idle() -> StreamingOptions {
    //:
    let options = StreamingOptions(idleTimeoutMilliseconds: 60_000, advancesWhenIdle: true)
    //:
    return options
  }
}

enum StateSnippets {
  static func update(_ pairs: DStream<(String, Int)>) {
    //:
    pairs.updateStateByKey(name: "totals") { key, values, total in values.reduce(total ?? 0, +) }.print()
    //:
  }
  static func timeout(_ views: DStream<View>) {
    //:
    let visits = views.keyed { $0.user }.mapWithState(name: "visits", timeoutMilliseconds: 1_800_000) {
      (user: String, view: View?, clicks: inout KeyState<Int>) -> String? in
      if clicks.isTimingOut { return "\(user) left after \(clicks.value ?? 0) clicks" }
      clicks.value = (clicks.value ?? 0) + 1
      return nil
    }
    visits.mapped.print()
    visits.stateSnapshots.forEachBatch { states, info in print(info.batchID, states.count) }
    //:
  }
  static func process(_ views: DStream<View>) {
    //:
    let carts = views.keyed { $0.user }
      .processKeyed(name: "carts", startingWith: [String](), giving: String.self) { call, view, pages in
        pages.append(view.page)
        call.setTimer(due: call.eventTime + 600_000)
      } onTimer: { call, timer, pages in
        call.emit("\(call.key) looked at \(pages.joined(separator: ", ")) and left")
        call.removeState()
      }
    //:
    carts.print()
  }
  //:
  final class Visits: StatefulProcessor<String, View, String> {
    private var pages: ListState<String, String>!
    private var count: ValueState<String, Int>!

    override func declare(_ states: KeyedStates<String>) {
      pages = states.list("pages", ttl: StateTTL(milliseconds: 86_400_000))
      count = states.value("count")
    }
    override func process(_ view: View, _ call: ProcessorCall<String, String>) {
      pages.append(view.page)
      count.update(default: 0) { $0 += 1 }
      call.eventTimers.set(due: view.time + 1_800_000)
    }
    override func onTimer(_ timer: KeyedTimer, _ call: ProcessorCall<String, String>) {
      call.emit("\(call.key): \(count.value ?? 0) visits, today \(pages.elements)")
    }
  }
  //:
  static func transform(_ views: DStream<View>) {
    //:
    views.keyed { $0.user }.transformWithState(name: "visits") { Visits() }.print()
    //:
  }
  //:
  struct ProfileBefore: Codable, Sendable {
    var clicks: Int
  }
  struct Profile: Codable, Sendable {
    var clicks = 0
    var sales = 0
  }
  static let schema = StateSchema<Profile>(version: 2) { version, bytes in
    let before = try StateCodec<ProfileBefore>.automatic().decoded(bytes)
    return Profile(clicks: before.clicks)
  }
  //:
}

enum CheckpointSnippets {
  static func options(_ build: (StreamingContext) -> Void) throws {
    //:
    let checkpoint = CheckpointOptions(
      directory: "state", intervalMilliseconds: 10_000,
      renamedOperators: ["visits-by-user": "visits"])  // now "visits-by-user", formerly "visits"
    let context = StreamingContext.getOrCreate(checkpoint: checkpoint, job: ["gap": "30 min"]) { context in
      build(context)
    }
    try context.run()
    if let report = context.recoveryReport { print(report) }
    for warning in context.recoveryWarnings { print(warning) }
    //:
  }
}

enum ExactlyOnceSnippets {
  static func batches(_ totals: DStream<(String, Int)>, _ store: Store) {
    //:
    totals.forEachBatch(name: "store") { rows, info in
      guard info.batchID > store.newestBatchID else { return }
      try store.transaction {
        for row in rows { try store.insert(row) }
        try store.setNewestBatchID(info.batchID)
      }
    }
    //:
  }
  static func receiver(_ context: StreamingContext) throws {
    //:
    let log = try WriteAheadLog(directory: "state/orders")
    let orders = context.receiverStream(
      ReceiverSource(OrderFeed(), name: "orders", log: log, coding: .utf8))
    //:
    orders.print()
  }
}

enum ListenerSnippets {
  //:
  final class Watcher: StreamingListener {
    func started(isResumed: Bool, report: RecoveryReport?) {
      if let report { print("went on from a checkpoint;", report) }
    }
    func processed(_ interval: IntervalProgress) {
      print(interval.batchID, "in:", interval.rowsIn, "out:", interval.rowsOut, "rows/s:", interval.rowsPerSecond)
      if let lag = interval.eventTimeLagMilliseconds, lag > 60_000 { print("the watermark is \(lag) ms behind") }
    }
    func terminated(_ result: Result<RunOutcome, any Error>) { print("over:", result) }
  }
  //:
  static func add(_ context: StreamingContext) {
    //:
    context.listeners.append(Watcher())
    //:
  }
}

enum TestingSnippets {
  static func test() throws -> [Int] {
    //:
    let context = StreamingContext(clock: ManualClock())
    let found = MemoryTable<Int>()
    context.queueStream([[1, 2, 3], [4]]).count().saveToMemory(found)
    try context.run()
    //:
    return found.elements
  }
}

enum KeyedStateSnippets {
  //:
  final class Count: PartitionTransform<View, Total>, CheckpointedState, @unchecked Sendable {
    @exclusivity(unchecked) private var counts = KeyedTable<String, Int>()
    private let keys = StateCodec<String>.automatic()
    private let values = StateSchema<Int>()

    override func transform(_ run: PartitionRun<View>, _ batch: Batch, into output: PartitionBuffer<Total>) {
      for view in run.elements {
        let (slot, _) = counts.findOrInsert(view.user, 0)
        counts[slot] += 1
        output.append(Total(user: view.user, count: counts[slot]))
      }
    }
    func snapshot(into snapshot: StateSnapshot) {
      counts.snapshot("counts", into: snapshot, keys: keys, values: values)
    }
    func restore(from state: RestoredState) throws {
      try counts.restore("counts", from: state, keys: keys, values: values)
    }
  }
  //:
  static func states(_ view: View, watermark: Int64, now: Int64) {
    //:
    let states = KeyedStates<String>()
    let visits: ValueState<String, Int> = states.value("visits", ttl: StateTTL(milliseconds: 3_600_000))
    states.advance(watermark: watermark, processingTime: now)  // once a batch: drops what has expired
    states.select(view.user, eventTime: view.time)
    visits.update(default: 0) { $0 += 1 }
    //:
  }
}
//:
struct PageOfUser: StreamKey {
  var user: Int64
  var page: String
  func hash(into hasher: inout StableHasher) {
    hasher.combine(user)
    hasher.combine(page)
  }
}
//:
