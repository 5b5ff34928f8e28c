#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The names in a folder of checkpoints: which files are checkpoints and which were left by an interrupted write.
///
/// Guarantees: only the canonical name of an id counts, so an id belongs to at most one file; foreign files are
/// never touched.
struct CheckpointFolder: Sendable {
  let path: String
  let fileSystem: any SnapshotFileSystem

  init(path: String, fileSystem: any SnapshotFileSystem = MachineFileSystem()) {
    self.path = path
    self.fileSystem = fileSystem
  }

  static let temporarySuffix = ".tmp"

  /// `checkpoint-000000000042.snapshot`.
  static func fileName(of id: UInt64) -> String {
    let digits = String(id)
    return "checkpoint-" + String(repeating: "0", count: max(0, 12 - digits.count)) + digits + ".snapshot"
  }

  func filePath(of id: UInt64) -> String { path + "/" + Self.fileName(of: id) }

  /// The id of a canonical name.
  static func id(ofFileName name: String) -> UInt64? {
    guard name.hasPrefix("checkpoint-"), name.hasSuffix(".snapshot") else { return nil }
    guard let id = UInt64(name.dropFirst(11).dropLast(9)), id > 0, fileName(of: id) == name else { return nil }
    return id
  }

  /// Whether there is no such folder yet.
  var isMissing: Bool {
    do throws(SnapshotError) {
      _ = try fileSystem.names(inFolder: path)
      return false
    } catch {
      return error.kind == .inputOutput(ENOENT)
    }
  }

  /// The ids of all checkpoint files in ascending order, and those of interrupted writes.
  func scan() throws(SnapshotError) -> (ids: [UInt64], interrupted: [UInt64]) {
    var ids: [UInt64] = []
    var interrupted: [UInt64] = []
    for name in try fileSystem.names(inFolder: path) {
      if let id = Self.id(ofFileName: name) {
        ids.append(id)
      } else if name.hasSuffix(Self.temporarySuffix),
        let id = Self.id(ofFileName: String(name.dropLast(Self.temporarySuffix.utf8.count)))
      {
        interrupted.append(id)
      }
    }
    return (ids.sorted(), interrupted.sorted())
  }

  /// The names in a folder, without `.` and `..`.
  static func names(in folder: String) throws(SnapshotError) -> [String] {
    guard let stream = unsafe opendir(folder) else {
      throw systemError(errno, "the folder cannot be read", path: folder)
    }
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
    if errno != 0 { throw systemError(errno, "the folder cannot be read", path: folder) }
    return names
  }

  /// Creates a folder and those above it.
  static func create(_ folder: String) throws(SnapshotError) {
    var status = stat()
    if unsafe stat(folder, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw systemError(ENOTDIR, "a folder is needed here", path: folder)
      }
      return
    }
    if let slash = folder.lastIndex(of: "/"), slash > folder.startIndex { try create(String(folder[..<slash])) }
    if unsafe mkdir(folder, 0o750) != 0, errno != EEXIST {
      throw systemError(errno, "the folder cannot be created", path: folder)
    }
  }

  /// When a file was last written, in milliseconds since 1970 UTC; nil if it is gone.
  static func modifiedMilliseconds(_ path: String) -> Int64? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
