import Logging
import Metrics
import MetricsTestKit
import StreamCore
import StreamMetrics
import Synchronization
import Testing

/// What a job's listener hands to swift-metrics and swift-log.
@Suite struct MetricsListenerTests {
  final class Lines: Sendable {
    let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
  }
  struct Handler: LogHandler {
    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }
    func log(event: LogEvent) { lines.add("\(event.level) \(metadata["job"] ?? "-") \(event.message)") }
  }

  @Test func aJobIsCountedAndLogged() throws {
    let metrics = TestMetrics()
    MetricsSystem.bootstrap(metrics)
    let lines = Lines()
    let listener = MetricsListener(job: "words", logger: Logger(label: "test") { _ in Handler(lines: lines) })
    var options = StreamingOptions()
    options.threads = 1
    let context = StreamingContext(options: options)
    context.listeners.append(listener)
    let table = MemoryTable<(String, Int)>()
    context.queueStream([["a", "b", "a"], ["c"]]).countByValue().saveToMemory(table)
    try context.run()
    let dimensions = [("job", "words")]
    #expect(try metrics.expectCounter("thalweg_rows_in", dimensions).totalValue == 4)
    #expect(try metrics.expectCounter("thalweg_rows_out", dimensions).totalValue == 3)
    #expect(try metrics.expectCounter("thalweg_intervals", dimensions).totalValue == 2)
    #expect(try metrics.expectTimer("thalweg_interval_duration", dimensions).values.count == 2)
    #expect(
      lines.all == [
        "info words starts", "debug words interval 0: 3 in, 2 out", "debug words interval 1: 1 in, 1 out",
        "info words finished",
      ])
  }

  @Test func aFailureIsLogged() {
    struct Broken: Error, CustomStringConvertible { var description: String { "the disk is full" } }
    let lines = Lines()
    let listener = MetricsListener(job: "j", logger: Logger(label: "test") { _ in Handler(lines: lines) })
    listener.terminated(.failure(Broken()))
    listener.terminated(.success(.stopped))
    #expect(lines.all == ["error j failed: the disk is full", "info j stopped"])
  }
}
