import CKernels
import CZstd
package import FlatMemory
import Foundation
package import StreamCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An output that could not be written.
public struct OutputError: Error, CustomStringConvertible {
  public enum Kind: Sendable { case cannotCreate, io }
  public let kind: Kind
  public let description: String
}

/// A file that appears under its name only when it is whole, and that a resumed run goes on with byte for byte.
///
/// Written to `<name>.partial` beside it; ``publish()`` flushes and renames. A checkpoint holds the length written and
/// a digest of it; on resume the partial file (or, after it was published, the file itself) is cut back to that length
/// if the digest agrees. `.zst` files are sequences of zstd frames of 4 MiB of text each, so that their bytes do not
/// depend on when checkpoints were taken; the unfinished frame's text is part of the checkpoint.
/// `-` is standard output, and what is no regular file (a device, a pipe, anything in `/dev`) is written as it comes too:
/// not renamed, not resumable (at-least-once).
public final class PublishedFile {
  let path: String
  private var partialPath: String { path + ".partial" }
  private var descriptor: Int32 = -1
  /// The descriptor that the checkpoint being written has to flush.
  private var durable: Int32 = -1
  private var buffer = OutputBuffer(capacity: 1 << 18)
  private var digest = RunningDigest()
  private let isCompressed: Bool
  /// Written as it comes.
  private let isStream: Bool
  private var compressed: [UInt8] = []
  private static let flushByteCount = 1 << 17
  private static let sendByteCount: Int64 = 8 << 20
  private var sentToDisk: Int64 = 0
  /// Writes what follows the first bytes of a large file; then ``buffer`` is one of its own.
  private var direct: DirectFileWriter?
  /// The writer that the checkpoint being written has to wait for.
  private var durableDirect: DirectFileWriter?
  private var triesDirect = true
  private static let cachedByteCount: UInt64 = 4 << 20
  private static let frameByteCount = 4 << 20
  /// Written when a new file is begun.
  private let head: [UInt8]

  /// - Parameter head: written when a new file is begun.
  public init(path: String, head: [UInt8] = []) {
    self.path = path
    self.head = head
    isStream = PublishedFile.isStream(path)
    isCompressed = path.hasSuffix(".zst")
  }
  deinit {
    endDirect()
    if descriptor > 1 { close(descriptor) }
    buffer.deallocate()
  }

  /// Whether what is written to a path is gone at once: standard output (`-`), a device, a pipe.
  public static func isStream(_ path: String) -> Bool {
    if path == "-" || path.hasPrefix("/dev/") { return true }
    var s = stat()
    guard unsafe stat(path, &s) == 0 else { return false }
    return s.st_mode & S_IFMT != S_IFREG && s.st_mode & S_IFMT != S_IFDIR
  }

  private func openStream() throws {
    descriptor = path == "-" ? 1 : unsafe open(path, O_WRONLY | O_CLOEXEC)
    if descriptor < 0 { throw cannotCreate(path) }
  }

