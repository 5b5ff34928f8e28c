import FlatMemory
import Synchronization

/// Runs the tasks of a job on worker threads: reads blocks in order, runs the source stage for several batches side by
/// side and every ordered stage in batch order.
///
/// Workers take the most downstream ready task first (``BatchesInFlight``), so batches leave as soon as they can and few
/// are in flight (bounded by `batchesInFlightMax`). One lock operation a task; no barriers.
///
/// What may be read is asked in three steps: here, whether another batch may be in flight; of ``IntervalControl``, whether
/// the open interval takes more; of ``SourceAlignment``, which source is next.
///
/// Sealing: in batch order, after the source stage, a batch learns the running maximum of its source and how far the
/// merged order of all sources may be consumed (``Frontier``).
final class Scheduler: @unchecked Sendable {
  private let context: StreamingContext
  private let stages: [Stage]
  private let coordinator: CheckpointCoordinator?
  private let monitor = Monitor()
  private let threads: Int
  private let batchesInFlightMax: Int

  // all below: under the monitor
  private let readers: [any SourceReader]
  private let feeds: [Int]
  private let inFlight: BatchesInFlight
  private var isReading = false
  private var isStopping = false
  private var lastCheckpointQueued = false
  private var closingStep = 0
  private var closingStepCount = 1
  private var tailQueued = false
  private var failure: (any Error)?
  private var lastCheckpoint: Int64
  private var alignment: SourceAlignment
  private var pace: Pace
  private var seen = StreamProgress()
  private var intervals: IntervalControl
  private var meter = IntervalMeter()
  private var estimator: PIDRateEstimator?
  /// Whether anyone wants to know what intervals cost.
  private let isMetered: Bool
  private var done: [IntervalProgress] = []
  private var isTelling = false

  init(
    context: StreamingContext, threads: Int, coordinator: CheckpointCoordinator?, recovered: CheckpointMetadata?
  ) throws {
    self.context = context
    self.threads = threads
    self.coordinator = coordinator
    stages = context.stages
    batchesInFlightMax = threads * 2 + 1
    let positions = recovered?.sources
    readers = context.sources.map(\.reader)
    feeds = context.sources.map(\.feed)
    for (i, p) in (positions ?? []).enumerated() {
      try readers[i].start(at: SourcePosition(offset: p.offset, detail: p.detail ?? ""), replayEnd: p.readTo)
    }
    // a source that an earlier run has read from, which failed before its first checkpoint
    if coordinator != nil, positions == nil {
      for r in readers where r.identity != nil { try r.start(at: SourcePosition(), replayEnd: 0) }
    }
    let options = context.options
    for r in readers { r.prepare(for: options.trigger) }
    let timed = feeds.map { context.feeds[$0].isTimed }
    alignment = SourceAlignment(
      timed: timed, resumingFrom: positions, frontier: recovered?.frontier ?? .start,
      idleTimeoutMilliseconds: options.idleTimeoutMilliseconds, advancesWhenIdle: options.advancesWhenIdle,
      worksByInterval: context.worksByInterval, now: context.clock.nowMilliseconds,
      policy: options.multipleWatermarkPolicy,
      turns: ReadingTurns(
        zip(readers, timed).map { $1 && options.multipleWatermarkPolicy == .min ? nil : $0.turnAmount(options) },
        at: recovered?.turn))
    isMetered = !context.listeners.isEmpty || options.backPressure
    if options.backPressure, case .interval(let length) = options.trigger {
      estimator = try PIDRateEstimator(batchIntervalMilliseconds: length)
    }
    intervals = IntervalControl(
      trigger: options.trigger, recordsMax: options.recordsPerIntervalMax, pollMilliseconds: options.pollMilliseconds,
      idleIntervalMilliseconds: context.needsIdleIntervals || options.idleTimeoutMilliseconds != nil
        ? options.idleIntervalMilliseconds : nil,
      sourceCount: readers.count, number: recovered?.interval ?? 0,
      ends: positions?.map(\.offset) ?? readers.map { _ in 0 }, endsBefore: positions?.map(\.readTo),
      endsReleaseOthers: alignment.merges, logsReads: alignment.showsOrderOfReading,
      replayed: coordinator?.intervalLog?.replayed ?? [])
    if let entry = intervals.entryReplayed { alignment.openAgain(entry) }
    inFlight = BatchesInFlight(stages: stages)
    lastCheckpoint = context.clock.nowMilliseconds
    pace = Pace(speed: context.options.speed, clock: context.clock)
    seen.records = recovered?.records ?? 0
    coordinator?.onIdle = { [unowned self] release in
      monitor.lock()
      release()
      if let e = self.coordinator?.error { failure = failure ?? e }
      monitor.broadcast()
      monitor.unlock()
    }
  }

