import FlatMemory

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
  /// Called for each element of a key, in the order of positions.
  open func process(_ input: Input, _ call: ProcessorCall<Key, Output>) {
    fatalError("a stateful processor must override process(_:_:)")
  }
  /// Called for each timer that is due; the key at hand is its key. Does nothing by default.
  open func onTimer(_ timer: KeyedTimer, _ call: ProcessorCall<Key, Output>) {}
}

/// A processor of keys that have state when the job is first started: Spark's `StatefulProcessorWithInitialState`.
open class StatefulProcessorWithInitialState<Key: StreamKey, Input, Output, Initial>:
  StatefulProcessor<Key, Input, Output>
{
  /// Called for each such key before anything else of the key, when the job is first started; not on resume. There is
  /// no event time yet and nothing may be given out; timers may be set.
  open func handleInitialState(_ initial: Initial, _ call: ProcessorCall<Key, Output>) {
    fatalError("a processor with initial state must override handleInitialState(_:_:)")
  }
}

/// What a ``StatefulProcessor`` may ask and do during a call.
public final class ProcessorCall<Key: StreamKey, Output> {
  /// The key at hand.
  public fileprivate(set) var key: Key
  /// Event time of the element, or when the timer was due; `.min` without event time.
  public fileprivate(set) var eventTime = Int64.min
  /// The watermark of the stream at the element, or when the timer was due.
  public fileprivate(set) var watermark = Int64.min
  /// Milliseconds of the job's clock when the interval was opened, in `process`, or closed, in `onTimer`; only with
  /// ``TimeMode/processingTime``.
  public var processingTime: Int64 {
    timeMode.requireProcessingTime("processingTime")
    return now
  }
  /// The input is over and all timers in event time fire, those that timers set too: one that sets itself for ever is to
  /// stop here.
  public fileprivate(set) var isInputOver = false
  /// Timers that fire when the watermark reaches them.
  public let eventTimers: KeyTimers<Key>
  /// Timers that fire at the end of the first interval that is closed at or after them, after its elements; only with
  /// ``TimeMode/processingTime``.
  public var processingTimers: KeyTimers<Key> {
    timeMode.requireProcessingTime("a timer in processing time")
    return clockTimers
  }
  private let clockTimers: KeyTimers<Key>
  private let timeMode: TimeMode
  fileprivate var now = Int64(0)
  fileprivate var mayEmit = true
  fileprivate var position: Position?
  /// Number of the element in its block.
  fileprivate var ordinal: UInt32?
  fileprivate var output: PartitionBuffer<Output>

  fileprivate init(
    key: Key, _ eventTimers: KeyTimers<Key>, _ processingTimers: KeyTimers<Key>, _ timeMode: TimeMode
  ) {
    self.key = key
    self.eventTimers = eventTimers
    clockTimers = processingTimers
    self.timeMode = timeMode
    output = PartitionBuffer()
  }
  /// Gives out an element, at the position of what is being processed.
  public func emit(_ element: Output) {
    precondition(
      mayEmit, "a key's initial state comes from no element, so nothing can be given out for it; set a timer")
    if let position { return output.append(element, at: position) }
    output.append(element)
    if let ordinal { unsafe output.ordinals.append(ordinal) }
  }
}

extension DStream {
  /// Processes the elements of each key with named states and timers; see ``StatefulProcessor``.
  ///
  /// Guarantees and costs as ``processKeyed(name:startingWith:giving:timeMode:schema:initialState:_:onTimer:)``, with a
  /// look-up a state. State with a time to live by the clock makes the program work by interval as
  /// ``TimeMode/processingTime`` does.
  ///
  /// - Parameters:
  ///   - timeMode: whether the processor may ask for processing time.
  ///   - makeProcessor: makes the processor of one partition.
  public func transformWithState<Key: StreamKey, Value, Output>(
    name: String, timeMode: TimeMode = .eventTime,
    _ makeProcessor: @escaping @Sendable () -> StatefulProcessor<Key, Value, Output>
  ) -> DStream<Output> where Element == (Key, Value) {
    transformWithState(name: name, timeMode, loading: [(Key, Never)](), makeProcessor) { _, _, _ in }
  }

