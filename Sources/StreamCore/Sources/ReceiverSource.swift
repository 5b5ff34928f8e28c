/// The source behind a ``Receiver``.
///
/// Guarantees, by what is given:
/// - a write-ahead log: exactly once from the moment `store` has returned; the log's segments are deleted when a
///   checkpoint has passed them;
/// - a receiver that is resumable: exactly once, if the other side goes on where it is told to;
/// - neither: elements that were stored and not yet counted by a checkpoint are lost in a crash, and the job cannot be
///   resumed (`identity` is nil).
///
/// At most ``ReceiverOptions/waitingMax`` elements wait; then `store` waits, or elements are dropped and counted. The
/// receiver is started by the first read.
/// Errors: a receiver that stopped with an error fails the run once what it stored has been read; so does a log that cannot
/// be written.
/// Cost: a lock and a bulk move a read; behind a log, reading and decoding its records.
public final class ReceiverSource<Element>: ElementSource, @unchecked Sendable {
  public let name: String
  private let receiver: Receiver<Element>
  private let supervisor: ReceiverSupervisor<Element>
  private let log: WriteAheadLog?
  private let coding: ElementCoding<Element>?
  // of the reading side; the engine reads from one thread at a time
  private var reader: LogReader?
  private let place: Guarded<UInt64>
  private let trimFailure = Guarded<(any Error)?>(nil)

  /// - Parameter onEvent: told of starts, restarts, stops and reported errors, on the receiver's threads.
  public convenience init(
    _ receiver: Receiver<Element>, name: String, options: ReceiverOptions = ReceiverOptions(),
    clock: any ProcessingClock = SystemClock(), onEvent: @escaping @Sendable (ReceiverEvent) -> Void = { _ in }
  ) {
    self.init(receiver, name: name, options: options, log: nil, coding: nil, clock: clock, onEvent: onEvent)
  }
  /// Behind a write-ahead log.
  public convenience init(
    _ receiver: Receiver<Element>, name: String, options: ReceiverOptions = ReceiverOptions(), log: WriteAheadLog,
    coding: ElementCoding<Element>, clock: any ProcessingClock = SystemClock(),
    onEvent: @escaping @Sendable (ReceiverEvent) -> Void = { _ in }
  ) {
    self.init(receiver, name: name, options: options, log: .some(log), coding: coding, clock: clock, onEvent: onEvent)
  }
  private init(
    _ receiver: Receiver<Element>, name: String, options: ReceiverOptions, log: WriteAheadLog?,
    coding: ElementCoding<Element>?, clock: any ProcessingClock, onEvent: @escaping @Sendable (ReceiverEvent) -> Void
  ) {
    precondition(options.waitingMax > 0, "waitingMax is \(options.waitingMax); it must be positive")
    self.name = name
    self.receiver = receiver
    self.log = log
    self.coding = coding
    supervisor = ReceiverSupervisor(
      receiver, options: options, log: log, coding: coding, clock: clock, onEvent: onEvent)
    // records of a run that died before its first checkpoint were acknowledged: they come first
    place = Guarded(log?.records.lowerBound ?? 0)
  }
  deinit { supervisor.stop("the source is gone", nil) }

  public var identity: String? { log != nil ? "write-ahead log" : receiver.isResumable ? "resumable receiver" : nil }
  public var position: SourcePosition { SourcePosition(offset: place.withLock { $0 }) }

  public func seek(to position: SourcePosition) throws {
    if let log { reader = try log.reader(from: position.offset) }
    place.withLock { $0 = position.offset }
  }

  public func read(into output: PartitionBuffer<Element>, countMax: Int) throws -> SourceStatus {
    let offset = place.withLock { $0 }
    supervisor.begin(at: offset)
    if let e = trimFailure.withLock({ $0 }) { throw e }
    // asked before reading: what is stored before the end is seen is read
    let (isEnded, failure) = supervisor.state.withLock { ($0.isEnded, $0.failure) }
    let (count, isEmpty) =
      if let log, let coding { try readLog(log, coding, offset, output, countMax) } else { take(output, countMax) }
    place.withLock { $0 += UInt64(count) }
    if !isEmpty { return .more }
    guard isEnded else { return .idle }
    guard let failure else { return .ended }
    if count > 0 { return .more }
    throw failure
  }

  private func take(_ output: PartitionBuffer<Element>, _ countMax: Int) -> (count: Int, isEmpty: Bool) {
    supervisor.state.update { s in
      let n = min(countMax, s.queue.count - s.readCount)
      if n > 0 {
        unsafe s.queue.withUnsafeBufferPointer { queue in
          unsafe output.reserve(n).initialize(from: queue.baseAddress! + s.readCount, count: n)
        }
        output.commit(n)
        s.readCount += n
        s.read += UInt64(n)
      }
      let isEmpty = s.readCount == s.queue.count
      // the elements that were read go when they are half of the queue, so that one costs O(1)
      if isEmpty {
        s.queue.removeAll(keepingCapacity: true)
        s.readCount = 0
      } else if s.readCount * 2 >= s.queue.count {
        s.queue.removeFirst(s.readCount)
        s.readCount = 0
      }
      return (n, isEmpty)
    }
  }

  private func readLog(
    _ log: WriteAheadLog, _ coding: ElementCoding<Element>, _ offset: UInt64, _ output: PartitionBuffer<Element>,
    _ countMax: Int
  ) throws -> (count: Int, isEmpty: Bool) {
    let reader = try self.reader ?? log.reader(from: offset)
    self.reader = reader
    let count = try unsafe reader.read(countMax: countMax) { index, bytes in
      do { output.append(try unsafe coding.decode(bytes)) } catch {
        throw SourceError(
          source: name, problem: "cannot decode record \(index) of the log in '\(log.directory)': \(error)",
          advice: "run the build that wrote it, or start over with an empty log")
      }
    }
    let isEmpty = reader.index == log.records.upperBound
    supervisor.state.update { $0.read = reader.index }
    return (count, isEmpty)
  }

  public func wasCommitted(_ position: SourcePosition) {
    do { try log?.trim(before: position.offset) } catch {
      trimFailure.withLock { $0 = $0 ?? error }
    }
    receiver.wasCommitted(position.offset)
  }

  /// Stops the receiver and waits for its thread. What was stored can still be read. Called when the run is over.
  public func stop() { supervisor.end() }

  /// Counts so far.
  public var statistics: ReceiverStatistics {
    supervisor.state.withLock {
      ReceiverStatistics(stored: $0.stored, dropped: $0.dropped, restarts: $0.restarts, waiting: $0.waiting)
    }
  }
}