  var progress: StreamProgress {
    monitor.lock()
    defer { monitor.unlock() }
    var p = seen
    p.checkpoints = coordinator?.count ?? 0
    p.checkpointPauseMicroseconds = coordinator?.pauseMicroseconds ?? 0
    return p
  }
  var sourceBytesInAll: UInt64 {
    monitor.lock()
    defer { monitor.unlock() }
    return alignment.endOffsets.reduce(0, +)
  }
  func requestStop() {
    monitor.lock()
    isStopping = true
    monitor.broadcast()
    monitor.unlock()
  }
  func fail(_ error: any Error) {
    monitor.lock()
    failure = failure ?? error
    monitor.broadcast()
    monitor.unlock()
  }

  func run() throws -> RunOutcome {
    let workers = (1..<max(threads, 1)).map { w in WorkerThread { [self] in work(w) } }
    work(0)
    for w in workers { w.join() }
    // the last checkpoint may still be on its way to the disk
    if !done.isEmpty {
      monitor.lock()
      tellListeners()
      monitor.unlock()
    }
    if failure == nil { context.onProcessed() }
    do { try coordinator?.finish() } catch { failure = failure ?? error }
    if let failure { throw failure }
    return alignment.allEnded && closingStep == closingStepCount ? .finished : .stopped
  }

  // MARK: tasks

  private func work(_ worker: Int) {
    monitor.lock()
    while failure == nil {
      queueTail()
      // what could not be logged is not given out
      if failure != nil { break }
      if !done.isEmpty, !isTelling {
        // a listener may have asked for the run to stop
        tellListeners()
        continue
      }
      if let (stage, partitions, batch) = inFlight.readyTask(worker: worker, of: threads) {
        runOrdered(stage, partitions, batch)
      } else if mayRead, goOnReading(worker) {
        continue
      } else if isDone {
        break
      } else {
        coordinator?.willWait()
        monitor.wait()
      }
    }
    monitor.broadcast()
    monitor.unlock()
  }

  private var isDone: Bool { inFlight.isEmpty && !isReading && tailQueued }

  /// Tells what intervals came to, outside the lock, one after the other.
  private func tellListeners() {
    isTelling = true
    while !done.isEmpty {
      let p = done.removeFirst()
      monitor.unlock()
      for listener in context.listeners { listener.processed(p) }
      monitor.lock()
    }
    isTelling = false
  }

  private func runOrdered(_ stage: Stage, _ partitions: Range<Int>, _ batch: Batch) {
    inFlight.begin(stage, partitions)
    monitor.unlock()
    let start = isMetered ? SystemClock().nowNanoseconds : 0
    var copying = Int64(0)
    var size = StateSize()
    for p in partitions {
      stage.run(batch, instance: p)
      if let coordinator {
        if batch.isCheckpoint { copying += coordinator.snapshot(stage: stage.index, instance: p) }
        coordinator.noteSizes(stage: stage.index, instance: p)
      }
      if isMetered, batch.closesInterval {
        for (_, state) in stage.instances[p].states { size = size + state.stateSize }
      }
    }
    monitor.lock()
    if isMetered {
      let now = SystemClock().nowNanoseconds
      meter.add(batch.interval, now: start) {
        $0.durations.stagesMicroseconds += Int(now - start - copying) / 1000
        $0.durations.checkpointMicroseconds += Int(copying) / 1000
        ($0.stateRows, $0.stateBytes) = ($0.stateRows + size.rows, $0.stateBytes + size.bytes)
      }
    }
    if inFlight.end(stage, partitions, batch) { retireFinished() }
    monitor.signal()
  }

