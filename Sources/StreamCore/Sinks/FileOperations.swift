import Snapshots

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a file could not be used for, why, and what to do.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The system's error number; 0 when the system had no objection but the content is wrong.
  public var number: Int32
  public var path: String
  public var problem: String
  public var advice: String

  public init(number: Int32 = 0, path: String, problem: String, advice: String) {
    (self.number, self.path, self.problem, self.advice) = (number, path, problem, advice)
  }

  /// The sentence for an error number.
  static func system(_ number: Int32, _ problem: String, path: String) -> FileError {
    let advice =
      switch number {
      case ENOSPC, EDQUOT: "free some space on that disk and run again"
      case EACCES, EPERM, EROFS: "check the owner and the permissions of the folder"
      case ENOENT, ENOTDIR: "check the path"
      case EMFILE, ENFILE: "raise the limit on open files (ulimit -n)"
      case EIO: "the disk reports a fault: copy the folder to another disk"
      default: "check the path and the disk"
      }
    let why = unsafe String(cString: strerror(number))
    return FileError(number: number, path: path, problem: "\(problem): \(why)", advice: advice)
  }

  public var description: String { "'\(path)' \(problem); \(advice)" }
}

/// How a file is opened.
public enum FileMode: Sendable, Equatable {
  /// For writing, empty, whether or not there was one.
  case create
  /// For writing at its end; it must be there.
  case append
  /// To be made durable, whoever wrote it.
  case flush
}

/// What sinks and write-ahead logs ask of the file system; replaceable, so that a simulator can crash between two calls,
/// tear a write, lose what was not flushed, or fill the disk.
///
/// Guarantees asked for: a write is whole or an error (after which any part of it may be there); ``synchronize(_:path:)``
/// returns when the file's bytes are on the medium; a rename is atomic; a name made, changed or removed is on the medium
/// after ``synchronizeFolder(_:)``. Any thread may call; descriptors mean nothing but to the object that gave them.
public protocol FileOperations: Sendable {
  /// Creates a folder and those above it; nothing where there is one.
  func createFolder(_ path: String) throws
  /// The names in a folder, in any order; none where there is no folder.
  func names(inFolder path: String) throws -> [String]
  func open(_ path: String, _ mode: FileMode) throws -> Int32
  func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws
  func synchronize(_ descriptor: Int32, path: String) throws
  func close(_ descriptor: Int32, path: String) throws
  /// Length of a file; nil where there is none.
  func byteCount(_ path: String) throws -> UInt64?
  /// Reads from an offset and says how many bytes; fewer than asked for only at the end of the file.
  func read(_ path: String, at offset: UInt64, into bytes: UnsafeMutableRawBufferPointer) throws -> Int
  /// Cuts a file back.
  func truncate(_ path: String, to byteCount: UInt64) throws
  func rename(_ from: String, to: String) throws
  /// Removes a file; nothing where there is none.
  func remove(_ path: String) throws
  func synchronizeFolder(_ path: String) throws
  /// The right to write to a folder, until the object is let go of; throws while another holds it, of this process or of
  /// another. One that died holds nothing. By default nothing is locked.
  func lock(folder: String) throws -> any AnyObject & Sendable
}

/// Where nobody else can reach the files.
private final class NoLock: Sendable {}
extension FileOperations {
  public func lock(folder: String) throws -> any AnyObject & Sendable { NoLock() }
}

/// The machine's files, through POSIX calls.
public struct MachineFileOperations: FileOperations {
  private let system = MachineFileSystem()
  public init() {}

  /// Writing, flushing and renaming are the checkpoint store's, with this module's words for what failed.
  private func translated<R>(_ path: String, _ body: () throws(SnapshotError) -> R) throws -> R {
    do { return try body() } catch {
      guard case .inputOutput(let number) = error.kind else { throw error }
      let problem = error.problem.prefix { $0 != ":" }
      throw FileError.system(number, String(problem), path: error.path ?? path)
    }
  }

  public func createFolder(_ path: String) throws {
    var status = stat()
    if unsafe stat(path, &status) == 0 {
      if status.st_mode & S_IFMT != S_IFDIR { throw FileError.system(ENOTDIR, "is needed as a folder", path: path) }
      return
    }
    if let slash = path.lastIndex(of: "/"), slash > path.startIndex { try createFolder(String(path[..<slash])) }
    if unsafe mkdir(path, 0o755) != 0, errno != EEXIST {
      throw FileError.system(errno, "cannot be created as a folder", path: path)
    }
  }

