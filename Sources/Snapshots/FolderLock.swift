#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The right to write to a folder (of checkpoints, of a log): an exclusive `flock` on its file `lock`.
///
/// Guarantees: at most one holder, within a process too; released by the system when the process dies, so a crash
/// leaves nothing to clean up. The file itself stays and names the last holder's process id.
final class FolderLock: Sendable {
  let descriptor: Int32

  init(folder: String) throws(SnapshotError) {
    let path = folder + "/lock"
    let descriptor = try openFile(path, O_RDWR | O_CREAT | O_NOFOLLOW, "the lock file cannot be opened")
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      let number = errno
      if number == EINTR { continue }
      let holder = Self.holder(descriptor)
      _ = closeDescriptor(descriptor)
      guard number == EWOULDBLOCK else { throw systemError(number, "the folder cannot be locked", path: path) }
      throw SnapshotError(
        .locked, "another writer\(holder) is using this folder", path: folder,
        advice: "stop the other job, or give this one a folder of its own")
    }
    let text = "\(getpid())\n"
    // cut off afterwards: of a file that was empty in between, ext4 would write the content when it is closed
    _ = unsafe text.withCString { unsafe pwrite(descriptor, $0, strlen($0), 0) }
    _ = ftruncate(descriptor, off_t(text.utf8.count))
    self.descriptor = descriptor
  }

  deinit {
    // a process that is just being started has a copy of the descriptor until it executes: closing ours would not do
    _ = flock(descriptor, LOCK_UN)
    _ = closeDescriptor(descriptor)
  }

  private static func holder(_ descriptor: Int32) -> String {
    var digits = [UInt8](repeating: 0, count: 20)
    let n = unsafe pread(descriptor, &digits, digits.count, 0)
    let text = String(decoding: digits.prefix(max(0, n)).prefix { $0 >= 48 && $0 <= 57 }, as: UTF8.self)
    return text.isEmpty ? "" : " (process \(text))"
  }
}
