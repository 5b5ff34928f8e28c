/// The files of a folder, each opened and verified at most once while a recovery or a listing looks for good chains.
///
/// Guarantees: the same answer for the same id as long as this object lives.
final class CheckpointFiles {
  let folder: CheckpointFolder
  private let limits: SnapshotLimits
  private let verification: SnapshotFile.Verification
  private var opened: [UInt64: Result<SnapshotFile, SnapshotError>] = [:]

  init(folder: CheckpointFolder, limits: SnapshotLimits, verification: SnapshotFile.Verification) {
    self.folder = folder
    self.limits = limits
    self.verification = verification
  }

  /// The file of a checkpoint, or why it cannot be used.
  func open(_ id: UInt64) throws(SnapshotError) -> SnapshotFile {
    if let known = opened[id] { return try known.get() }
    let result: Result<SnapshotFile, SnapshotError>
    do throws(SnapshotError) {
      let file = try SnapshotFile(
        source: folder.fileSystem.source(folder.filePath(of: id)), limits: limits, verification: verification)
      guard file.id == id else {
        throw .malformed("the file holds checkpoint \(file.id): it was renamed", path: file.path, offset: 16)
      }
      result = .success(file)
    } catch {
      result = .failure(error)
    }
    opened[id] = result
    return try result.get()
  }
}
