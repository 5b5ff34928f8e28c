/// Looks into a folder of checkpoints without the job that writes it, and without its lock.
///
/// Guarantees: reads only (``export(directory:id:to:)`` writes to a folder of its own); damaged files are reported,
/// not skipped. A job that runs meanwhile may remove old checkpoints under its feet: that is an error, not a crash.
/// Cost: listing reads headers and tables; verifying and exporting read everything.
public enum CheckpointInspector {
  /// One file of the folder.
  public struct Entry: Sendable, Equatable {
    public var id: UInt64
    public var path: String
    /// nil if header or table are damaged.
    public var info: CheckpointInfo?
    /// What is wrong with the file, if anything was found.
    public var error: SnapshotError?
  }

  /// One section of a checkpoint.
  public struct SectionEntry: Sendable, Equatable {
    public var name: String
    /// Bytes of the section.
    public var rawByteCount: Int
    /// Raw bytes of the blocks stored in this file; fewer than ``rawByteCount`` in a delta.
    public var storedRawByteCount: Int
    /// Compressed bytes in this file.
    public var storedByteCount: Int
  }

  /// A checkpoint in detail.
  public struct Details: Sendable, Equatable {
    public var info: CheckpointInfo
    /// Bytes of a block.
    public var blockByteCount: Int
    /// The file's checksum (XXH64).
    public var checksum: UInt64
    public var metadata: [UInt8]
    public var sections: [SectionEntry]
    /// This checkpoint and those it builds on, newest first, as far as they are there.
    public var chain: [UInt64]
    /// Why the chain is not whole, if so.
    public var chainError: SnapshotError?
  }

  /// The result of verifying one file.
  public struct VerificationResult: Sendable, Equatable {
    public var id: UInt64
    public var path: String
    /// Whether this file and all it builds on are good: whether recovery may use this checkpoint.
    public var isUsable: Bool { error == nil }
    /// What is wrong with the file, or with one it builds on.
    public var error: SnapshotError?
  }

  /// All checkpoint files, oldest first.
  public static func list(
    directory: String, limits: SnapshotLimits = SnapshotLimits()
  ) throws(SnapshotError) -> [Entry] {
    let folder = CheckpointFolder(path: directory)
    let files = CheckpointFiles(folder: folder, limits: limits, verification: .structure)
    var entries: [Entry] = []
    for id in try folder.scan().ids {
      var entry = Entry(id: id, path: folder.filePath(of: id))
      do throws(SnapshotError) {
        entry.info = CheckpointInfo(try files.open(id))
      } catch {
        entry.error = error
      }
      entries.append(entry)
    }
    return entries
  }

  /// One checkpoint in detail; its header and table must be sound.
  public static func show(
    directory: String, id: UInt64, limits: SnapshotLimits = SnapshotLimits()
  ) throws(SnapshotError) -> Details {
    let folder = CheckpointFolder(path: directory)
    try requirePresence(of: id, in: folder)
    let files = CheckpointFiles(folder: folder, limits: limits, verification: .structure)
    let file = try files.open(id)
    var details = Details(
      info: CheckpointInfo(file), blockByteCount: file.blockByteCount, checksum: file.checksum,
      metadata: try file.metadata(), sections: [], chain: [id])
    details.sections = file.sections.map {
      SectionEntry(
        name: $0.name, rawByteCount: $0.rawByteCount, storedRawByteCount: $0.storedRawByteCount,
        storedByteCount: $0.storedByteCount)
    }
    do throws(SnapshotError) {
      details.chain = try CheckpointChain(of: id, in: files).files.map(\.id)
    } catch {
      details.chainError = error
      var next = file.baseID
      while let base = next, let below = try? files.open(base) {
        details.chain.append(base)
        next = below.baseID
      }
    }
    return details
  }

  /// Verifies every byte of one checkpoint's file, or of all of them, and whether its chain is whole.
  public static func verify(
    directory: String, id: UInt64? = nil, limits: SnapshotLimits = SnapshotLimits()
  ) throws(SnapshotError) -> [VerificationResult] {
    let folder = CheckpointFolder(path: directory)
    if let id { try requirePresence(of: id, in: folder) }
    let files = CheckpointFiles(folder: folder, limits: limits, verification: .checksum)
    var blocks: [UInt64: SnapshotError?] = [:]
    /// Decodes the blocks of a file once, however many chains it is part of.
    func blockError(_ file: SnapshotFile) -> SnapshotError? {
      if let known = blocks[file.id] { return known }
      var found: SnapshotError?
      do throws(SnapshotError) { try file.verifyBlocks() } catch { found = error }
      blocks[file.id] = .some(found)
      return found
    }
    var results: [VerificationResult] = []
    let candidates = if let id { [id] } else { try folder.scan().ids }
    for candidate in candidates {
      var result = VerificationResult(id: candidate, path: folder.filePath(of: candidate))
      do throws(SnapshotError) {
        result.error = try CheckpointChain(of: candidate, in: files).files.lazy.compactMap(blockError).first
      } catch {
        result.error = error
      }
      results.append(result)
    }
    return results
  }

  /// Reads a checkpoint back whole, for tools that look at its sections.
  public static func read(
    directory: String, id: UInt64, limits: SnapshotLimits = SnapshotLimits()
  ) throws(SnapshotError) -> RecoveredCheckpoint {
    let folder = CheckpointFolder(path: directory)
    try requirePresence(of: id, in: folder)
    let files = CheckpointFiles(folder: folder, limits: limits, verification: .checksum)
    return try CheckpointChain(of: id, in: files).restore(threads: 0, warnings: [])
  }

  /// The id of the newest checkpoint in the folder, good or not; nil if there is none.
  public static func newestID(directory: String) throws(SnapshotError) -> UInt64? {
    try CheckpointFolder(path: directory).scan().ids.last
  }

  private static func requirePresence(of id: UInt64, in folder: CheckpointFolder) throws(SnapshotError) {
    let ids = try folder.scan().ids
    if ids.contains(id) { return }
    let present = ids.suffix(10).map { String($0) }.joined(separator: ", ")
    throw SnapshotError(
      .notFound, "there is no checkpoint \(id)", path: folder.path,
      advice: ids.isEmpty
        ? "the folder holds no checkpoints: check the path" : "name one that is there: \(present)")
  }
}
