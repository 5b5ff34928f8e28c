import Simulator
import StreamCore
import Synchronization
import Testing
import TestSupport

/// A receiver that does what the test says, start by start.
private final class ScriptedReceiver: Receiver<String>, @unchecked Sendable {
  private let script: (ScriptedReceiver, Int) throws -> Void
  private let starts = Mutex(0)
  let stops = Mutex(0)
  let resumable: Bool
  init(isResumable: Bool = false, _ script: @escaping (ScriptedReceiver, Int) throws -> Void) {
    resumable = isResumable
    self.script = script
  }
  override var isResumable: Bool { resumable }
  override func onStart() throws {
    let n = starts.withLock {
      $0 += 1
      return $0
    }
    try script(self, n)
  }
  override func onStop() { stops.withLock { $0 += 1 } }
}

/// Reads until the source has ended, or has given so many.
private func drain(_ source: ReceiverSource<String>, count: Int = .max) throws -> [String] {
  var all: [String] = []
  while all.count < count {
    let (some, status) = try readOnce(source, countMax: 7)
    all += some
    if status == .ended { break }
  }
  return all
}

@Suite(.timeLimit(.minutes(10))) struct ReceiverTests {
  struct Broken: Error, Equatable {}

  @Test func storesUntilItStops() throws {
    let receiver = ScriptedReceiver { r, _ in
      try r.store("a")
      try r.store(contentsOf: ["b", "c"])
      r.stop("all sent")
      #expect(r.isStopped)
      #expect(throws: ReceiverStopped.self) { try r.store("d") }
    }
    let source = ReceiverSource(receiver, name: "script")
    #expect(source.identity == nil)
    #expect(try drain(source) == ["a", "b", "c"])
    #expect(source.position.offset == 3)
    source.stop()
    #expect(receiver.stops.withLock { $0 } == 1)
  }

  @Test func startsAgainAfterAnErrorAndADelay() throws {
    let clock = ManualClock()
    let events = Mutex<[String]>([])
    let receiver = ScriptedReceiver { r, start in
      try r.store("start \(start) at \(clock.nowMilliseconds), \(r.storedCount) before")
      if start == 1 { throw Broken() }
      if start == 2 {
        r.report("a hiccup", Broken())
        r.restart("asked for", delayMilliseconds: 30)
        return
      }
      r.stop("done")
    }
    var options = ReceiverOptions()
    options.restartDelayMilliseconds = 500
    let source = ReceiverSource(receiver, name: "script", options: options, clock: clock) { e in
      let text =
        switch e {
        case .started: "started"
        case .restarting(let message, let error, let delay): "restarting: \(message), \(error != nil), \(delay) ms"
        case .stopped(let message, let error): "stopped: \(message), \(error != nil)"
        case .reported(let message, let error): "reported: \(message), \(error != nil)"
        }
      events.withLock { $0.append(text) }
    }
    #expect(try drain(source) == ["start 1 at 0, 0 before", "start 2 at 500, 1 before", "start 3 at 530, 2 before"])
    #expect(
      events.withLock { $0 } == [
        "started", "restarting: the receiver failed, true, 500 ms", "started", "reported: a hiccup, true",
        "restarting: asked for, false, 30 ms", "started", "stopped: done, false",
      ])
    #expect(source.statistics == ReceiverStatistics(stored: 3, restarts: 2))
  }

  @Test func stoppingWithAnErrorFailsTheRunAfterWhatWasStored() throws {
    let source = ReceiverSource(
      ScriptedReceiver { r, _ in
        try r.store("a")
        r.stop("gave up", Broken())
      }, name: "script")
    #expect(try drain(source, count: 1) == ["a"])
    #expect(throws: Broken.self) { while true { _ = try readOnce(source) } }
  }

  /// Nothing that is started again could store anything: the run fails, and the next one opens the log anew.
  @Test func aLogThatFailsFailsTheRun() throws {
    let files = SimulatedDisk()
    let log = try WriteAheadLog(directory: "log", files: files)
    let receiver = ScriptedReceiver { r, _ in
      for i in 0..<10 {
        if i == 1 { files.fillDisk(afterByteCount: 3) }
        try r.store("\(i)")
      }
    }
    let source = ReceiverSource(receiver, name: "script", log: log, coding: .utf8, clock: ManualClock())
    #expect(try drain(source, count: 1) == ["0"])
    #expect(throws: (any Error).self) { while true { _ = try readOnce(source) } }
    source.stop()
  }

  @Test func aFullQueueHoldsTheReceiverBack() throws {
    var options = ReceiverOptions()
    options.waitingMax = 3
    let most = Mutex(0)
    let receiver = ScriptedReceiver { r, _ in
      for i in 0..<100 { try r.store(contentsOf: ["\(i)", "+"]) }
      r.stop("done")
    }
    let source = ReceiverSource(receiver, name: "script", options: options)
    var all: [String] = []
    while true {
      most.withLock { $0 = max($0, source.statistics.waiting) }
      let (some, status) = try readOnce(source, countMax: 2)
      all += some
      if status == .ended { break }
    }
    #expect(all == (0..<100).flatMap { ["\($0)", "+"] })
    #expect(most.withLock { $0 } <= 3)
  }

  @Test func aFullQueueMayDropAndCounts() throws {
    var options = ReceiverOptions()
    (options.waitingMax, options.whenFull) = (3, .drop)
    let source = ReceiverSource(
      ScriptedReceiver { r, _ in
        try r.store(contentsOf: ["a", "b", "c", "d", "e"])
        try r.store("f")
        r.stop("done")
      }, name: "script", options: options)
    _ = try readOnce(source, countMax: 0)
    while source.statistics.dropped < 3 {}
    #expect(try drain(source) == ["a", "b", "c"])
    #expect(source.statistics == ReceiverStatistics(stored: 3, dropped: 3))
  }

  @Test func stoppingFreesAReceiverThatWaits() throws {
    var options = ReceiverOptions()
    options.waitingMax = 1
    let ended = Mutex(false)
    let source = ReceiverSource(
      ScriptedReceiver { r, _ in
        defer { ended.withLock { $0 = true } }
        while true { try r.store("x") }
      }, name: "script", options: options)
    #expect(try drain(source, count: 2).count == 2)
    source.stop()
    #expect(ended.withLock { $0 })
  }

  @Test func aResumableReceiverIsToldWhereToGoOn() throws {
    let sent = (0..<20).map(String.init)
    func make() -> ReceiverSource<String> {
      ReceiverSource(
        ScriptedReceiver(isResumable: true) { r, _ in
          for s in sent[Int(r.storedCount)...] { try r.store(s) }
          r.stop("done")
        }, name: "script")
    }
    let first = make()
    #expect(first.identity == "resumable receiver")
    let some = try readUpTo(first, 8)
    let second = make()
    try second.seek(to: SourcePosition(offset: UInt64(some.count)))
    #expect(try some + drain(second) == sent)
  }
  private func readUpTo(_ source: ReceiverSource<String>, _ n: Int) throws -> [String] {
    var all: [String] = []
    while all.count < n { all += try readOnce(source, countMax: n - all.count).elements }
    return all
  }

  /// Behind the log: whatever dies when, what `store` returned for is read, and everything read is read once by
  /// position.
  @Test func behindTheLogNothingStoredIsLost() throws {
    try forRandomCases("receiver behind the log", count: 60) { random in
      let files = SimulatedDisk(SeededRandom(seed: random.next()))
      var options = WriteAheadLogOptions()
      options.segmentByteCountMax = 30 + random.below(100)
      var (counted, committed) = ([String](), UInt64(0))
      let acknowledged = Mutex(0)
      for _ in 0..<4 {
        let isLast = random.one(in: 3)
        if !isLast { files.crash(atCall: 1 + random.below(60)) }
        do {
          let log = try WriteAheadLog(directory: "log", options: options, files: files)
          let receiver = ScriptedReceiver { r, _ in
            do {
              for _ in 0..<20 {
                // the sender goes on with what was not acknowledged
                let next = Int(r.storedCount)
                try r.store(contentsOf: (next..<next + 3).map(String.init))
                acknowledged.withLock { $0 = next + 3 }
              }
              r.stop("done")
            } catch { r.stop("the log failed", error) }
          }
          let source = ReceiverSource(receiver, name: "script", log: log, coding: .utf8)
          defer { source.stop() }
          counted.removeLast(counted.count - Int(committed))
          if committed > 0 { try source.seek(to: SourcePosition(offset: committed)) }
          while true {
            let (some, status) = try readOnce(source, countMax: 1 + random.below(9))
            counted += some
            if random.one(in: 6) {
              committed = source.position.offset
              source.wasCommitted(source.position)
            }
            if status == .ended { break }
          }
          if counted != (0..<counted.count).map(String.init) { return "\(counted)" }
          if counted.count < acknowledged.withLock({ $0 }) {
            return "\(counted.count) of \(acknowledged.withLock { $0 })"
          }
        } catch  where files.isProcessDead {}
        files.restart(powerFailed: random.one(in: 2))
      }
      return nil
    }
  }
}