  private var mayRead: Bool {
    !isReading && !isStopping && !tailQueued && inFlight.count < batchesInFlightMax
      && (!alignment.allRead || intervals.isReplaying)
  }

  /// Does what is next about reading; false when that has to wait for a batch in flight.
  private func goOnReading(_ worker: Int) -> Bool {
    switch intervals.next(now: context.clock.nowMilliseconds, alignment) {
    case .read(let source): readAndDecode(source, worker)
    case .close(let time):
      if alignment.closesWhenSealed(intervals), !inFlight.areSealed { return false }
      let entry = intervals.entry(closedAt: time, silence: alignment.close(intervals, at: time))
      if let log = coordinator?.intervalLog {
        isReading = true
        monitor.unlock()
        let logged = Result { try log.append(entry) }
        monitor.lock()
        isReading = false
        if case .failure(let error) = logged {
          failure = failure ?? error
          return true
        }
      }
      let isIdle = !intervals.hasData
      enqueueEmpty {
        closeInterval($0, time: time)
        $0.isLight = isIdle && !$0.isCheckpoint
      }
      seal()
      if let next = intervals.entryReplayed { alignment.openAgain(next) }
      monitor.broadcast()
    case .wait(let milliseconds):
      isReading = true
      monitor.unlock()
      // in steps short enough to stop in between
      context.clock.sleep(milliseconds: min(max(milliseconds, 1), 50))
      monitor.lock()
      isReading = false
      intervals.askAgain()
      // another worker may have gone to sleep because this one was to read
      monitor.signal()
    case .blocked:
      return false
    case .finish:
      isStopping = true
      monitor.broadcast()
    }
    return true
  }

  private func closeInterval(_ b: Batch, time: Int64) {
    b.closesInterval = true
    b.intervalTime = time
    b.processingTime = time
    markCheckpoint(b)
    wasClosed(b)
  }
  private func wasClosed(_ b: Batch) {
    intervals.wasClosed()
    // the order in an interval that is logged depends on the interval alone
    if context.worksByInterval, alignment.turns.isActive {
      alignment.turns.startOver()
      b.turn = alignment.turns.place
    }
  }

  private func readAndDecode(_ source: Int, _ worker: Int) {
    isReading = true
    let batch = takeBatch()
    waitForPace()
    monitor.unlock()
    let start = isMetered ? SystemClock().nowNanoseconds : 0
    var error: (any Error)?
    var status = SourceStatus.more
    let (endOffset, recordsLeft) = (intervals.endOffset(source), intervals.recordsLeft)
    let turn = intervals.isReplaying ? nil : alignment.turns.left(of: source, at: intervals.ends[source])
    for prepare in context.exchanges { prepare(batch) }
    let options = context.options
    do {
      status = try readers[source].fill(
        batch,
        limit: ReadLimit(
          byteCount: options.blockByteCount, elementCount: min(options.blockElementCount, recordsLeft),
          endOffset: endOffset, turn: turn))
    } catch let e { error = e }
    monitor.lock()
    isReading = false
    if let error {
      failure = failure ?? error
      monitor.broadcast()
      return
    }
    batch.source = source
    batch.feed = feeds[source]
    batch.numbersElements = context.numbersElements && !context.feeds[batch.feed].isTimed
    status = intervals.saidThen(status, source)
    batch.endsSource = status == .ended
    let byteCount = batch.sourceEndOffset - batch.sourceOffset
    alignment.turns.wasRead(source, from: batch.sourceOffset, to: batch.sourceEndOffset, status)
    intervals.wasRead(
      source, status, end: batch.sourceEndOffset, byteCount: byteCount, recordCount: batch.recordCount)
    if byteCount == 0, status != .ended {
      inFlight.recycle(batch)
      return
    }
    alignment.wasRead(source, atEnd: batch.endsSource)
    let countAtReading = batch.recordCount
    enqueue(batch)
    monitor.signal()
    monitor.unlock()
    let read = isMetered ? SystemClock().nowNanoseconds : 0
    stages[0].run(batch, instance: worker)
    let end = isMetered ? SystemClock().nowNanoseconds : 0
    monitor.lock()
    batch.isLight = byteCount < 4096 && batch.recordCount <= 16 && !batch.isCheckpoint
    if !batch.isReplay { intervals.count(batch.recordCount - countAtReading, in: batch.interval) }
    if isMetered {
      meter.add(batch.interval, now: start) {
        $0.rowsIn += batch.recordCount
        $0.blockCount += 1
        $0.durations.readingMicroseconds += Int(read - start) / 1000
        $0.durations.sourceMicroseconds += Int(end - read) / 1000
      }
    }
    batch.remaining[0] = 0
    seal()
    monitor.broadcast()
  }

