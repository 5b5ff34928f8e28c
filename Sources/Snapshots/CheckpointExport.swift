/// A checkpoint taken apart into plain files: `metadata.json` and `sections/<name>.bin`.
///
/// Guarantees: only what is verified is written; no name leads out of the folder and no file is overwritten; on
/// failure what was written is removed again.
/// Cost: the raw bytes of the checkpoint in memory, once.
public struct CheckpointExport: Sendable, Equatable {
  public var id: UInt64
  public var folder: String
  /// The files written, in order.
  public var files: [String] = []
  /// Bytes written.
  public var byteCount = 0

  private mutating func write(_ bytes: UnsafeRawBufferPointer, to path: String) throws(SnapshotError) {
    let fileSystem = MachineFileSystem()
    if let slash = path.lastIndex(of: "/") { try CheckpointFolder.create(String(path[..<slash])) }
    let descriptor = try fileSystem.createNew(path)
    files.append(path)
    do throws(SnapshotError) {
      try unsafe fileSystem.write(descriptor, bytes, path: path)
    } catch {
      _ = closeDescriptor(descriptor)
      throw error
    }
    try fileSystem.close(descriptor, path: path)
    byteCount += bytes.count
  }

  fileprivate mutating func write(_ checkpoint: RecoveredCheckpoint) throws(SnapshotError) {
    do throws(SnapshotError) {
      var failure: SnapshotError?
      unsafe checkpoint.metadata.withUnsafeBytes { bytes in
        do throws(SnapshotError) { try unsafe write(bytes, to: folder + "/metadata.json") } catch { failure = error }
      }
      if let failure { throw failure }
      for name in checkpoint.sectionNames {
        guard let bytes = unsafe checkpoint.section(name) else { continue }
        try unsafe write(bytes, to: "\(folder)/sections/\(name).bin")
      }
    } catch {
      for file in files { try? MachineFileSystem().remove(file) }
      throw error
    }
  }
}

extension CheckpointInspector {
  /// Writes a checkpoint's metadata and sections as raw files into a folder that is new or empty.
  public static func export(
    directory: String, id: UInt64, to folder: String, limits: SnapshotLimits = SnapshotLimits()
  ) throws(SnapshotError) -> CheckpointExport {
    let checkpoint = try read(directory: directory, id: id, limits: limits)
    try CheckpointFolder.create(folder)
    guard try CheckpointFolder.names(in: folder).isEmpty else {
      throw .invalidArgument(
        "the folder is not empty", path: folder, advice: "name a new or empty folder to export to")
    }
    var export = CheckpointExport(id: id, folder: folder)
    try export.write(checkpoint)
    return export
  }
}
