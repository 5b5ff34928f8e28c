import StreamCore
import Testing

/// Errors, stops and pacing.
@Suite(.timeLimit(.minutes(10))) struct RunControlTests {
  struct SinkFailure: Error, Equatable {}

  private func job(
    _ sources: [any ByteSource], threads: Int = 2, speed: Double = 0, clock: any ProcessingClock = SystemClock(),
    sink: Collector<Tick>, blockByteCount: Int = 64
  ) -> StreamingContext {
    var options = StreamingOptions()
    (options.threads, options.blockByteCount, options.speed) = (threads, blockByteCount, speed)
    let context = StreamingContext(options: options, clock: clock)
    let ticks: DStream<Tick> = context.byteStream(sources).transformPartitions { _, next in TickParser(next: next) }
    ticks.keyed(name: "by-key").sink("ticks") { _ in sink }
    return context
  }
  private let text = (0..<500).map { "\($0) \($0 % 7) 1\n" }.joined()

  @Test(arguments: [1, 2, 4], [0, 1, 20])
  func aSourceThatThrowsStopsTheRun(threads: Int, reads: Int) {
    let sink = Collector<Tick>()
    let sources = [MemorySource(text, name: "a"), MemorySource(text, name: "b", fuse: .init(reads))]
    let context = job(sources, threads: threads, sink: sink)
    #expect(throws: MemorySource.PowerFailure()) { try context.run() }
    #expect(sink.endCount == 0)
  }

  @Test(arguments: [1, 2, 4])
  func aSinkThatFailsStopsTheRun(threads: Int) {
    var context: StreamingContext!
    let sink = Collector<Tick> { batch in if batch.number == 3 { context.fail(SinkFailure()) } }
    context = job([MemorySource(text)], threads: threads, sink: sink)
    #expect(throws: SinkFailure()) { try context.run() }
    #expect(sink.endCount == 0)
  }

  @Test func aFailureBeforeTheFirstBatchCounts() {
    let sink = Collector<Tick>()
    let context = job([MemorySource(text)], sink: sink)
    context.onStart = { [unowned context] _ in context.fail(SinkFailure()) }
    #expect(throws: SinkFailure()) { try context.run() }
    #expect(sink.elements.isEmpty)
  }

  @Test(arguments: [1, 2, 4])
  func aStopEndsTheRunBetweenBatches(threads: Int) throws {
    var context: StreamingContext!
    let sink = Collector<Tick> { batch in if batch.number == 3 { context.requestStop() } }
    context = job([MemorySource(text)], threads: threads, sink: sink)
    #expect(try context.run() == .stopped)
    #expect(sink.endCount == 0)
    // all of every batch that was read
    #expect(sink.elements.count == context.progress.records)
    #expect(context.progress.records < 500)
  }

  @Test func aStopBeforeTheRunCounts() throws {
    let sink = Collector<Tick>()
    let context = job([MemorySource(text)], sink: sink)
    context.requestStop()
    #expect(try context.run() == .stopped)
    #expect(sink.elements.isEmpty)
  }

  /// Event time advances at the chosen multiple of the clock's time, and nothing really sleeps.
  @Test(arguments: [0.5, 1, 4, 1000])
  func pacing(speed: Double) throws {
    let clock = ManualClock(milliseconds: 7_000)
    let sink = Collector<Tick>()
    let times = [0, 1_000, 1_000, 90_000, 100_000]
    let lines = times.map { "\($0) 1 1\n" }.joined()
    let context = job([MemorySource(lines)], threads: 1, speed: speed, clock: clock, sink: sink, blockByteCount: 1)
    #expect(try context.run() == .finished)
    #expect(sink.elements.map(\.eventTime) == times.map(Int64.init))
    // a block is read when the last event before it is due
    #expect(clock.nowMilliseconds - 7_000 == Int64(90_000 / speed))
  }

  /// A stop need not wait for an event that is due in a year.
  @Test func aStopWhilePacing() throws {
    let year: Int64 = 365 * 86_400_000
    let clock = ManualClock()
    var context: StreamingContext!
    let sink = Collector<Tick> { batch in if batch.number == 1 { context.requestStop() } }
    context = job(
      [MemorySource("0 1 1\n" + String(repeating: "\(year) 1 1\n", count: 20))], threads: 2, speed: 1, clock: clock,
      sink: sink, blockByteCount: 1)
    #expect(try context.run() == .stopped)
    #expect(clock.nowMilliseconds < year)
    #expect(sink.elements.count >= 2 && sink.elements.count < 10)
  }
}
