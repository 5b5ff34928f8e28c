/// What a program does with the elements of a key when one value of state is not enough: Spark's `StatefulProcessor`.
///
/// An object a partition. `declare` asks for the states and timers; `process` is called for each element in the order of
/// positions, `onTimer` for each timer that is due; both see the states of the key at hand.
///
/// ```swift
/// final class Visits: StatefulProcessor<String, Click, Visit> {
///   private var pages: ListState<String, String>!
///   override func declare(_ states: KeyedStates<String>) { pages = states.list("pages", ttl: StateTTL(milliseconds: 86_400_000)) }
///   override func process(_ click: Click, _ call: ProcessorCall<String, Visit>) {
///     pages.append(click.page)
///     call.eventTimers.set(due: click.time + 1_800_000)
///   }
///   override func onTimer(_ timer: KeyedTimer, _ call: ProcessorCall<String, Visit>) {
///     call.emit(Visit(user: call.key, pages: pages.elements))
///     pages.clear()
///   }
/// }
/// ```
open class StatefulProcessor<Key: StreamKey, Input, Output> {
  public init() {}
  /// Called once, before anything else: ask for states and keep the handles.
  open func declare(_ states: KeyedStates<Key>) {}
  open func process(_ input: Input, _ call: ProcessorCall<Key, Output>) {
    fatalError("a stateful processor must override process(_:_:)")
  }
  open func onTimer(_ timer: KeyedTimer, _ call: ProcessorCall<Key, Output>) {}
}

/// What a ``StatefulProcessor`` may ask and do during a call.
public final class ProcessorCall<Key: StreamKey, Output> {
  /// The key at hand.
  public fileprivate(set) var key: Key
  /// Event time of the element, or when the timer was due; `.min` without event time.
  public fileprivate(set) var eventTime = Int64.min
  public fileprivate(set) var watermark = Int64.min
  /// Milliseconds of the job's clock.
  public fileprivate(set) var processingTime = Int64(0)
  /// Timers that fire when the watermark reaches them.
  public let eventTimers: KeyTimers<Key>
  /// Timers that fire at the end of the first interval that is closed at or after them, after its elements.
  public let processingTimers: KeyTimers<Key>
  fileprivate var position: Position?
  fileprivate var output: PartitionBuffer<Output>

  fileprivate init(key: Key, _ eventTimers: KeyTimers<Key>, _ processingTimers: KeyTimers<Key>) {
    self.key = key
    self.eventTimers = eventTimers
    self.processingTimers = processingTimers
    output = PartitionBuffer()
  }
  /// Gives out an element, at the position of what is being processed.
  public func emit(_ element: Output) {
    if let position { output.append(element, at: position) } else { output.append(element) }
  }
}

extension DStream {
  /// Processes the elements of each key with named states and timers; see ``StatefulProcessor``.
  ///
  /// Guarantees and costs as ``processKeyed(name:schema:loading:initialState:onTimer:_:)``, with a look-up a state.
  ///
  /// - Parameters:
  ///   - makeProcessor: makes the processor of one partition.
  public func transformWithState<Key: StreamKey, Value, Output>(
    name: String, _ makeProcessor: @escaping @Sendable () -> StatefulProcessor<Key, Value, Output>
  ) -> DStream<Output> where Element == (Key, Value) {
    needIdleIntervals()
    return groupedByKeyGroup(name: name).operate { instance in
      let driver = ProcessorDriver(makeProcessor())
      instance.register(driver.states, name: name)
      return PartitionOperator { batch, output in
        driver.finish(batch, instance.watermark(after: batch), output)
      } process: { run, batch, output in
        driver.process(run, batch, output)
      }
    }
  }
}

/// Drives one partition's processor.
private final class ProcessorDriver<Key: StreamKey, Input, Output> {
  let states = KeyedStates<Key>()
  private let processor: StatefulProcessor<Key, Input, Output>
  private let eventTimers: KeyTimers<Key>
  private let processingTimers: KeyTimers<Key>
  private var call: ProcessorCall<Key, Output>?
  private var watermark = Int64.min

  init(_ processor: StatefulProcessor<Key, Input, Output>) {
    self.processor = processor
    eventTimers = states.timers("event-timers")
    processingTimers = states.timers("processing-timers")
    processor.declare(states)
  }

  func process(_ run: PartitionRun<(Key, Input)>, _ batch: Batch, _ output: PartitionBuffer<Output>) {
    if watermark == .min { advance(watermark, batch) }
    for i in 0..<run.count {
      let e = unsafe run.elements[i]
      let position = run.isTimed ? run.position(i) : nil
      if let position, position.watermark > watermark {
        fire(upTo: position.watermark, nil, batch, output)
        advance(position.watermark, batch)
      }
      let c = enter(e.0, position?.eventTime ?? .min, position, batch, output)
      processor.process(e.1, c)
      if let position, eventTimers.nextDue ?? .max <= watermark { fire(upTo: watermark, position, batch, output) }
    }
  }
  func finish(_ batch: Batch, _ reached: Int64, _ output: PartitionBuffer<Output>) {
    if reached > watermark {
      fire(upTo: reached, nil, batch, output)
      advance(reached, batch)
    }
    guard batch.closesInterval || batch.isEnd else { return }
    advance(watermark, batch)
    let position =
      watermark == .min
      ? nil : Position(watermark: watermark, sequence: Position.lastSequence, eventTime: watermark)
    while let t = processingTimers.popDue(at: batch.intervalTime) {
      let c = enter(t.key, .min, position, batch, output)
      processor.onTimer(KeyedTimer(number: Int(t.number), due: t.due, domain: .processingTime), c)
    }
  }
  private func advance(_ watermark: Int64, _ batch: Batch) {
    self.watermark = max(self.watermark, watermark)
    states.advance(watermark: self.watermark, processingTime: batch.processingTime)
  }
  private func fire(upTo watermark: Int64, _ position: Position?, _ batch: Batch, _ output: PartitionBuffer<Output>) {
    while let t = eventTimers.popDue(at: watermark) {
      // state that expired by then is not seen
      if position == nil, t.due > self.watermark { advance(t.due, batch) }
      let place = position ?? Position(due: max(t.due, self.watermark))
      let c = enter(t.key, t.due, place, batch, output)
      processor.onTimer(KeyedTimer(number: Int(t.number), due: t.due, domain: .eventTime), c)
    }
  }
  private func enter(
    _ key: Key, _ eventTime: Int64, _ position: Position?, _ batch: Batch, _ output: PartitionBuffer<Output>
  ) -> ProcessorCall<Key, Output> {
    let c = call ?? ProcessorCall(key: key, eventTimers, processingTimers)
    call = c
    states.select(key, eventTime: eventTime)
    (c.key, c.eventTime, c.watermark, c.processingTime) = (key, eventTime, watermark, batch.processingTime)
    (c.position, c.output) = (position, output)
    return c
  }
}