  /// The same, with keys that have state when the job is first started.
  ///
  /// - Parameters:
  ///   - initialState: what ``StatefulProcessorWithInitialState/handleInitialState(_:_:)`` gets, key by key.
  public func transformWithState<Key: StreamKey, Value, Output, Initial>(
    name: String, timeMode: TimeMode = .eventTime, initialState: [(Key, Initial)],
    _ makeProcessor: @escaping @Sendable () -> StatefulProcessorWithInitialState<Key, Value, Output, Initial>
  ) -> DStream<Output> where Element == (Key, Value) {
    transformWithState(name: name, timeMode, loading: initialState, makeProcessor) { $0.handleInitialState($1, $2) }
  }

  private func transformWithState<Key: StreamKey, Value, Output, Initial, Processor>(
    name: String, _ timeMode: TimeMode, loading: [(Key, Initial)],
    _ makeProcessor: @escaping @Sendable () -> Processor,
    _ load: @escaping (Processor, Initial, ProcessorCall<Key, Output>) -> Void
  ) -> DStream<Output>
  where Element == (Key, Value), Processor: StatefulProcessor<Key, Value, Output> {
    declare(timeMode)
    return groupedByKeyGroup(name: name).operate { [context] instance in
      let processor = makeProcessor()
      let driver = ProcessorDriver(processor, timeMode)
      // known now, when the processor has declared its states
      if driver.states.usesProcessingTime { context.worksByInterval = true }
      for (key, initial) in loading where instance.owns(key.stableHash) {
        driver.loading.append((key, { load(processor, initial, $0) }))
      }
      instance.register(driver, name: name)
      return PartitionOperator { batch, output in
        driver.finish(batch, instance.watermark(after: batch), output)
        instance.heldCount = driver.states.entryCount
      } process: { run, batch, output in
        driver.process(run, batch, output)
      }
    }
  }
}

/// Drives one partition's processor.
private final class ProcessorDriver<Key: StreamKey, Input, Output>: CheckpointedState {
  let states = KeyedStates<Key>()
  /// What is to be done for keys that have state from the start, when the time is known; nothing on resume.
  var loading: [(key: Key, load: (ProcessorCall<Key, Output>) -> Void)] = []
  private let processor: StatefulProcessor<Key, Input, Output>
  private let timeMode: TimeMode
  private let eventTimers: KeyTimers<Key>
  private let processingTimers: KeyTimers<Key>
  private var call: ProcessorCall<Key, Output>?
  private var watermark = Int64.min
  private var processingTime = Int64.min

  init(_ processor: StatefulProcessor<Key, Input, Output>, _ timeMode: TimeMode) {
    self.processor = processor
    self.timeMode = timeMode
    eventTimers = states.timers("event-timers")
    processingTimers = states.timers("processing-timers")
    processor.declare(states)
  }

