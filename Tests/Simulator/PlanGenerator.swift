import TestSupport

extension Plan {
  /// The plan of a seed.
  package init(seed: UInt64) {
    var random = SeededRandom(seed: seed &* 0x2545_f491_4f6c_dd1d &+ 99)
    self.init(&random)
  }

  init(_ random: inout SeededRandom) {
    kind = random.pick([
      .eventTime, .eventTime, .eventTime, .eventTime, .byKey, .byInterval, .byInterval, .byClosing, .byClosing, .idle,
      .receiver,
    ])
    seed = random.next()
    drawSources(&random)
    drawOperators(&random)
    drawSinks(&random)
    drawRuns(&random)
  }

  private mutating func drawSources(_ random: inout SeededRandom) {
    let sourceCount =
      switch kind {
      case .byKey, .byClosing, .receiver: 1
      case .eventTime, .byInterval: 1 + random.below(3)
      case .idle: 2 + random.below(2)
      }
    delayMilliseconds = random.pick([0, 0, 5, 60])
    separateStreams = kind == .eventTime && sourceCount > 1 && random.one(in: 3)
    habits.disconnects = random.pick([0, 0, 6, 30])
    habits.rowsAReadMax = random.pick([1, 3, 8, 100])
    habits.pauses = random.pick([0, 2, 4, 20])
    habits.givesAgain = kind == .eventTime && random.one(in: 4)
    keyGroups = random.pick([1, 2, 4])
    for s in 0..<sourceCount { rows.append(Self.rows(source: s, &random)) }
    if kind == .idle {
      habits.silentSource = random.below(sourceCount)
      habits.silentAfter = random.below(rows[habits.silentSource!].count + 1)
      idleTimeoutMilliseconds = Int64(random.pick([5, 20, 100]))
      advancesWhenIdle = random.one(in: 3)
    }
    receiver.resumesByCount = random.one(in: 2)
    receiver.rowsAStoreMax = 1 + random.below(5)
    receiver.forgets = random.pick([0, 4])
    receiver.breaks = random.pick([0, 5, 20])
    receiver.segmentByteCountMax = random.pick([100, 400, 10_000])
    // dropping what comes twice deals rows out by their ids, and only one partition keeps them in order
    if kind == .receiver, mayRepeatRows { keyGroups = 1 }
  }

  private mutating func drawOperators(_ random: inout SeededRandom) {
    if kind == .idle {
      let windows = WindowsPlan.random(&random)
      let lateness = random.one(in: 2) ? 0 : Int64(random.pick([10, 100]))
      if case .sliding(let length, _) = windows {
        operations = [.windows(.tumbling(milliseconds: length, offset: 3), lateness: lateness)]
      } else {
        operations = [.windows(windows, lateness: lateness)]
      }
      return
    }
    for _ in 0..<random.below(kind == .byInterval || kind == .byClosing ? 3 : 4) {
      operations.append(.random(isTimed: kind == .eventTime, &random))
    }
    if kind == .byInterval {
      intervalOperation = .random(&random)
      // without event time, what several sources, branches or partitions give comes in the order of reading, which a
      // single operator by key at most may see
      let mayFold =
        rows.count == 1 && operations.count(where: \.isByKey) == 1
        && operations.allSatisfy { $0.isByKey || $0.isElementwise }
      if !mayFold { operations.removeAll(where: \.isByKey) }
    }
    if kind == .byClosing {
      closingOperation = .random(&random)
      operations.removeAll { !$0.isElementwise }
      // how far processing time has come for the states of a partition depends on whether it has rows
      if closingOperation.name == .timeToLive { keyGroups = 1 }
    }
    // joins of joins multiply
    if let first = operations.firstIndex(where: \.isJoin) {
      let rest = operations[(first + 1)...].filter { !$0.isJoin }
      operations.replaceSubrange((first + 1)..., with: rest)
    }
    if kind == .byKey || kind == .receiver { operations.removeAll { !$0.keepsKeys } }
  }

  private mutating func drawSinks(_ random: inout SeededRandom) {
    rowsAFileMax = random.pick([nil, 3, 10, 30])
    bytesAFileMax = random.pick([nil, 60, 1000])
    writeByteCount = random.pick([1 << 18, 1, 50])
    switch kind {
    case .byInterval: hasLedger = true
    // what goes by processing time has to make the program work by interval by itself
    case .byClosing: hasLedger = !closingOperation.goesByProcessingTime || random.one(in: 2)
    case .eventTime, .byKey, .idle, .receiver: hasLedger = !habits.givesAgain && random.one(in: 2)
    }
    hasFiles = !hasLedger || random.one(in: 2)
    hasMemory = random.one(in: 3)
  }

