import StreamCore

/// A call that changes what is on the disk.
package enum DiskCall: String, Codable, Sendable, CaseIterable {
  case create
  case write
  case synchronize = "fsync"
  case truncate
  case rename
  case remove
  case synchronizeFolder = "fsync folder"
}

/// What goes wrong with a disk, once.
package struct DiskFault: Codable, Sendable, Equatable, CustomStringConvertible {
  package enum Effect: Codable, Sendable, Equatable {
    /// The process dies; the call is not done, half done or done.
    case crashBefore
    case crashHalfway
    case crashAfter
    /// The call fails.
    case failure(isHalfDone: Bool)
    /// From the call on there is room for so many bytes.
    case full(byteCount: Int)
  }
  /// Which calls are counted; nil: all that change something.
  package var call: DiskCall?
  /// Which of them, from 1.
  package var number: Int
  package var effect: Effect

  package init(call: DiskCall? = nil, number: Int, effect: Effect) {
    (self.call, self.number, self.effect) = (call, number, effect)
  }
  package var description: String { "\(effect) at \(call?.rawValue ?? "call") \(number)" }
}

/// What goes wrong in one run.
enum Fault: Codable, Sendable, Equatable {
  case none
  case disk(DiskFault)
  /// The process dies at a read of a source, or is asked to stop.
  case killAtRead(Int)
  case stopAtRead(Int)
  /// It dies after the transactions before this one.
  case killAtCommit(Int)
}

/// ``Trigger`` as data.
enum TriggerPlan: Codable, Sendable, Equatable {
  case asFastAsPossible
  case interval(milliseconds: Int64)
  case availableNow
  case once

  var trigger: Trigger {
    switch self {
    case .asFastAsPossible: .asFastAsPossible
    case .interval(let milliseconds): .interval(milliseconds: milliseconds)
    case .availableNow: .availableNow
    case .once: .once
    }
  }
}

/// How one run is made, which results must not depend on, and what happens to it and after it.
struct RunPlan: Codable, Sendable, CustomStringConvertible {
  /// Of what is left to chance while it runs.
  var seed: UInt64 = 1
  var threads = 1
  var blockElementCount = 1 << 15
  var trigger = TriggerPlan.asFastAsPossible
  var recordsPerIntervalMax: Int?
  var checkpointIntervalMilliseconds: Int64 = 0
  var keep = 3
  var chainLengthMax = 8
  /// Which edition of the program runs: see ``Plan/Edition``.
  var edition = 0
  var fault = Fault.none
  /// If the process dies, the machine does.
  var powerFails = false
  /// Afterwards the newest checkpoint loses a bit, if there is another one.
  var damagesNewest = false
  /// Afterwards somebody sets the clock.
  var clockJumpMilliseconds: Int64 = 0

  var description: String {
    "\(threads) threads, blocks of \(blockElementCount), \(trigger), \(recordsPerIntervalMax ?? -1) records an interval, "
      + "a checkpoint every \(checkpointIntervalMilliseconds) ms, edition \(edition); \(fault)"
      + (powerFails ? ", power fails" : "")
  }
}
