import Synchronization

/// One named run of raw bytes of a checkpoint.
@safe public struct CheckpointSection: @unchecked Sendable {
  /// Parts between slashes, `sessions/partition-03/slots`: at most 512 bytes of UTF-8, no control characters, no
  /// backslash, no empty, `.` or `..` part.
  public var name: String
  /// Must stay valid and unchanged until the write returns.
  public var bytes: UnsafeRawBufferPointer

  public init(name: String, bytes: UnsafeRawBufferPointer) {
    self.name = name
    unsafe self.bytes = unsafe bytes
  }
}

/// A folder of checkpoints with one writer: writes full and delta checkpoints, finds the newest good one, removes
/// those no longer needed.
///
/// Guarantees: a checkpoint appears under its final name only when all its bytes are durable, and a write that fails
/// leaves the earlier ones as they were; ids only grow, over restarts too; whatever ``newest()`` returns is verified
/// to the last byte. Calls may come from any thread and are serialised.
/// Cost of a write: one digest pass over the sections (about 10 GB/s), compression of what is stored (about 0.5 GB/s),
/// an fsync; memory about 7 MB and 8 bytes a block, whatever the size of the state.
public final class CheckpointStore: Sendable {
  public let directory: String
  public let options: CheckpointStoreOptions
  private let folder: CheckpointFolder
  private let lock: any AnyObject & Sendable
  private let state: Mutex<State>
  /// What compresses the checkpoint that is being written.
  private let encoding = Mutex<ParallelEncoder?>(nil)
  /// Of the block digests.
  private let seed = UInt64.random(in: .min ... .max)

  private struct State: Sendable {
    var nextID: UInt64
    /// The last checkpoint written by this store: what a delta can build on.
    var last: LastCheckpoint?
    var retention = CheckpointRetention()
    var warnings: [String] = []
  }

  private struct LastCheckpoint: Sendable {
    var id: UInt64
    var checksum: UInt64
    var chainLength: Int
    var digests: [String: SectionDigests]
  }

  /// Opens a folder for writing, creates it if need be, locks it and removes what interrupted writes left.
  ///
  /// Throws if another writer holds it or the options make no sense.
  public init(
    directory: String, options: CheckpointStoreOptions = CheckpointStoreOptions()
  ) throws(SnapshotError) {
    try options.validate()
    var trimmed = directory
    while trimmed.utf8.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    self.directory = trimmed
    self.options = options
    folder = CheckpointFolder(path: trimmed, fileSystem: options.fileSystem)
    let isNew = folder.isMissing
    try options.fileSystem.createFolder(trimmed)
    lock = try options.fileSystem.lock(folder: trimmed)
    let (ids, interrupted) = try folder.scan()
    var initial = State(nextID: max(ids.last ?? 0, interrupted.last ?? 0) + 1)
    for id in interrupted {
      do throws(SnapshotError) {
        try options.fileSystem.remove(folder.filePath(of: id) + CheckpointFolder.temporarySuffix)
      } catch {
        initial.warnings.append(error.description)
      }
    }
    // a checkpoint that a failed write took away again must not come back when the power fails later: what is there now
    // is what all that follows counts on (in a new folder, nothing)
    if !isNew { try options.fileSystem.synchronizeFolder(trimmed) }
    state = Mutex(initial)
  }