  private mutating func drawRuns(_ random: inout SeededRandom) {
    let threadsMax = random.pick([1, 1, 1, 3])
    let damages = random.one(in: 4)
    let editionsMax = (kind == .eventTime || kind == .byKey) && random.one(in: 3) ? 3 : 0
    let disturbed = random.below(6)
    var edition = 0
    for i in 0...disturbed {
      if edition < editionsMax, random.one(in: 2) { edition += 1 }
      var run = RunPlan.random(
        isDisturbed: i < disturbed, threadsMax: threadsMax, damages: damages, isTransactional: hasLedger, &random)
      run.edition = edition
      runs.append(run)
    }
    runsAfterTheEnd = random.one(in: 3) ? 1 : 0
  }

  private static func rows(source: Int, _ random: inout SeededRandom) -> [Row] {
    let count = random.pick([0, 3, 20, 60, 60])
    let keys = random.pick([1, 4, 10])
    let disorder = random.pick([0, 0, 20, 80])
    var time = Int64(random.below(500))
    return (0..<count).map { i in
      time += Int64(random.one(in: 15) ? random.below(600) : random.below(20))
      let late = disorder > 0 ? Int64(random.below(disorder)) : 0
      return Row(
        id: source * 1000 + i, source: source, key: random.below(keys), time: time - late, value: random.below(1000))
    }
  }
}

extension RunPlan {
  static func random(
    isDisturbed: Bool, threadsMax: Int, damages: Bool, isTransactional: Bool, _ random: inout SeededRandom
  ) -> RunPlan {
    var run = RunPlan(seed: random.next(), threads: 1 + random.below(threadsMax))
    run.blockElementCount = random.pick([1, 2, 7, 1000])
    run.checkpointIntervalMilliseconds = random.pick([0, 0, 5, 50, 1_000_000_000])
    run.keep = damages ? 3 : 1 + random.below(3)
    run.chainLengthMax = random.below(4)
    if random.one(in: 3) { run.recordsPerIntervalMax = random.pick([1, 5, 20]) }
    run.trigger =
      switch random.below(isDisturbed ? 5 : 3) {
      case 0, 1: .asFastAsPossible
      case 2: .interval(milliseconds: random.pick([10, 30, 100]))
      case 3: .availableNow
      default: .once
      }
    if isDisturbed { run.fault = .random(isTransactional: isTransactional, &random) }
    run.powerFails = random.one(in: 2)
    run.damagesNewest = damages && random.one(in: 3)
    if random.one(in: 4) { run.clockJumpMilliseconds = Int64(random.below(2_000_000)) - 1_000_000 }
    return run
  }
}

extension Fault {
  static func random(isTransactional: Bool, _ random: inout SeededRandom) -> Fault {
    let moment = 1 + random.below(random.pick([4, 30, 150]))
    switch random.below(9) {
    case 0: return .killAtRead(moment)
    case 1: return .stopAtRead(moment)
    case 2 where isTransactional: return .killAtCommit(moment)
    case 2, 3: return .disk(DiskFault(number: moment, effect: .full(byteCount: random.below(100))))
    case 4:
      let (call, number) = rareCall(&random)
      return .disk(DiskFault(call: call, number: number, effect: .failure(isHalfDone: random.one(in: 2))))
    case 5, 6: return .disk(DiskFault(number: moment, effect: crash(&random)))
    default:
      let (call, number) = rareCall(&random)
      return .disk(DiskFault(call: call, number: number, effect: crash(&random)))
    }
  }
  /// One kind of call: renames and flushes are rare among writes, and files are cut back only by a run that goes on.
  private static func rareCall(_ random: inout SeededRandom) -> (DiskCall, Int) {
    let call = random.pick(DiskCall.allCases + [.truncate, .truncate, .remove])
    return (call, 1 + random.below(call == .truncate ? 1 : random.pick([2, 6, 20])))
  }
  private static func crash(_ random: inout SeededRandom) -> DiskFault.Effect {
    random.pick([.crashBefore, .crashHalfway, .crashAfter])
  }
}

extension WindowsPlan {
  static func random(_ random: inout SeededRandom) -> WindowsPlan {
    let slide = span(&random)
    switch random.below(3) {
    case 0: return .tumbling(milliseconds: slide, offset: Int64(random.below(7)))
    case 1: return .sliding(milliseconds: slide * Int64(1 + random.below(3)), slide: slide)
    default: return .session(gap: slide)
    }
  }
}

/// A length of event time.
func span(_ random: inout SeededRandom) -> Int64 { Int64(random.pick([1, 10, 40, 100, 300])) }
