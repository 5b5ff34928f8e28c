/// A source fed by the program: a thread-safe queue of batches, as Spark's `queueStream`.
///
/// Guarantees: elements leave in the order they were added; with `oneAtATime` no read reaches over a batch and the status
/// is ``SourceStatus/untilNextInterval`` when one has been given whole, so that each interval gets one. With `isReplayable` the object
/// remembers what it gave out until a checkpoint has passed it, so a job that is run again with the same object, in the
/// same process, is exactly-once; otherwise it remembers nothing and cannot be resumed. An empty batch makes an empty
/// interval: it takes one offset of its own, so that it comes back after a restart too.
/// Cost: a lock a read and a bulk copy, about 1 ns an element for small trivial ones.
public final class QueueSource<Element>: ElementSource, @unchecked Sendable {
  private struct Entry {
    /// Elements of the stream before it.
    var start: UInt64
    var elements: [Element]
    var end: UInt64
  }
  private struct State {
    /// Forgotten (emptied), then given out, then to come; by position.
    var entries: [Entry] = []
    var forgotten = 0
    /// The entry to read and how much of it was read.
    var current = 0
    var consumed = 0
    /// Where the next batch that is added begins.
    var end: UInt64 = 0
    var offset: UInt64 = 0
    var isClosed = false
    /// Where a run ends that takes only what is there.
    var availableEnd = UInt64.max
  }
  public let name: String
  private let oneAtATime: Bool
  private let isReplayable: Bool
  private let defaultBatch: [Element]
  private let state = Guarded(State())

  /// - Parameters:
  ///   - oneAtATime: one queued batch an interval; otherwise all there are.
  ///   - defaultBatch: given in an interval in which the queue is empty and not closed; not in a run that takes only what
  ///     is there.
  ///   - isReplayable: remember what was given out until a checkpoint has passed it.
  public init(
    _ batches: [[Element]] = [], name: String = "queue", oneAtATime: Bool = true, defaultBatch: [Element] = [],
    isReplayable: Bool = false
  ) {
    self.name = name
    self.oneAtATime = oneAtATime
    self.defaultBatch = defaultBatch
    self.isReplayable = isReplayable
    for b in batches { add(b) }
  }

  /// Adds a batch at the end of the queue; also while the job runs.
  ///
  /// Precondition: the queue is not closed.
  public func add(_ batch: [Element]) {
    state.withLock {
      precondition(!$0.isClosed, "the queue '\(name)' was closed; nothing can be added to it")
      push(batch, &$0)
    }
  }
  /// Nothing will be added any more: the stream ends with what is queued.
  public func close() { state.withLock { $0.isClosed = true } }

  /// Batches that wait.
  public var batchCount: Int { state.withLock { $0.entries.count - $0.current } }

  private func push(_ batch: [Element], _ s: inout State) {
    let end = s.end + UInt64(max(batch.count, 1))
    s.entries.append(Entry(start: s.end, elements: batch, end: end))
    s.end = end
  }

  public var identity: String? { isReplayable ? "queue" : nil }

  public func read(into output: PartitionBuffer<Element>, countMax: Int) throws -> SourceStatus {
    return state.withLock { s in
      if s.current == s.entries.count, s.isClosed { return .ended }
      if s.offset >= s.availableEnd { return .idle }
      if s.current == s.entries.count {
        if defaultBatch.isEmpty { return .idle }
        push(defaultBatch, &s)
        return give(&s, output, countMax) ? .untilNextInterval : .more
      }
      var left = countMax
      while left > 0, s.current < s.entries.count, s.offset < s.availableEnd {
        let before = s.offset
        let isWhole = give(&s, output, left)
        left -= Int(s.offset - before)
        if isWhole, oneAtATime { return .untilNextInterval }
      }
      return s.current < s.entries.count || s.isClosed ? .more : .idle
    }
  }

  /// Copies from the current batch; true when that was the rest of it.
  private func give(_ s: inout State, _ output: PartitionBuffer<Element>, _ countMax: Int) -> Bool {
    let from = s.consumed
    let n = unsafe s.entries[s.current].elements.withUnsafeBufferPointer { elements in
      let n = min(countMax, elements.count - from)
      if n > 0, let base = elements.baseAddress {
        unsafe output.reserve(n).initialize(from: base + from, count: n)
        output.commit(n)
      }
      return n
    }
    let step = s.entries[s.current].elements.isEmpty ? 1 : n
    s.consumed += step
    s.offset += UInt64(step)
    guard s.offset == s.entries[s.current].end else { return false }
    s.consumed = 0
    s.current += 1
    if !isReplayable { forget(&s, upTo: s.current) }
    return true
  }
  /// Lets go of the first entries; their places are closed up when they are half of all, so that one costs O(1).
  private func forget(_ s: inout State, upTo count: Int) {
    for i in s.forgotten..<count { s.entries[i].elements = [] }
    s.forgotten = count
    if s.forgotten >= 32, s.forgotten * 2 >= s.entries.count {
      s.entries.removeFirst(s.forgotten)
      s.current -= s.forgotten
      s.forgotten = 0
    }
  }

  public var position: SourcePosition { SourcePosition(offset: state.withLock { $0.offset }) }

  /// A run that takes only what is there gets the batches that were added so far, and no default ones.
  public func prepare(for trigger: Trigger) { state.withLock { $0.availableEnd = trigger.isBounded ? $0.end : .max } }

  /// Goes back to what was given out and not yet passed by a checkpoint, or forth in what is queued.
  public func seek(to position: SourcePosition) throws {
    try state.withLock { s in
      let first = s.forgotten < s.entries.count ? s.entries[s.forgotten].start : s.end
      guard position.offset >= first, position.offset <= s.end else {
        throw SourceError(
          source: name, problem: "holds elements \(first)..<\(s.end) and cannot go to \(position.offset)",
          advice: "resume with the same queue in the same process (isReplayable), or start over with --fresh")
      }
      s.current = s.entries[s.forgotten...].firstIndex { $0.end > position.offset } ?? s.entries.count
      s.consumed = s.current < s.entries.count ? Int(position.offset - s.entries[s.current].start) : 0
      s.offset = position.offset
    }
  }

  public func wasCommitted(_ position: SourcePosition) {
    guard isReplayable else { return }
    state.withLock { s in
      let passed = s.entries[s.forgotten..<s.current].prefix { $0.end <= position.offset }.count
      forget(&s, upTo: s.forgotten + passed)
    }
  }
}