  /// Writes a checkpoint; full or delta is the store's choice.
  ///
  /// Blocks until it is durable: call it from a background thread. The section bytes must not change meanwhile.
  /// If it throws, no checkpoint was added and the earlier ones are untouched. `beforePublishing` runs when the file is
  /// whole and before it gets its name: what must be durable before the checkpoint counts. `threads`: how many may
  /// compress; the file does not depend on it.
  public func write(
    metadata: [UInt8], sections: [CheckpointSection], threads: Int = 1,
    beforePublishing: () throws(SnapshotError) -> Void = {}
  ) throws(SnapshotError) -> CheckpointInfo {
    try state.withLock { (state) throws(SnapshotError) -> CheckpointInfo in
      try check(metadata, sections)
      let plan = self.plan(sections, since: usableBase(state))
      let id = state.nextID
      state.nextID += 1
      var header = SnapshotHeader(
        kind: plan.base == nil ? .full : .delta, id: id, blockByteCount: options.blockByteCount)
      if let base = plan.base {
        header.baseID = base.id
        header.baseChecksum = base.checksum
        header.chainLength = UInt32(base.chainLength + 1)
      }
      let (checksum, byteCount) = try publish(header, metadata, sections, plan, threads, beforePublishing)
      state.last = LastCheckpoint(
        id: id, checksum: checksum, chainLength: Int(header.chainLength), digests: plan.digests)
      state.retention.note(id, base: plan.base?.id)
      var info = CheckpointInfo(
        header: header, path: folder.filePath(of: id), byteCount: byteCount, metadata: metadata)
      info.rawByteCount = plan.rawByteCount
      info.storedRawByteCount = plan.base == nil ? plan.rawByteCount : plan.changedByteCount
      info.sectionCount = sections.count
      info.warnings = state.warnings + state.retention.apply(to: folder, options: options)
      state.warnings = []
      return info
    }
  }

  /// Takes part in compressing the checkpoint that another thread is writing, if there is one; for a thread that would
  /// only wait for it.
  public func helpWriting() { encoding.withLock { $0 }?.help() }

  /// The newest checkpoint whose whole chain is good, read back; nil if the folder holds none at all.
  ///
  /// Damaged ones are skipped with a warning each. Throws if there are checkpoints and none is good, since starting
  /// afresh would lose state in silence.
  public func newest() throws(SnapshotError) -> RecoveredCheckpoint? {
    try state.withLock { (state) throws(SnapshotError) -> RecoveredCheckpoint? in
      let recovery = CheckpointRecovery(folder: folder, limits: options.limits, threads: options.restoreThreads)
      let found = try recovery.newest()
      for id in found.damagedIDs {
        state.retention.noteDamage(id)
        if state.last?.id == id { state.last = nil }
      }
      if let failure = found.failure { throw failure }
      return found.checkpoint
    }
  }

  /// Removes every checkpoint, newest first, to start over. Files that are not checkpoints stay.
  public func removeAll() throws(SnapshotError) {
    try state.withLock { (state) throws(SnapshotError) in
      for id in try folder.scan().ids.reversed() { try options.fileSystem.remove(folder.filePath(of: id)) }
      state.last = nil
      state.retention = CheckpointRetention()
    }
  }

  /// The checkpoints whose header and table are sound, oldest first. Their blocks are not verified.
  public func list() throws(SnapshotError) -> [CheckpointInfo] {
    try CheckpointInspector.list(directory: directory, limits: options.limits).compactMap { $0.info }
  }

  /// The metadata of the oldest checkpoint before `id` whose header and table are sound; nil if there is none.
  package func oldestMetadata(before id: UInt64) throws(SnapshotError) -> [UInt8]? {
    let files = CheckpointFiles(folder: folder, limits: options.limits, verification: .structure)
    for id in try folder.scan().ids.prefix(while: { $0 < id }) {
      if let file = try? files.open(id) { return try file.metadata() }
    }
    return nil
  }

  /// Verifies a checkpoint and everything it builds on, down to each block; throws what is wrong.
  public func verify(_ id: UInt64) throws(SnapshotError) {
    let files = CheckpointFiles(folder: folder, limits: options.limits, verification: .checksum)
    for file in try CheckpointChain(of: id, in: files).files {
      try file.verifyBlocks(threads: options.restoreThreads)
    }
  }

  // MARK: - Writing

  /// What to store of each section.
  private struct Plan {
    /// nil for a full checkpoint.
    var base: LastCheckpoint?
    var digests: [String: SectionDigests] = [:]
    /// By section, in order; used for a delta only.
    var changed: [[Int]] = []
    var rawByteCount = 0
    var changedByteCount = 0
  }

