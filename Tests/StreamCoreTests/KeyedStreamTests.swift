import StreamCore
import Testing
import TestSupport

/// Results depend on neither threads, blocks nor which source was read first.
@Suite(.timeLimit(.minutes(10))) struct KeyedStreamTests {
  /// Runs the counting job; gives what the sink got, in the sink's order.
  static func count(
    _ sources: [any ByteSource], threads: Int, blockByteCount: Int, keyGroups: Int = 8
  ) throws -> (counts: [TickCount], progress: StreamProgress) {
    var options = StreamingOptions()
    (options.threads, options.blockByteCount, options.keyGroups) = (threads, blockByteCount, keyGroups)
    let context = StreamingContext(options: options)
    let sink = Collector<TickCount>()
    let ticks: DStream<Tick> = context.byteStream(sources).transformPartitions { _, next in TickParser(next: next) }
    let counts: DStream<TickCount> = ticks.keyed(name: "count").transformPartitions { _, next in
      TickCounter(next: next)
    }
    counts.sink("counts") { _ in sink }
    #expect(try context.run() == .finished)
    #expect(sink.endCount == 1)
    return (sink.elements, context.progress)
  }

  @Test func countsOfOneSource() throws {
    try forRandomCases("one source", count: 120) { random in
      let input = TickInput.make(sources: 1, linesMax: random.pick([0, 3, 60, 300]), &random)
      let source = MemorySource(input.texts[0], pieceMax: random.pick([1, 50, Int.max]))
      let (found, progress) = try KeyedStreamTests.count(
        [source], threads: random.pick([1, 2, 4]), blockByteCount: random.pick([64, 300, 4096, 1 << 20]),
        keyGroups: random.pick([1, 2, 16]))
      if progress.records != input.ticks.count { return "\(progress.records) records of \(input.ticks.count)" }
      if progress.sourceBytes != UInt64(input.texts[0].utf8.count) { return "\(progress.sourceBytes) bytes" }
      if progress.highestEventTime != input.ticks.map(\.maximum).max() ?? .min { return "wrong highest event time" }
      return difference(found, expected: input.expected)
    }
  }

  @Test func countsOfSeveralSources() throws {
    try forRandomCases("several sources", count: 200) { random in
      let input = TickInput.make(sources: 2 + random.below(4), linesMax: random.pick([3, 60, 150]), &random)
      let sources = input.texts.enumerated().map { i, text in
        MemorySource(text, name: "source-\(i)", pieceMax: random.pick([7, 50, Int.max]))
      }
      let (found, _) = try KeyedStreamTests.count(
        sources, threads: random.pick([1, 2, 4]), blockByteCount: random.pick([64, 300, 4096, 1 << 20]))
      return difference(found, expected: input.expected)
    }
  }

  /// A sink's elements come batch by batch; with one partition they are in the merged order outright.
  @Test func onePartitionGetsTheMergedOrder() throws {
    try forRandomCases("merged order", count: 100) { random in
      let input = TickInput.make(sources: 1 + random.below(4), linesMax: 80, &random)
      let sources = input.texts.enumerated().map { MemorySource($1, name: "source-\($0)") }
      let (found, _) = try KeyedStreamTests.count(
        sources, threads: random.pick([1, 3]), blockByteCount: random.pick([64, 1000]), keyGroups: 1)
      return found == input.expected ? nil : "not the merged order"
    }
  }

  @Test func inputsThatAreEmptyOrNone() throws {
    #expect(try KeyedStreamTests.count([], threads: 2, blockByteCount: 64).counts == [])
    #expect(try KeyedStreamTests.count([MemorySource("")], threads: 2, blockByteCount: 64).counts == [])
    let sources = ["", "\n\n", "5 1 1", ""].enumerated().map { MemorySource($1, name: "source-\($0)") }
    #expect(try KeyedStreamTests.count(sources, threads: 2, blockByteCount: 64).counts.count == 1)
  }

  /// Every exchange has the source's running maximum beside its events, whatever the others were given.
  @Test func twoKeyedStreamsOfOneSource() throws {
    var random = SeededRandom(seed: 5)
    let input = TickInput.make(sources: 1, linesMax: 300, &random)
    var options = StreamingOptions()
    (options.threads, options.blockByteCount) = (2, 1 << 20)
    let context = StreamingContext(options: options)
    let ticks: DStream<Tick> = context.byteStream([MemorySource(input.texts[0])]).transformPartitions { _, next in
      TickParser(next: next)
    }
    let sinks = [Collector<TickCount>(), Collector<TickCount>()]
    for (i, sink) in sinks.enumerated() {
      let counts: DStream<TickCount> = ticks.keyed(name: "count-\(i)").transformPartitions { _, next in
        TickCounter(next: next)
      }
      counts.sink("sink-\(i)") { _ in sink }
    }
    #expect(try context.run() == .finished)
    for sink in sinks { #expect(difference(sink.elements, expected: input.expected) == nil) }
    #expect(context.progress.records == input.ticks.count)
  }

  @Test func mapAndFilter() throws {
    var random = SeededRandom(seed: 6)
    let input = TickInput.make(sources: 1, linesMax: 300, &random)
    var options = StreamingOptions()
    options.blockByteCount = 128
    let context = StreamingContext(options: options)
    let sink = Collector<Int>()
    let ticks: DStream<Tick> = context.byteStream([MemorySource(input.texts[0])]).transformPartitions { _, next in
      TickParser(next: next)
    }
    ticks.filter { $0.value % 2 == 0 }.map { Int($0.value) * 10 }.sink("tens") { _ in sink }
    try context.run()
    #expect(sink.elements == input.ticks.map { Int($0.tick.value) }.filter { $0 % 2 == 0 }.map { $0 * 10 })
  }

  /// A program may do all its work before any exchange.
  @Test func aProgramWithoutOrderedStages() throws {
    var options = StreamingOptions()
    (options.threads, options.blockByteCount) = (2, 16)
    let context = StreamingContext(options: options)
    let text = String(repeating: "1 1 1\n", count: 100)
    let ticks: DStream<Tick> = context.byteStream([MemorySource(text)]).transformPartitions { _, next in
      TickParser(next: next)
    }
    _ = ticks.map { $0.value }
    #expect(try context.run() == .finished)
    #expect(context.progress.sourceBytes == 600)
  }
}