  public func names(inFolder path: String) throws -> [String] {
    do { return try folderEntries(path) } catch  where error.number == ENOENT { return [] }
  }

  public func open(_ path: String, _ mode: FileMode) throws -> Int32 {
    if mode == .create { return try translated(path) { () throws(SnapshotError) in try system.create(path) } }
    return try openDescriptor(path, mode == .append ? O_WRONLY | O_APPEND : O_RDONLY)
  }

  public func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws {
    try translated(path) { () throws(SnapshotError) in try unsafe system.write(descriptor, bytes, path: path) }
  }
  public func synchronize(_ descriptor: Int32, path: String) throws {
    try translated(path) { () throws(SnapshotError) in try system.synchronize(descriptor, path: path) }
  }
  public func close(_ descriptor: Int32, path: String) throws {
    try translated(path) { () throws(SnapshotError) in try system.close(descriptor, path: path) }
  }

  public func byteCount(_ path: String) throws -> UInt64? {
    var status = stat()
    if unsafe stat(path, &status) == 0 { return UInt64(status.st_size) }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw FileError.system(errno, "cannot be looked at", path: path)
  }

  public func read(_ path: String, at offset: UInt64, into bytes: UnsafeMutableRawBufferPointer) throws -> Int {
    let descriptor = try openDescriptor(path, O_RDONLY)
    defer { closeQuietly(descriptor) }
    return try unsafe readFully(descriptor, at: offset, into: bytes, path: path)
  }

  public func truncate(_ path: String, to byteCount: UInt64) throws {
    if cut(path, off_t(byteCount)) != 0 { throw FileError.system(errno, "cannot be cut back", path: path) }
  }
  public func rename(_ from: String, to: String) throws {
    try translated(from) { () throws(SnapshotError) in try system.rename(from, to: to) }
  }
  public func remove(_ path: String) throws {
    try translated(path) { () throws(SnapshotError) in try system.remove(path) }
  }
  public func synchronizeFolder(_ path: String) throws {
    try translated(path) { () throws(SnapshotError) in try system.synchronizeFolder(path) }
  }
  public func lock(folder: String) throws -> any AnyObject & Sendable {
    do { return try translated(folder) { () throws(SnapshotError) in try system.lock(folder: folder) } } catch let error
      as SnapshotError where error.kind == .locked
    {
      throw FileError(
        number: EWOULDBLOCK, path: folder, problem: "cannot be written to: \(error.problem)",
        advice: "stop the other program, or give this one a folder of its own")
    }
  }
}

/// `truncate(2)` under a name that methods do not hide.
private func cut(_ path: String, _ byteCount: off_t) -> Int32 { unsafe truncate(path, byteCount) }

/// `close(2)` of a file that was only read.
func closeQuietly(_ descriptor: Int32) { _ = close(descriptor) }

/// Opens a file that no child process inherits.
func openDescriptor(_ path: String, _ flags: Int32) throws(FileError) -> Int32 {
  while true {
    let descriptor = unsafe open(path, flags | O_CLOEXEC)
    if descriptor >= 0 { return descriptor }
    if errno != EINTR { throw .system(errno, "cannot be opened", path: path) }
  }
}

/// Reads from an offset until the bytes are full or the file is over.
func readFully(
  _ descriptor: Int32, at offset: UInt64, into bytes: UnsafeMutableRawBufferPointer, path: String
) throws(FileError) -> Int {
  guard let base = bytes.baseAddress else { return 0 }
  var done = 0
  while done < bytes.count {
    let n = unsafe pread(descriptor, base + done, min(bytes.count - done, 1 << 30), off_t(offset) + off_t(done))
    if n == 0 { break }
    if n > 0 { done += n } else if errno != EINTR { throw .system(errno, "cannot be read", path: path) }
  }
  return done
}

/// The names in a folder, without `.` and `..`.
func folderEntries(_ folder: String) throws(FileError) -> [String] {
  guard let stream = unsafe opendir(folder) else { throw .system(errno, "cannot be read as a folder", path: folder) }
  defer { unsafe closedir(stream) }
  var names: [String] = []
  while true {
    errno = 0
    guard let entry = unsafe readdir(stream) else { break }
    // the record is shorter than its declared type: take the address, do not copy
    let start = unsafe UnsafeRawPointer(entry) + MemoryLayout<dirent>.offset(of: \dirent.d_name)!
    let name = unsafe String(cString: start.assumingMemoryBound(to: CChar.self))
    if name != ".", name != ".." { names.append(name) }
  }
  if errno != 0 { throw .system(errno, "cannot be read as a folder", path: folder) }
  return names
}