  private func check(_ metadata: [UInt8], _ sections: [CheckpointSection]) throws(SnapshotError) {
    let advice = "this is a fault of the program that writes the checkpoint: report it with this message"
    if metadata.count > options.limits.metadataByteCountMax {
      throw .invalidArgument("metadata of \(metadata.count) bytes is too large", path: directory, advice: advice)
    }
    if sections.count >= options.limits.sectionCountMax {
      throw .invalidArgument("\(sections.count) sections are too many", path: directory, advice: advice)
    }
    var names: Set<String> = []
    var byteCount = 0
    for section in sections {
      if let objection = SnapshotSection.objection(toName: section.name) {
        throw .invalidArgument("the section name '\(section.name)' is refused: \(objection)", advice: advice)
      }
      if !names.insert(section.name).inserted {
        throw .invalidArgument("two sections are called '\(section.name)'", path: directory, advice: advice)
      }
      unsafe byteCount += section.bytes.count
    }
    if byteCount > options.limits.rawByteCountMax {
      throw SnapshotError(
        .limitExceeded, "\(byteCount) bytes of state exceed the limit of \(options.limits.rawByteCountMax)",
        path: directory, advice: "raise the limit of the checkpoint store")
    }
  }

  /// The last checkpoint, if a delta may build on it and its file is still what was written.
  private func usableBase(_ state: borrowing State) -> LastCheckpoint? {
    guard let last = state.last, last.chainLength < options.chainLengthMax else { return nil }
    let source = try? options.fileSystem.source(folder.filePath(of: last.id))
    let file = source.flatMap { try? SnapshotFile(source: $0, limits: options.limits, verification: .structure) }
    return file?.checksum == last.checksum ? last : nil
  }

  private func plan(_ sections: [CheckpointSection], since base: LastCheckpoint?) -> Plan {
    var plan = Plan(base: base)
    for section in sections {
      let digests = unsafe SectionDigests(section.bytes, blockByteCount: options.blockByteCount, seed: seed)
      let changed = digests.changedBlocks(since: base?.digests[section.name])
      plan.digests[section.name] = digests
      plan.changed.append(changed)
      unsafe plan.rawByteCount += section.bytes.count
      plan.changedByteCount += changed.reduce(0) { $0 + digests.length($1) }
    }
    // a delta of more than half saves little and costs every later recovery
    if plan.changedByteCount > plan.rawByteCount / 2 { plan.base = nil }
    return plan
  }

  /// Writes aside, syncs, renames, syncs the folder; on failure removes what it made.
  private func publish(
    _ header: SnapshotHeader, _ metadata: [UInt8], _ sections: [CheckpointSection], _ plan: Plan,
    _ threads: Int, _ beforePublishing: () throws(SnapshotError) -> Void
  ) throws(SnapshotError) -> (checksum: UInt64, byteCount: Int) {
    let fileSystem = options.fileSystem
    let final = folder.filePath(of: header.id)
    let aside = final + CheckpointFolder.temporarySuffix
    do throws(SnapshotError) {
      let result = try writeFile(aside, header, metadata, sections, plan, threads)
      try beforePublishing()
      try fileSystem.rename(aside, to: final)
      do throws(SnapshotError) {
        try fileSystem.synchronizeFolder(directory)
      } catch {
        // the caller takes it for failed, so it must not come back at recovery
        try? fileSystem.remove(final)
        throw error
      }
      return result
    } catch {
      try? fileSystem.remove(aside)
      throw error
    }
  }

  private func writeFile(
    _ path: String, _ header: SnapshotHeader, _ metadata: [UInt8], _ sections: [CheckpointSection], _ plan: Plan,
    _ threads: Int
  ) throws(SnapshotError) -> (checksum: UInt64, byteCount: Int) {
    let writer = try SnapshotFileWriter(
      path: path, header: header, sectionCount: sections.count, level: options.compressionLevel,
      fileSystem: options.fileSystem)
    var failure: SnapshotError?
    unsafe metadata.withUnsafeBytes { bytes in
      // the metadata comes first, without a name
      var list = unsafe [(section: CheckpointSection(name: "", bytes: bytes), blocks: [Int]?.none)]
      for (position, section) in sections.enumerated() {
        list.append((section, plan.base == nil ? nil : plan.changed[position]))
      }
      do throws(SnapshotError) { try writer.sections(list, threads: threads, encoding: encoding) } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return try writer.finish()
  }
}
