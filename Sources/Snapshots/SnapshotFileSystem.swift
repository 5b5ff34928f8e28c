#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What keeping checkpoints asks of the file system; replaceable, so that tests can fill a disk and a simulator can crash
/// between two calls.
///
/// Guarantees asked for: a write is whole or an error; ``synchronize(_:path:)`` returns when the bytes are on the
/// medium; a rename is atomic.
package protocol SnapshotFileSystem: Sendable {
  /// Creates or empties a file for writing.
  func create(_ path: String) throws(SnapshotError) -> Int32
  func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws(SnapshotError)
  func synchronize(_ descriptor: Int32, path: String) throws(SnapshotError)
  func close(_ descriptor: Int32, path: String) throws(SnapshotError)
  func rename(_ from: String, to: String) throws(SnapshotError)
  func remove(_ path: String) throws(SnapshotError)
  func synchronizeFolder(_ path: String) throws(SnapshotError)
  /// Creates a folder and those above it; nothing where there is one.
  func createFolder(_ path: String) throws(SnapshotError)
  /// The names in a folder, without `.` and `..`.
  func names(inFolder path: String) throws(SnapshotError) -> [String]
  /// The bytes of a file.
  func source(_ path: String) throws(SnapshotError) -> SnapshotSource
  /// The right to write to a folder, held until the object is let go of.
  func lock(folder: String) throws(SnapshotError) -> any AnyObject & Sendable
}

/// The machine's, where a file system does not say otherwise.
extension SnapshotFileSystem {
  package func createFolder(_ path: String) throws(SnapshotError) { try CheckpointFolder.create(path) }
  package func names(inFolder path: String) throws(SnapshotError) -> [String] { try CheckpointFolder.names(in: path) }
  package func source(_ path: String) throws(SnapshotError) -> SnapshotSource { try SnapshotSource(path: path) }
  package func lock(folder: String) throws(SnapshotError) -> any AnyObject & Sendable {
    try FolderLock(folder: folder)
  }
}

/// The file system of the machine, through POSIX calls.
package struct MachineFileSystem: SnapshotFileSystem {
  package init() {}

  package func create(_ path: String) throws(SnapshotError) -> Int32 {
    try openFile(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, "cannot be created")
  }

  /// Creates a file that must not exist yet.
  func createNew(_ path: String) throws(SnapshotError) -> Int32 {
    try openFile(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, "cannot be created")
  }

  package func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws(SnapshotError) {
    guard let base = bytes.baseAddress else { return }
    var done = 0
    while done < bytes.count {
      #if canImport(Glibc)
        let n = unsafe Glibc.write(descriptor, base + done, bytes.count - done)
      #elseif canImport(Musl)
        let n = Musl.write(descriptor, base + done, bytes.count - done)
      #else
        let n = Darwin.write(descriptor, base + done, min(bytes.count - done, 1 << 30))
      #endif
      if n > 0 {
        done += n
      } else if n == 0 || errno != EINTR {
        throw systemError(n == 0 ? ENOSPC : errno, "cannot be written", path: path)
      }
    }
  }

  package func synchronize(_ descriptor: Int32, path: String) throws(SnapshotError) {
    #if canImport(Darwin)
      // fsync leaves the data in the drive's cache there
      if fcntl(descriptor, F_FULLFSYNC) == 0 { return }
    #endif
    while fsync(descriptor) != 0 {
      if errno != EINTR { throw systemError(errno, "cannot be made durable (fsync)", path: path) }
    }
  }

  package func close(_ descriptor: Int32, path: String) throws(SnapshotError) {
    if closeDescriptor(descriptor) != 0, errno != EINTR { throw systemError(errno, "cannot be closed", path: path) }
  }

  package func rename(_ from: String, to: String) throws(SnapshotError) {
    if renameFile(from, to) != 0 { throw systemError(errno, "cannot be renamed to \(to)", path: from) }
  }

  package func remove(_ path: String) throws(SnapshotError) {
    if unsafe unlink(path) != 0, errno != ENOENT { throw systemError(errno, "cannot be removed", path: path) }
  }

  package func synchronizeFolder(_ path: String) throws(SnapshotError) {
    let descriptor = try openFile(path, O_RDONLY | O_DIRECTORY, "cannot be opened")
    defer { _ = closeDescriptor(descriptor) }
    try synchronize(descriptor, path: path)
  }
}

/// Opens a file that no child process inherits.
func openFile(_ path: String, _ flags: Int32, _ failure: String) throws(SnapshotError) -> Int32 {
  while true {
    let descriptor = unsafe open(path, flags | O_CLOEXEC, 0o640)
    if descriptor >= 0 { return descriptor }
    if errno != EINTR { throw systemError(errno, failure, path: path) }
  }
}

/// `close(2)` under a name that methods called `close` do not hide.
func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }

private func renameFile(_ from: String, _ to: String) -> Int32 { unsafe rename(from, to) }

/// The sentence for an error number: what failed, why, what to do.
func systemError(_ number: Int32, _ failure: String, path: String) -> SnapshotError {
  let advice =
    switch number {
    case ENOSPC, EDQUOT: "free space on that disk or name another folder; earlier checkpoints are untouched"
    case EACCES, EPERM, EROFS: "check the owner and permissions of the folder"
    case ENOENT, ENOTDIR: "check the path"
    case EIO: "the disk reports a fault: copy the folder to another disk"
    case EMFILE, ENFILE: "raise the limit on open files (ulimit -n)"
    default: "check the path and the disk"
    }
  let why = unsafe String(cString: strerror(number))
  return SnapshotError(.inputOutput(number), "\(failure): \(why)", path: path, advice: advice)
}