  /// Waits until the next block is due, in steps short enough to stop in between.
  private func waitForPace() {
    while !isStopping, failure == nil {
      let waitMilliseconds = min(pace.waitMilliseconds(), 50)
      if waitMilliseconds == 0 { return }
      monitor.unlock()
      context.clock.sleep(milliseconds: waitMilliseconds)
      monitor.lock()
    }
  }

  // MARK: batches

  private func takeBatch() -> Batch {
    let b = inFlight.take()
    while b.exchangeBuffers.count < context.exchanges.count { b.exchangeBuffers.append(nil) }
    return b
  }

  private func enqueue(_ b: Batch) {
    number(b)
    // what operators have gathered of an open interval is not part of a checkpoint
    if !context.worksByInterval { markCheckpoint(b) }
  }
  private func number(_ b: Batch) {
    b.interval = intervals.number
    // the interval's times are those of the log when it is cut again after a crash
    b.processingTime = context.worksByInterval ? intervals.openedAt : context.clock.nowMilliseconds
    b.intervalTime = b.processingTime
    b.turn = alignment.turns.isActive ? alignment.turns.place : nil
    inFlight.append(b)
  }
  /// Makes the batch a checkpoint if one is due.
  private func markCheckpoint(_ b: Batch) {
    guard let coordinator, failure == nil else { return }
    let now = context.clock.nowMilliseconds
    let (waited, interval) = (now - lastCheckpoint, coordinator.options.intervalMilliseconds)
    if waited >= interval / 2, coordinator.prepareMemory(isDue: waited >= interval) { return }
    if waited >= interval, coordinator.begin() {
      b.isCheckpoint = true
      lastCheckpoint = now
    }
  }

  private func seal() {
    while let b = inFlight.nextToSeal() {
      alignment.seal(b)
      if !b.isReplay { seen.records += b.recordCount }
      seen.sourceBytes += b.sourceEndOffset - b.sourceOffset
      seen.batches += 1
      seen.highestEventTime = b.highestMaximum
      pace.observe(b.highestMaximum)
      b.isSealed = true
      if b.isCheckpoint {
        b.positions = alignment.positions(readers)
        b.recordsSoFar = seen.records
      }
    }
    // a program may have no stage but the source's
    if stages.count == 1 { retireFinished() }
  }

