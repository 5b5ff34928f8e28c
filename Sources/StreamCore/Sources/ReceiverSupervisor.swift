/// Starts, restarts and stops a receiver on a thread of its own, and holds what it stored until the job reads it.
///
/// Without a log the elements wait in two arrays that the storing and the reading side swap. Behind a log they wait on the
/// disk: the reader reads the log, before and after a crash alike.
/// Cost: a lock a `store` and a read.
final class ReceiverSupervisor<Element>: @unchecked Sendable {
  enum Command { case none, restart, stop }
  struct State {
    /// Elements that wait, those already read first.
    var queue: [Element] = []
    var readCount = 0
    var stored: UInt64 = 0
    var read: UInt64 = 0
    var dropped: UInt64 = 0
    var restarts = 0
    var hasBegun = false
    var isStarted = false
    var command = Command.none
    var delayMilliseconds: Int64 = 0
    var isEnded = false
    var failure: (any Error)?
    var waiting: Int { Int(clamping: Int64(stored) - Int64(read)) }
  }
  let state = Guarded(State())
  private let receiver: Receiver<Element>
  private let options: ReceiverOptions
  private let log: WriteAheadLog?
  private let coding: ElementCoding<Element>?
  private let clock: any ProcessingClock
  private let onEvent: @Sendable (ReceiverEvent) -> Void
  private var thread: WorkerThread?

  init(
    _ receiver: Receiver<Element>, options: ReceiverOptions, log: WriteAheadLog?, coding: ElementCoding<Element>?,
    clock: any ProcessingClock, onEvent: @escaping @Sendable (ReceiverEvent) -> Void
  ) {
    self.receiver = receiver
    self.options = options
    self.log = log
    self.coding = coding
    self.clock = clock
    self.onEvent = onEvent
    receiver.supervisor = self
  }

  /// Starts the receiver, the first time; the element that it stores next has this number.
  func begin(at offset: UInt64) {
    let isFirst = state.update { s in
      defer { s.hasBegun = true }
      if !s.hasBegun { (s.read, s.stored) = (offset, log?.records.upperBound ?? offset) }
      return !s.hasBegun
    }
    if isFirst { thread = WorkerThread { [self] in supervise() } }
  }

  private func supervise() {
    while true {
      let mayStart = state.update { s in
        if s.command == .stop { return false }
        (s.command, s.isStarted) = (.none, true)
        return true
      }
      if !mayStart { break }
      onEvent(.started)
      do { try receiver.onStart() } catch is ReceiverStopped {
      } catch {
        restart("the receiver failed", error, nil)
      }
      let (command, delay) = state.wait(
        until: { $0.command != .none }, then: { ($0.command, $0.delayMilliseconds) })
      if command == .stop { break }
      state.update { $0.restarts += 1 }
      waitUnlessStopped(delay)
    }
    state.update { $0.isEnded = true }
  }
  private func waitUnlessStopped(_ delayMilliseconds: Int64) {
    let end = clock.nowMilliseconds + delayMilliseconds
    while state.withLock({ $0.command != .stop }) {
      let left = end - clock.nowMilliseconds
      if left <= 0 { return }
      clock.sleep(milliseconds: min(left, 20))
    }
  }

  // MARK: what the receiver asks for

  var isStopped: Bool { state.withLock { $0.command != .none } }
  var storedCount: UInt64 { state.withLock { $0.stored } }

  func store(_ elements: [Element]) throws {
    var from = 0
    while from < elements.count {
      let room = try state.wait(
        until: { $0.command != .none || $0.waiting < options.waitingMax || options.whenFull == .drop },
        then: { s in
          if s.command != .none { throw ReceiverStopped() }
          return min(options.waitingMax - s.waiting, elements.count - from)
        })
      if room <= 0 {
        state.update { $0.dropped += UInt64(elements.count - from) }
        return
      }
      let part = elements[from..<from + room]
      if let log, let coding {
        do {
          let range = try log.append(Array(part), coding: coding)
          state.update { $0.stored = max($0.stored, range.upperBound) }
        } catch {
          // a log that failed takes nothing more: only another run, which opens it anew, can go on
          if log.hasFailed { stop("the write-ahead log failed", error) }
          throw error
        }
      } else {
        state.update { s in
          s.queue += part
          s.stored += UInt64(room)
        }
      }
      from += room
    }
  }

  func report(_ message: String, _ error: (any Error)?) { onEvent(.reported(message: message, error: error)) }

  func restart(_ message: String, _ error: (any Error)?, _ delayMilliseconds: Int64?) {
    let delay = delayMilliseconds ?? options.restartDelayMilliseconds
    let isNew = state.update { s in
      guard s.command == .none else { return false }
      (s.command, s.delayMilliseconds) = (.restart, delay)
      return true
    }
    guard isNew else { return }
    onEvent(.restarting(message: message, error: error, delayMilliseconds: delay))
    endStart()
  }
  func stop(_ message: String, _ error: (any Error)?) {
    let isNew = state.update { s in
      guard s.command != .stop else { return false }
      s.command = .stop
      s.failure = s.failure ?? error
      return true
    }
    guard isNew else { return }
    onEvent(.stopped(message: message, error: error))
    endStart()
  }
  private func endStart() {
    let wasStarted = state.update { s in
      defer { s.isStarted = false }
      return s.isStarted
    }
    if wasStarted { receiver.onStop() }
  }

  /// Stops the receiver and waits until its thread has ended.
  func end() {
    stop("the job has stopped", nil)
    thread?.join()
    thread = nil
  }
}