  /// Creates the file. Throws when its folder is missing or not writable.
  public func create() throws {
    if isStream {
      try openStream()
    } else {
      descriptor = unsafe open(partialPath, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      if descriptor < 0 { throw cannotCreate(partialPath) }
      var s = stat()
      if unsafe stat(path, &s) == 0, s.st_mode & S_IFMT == S_IFDIR {
        discard()
        throw OutputError(
          kind: .cannotCreate, description: "cannot create '\(path)': it is a folder; name a file in it")
      }
    }
    unsafe head.withUnsafeBufferPointer { if let p = $0.baseAddress { unsafe append(p, $0.count) } }
  }
  private func cannotCreate(_ p: String) -> OutputError {
    let why = unsafe String(cString: strerror(errno))
    let folder = (path as NSString).deletingLastPathComponent
    let hint =
      errno == ENOENT
      ? "; the folder '\(folder)' does not exist" : errno == EACCES ? "; choose a folder you may write to" : ""
    return OutputError(kind: .cannotCreate, description: "cannot create '\(path)': \(why)\(hint)")
  }

  public func append(_ p: UnsafePointer<UInt8>, _ n: Int) {
    buffer.reserve(n)
    unsafe buffer.bytesExact(p, n)
  }
  /// A buffer to write rows into directly; call ``flush()`` afterwards.
  package func withBuffer<R>(_ body: (inout OutputBuffer) -> R) -> R { body(&buffer) }

  /// Writes out what has gathered, if it is worth a write.
  public func flush() throws {
    if isCompressed {
      while buffer.count >= PublishedFile.frameByteCount { try writeFrame(PublishedFile.frameByteCount) }
    } else if let direct {
      if buffer.count >= DirectFileWriter.blockByteCount { try handOver(to: direct) }
    } else if buffer.count >= PublishedFile.flushByteCount {
      if triesDirect, digest.count >= PublishedFile.cachedByteCount { return try beginDirect() }
      try unsafe writeAll(buffer.base, buffer.count)
      buffer.count = 0
    }
  }
  /// From here on the file's blocks go past the cache, if that can be.
  private func beginDirect() throws {
    triesDirect = false
    guard !isStream, let writer = DirectFileWriter(path: partialPath, descriptor: descriptor) else { return }
    // up to a whole block through the cache
    let gap = -Int(digest.count) & (DirectFileWriter.alignment - 1)
    try unsafe writeAll(buffer.base, gap)
    let aligned = rest(from: gap, in: writer.take())
    buffer.deallocate()
    (buffer, direct) = (aligned, writer)
  }
  private func handOver(to direct: DirectFileWriter) throws {
    if direct.failed != 0 { throw cannotWrite(direct.failed) }
    let n = buffer.count & ~(DirectFileWriter.alignment - 1)
    let next = rest(from: n, in: direct.take())
    let offset = Int64(digest.count)
    unsafe digest.append(buffer.base, n)
    direct.write(buffer, byteCount: n, at: offset)
    buffer = next
  }
  /// What has gathered from a byte on, in another buffer, which is empty.
  private func rest(from start: Int, in empty: OutputBuffer) -> OutputBuffer {
    var other = empty
    other.reserve(buffer.count - start)
    unsafe other.bytesExact(buffer.base + start, buffer.count - start)
    return other
  }
  /// Waits for blocks on their way; what follows goes through the cache.
  @discardableResult
  private func endDirect() -> Int32 {
    guard let direct else { return 0 }
    let failed = direct.drain()
    let own = rest(from: 0, in: OutputBuffer(capacity: 1 << 18))
    direct.giveBack(buffer)
    (buffer, self.direct) = (own, nil)
    return failed
  }
  private func writeFrame(_ n: Int) throws {
    let bound = ZSTD_compressBound(n)
    if compressed.count < bound { compressed = [UInt8](repeating: 0, count: bound) }
    let size = unsafe compressed.withUnsafeMutableBufferPointer {
      unsafe ZSTD_compress($0.baseAddress, bound, buffer.base, n, 3)
    }
    if ZSTD_isError(size) != 0 { throw OutputError(kind: .io, description: "cannot compress '\(path)'") }
    try unsafe compressed.withUnsafeBufferPointer { try unsafe writeAll($0.baseAddress!, size) }
    let rest = buffer.count - n
    unsafe memmove(buffer.base, buffer.base + n, rest)
    buffer.count = rest
  }
  private func writeAll(_ p: UnsafePointer<UInt8>, _ n: Int) throws {
    var done = 0
    while done < n {
      let r =
        unsafe isStream
        ? write(descriptor, p + done, n - done)
        : pwrite(descriptor, p + done, n - done, off_t(digest.count) + off_t(done))
      if r < 0, errno == EINTR { continue }
      if r <= 0 { throw cannotWrite(errno) }
      done += r
    }
    unsafe digest.append(p, n)
    sendToDisk()
  }
  private func cannotWrite(_ number: Int32) -> OutputError {
    let why = unsafe String(cString: strerror(number))
    let hint = number == ENOSPC ? "; free some space and run again" : ""
    return OutputError(
      kind: .io, description: "cannot write '\(path == "-" ? "standard output" : path)': \(why)\(hint)")
  }
  /// Asks the system to begin writing what has gathered in its cache, so that the flush at the end is short.
  private func sendToDisk() {
    let written = Int64(digest.count)
    if isStream || written - sentToDisk < PublishedFile.sendByteCount { return }
    tw_send_to_disk(descriptor, sentToDisk, written - sentToDisk)
    sentToDisk = written
  }

  /// Makes the file whole and gives it its name.
  public func publish() throws {
    let failed = endDirect()
    if failed != 0 { throw cannotWrite(failed) }
    if isCompressed, buffer.count > 0 || digest.count == 0 { try writeFrame(buffer.count) }
    if !isCompressed, buffer.count > 0 {
      try unsafe writeAll(buffer.base, buffer.count)
      buffer.count = 0
    }
    if isStream { return }
    guard fsync(descriptor) == 0, close(descriptor) == 0 else {
      throw OutputError(kind: .io, description: unsafe "cannot write '\(path)': \(String(cString: strerror(errno)))")
    }
    descriptor = -1
    guard unsafe rename(partialPath, path) == 0 else {
      throw OutputError(
        kind: .cannotCreate,
        description: unsafe "cannot rename '\(partialPath)' to '\(path)': \(String(cString: strerror(errno)))")
    }
    syncFolder(of: path)
  }
  /// Removes what was written of an unfinished file.
  public func discard() {
    endDirect()
    if descriptor >= 0, !isStream {
      close(descriptor)
      descriptor = -1
      unsafe unlink(partialPath)
    }
  }

  /// Removes the partial file's name, whoever still writes to it.
  package func unlinkPartial() {
    if descriptor >= 0, !isStream { unsafe unlink(partialPath) }
  }

  // MARK: state

  package func snapshot(into snapshot: StateSnapshot) {
    // flushed in the background, when the file may already be published and closed
    if durable >= 0 { close(durable) }
    durable = descriptor >= 0 && !isStream ? dup(descriptor) : -1
    durableDirect = direct
    unsafe digest.words.withUnsafeBufferPointer { unsafe snapshot.add("file", values: $0) }
    unsafe snapshot.add("file-pending", UnsafeRawBufferPointer(start: buffer.base, count: buffer.count))
  }

  /// Goes on with the file of an earlier run, cut back to where the checkpoint has it.
  package func restore(from snapshot: RestoredState) throws {
    let w = try snapshot.values("file", of: UInt64.self)
    guard let wanted = RunningDigest(words: w) else { throw StateError.size("file", w.count * 8) }
    if isStream {
      try openStream()
    } else {
      try reopen(wanted)
    }
    digest = wanted
    let pending = try unsafe snapshot.section("file-pending")
    buffer.count = 0
    if let p = pending.baseAddress { unsafe append(p.assumingMemoryBound(to: UInt8.self), pending.count) }
  }
  private func reopen(_ wanted: RunningDigest) throws {
    for candidate in [partialPath, path] {
      let fd = unsafe open(candidate, O_RDWR | O_CLOEXEC)
      if fd < 0 { continue }
      if !prefixAgrees(fd, wanted) {
        close(fd)
        continue
      }
      if candidate == partialPath {
        descriptor = fd
      } else {
        // published already: keep it in place until the new one is whole
        descriptor = unsafe open(partialPath, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        if descriptor < 0 {
          close(fd)
          throw cannotCreate(partialPath)
        }
        try copyPrefix(from: fd, byteCount: Int(wanted.count))
        close(fd)
      }
      guard ftruncate(descriptor, off_t(wanted.count)) == 0 else {
        throw OutputError(
          kind: .io, description: unsafe "cannot go on with '\(partialPath)': \(String(cString: strerror(errno)))")
      }
      return
    }
    throw OutputError(
      kind: .cannotCreate,
      description: "cannot resume: '\(path)' (or its '.partial') is missing or is not what the checkpoint left; "
        + "put it back or start over with --fresh")
  }
  private func prefixAgrees(_ fd: Int32, _ wanted: RunningDigest) -> Bool {
    var d = RunningDigest()
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while d.count < wanted.count {
      let n = unsafe chunk.withUnsafeMutableBytes {
        unsafe read(fd, $0.baseAddress, min($0.count, Int(wanted.count - d.count)))
      }
      if n <= 0 { return false }
      unsafe chunk.withUnsafeBufferPointer { unsafe d.append($0.baseAddress!, n) }
    }
    return d == wanted
  }
  private func copyPrefix(from fd: Int32, byteCount: Int) throws {
    lseek(fd, 0, SEEK_SET)
    var left = byteCount
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while left > 0 {
      let n = unsafe chunk.withUnsafeMutableBytes { unsafe read(fd, $0.baseAddress, min($0.count, left)) }
      if n <= 0 { throw OutputError(kind: .io, description: "cannot read '\(path)'") }
      try unsafe chunk.withUnsafeBufferPointer { try unsafe writeAll($0.baseAddress!, n) }
      left -= n
    }
  }
  package func makeDurable() throws {
    guard durable >= 0 else { return }
    let failed = durableDirect?.drain() ?? 0
    durableDirect = nil
    if failed != 0 { throw cannotWrite(failed) }
    let result = fsync(durable)
    close(durable)
    durable = -1
    if result != 0 {
      throw OutputError(kind: .io, description: unsafe "cannot flush '\(path)': \(String(cString: strerror(errno)))")
    }
  }
}

/// Makes a rename in the folder of `path` durable.
func syncFolder(of path: String) {
  let folder = (path as NSString).deletingLastPathComponent
  let fd = unsafe open(folder.isEmpty ? "." : folder, O_RDONLY | O_CLOEXEC)
  if fd >= 0 {
    fsync(fd)
    close(fd)
  }
}

/// Writes a whole small file aside and publishes it.
package func publish(_ bytes: [UInt8], to path: String) throws {
  let f = PublishedFile(path: path)
  try f.create()
  unsafe bytes.withUnsafeBufferPointer { if let p = $0.baseAddress { unsafe f.append(p, $0.count) } }
  do { try f.publish() } catch {
    f.discard()
    throw error
  }
}
