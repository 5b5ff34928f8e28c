import Snapshots
import StreamCore
import Synchronization
import TestSupport

/// One plan's job, run without faults and run with them; says how they differ.
///
/// Guarantees: everything comes from the plan; with one worker thread a run is the same every time.
package struct Simulation {
  package let plan: Plan
  private let log: (@Sendable (String) -> Void)?
  /// What happened, for who reads a failure.
  package private(set) var history: [String] = []
  package private(set) var resumes = 0
  /// What was drawn and what was injected.
  package let tally = Tally()

  package init(seed: UInt64, log: (@Sendable (String) -> Void)? = nil) {
    self.init(Plan(seed: seed), log: log)
    history = ["seed \(seed): \(plan)"]
  }
  package init(_ plan: Plan, log: (@Sendable (String) -> Void)? = nil) {
    self.plan = plan
    self.log = log
    history = ["\(plan)"]
  }

  /// What the runs of the job so far have left behind.
  private struct Machine {
    let world: World
    let clock: SimulatedClock
    let gate: WriterGate?
    /// Of the newest run that began, with what edition and how many threads.
    var last: RunPlan?
  }

  /// Nil when the outputs are those of a run without faults, else what is different.
  package mutating func run() throws -> String? {
    plan.countDrawn(tally)
    let gate = plan.isDeterministic ? WriterGate() : nil
    var seeds = SeededRandom(seed: plan.seed)
    let disk = SimulatedDisk(SeededRandom(seed: seeds.next()), gate: gate, tally: tally)
    disk.trace = log
    let clock = SimulatedClock(milliseconds: 1_000_000, SeededRandom(seed: seeds.next()), gate: gate, tally: tally)
    var machine = Machine(world: World(plan, disk, tally), clock: clock, gate: gate)
    let published =
      try plan.kind == .eventTime
      ? Comparison(plan: plan, world: machine.world).expected().disk.contents(under: "out") : nil
    var attempt = 0
    var again = plan.runsAfterTheEnd
    while true {
      let run = plannedRun(attempt)
      var end = try runOnce(run, &machine)
      tell("  run \(attempt): \(end)")
      if let complaint = complaint(machine.world) { return complaint }
      if case .broken(let why) = end { return why }
      if end == .finished {
        if let wrong = try Comparison(plan: plan, world: machine.world).difference() { return wrong }
        again -= 1
        if again < 0 {
          tally.count("interval cut again", machine.world.inputs.reduce(0) { $0 + $1.repeatedCount })
          return nil
        }
        end = .stopped
      }
      if run.fault == .none, case .failed(let why, _) = end { return "a run without faults failed: \(why)" }
      if attempt > plan.runs.count + 300 { return "the job does not come to its end" }
      disk.restart(powerFailed: end.isPowerFailure)
      if let published, let wrong = Comparison.wrongPublished(disk.contents(under: "out"), published) { return wrong }
      if run.damagesNewest { damageNewest(disk) }
      setClock(clock, run.clockJumpMilliseconds)
      attempt += 1
    }
  }
  private func plannedRun(_ attempt: Int) -> RunPlan {
    if attempt < plan.runs.count { return plan.runs[attempt] }
    // as the last one, but nothing happens
    var run = plan.runs.last ?? RunPlan()
    run.seed &+= UInt64(attempt)
    (run.fault, run.damagesNewest, run.clockJumpMilliseconds) = (.none, false, 0)
    // who only takes what is there now may never wait long enough
    if run.trigger == .once || run.trigger == .availableNow { run.trigger = .asFastAsPossible }
    return run
  }
  private mutating func tell(_ line: String) {
    history.append(line)
    log?(line)
  }

  /// The medium loses a bit of the newest checkpoint; there is another one.
  private mutating func damageNewest(_ disk: SimulatedDisk) {
    let files = disk.contents(under: "state").keys.filter { $0.hasSuffix(".snapshot") }.sorted()
    guard files.count > 1, let newest = files.last else { return }
    tell("  \(newest) is damaged")
    tally.count("checkpoint damaged")
    disk.damage(newest)
  }
  private func setClock(_ clock: SimulatedClock, _ jump: Int64) {
    if jump == 0 { return }
    tally.count(jump > 0 ? "clock set forwards" : "clock set backwards")
    clock.set(milliseconds: clock.nowMilliseconds + jump)
  }

  private enum End: Equatable, CustomStringConvertible {
    case finished
    case stopped
    case failed(String, power: Bool)
    /// The engine broke a promise that is watched while it runs.
    case broken(String)
    var isPowerFailure: Bool { if case .failed(_, true) = self { true } else { false } }
    var description: String {
      switch self {
      case .finished: "finished"
      case .stopped: "stopped"
      case .failed(let why, let power): (power ? "power failed: " : "failed: ") + why
      case .broken(let why): why
      }
    }
  }

  // MARK: one run

  private mutating func runOnce(_ run: RunPlan, _ machine: inout Machine) throws -> End {
    tell("  with \(run)")
    let (world, disk) = (machine.world, machine.world.disk)
    let gate = run.threads == 1 ? machine.gate : nil
    var seeds = SeededRandom(seed: run.seed)
    if case .disk(let fault) = run.fault {
      disk.arm(fault, seed: seeds.next())
    } else {
      disk.arm(nil, seed: seeds.next())
    }
    let context = makeContext(run, world, machine.clock, gate)
    let death = Death(run.fault, disk, tally)
    let watch = ProgressWatch(plan)
    context.listeners.append(watch)
    let builder = JobBuilder(
      plan: plan, context: context, world: world, gate: gate, edition: Plan.Edition(number: run.edition),
      onCommit: { try death.beforeCommit() })
    // of the reads alone: other threads take no part
    let steps = Mutex(SeededRandom(seed: seeds.next()))
    let onRead: @Sendable () throws -> Void = { [unowned context] in
      gate?.step(steps.withLock { $0.one(in: 2) ? 0 : $0.below(12) })
      try death.beforeRead { context.requestStop() }
    }
    var receiver: ReceiverSource<Row>?
    var receiverLog: WriteAheadLog?
    defer {
      receiver?.stop()
      try? receiverLog?.close()
    }
    do {
      if plan.kind == .receiver {
        let (source, log) = try makeReceiver(SeededRandom(seed: seeds.next()), world, machine.clock)
        (receiver, receiverLog) = (source, log)
        builder.build([WatchedSource(source, onRead: onRead)])
      } else {
        builder.build(makeSources(&seeds, world, watch, onRead))
      }
      gate?.enter()
      let outcome = try context.run()
      disk.disarm()
      noteResumption(context, run, machine.last)
      machine.last = run
      if let wrong = watch.complaint { return .broken(wrong) }
      // the process may have died when nothing was left to do but to say so
      if disk.isProcessDead { return .failed("killed at the end", power: run.powerFails) }
      return outcome == .finished ? .finished : .stopped
    } catch {
      noteResumption(context, run, machine.last)
      machine.last = run
      let died = disk.isProcessDead
      disk.kill()
      if let stuck = error as? Stuck { return .broken(stuck.description) }
      return .failed("\(error)", power: died && run.powerFails)
    }
  }

  private func makeSources(
    _ seeds: inout SeededRandom, _ world: World, _ watch: ProgressWatch, _ onRead: @escaping @Sendable () throws -> Void
  ) -> [any ElementSource<Row>] {
    var sources: [any ElementSource<Row>] = []
    // an interval that is cut again waits for what it had, so a source that has said it must not fall silent before it
    // once more
    let mayGoOn: @Sendable () throws -> Bool = {
      if world.silenceIsOver.withLock({ $0 }) { return true }
      let isOver = try watch.hasPassedOthers()
      world.silenceIsOver.withLock { $0 = isOver }
      return isOver
    }
    for i in plan.rows.indices {
      sources.append(
        SimulatedSource(
          number: i, rows: plan.rows[i], habits: plan.habits, SeededRandom(seed: seeds.next()), tally: tally,
          mayGoOn: mayGoOn, onRead: onRead))
    }
    return sources
  }
  private func makeReceiver(
    _ random: SeededRandom, _ world: World, _ clock: SimulatedClock
  ) throws -> (ReceiverSource<Row>, WriteAheadLog) {
    var options = WriteAheadLogOptions()
    options.segmentByteCountMax = plan.receiver.segmentByteCountMax
    let log = try WriteAheadLog(directory: "received", options: options, files: world.disk)
    let receiver = SimulatedReceiver(world.sender, plan.receiver, random, tally: tally)
    var receiverOptions = ReceiverOptions()
    receiverOptions.waitingMax = 10
    receiverOptions.restartDelayMilliseconds = 3
    let source = ReceiverSource(
      receiver, name: "receiver", options: receiverOptions, log: log, coding: .json, clock: clock)
    return (source, log)
  }

  private mutating func noteResumption(_ context: StreamingContext, _ run: RunPlan, _ last: RunPlan?) {
    if !context.recoveryWarnings.isEmpty { tally.count("checkpoint passed over") }
    guard context.isResumed else { return }
    resumes += 1
    tally.count("resumed")
    guard let last else { return }
    if last.threads != run.threads { tally.count("resumed with other threads") }
    let (was, now) = (Plan.Edition(number: last.edition), Plan.Edition(number: run.edition))
    if was.number == 0, now.number > 0, plan.firstStateful != nil {
      tally.count("resumed after an operator was renamed")
    }
    if now.hasWitness, !was.hasWitness { tally.count("resumed after an operator was added") }
    if was.hasWitness, !now.hasWitness { tally.count("resumed after an operator was removed") }
  }

  private func makeContext(
    _ run: RunPlan, _ world: World, _ clock: SimulatedClock, _ gate: WriterGate?
  ) -> StreamingContext {
    var options = StreamingOptions()
    (options.threads, options.keyGroups) = (run.threads, plan.keyGroups)
    options.blockElementCount = run.blockElementCount
    (options.trigger, options.recordsPerIntervalMax) = (run.trigger.trigger, run.recordsPerIntervalMax)
    options.idleIntervalMilliseconds = 10
    if plan.kind == .idle {
      options.idleTimeoutMilliseconds = plan.idleTimeoutMilliseconds
      options.advancesWhenIdle = plan.advancesWhenIdle
    }
    var checkpoint = CheckpointOptions(
      directory: "state", intervalMilliseconds: run.checkpointIntervalMilliseconds)
    checkpoint.renamedOperators = Plan.Edition(number: run.edition).renamed(plan)
    checkpoint.store.keep = run.keep
    checkpoint.store.chainLengthMax = run.chainLengthMax
    checkpoint.store.blockByteCount = 512
    checkpoint.store.restoreThreads = 1
    checkpoint.store.fileSystem = world.disk
    checkpoint.files = world.disk
    checkpoint.nowNanoseconds = { 0 }
    if let gate { checkpoint.onWriting = { gate.note($0) } }
    return StreamingContext(options: options, checkpoint: checkpoint, clock: clock)
  }

  private func complaint(_ world: World) -> String? {
    world.outputs.complaint ?? world.inputs.lazy.compactMap(\.complaint).first
  }
}
