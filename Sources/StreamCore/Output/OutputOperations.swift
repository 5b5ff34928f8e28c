/// Where streams end: what makes a program do something.
extension DStream {
  /// Hands each interval's elements to `body`, with the interval's number and time, when the interval has been closed.
  ///
  /// Guarantees: intervals come in order, each once, unless the program crashes: then those behind the newest checkpoint
  /// come again with the same number and the same elements (the interval log sees to that), so a store that keeps
  /// ``BatchInfo/batchID`` in the transaction of its rows holds each exactly once. By itself: at least once.
  /// What `body` throws ends the run.
  /// Cost: the interval's elements are gathered in memory.
  public func forEachBatch(
    name: String = "forEachBatch", _ body: @escaping @Sendable ([Element], BatchInfo) throws -> Void
  ) {
    markWorksByInterval()
    sink(name) { [context] _ in BatchSink(context: context, body) }
  }

  /// Hands each element to `body` as it comes. At least once.
  public func forEach(name: String = "forEach", _ body: @escaping @Sendable (Element) throws -> Void) {
    sink(name) { [context] _ in
      BatchSink(context: context, gathersIntervals: false) { elements, _ in for e in elements { try body(e) } }
    }
  }

  /// Prints the first elements of each interval with its time.
  public func print(_ countMax: Int = 10, write: (@Sendable (String) -> Void)? = nil) {
    markWorksByInterval()
    sink("print") { [context] _ in ConsoleSink(countMax: countMax, clock: context.clock, write: write) }
  }

  /// Writes the elements as rows of files in a folder, exactly once; see ``FileSink``.
  ///
  /// A folder is that of one sink: unite streams that are to go to the same one.
  ///
  /// - Parameter name: of the sink's state; made of the folder by default.
  public func saveToFiles(
    _ folder: String, format: RowFormat<Element>, options: FileSinkOptions = FileSinkOptions(), name: String? = nil
  ) {
    let name = name ?? "files-" + folder.split(separator: "/").joined(separator: "-")
    context.claim(outputFolder: folder)
    sink(name) { [context] instance in
      var options = options
      options.isCheckpointed = context.isCheckpointed
      let sink = FileSink(folder: folder, format: format, options: options, clock: context.clock) { context.fail($0) }
      instance.register(sink, name: name)
      return sink
    }
  }
  /// Writes each element as a line of text.
  public func saveAsTextFiles(
    _ folder: String, options: FileSinkOptions = FileSinkOptions(), name: String? = nil
  ) {
    saveToFiles(folder, format: .text { "\($0)" }, options: options, name: name)
  }

  /// Collects the elements in a table that may be looked at while the program runs; exactly once as long as it lives.
  ///
  /// A table takes one stream: unite streams that are to go to the same one.
  ///
  /// - Parameter name: of the sink's state; by default `memory`, then `memory-2` and so on in the order of declaration.
  public func saveToMemory(_ table: MemoryTable<Element>, name: String? = nil) {
    let name = name ?? context.defaultName("memory")
    sink(name) { [context] instance in
      let sink = MemorySink(table, isCheckpointed: context.isCheckpointed)
      instance.register(sink, name: name)
      return sink
    }
  }

  /// The elements of the latest intervals, to be looked at by their times while the program runs.
  public func remember(intervals: Int, name: String = "remember") -> RememberedIntervals<Element> {
    let remembered = RememberedIntervals<Element>(countMax: intervals)
    forEachBatch(name: name) { elements, info in remembered.add(elements, info) }
    return remembered
  }
}

extension DStream where Element: Encodable {
  /// Writes each element as a line of JSON.
  public func saveAsJSONLines(
    _ folder: String, options: FileSinkOptions = FileSinkOptions(), name: String? = nil
  ) {
    saveToFiles(folder, format: .jsonLines, options: options, name: name)
  }
}

/// Which interval a sink is handed.
public struct BatchInfo: Sendable, Equatable {
  /// Number of the interval, from 0, over restarts.
  public let batchID: Int
  /// When it was closed, in milliseconds of the job's clock.
  public let timeMilliseconds: Int64
  /// The watermark by then; `.min` without event time.
  public let watermark: Int64
}

/// Gathers an interval's elements, or a batch's, and hands them on.
final class BatchSink<Element>: Consumer<Element>, @unchecked Sendable {
  private let context: StreamingContext
  private let gathersIntervals: Bool
  private let body: ([Element], BatchInfo) throws -> Void
  private var elements: [Element] = []
  private var hasFailed = false

  init(
    context: StreamingContext, gathersIntervals: Bool = true,
    _ body: @escaping @Sendable ([Element], BatchInfo) throws -> Void
  ) {
    self.context = context
    self.gathersIntervals = gathersIntervals
    self.body = body
  }
  override func consume(_ run: PartitionRun<Element>, _ batch: Batch) {
    unsafe elements.append(contentsOf: run.elements)
  }
  override func endBatch(_ batch: Batch) {
    // what the end of the input closed belongs to no interval: it comes as one more
    guard gathersIntervals ? batch.closesInterval || batch.isLast && !elements.isEmpty : !elements.isEmpty else {
      return
    }
    if hasFailed { return }
    do {
      try body(
        elements,
        BatchInfo(batchID: batch.interval, timeMilliseconds: batch.intervalTime, watermark: batch.alignedMaximum))
    } catch {
      hasFailed = true
      context.fail(error)
    }
    elements.removeAll(keepingCapacity: true)
  }
}

/// The elements of the latest intervals of a stream.
public final class RememberedIntervals<Element>: @unchecked Sendable {
  private let countMax: Int
  private let held = Guarded<[(info: BatchInfo, elements: [Element])]>([])

  init(countMax: Int) { self.countMax = countMax }
  func add(_ elements: [Element], _ info: BatchInfo) {
    held.withLock {
      $0.append((info, elements))
      if $0.count > countMax { $0.removeFirst($0.count - countMax) }
    }
  }
  /// What the intervals that were closed at the times brought, oldest first; of those that are still remembered.
  public func slice(_ times: ClosedRange<Int64>) -> [[Element]] {
    held.withLock { $0.filter { times.contains($0.info.timeMilliseconds) }.map(\.elements) }
  }
  /// Everything that is remembered, oldest first.
  public var all: [[Element]] { held.withLock { $0.map(\.elements) } }
}
