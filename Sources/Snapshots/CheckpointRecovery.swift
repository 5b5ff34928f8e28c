/// The search for the newest checkpoint whose whole chain is good.
///
/// Guarantees: nothing is returned that was not verified to the last byte; each checkpoint passed over is named with
/// the reason.
struct CheckpointRecovery {
  struct Outcome {
    var checkpoint: RecoveredCheckpoint?
    /// Checkpoints whose own file is damaged.
    var damagedIDs: [UInt64] = []
    /// Set if there are checkpoints and none is good.
    var failure: SnapshotError?
  }

  let folder: CheckpointFolder
  let limits: SnapshotLimits
  let threads: Int

  /// Looks from the newest to the oldest.
  func newest() throws(SnapshotError) -> Outcome {
    let files = CheckpointFiles(folder: folder, limits: limits, verification: .checksum)
    var outcome = Outcome()
    var warnings: [String] = []
    let ids = try folder.scan().ids
    for id in ids.reversed() {
      do throws(SnapshotError) {
        outcome.checkpoint = try CheckpointChain(of: id, in: files).restore(threads: threads, warnings: warnings)
        return outcome
      } catch {
        if Self.endsTheSearch(error) { throw error }
        let own = folder.filePath(of: id)
        warnings.append("checkpoint \(id) (\(own)) is not usable and was passed over: \(Self.reason(error, own))")
        if let damaged = ids.first(where: { folder.filePath(of: $0) == error.path }), error.kind != .unusableBase {
          outcome.damagedIDs.append(damaged)
        }
      }
    }
    if let first = warnings.first {
      outcome.failure = SnapshotError(
        .malformed, "none of the \(ids.count) checkpoints is usable; the newest: \(first)", path: folder.path,
        advice: "restore the files from a copy, or move the folder away to start afresh without their state")
    }
    return outcome
  }

  /// A sound file of a newer release, or too little memory, is no damage: an older state would be the wrong answer.
  private static func endsTheSearch(_ error: SnapshotError) -> Bool {
    if case .unsupportedVersion = error.kind { return true }
    return error.kind == .limitExceeded && error.path == nil
  }

  /// The description without the path if that is the checkpoint's own, which was named already.
  private static func reason(_ error: SnapshotError, _ own: String) -> String {
    var error = error
    if error.path == own { error.path = nil }
    error.advice = ""
    return error.description
  }
}