  func process(_ run: PartitionRun<(Key, Input)>, _ batch: Batch, _ output: PartitionBuffer<Output>) {
    begin(batch, output)
    for i in 0..<run.count {
      let e = unsafe run.elements[i]
      let position = run.isTimed ? run.position(i) : nil
      if let position, position.watermark > watermark {
        fire(upTo: position.watermark, nil, batch, output)
        advance(position.watermark, batch)
      }
      let c = enter(e.0, position?.eventTime ?? .min, position, batch, output)
      c.ordinal = unsafe run.ordinals.map { unsafe $0[i] }
      processor.process(e.1, c)
      if let position { settle(at: position, batch, output) }
    }
  }
  func finish(_ batch: Batch, _ reached: Int64, _ output: PartitionBuffer<Output>) {
    if batch.closesInterval || batch.isEnd || !loading.isEmpty { begin(batch, output) }
    // at the end of the input, while the watermark still stands where the elements left it
    if batch.isEnd { fireProcessingTimers(batch, output) }
    // a stream without event time takes no notice of that of others
    if reached > watermark, watermark > .min || eventTimers.nextDue != nil || batch.isEnd {
      fire(upTo: reached, nil, batch, output)
      advance(reached, batch)
    }
    if batch.closesInterval { fireProcessingTimers(batch, output) }
  }
  /// The first of a batch that happens: what expired by its time goes, keys with initial state come.
  private func begin(_ batch: Batch, _ output: PartitionBuffer<Output>) {
    if batch.processingTime > processingTime || watermark == .min { advance(watermark, batch) }
    if loading.isEmpty { return }
    let list = loading
    loading = []
    for (key, load) in list {
      let c = enter(key, .min, nil, batch, output)
      c.mayEmit = false
      load(c)
    }
  }
  private func advance(_ watermark: Int64, _ batch: Batch) {
    self.watermark = max(self.watermark, watermark)
    processingTime = max(processingTime, batch.processingTime)
    states.advance(watermark: self.watermark, processingTime: processingTime)
  }
  private func fire(upTo watermark: Int64, _ position: Position?, _ batch: Batch, _ output: PartitionBuffer<Output>) {
    var reached = self.watermark == .min ? .min : self.watermark &+ 1
    while let t = eventTimers.popDue(at: watermark) {
      if position == nil {
        // state that expired by then is not seen; positions never fall
        reached = max(reached, t.due)
        advance(reached, batch)
      }
      let c = enter(t.key, t.due, position ?? Position(due: reached), batch, output)
      processor.onTimer(KeyedTimer(number: Int(t.number), due: t.due, domain: .eventTime), c)
    }
  }
  /// Fires what was set for a time that has passed.
  private func settle(at position: Position, _ batch: Batch, _ output: PartitionBuffer<Output>) {
    if eventTimers.nextDue ?? .max <= watermark { fire(upTo: watermark, position, batch, output) }
  }
  private func fireProcessingTimers(_ batch: Batch, _ output: PartitionBuffer<Output>) {
    // outputs stand where the partition stands; without event time nowhere
    let position =
      watermark == .min || watermark == .max
      ? nil : Position(watermark: watermark, sequence: Position.lastSequence, eventTime: watermark)
    while let t = processingTimers.popDue(at: batch.intervalTime) {
      let c = enter(t.key, .min, position, batch, output)
      processor.onTimer(KeyedTimer(number: Int(t.number), due: t.due, domain: .processingTime), c)
    }
    if let position { settle(at: position, batch, output) }
  }
  private func enter(
    _ key: Key, _ eventTime: Int64, _ position: Position?, _ batch: Batch, _ output: PartitionBuffer<Output>
  ) -> ProcessorCall<Key, Output> {
    let c = call ?? ProcessorCall(key: key, eventTimers, processingTimers, timeMode)
    call = c
    states.select(key, eventTime: eventTime)
    (c.key, c.eventTime, c.watermark, c.now) = (key, eventTime, watermark, batch.processingTime)
    (c.position, c.output, c.isInputOver, c.mayEmit) = (position, output, batch.isEnd, true)
    c.ordinal = nil
    return c
  }

  func snapshot(into snapshot: StateSnapshot) {
    snapshot.addCount("watermark", Int(watermark))
    // keys with initial state that the first batch has not come for yet
    snapshot.addCount("is-loaded", loading.isEmpty ? 1 : 0)
    states.snapshot(into: snapshot)
  }
  func restore(from state: RestoredState) throws {
    watermark = Int64(try state.count("watermark"))
    if try state.count("is-loaded") == 1 { loading = [] }
    try states.restore(from: state)
  }
}