  /// When reading is over: a last checkpoint of the state before anything is closed (so that a grown input can be
  /// gone on with), then, if the sources ended, the batches that close everything, no more at a time than other ones.
  private func queueTail() {
    guard !tailQueued, !isReading, inFlight.areSealed else { return }
    if intervals.isReplaying || context.worksByInterval && intervals.firstBehind(alignment) != nil {
      // an interval that is known to have more in it cannot be closed: the next run cuts it again
      tailQueued = isStopping
      return
    }
    guard alignment.allEnded || isStopping else { return }
    if !lastCheckpointQueued, let coordinator {
      // not while another one is being written; its end wakes us
      guard coordinator.begin() else { return }
      enqueueEmpty {
        $0.isCheckpoint = true
        closeLastInterval($0)
      }
    } else if !lastCheckpointQueued, !alignment.allEnded || intervals.isOpen && intervals.hasData {
      enqueueEmpty { closeLastInterval($0) }
    }
    if !lastCheckpointQueued { seal() }
    lastCheckpointQueued = true
    if alignment.allEnded {
      // the end of a batch in flight wakes us to go on
      if closingStep == 0 {
        closingStepCount = closingStepsNeeded
        let entry = intervals.entry(closedAt: context.clock.nowMilliseconds, isEnd: true)
        do { try coordinator?.intervalLog?.append(entry) } catch { failure = failure ?? error }
        if failure != nil { return }
      }
      while closingStep < closingStepCount, inFlight.count < batchesInFlightMax {
        closingStep += 1
        enqueueEmpty {
          $0.closingStep = closingStep
          $0.closingStepCount = closingStepCount
          $0.isEnd = closingStep == closingStepCount
          $0.isLast = $0.isEnd
        }
        seal()
      }
    }
    tailQueued = !alignment.allEnded || closingStep == closingStepCount
  }
  private func closeLastInterval(_ b: Batch) {
    // time alone may have let something pass
    let mayHaveReleased = !alignment.allEnded && context.options.idleTimeoutMilliseconds != nil
    if intervals.isOpen, intervals.hasData || mayHaveReleased && !intervals.seeksEnd {
      let now = intervals.closingTime(context.clock.nowMilliseconds)
      let entry = intervals.entry(closedAt: now, silence: alignment.close(intervals, at: now))
      do { try coordinator?.intervalLog?.append(entry) } catch { failure = failure ?? error }
      b.closesInterval = true
      (b.intervalTime, b.processingTime) = (now, now)
      wasClosed(b)
    }
    b.isLast = !alignment.allEnded
  }
  /// So many that a step gives out some 16,000 elements. Results do not depend on it.
  private var closingStepsNeeded: Int {
    let held = stages.reduce(0) { $0 + $1.instances.reduce(0) { $0 + $1.heldCount } }
    return min(max(held / 16_384, 1), 64)
  }
  private func enqueueEmpty(_ mark: (Batch) -> Void) {
    let b = takeBatch()
    for prepare in context.exchanges { prepare(b) }
    b.remaining[0] = 0
    number(b)
    mark(b)
  }

  /// Notes what a batch gave out and, with the last one of an interval, what the interval came to.
  private func meterRetired(_ b: Batch) {
    let now = SystemClock().nowNanoseconds
    meter.add(b.interval, now: now) { $0.rowsOut += b.outputCount.load(ordering: .relaxed) }
    guard b.closesInterval else { return }
    let p = meter.close(b, now: now, clockNow: context.clock.nowMilliseconds)
    if !context.listeners.isEmpty { done.append(p) }
    let rate = estimator?.newRate(
      timeMilliseconds: p.timeMilliseconds, elementCount: p.rowsIn,
      processingMilliseconds: Int64(p.durations.totalMicroseconds / 1000),
      schedulingMilliseconds: p.schedulingMilliseconds)
    if let rate { intervals.slow(to: rate) }
  }

  /// Removes batches that passed every stage, in order.
  private func retireFinished() {
    while let b = inFlight.removeFinished() {
      if isMetered { meterRetired(b) }
      if b.isCheckpoint, let coordinator {
        // the last one is what the end of the run waits for, with ``StreamingContext/onProcessed`` on one thread
        coordinator.commit(b, threads: lastCheckpointQueued ? threads - 1 : 1)
        if let e = coordinator.error { failure = failure ?? e }
      }
      inFlight.recycle(b)
    }
  }
}
