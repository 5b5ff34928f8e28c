#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The bytes of one snapshot file, in memory or on disk, read at any offset by any number of threads.
///
/// Guarantees: a read is whole or an error; a file that shrinks or a failing disk is an error and not a signal, which
/// a memory mapping could not promise. A descriptor is closed with the last owner.
/// Cost: memory: none, views are handed out; file: one `pread` into the caller's scratch.
@safe package final class SnapshotSource: @unchecked Sendable {
  let path: String
  let byteCount: Int
  private let descriptor: Int32
  private let memory: UnsafeRawBufferPointer
  private let ownsMemory: Bool

  /// Bytes that outlive this object.
  init(memory: UnsafeRawBufferPointer, name: String) {
    path = name
    byteCount = memory.count
    descriptor = -1
    unsafe self.memory = unsafe memory
    ownsMemory = false
  }

  /// A copy of bytes.
  package init(bytes: [UInt8], name: String) {
    path = name
    byteCount = bytes.count
    descriptor = -1
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 64)
    unsafe copy.copyBytes(from: bytes)
    unsafe memory = unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(copy)[..<bytes.count])
    ownsMemory = true
  }

  init(path: String) throws(SnapshotError) {
    let descriptor = try openFile(path, O_RDONLY, "cannot be opened")
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      _ = closeDescriptor(descriptor)
      throw .malformed("not a regular file", path: path)
    }
    self.path = path
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
    unsafe memory = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    ownsMemory = false
  }

  deinit {
    if ownsMemory { unsafe memory.deallocate() }
    if descriptor >= 0 { _ = closeDescriptor(descriptor) }
  }

  /// The bytes of a range; for a file they are in `scratch`, which must hold them.
  func read(
    _ offset: Int, _ count: Int, scratch: UnsafeMutableRawBufferPointer
  ) throws(SnapshotError) -> UnsafeRawBufferPointer {
    guard offset >= 0, count >= 0, offset <= byteCount, count <= byteCount - offset else {
      throw .malformed("\(count) bytes are needed and the file ends at \(byteCount)", path: path, offset: offset)
    }
    if descriptor < 0 { return unsafe UnsafeRawBufferPointer(rebasing: memory[offset..<offset + count]) }
    precondition(scratch.count >= count, "the scratch buffer is too small")
    var done = 0
    while done < count {
      let n = unsafe pread(descriptor, scratch.baseAddress! + done, count - done, off_t(offset + done))
      if n > 0 {
        done += n
      } else if n == 0 {
        throw .malformed("the file became shorter while it was read", path: path, offset: offset + done)
      } else if errno != EINTR {
        throw systemError(errno, "cannot be read", path: path)
      }
    }
    return unsafe UnsafeRawBufferPointer(start: scratch.baseAddress, count: count)
  }

  /// XXH64 of the first `count` bytes.
  func checksum(ofFirst count: Int) throws(SnapshotError) -> UInt64 {
    var hash = XXHash64()
    let step = min(max(count, 1), 1 << 20)
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: descriptor < 0 ? 0 : step, alignment: 64)
    defer { unsafe scratch.deallocate() }
    var offset = 0
    while offset < count {
      let n = min(step, count - offset)
      unsafe hash.append(try read(offset, n, scratch: scratch))
      offset += n
    }
    return hash.value
  }
}
