import StreamCore
import Synchronization
import TestSupport

/// The other side of a receiver: keeps its rows until they are acknowledged, and outlives the job.
final class Sender: Sendable {
  let rows: [Row]
  private let acknowledgedCount = Mutex(0)
  init(_ rows: [Row]) { self.rows = rows }
  var acknowledged: Int { acknowledgedCount.withLock { $0 } }
  func acknowledge(_ count: Int) { acknowledgedCount.withLock { $0 = max($0, count) } }
}

/// Takes a sender's rows and stores them; connections break, acknowledgements get lost.
final class SimulatedReceiver: Receiver<Row>, @unchecked Sendable {
  private struct ConnectionLost: Error {}
  private let sender: Sender
  private let plan: ReceiverPlan
  private let tally: Tally
  private let random: Mutex<SeededRandom>

  init(_ sender: Sender, _ plan: ReceiverPlan, _ random: SeededRandom, tally: Tally) {
    self.sender = sender
    self.plan = plan
    self.tally = tally
    self.random = Mutex(random)
  }
  override func onStart() throws {
    while !isStopped {
      let from = plan.resumesByCount ? Int(storedCount) : sender.acknowledged
      if from >= sender.rows.count { return stop("all was sent") }
      let (count, breaks, forgets) = random.withLock { r in
        (
          1 + r.below(plan.rowsAStoreMax), plan.breaks > 0 && r.one(in: plan.breaks),
          plan.forgets > 0 && r.one(in: plan.forgets)
        )
      }
      if breaks {
        tally.count("receiver started again")
        throw ConnectionLost()
      }
      let end = min(from + count, sender.rows.count)
      try store(contentsOf: Array(sender.rows[from..<end]))
      if forgets { tally.count("stored and not acknowledged") } else { sender.acknowledge(end) }
    }
  }
}
