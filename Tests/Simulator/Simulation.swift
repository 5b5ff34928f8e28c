import Snapshots
import StreamCore
import Synchronization
import TestSupport

/// One seed's job, run without faults and run with them; says how they differ.
///
/// Guarantees: everything comes from the seed; with one worker thread a run is the same every time.
package struct Simulation {
  package let seed: UInt64
  private let plan: Plan
  private var random: SeededRandom
  private let threadsMax: Int
  private let damages: Bool
  private let log: (@Sendable (String) -> Void)?
  /// What happened, for who reads a failure.
  package private(set) var history: [String] = []
  package private(set) var resumes = 0

  package init(seed: UInt64, log: (@Sendable (String) -> Void)? = nil) {
    self.seed = seed
    self.log = log
    random = SeededRandom(seed: seed &* 0x2545_f491_4f6c_dd1d &+ 99)
    plan = Plan(&random)
    threadsMax = random.pick([1, 1, 1, 3])
    damages = random.one(in: 4)
    history = ["seed \(seed): \(plan)"]
  }
  package var isDeterministic: Bool { threadsMax == 1 }

  /// Nil when the outputs are those of a run without faults, else what is different.
  package mutating func run() throws -> String? {
    let gate = threadsMax == 1 ? WriterGate() : nil
    let disk = SimulatedDisk(SeededRandom(seed: random.next()), gate: gate)
    disk.trace = log
    let world = World(plan, disk)
    let clock = SimulatedClock(milliseconds: 1_000_000, SeededRandom(seed: random.next()), gate: gate)
    let disturbances = random.below(6)
    var attempt = 0
    var again = random.one(in: 3) ? 1 : 0
    while true {
      var end = try runOnce(attempt < disturbances, world, clock, gate)
      history.append("  run \(attempt): \(end)")
      log?(history.last!)
      if let complaint = complaint(world) { return complaint }
      if end == .finished {
        if let wrong = try compare(world) { return wrong }
        again -= 1
        if again < 0 { return nil }
        end = .stopped
      }
      if attempt >= disturbances, case .failed(let why, _) = end { return "a run without faults failed: \(why)" }
      if attempt > disturbances + 300 { return "the job does not come to its end" }
      disk.restart(powerFailed: end.isPowerFailure)
      if damages, random.one(in: 3) { damageNewest(disk) }
      // somebody set the clock, either way
      if random.one(in: 4) {
        clock.set(milliseconds: clock.nowMilliseconds + Int64(random.below(2_000_000)) - 1_000_000)
      }
      attempt += 1
    }
  }

  /// The medium loses a bit of the newest checkpoint; there is another one.
  private mutating func damageNewest(_ disk: SimulatedDisk) {
    let files = disk.contents(under: "state").keys.filter { $0.hasSuffix(".snapshot") }.sorted()
    guard files.count > 1, let newest = files.last else { return }
    history.append("  \(newest) is damaged")
    log?(history.last!)
    disk.damage(newest)
  }

  private enum End: Equatable, CustomStringConvertible {
    case finished
    case stopped
    case failed(String, power: Bool)
    var isPowerFailure: Bool { if case .failed(_, true) = self { true } else { false } }
    var description: String {
      switch self {
      case .finished: "finished"
      case .stopped: "stopped"
      case .failed(let why, let power): (power ? "power failed: " : "failed: ") + why
      }
    }
  }

  /// What is to happen outside the disk: at which read the process dies or is asked to stop, before or after which
  /// transaction it dies.
  private struct Hour {
    var reads = 0
    var commits = 0
    var killAtRead = Int.max
    var stopAtRead = Int.max
    var killAtCommit = Int.max
  }

  private mutating func shape(_ isDisturbed: Bool) -> RunShape {
    var shape = RunShape()
    shape.threads = 1 + random.below(threadsMax)
    shape.blockElementCount = random.pick([1, 2, 7, 1000])
    shape.checkpointIntervalMilliseconds = random.pick([0, 0, 5, 50, 1_000_000_000])
    shape.keep = damages ? 3 : 1 + random.below(3)
    shape.chainLengthMax = random.below(4)
    if random.one(in: 3) { shape.recordsPerIntervalMax = random.pick([1, 5, 20]) }
    shape.trigger =
      switch random.below(isDisturbed ? 5 : 3) {
      case 0, 1: .asFastAsPossible
      case 2: .interval(milliseconds: random.pick([10, 30, 100]))
      case 3: .availableNow
      default: .once
      }
    return shape
  }

  private mutating func runOnce(
    _ isDisturbed: Bool, _ world: World, _ clock: SimulatedClock, _ gate: WriterGate?
  ) throws -> End {
    let shape = shape(isDisturbed)
    var hour = Hour()
    var fault: DiskFault?
    let moment = 1 + random.below(random.pick([4, 30, 150]))
    let powerFails = random.one(in: 2)
    if isDisturbed {
      switch random.below(9) {
      case 0: hour.killAtRead = moment
      case 1: hour.stopAtRead = moment
      case 2: hour.killAtCommit = moment
      case 3: fault = .full(call: moment, byteCount: random.below(100))
      case 4: fault = .failure(call: moment)
      default: fault = .crash(call: moment)
      }
    }
    history.append("  with \(shape); \(fault.map { "\($0)" } ?? "") \(hour)")
    log?(history.last!)
    let runGate = shape.threads == 1 ? gate : nil
    let context = makeContext(shape, world, clock, runGate)
    let disk = world.disk
    let state = Mutex(hour)
    // of the reads alone: other threads take no part
    let steps = Mutex(SeededRandom(seed: random.next()))
    let onRead: @Sendable () throws -> Void = { [unowned context] in
      runGate?.step(steps.withLock { $0.one(in: 2) ? 0 : $0.below(12) })
      let (kills, stops) = state.withLock {
        $0.reads += 1
        return ($0.reads == $0.killAtRead, $0.reads == $0.stopAtRead)
      }
      if stops { context.requestStop() }
      if kills { disk.kill() }
      if disk.isProcessDead { throw Killed() }
    }
    let onCommit: @Sendable () throws -> Void = {
      let kills = state.withLock {
        $0.commits += 1
        return $0.commits == $0.killAtCommit
      }
      if kills { disk.kill() }
      if disk.isProcessDead { throw Killed() }
    }
    var seeds = random
    plan.build(
      context, world, gate: runGate,
      source: { i in
        SimulatedSource(
          name: "source-\(i)", rows: plan.rows[i], habits: plan.habits, SeededRandom(seed: seeds.next()), onRead: onRead
        )
      }, onCommit: onCommit)
    random = seeds
    disk.arm(fault)
    runGate?.enter()
    do {
      let outcome = try context.run()
      disk.arm(nil)
      if context.isResumed { resumes += 1 }
      // the process may have died when nothing was left to do but to say so
      if disk.isProcessDead { return .failed("killed at the end", power: powerFails) }
      return outcome == .finished ? .finished : .stopped
    } catch {
      let died = disk.isProcessDead
      disk.kill()
      return .failed("\(error)", power: died && powerFails)
    }
  }

  private func makeContext(
    _ shape: RunShape, _ world: World, _ clock: SimulatedClock, _ gate: WriterGate?
  ) -> StreamingContext {
    var options = StreamingOptions()
    (options.threads, options.keyGroups) = (shape.threads, plan.keyGroups)
    options.blockElementCount = shape.blockElementCount
    (options.trigger, options.recordsPerIntervalMax) = (shape.trigger, shape.recordsPerIntervalMax)
    var checkpoint = CheckpointOptions(
      directory: "state", intervalMilliseconds: shape.checkpointIntervalMilliseconds)
    checkpoint.store.keep = shape.keep
    checkpoint.store.chainLengthMax = shape.chainLengthMax
    checkpoint.store.blockByteCount = 512
    checkpoint.store.restoreThreads = 1
    checkpoint.store.fileSystem = world.disk
    checkpoint.files = world.disk
    checkpoint.nowNanoseconds = { 0 }
    if let gate { checkpoint.onWriting = { gate.note($0) } }
    return StreamingContext(options: options, checkpoint: checkpoint, clock: clock)
  }

  // MARK: comparing

  private func complaint(_ world: World) -> String? {
    world.outputs.complaint ?? world.inputs.lazy.compactMap(\.complaint).first
  }

  /// The same job without faults; by interval, with the intervals that there were.
  private func expected(_ world: World) throws -> World {
    let disk = SimulatedDisk(SeededRandom(seed: 1))
    let other = World(plan, disk)
    var options = StreamingOptions()
    (options.threads, options.keyGroups) = (1, plan.keyGroups)
    if plan.kind == .byInterval {
      options.trigger = .interval(milliseconds: 1000)
      options.pollMilliseconds = 500
    }
    let context = StreamingContext(options: options, clock: ManualClock(milliseconds: 1))
    plan.build(
      context, other, gate: nil,
      source: { i in
        let rows = plan.rows[i]
        guard plan.kind == .byInterval else {
          var habits = SourceHabits()
          (habits.pauses, habits.rowsAReadMax) = (0, 50)
          return SimulatedSource(name: "source-\(i)", rows: rows, habits: habits, SeededRandom(seed: 1), onRead: {})
        }
        let byID = Dictionary(uniqueKeysWithValues: rows.map { ("\($0.id)", $0) })
        return ScriptedSource(
          name: "source-\(i)", intervals: world.inputs[i].batches.map { $0.rows.map { byID[$0]! } })
      }, onCommit: {})
    try context.run()
    return other
  }

  private func compare(_ world: World) throws -> String? {
    for (i, ledger) in world.inputs.enumerated() where plan.kind == .byInterval {
      if let d = difference("input \(i)", ledger.rows, plan.rows[i].map { "\($0.id)" }) { return d }
    }
    let expected = try expected(world)
    if plan.kind == .byInterval {
      let ids = expected.outputs.batches.map(\.id)
      for id in 0..<max(ids.count, world.outputs.batches.count) {
        let found = world.outputs.batches.first { $0.id == id }?.rows ?? ["no such interval"]
        let wanted = expected.outputs.batches.first { $0.id == id }?.rows ?? ["no such interval"]
        if let d = difference("interval \(id)", normal(found), normal(wanted)) { return d }
      }
    } else if plan.hasLedger, let d = difference("ledger", normal(world.outputs.rows), normal(expected.outputs.rows)) {
      return d
    }
    if plan.hasMemory, let d = difference("memory", normal(world.memory.elements), normal(expected.memory.elements)) {
      return d
    }
    return compareFiles(world.disk.contents(under: "out"), expected.disk.contents(under: "out"))
  }

  private func compareFiles(_ found: [String: [UInt8]], _ wanted: [String: [UInt8]]) -> String? {
    if plan.kind == .eventTime || plan.isOrdered && plan.kind == .byInterval {
      if let d = difference("files", found.keys.sorted(), wanted.keys.sorted()) { return d }
      for path in wanted.keys.sorted() {
        if let d = difference(path, lines(found[path]!), lines(wanted[path]!)) { return d }
        if found[path] != wanted[path] { return "\(path) is not the same" }
      }
      return nil
    }
    func all(_ files: [String: [UInt8]]) -> [String] {
      files.keys.sorted().filter { !$0.hasSuffix(".json") }.flatMap { lines(files[$0]!) }
    }
    return difference("files", normal(all(found)), normal(all(wanted)))
  }
  private func lines(_ bytes: [UInt8]) -> [String] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
  /// What may come in another order brought into one: without event time, the keys among each other.
  private func normal(_ rows: [String]) -> [String] {
    switch plan.kind {
    case .eventTime: rows
    case .byInterval: plan.isOrdered ? rows : rows.sorted()
    case .byKey:
      rows.enumerated().sorted {
        let (a, b) = ($0.element.prefix { $0 != " " }, $1.element.prefix { $0 != " " })
        return a != b ? a < b : $0.offset < $1.offset
      }.map(\.element)
    }
  }
  private func difference(_ name: String, _ found: [String], _ wanted: [String]) -> String? {
    if found == wanted { return nil }
    let at =
      zip(found, wanted).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(found.count, wanted.count)
    return "\(name), row \(at) of \(found.count) (\(wanted.count) wanted): "
      + "\(at < found.count ? found[at] : "nothing") instead of \(at < wanted.count ? wanted[at] : "nothing")"
  }
}
