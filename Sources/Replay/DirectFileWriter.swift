import CKernels
import Dispatch
import FlatMemory
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes the blocks of a large file past the system's page cache, on a thread of its own, while the next are filled.
///
/// Guarantees: blocks are written in the order they are handed over; what was handed over before ``drain()`` is in the
/// file when it gives 0 (an `fsync` then makes it durable), else it gives what failed first, and nothing is written after
/// that; where the file system refuses such writes they go through the cache.
/// Cost: none of the copying, fresh cache pages and writing back that a large file otherwise costs the threads that
/// process (a tenth of a replay's time at 300 MB/s of output); at most ``bufferCount`` blocks of memory, and whoever
/// hands over more waits for the disk.
/// After a crash: bytes beyond the last ``drain()`` may be missing.
@safe final class DirectFileWriter: @unchecked Sendable {
  static let alignment = Int(TW_DIRECT_ALIGNMENT)
  /// Bytes worth a write.
  static let blockByteCount = 1 << 19
  static let bufferCount = 3

  private let direct: Int32
  /// For what cannot be written directly.
  private let cached: Int32
  private let queue = DispatchQueue(label: "thalweg.output")
  private let available = DispatchSemaphore(value: DirectFileWriter.bufferCount)
  private let pool: Mutex<[OutputBuffer]>
  private let failure = Atomic<Int32>(0)
  /// Of the queue.
  private var isDirect = true

  /// For the file open as `descriptor`, whose name is `path`; nil where it can only be written through the cache.
  init?(path: String, descriptor: Int32) {
    let direct = unsafe tw_open_direct(path)
    if direct < 0 { return nil }
    let cached = dup(descriptor)
    if cached < 0 {
      close(direct)
      return nil
    }
    (self.direct, self.cached) = (direct, cached)
    pool = Mutex(
      (0..<DirectFileWriter.bufferCount).map { _ in
        OutputBuffer(capacity: DirectFileWriter.blockByteCount * 3 / 2, alignment: DirectFileWriter.alignment)
      })
  }
  deinit {
    close(direct)
    close(cached)
    pool.withLock { for buffer in $0 { buffer.deallocate() } }
  }

  /// An empty buffer to fill, aligned; waits until one has been written.
  func take() -> OutputBuffer {
    available.wait()
    return pool.withLock { $0.removeLast() }
  }
  /// Gives a buffer back unwritten.
  func giveBack(_ buffer: OutputBuffer) {
    var buffer = buffer
    buffer.count = 0
    pool.withLock { $0.append(buffer) }
    available.signal()
  }
  /// Writes the first `byteCount` bytes of a buffer of ``take()``; count and offset are multiples of ``alignment``.
  func write(_ buffer: OutputBuffer, byteCount: Int, at offset: Int64) {
    assert(byteCount % Self.alignment == 0 && offset % Int64(Self.alignment) == 0)
    queue.async { [self] in
      if failure.load(ordering: .relaxed) == 0 { unsafe write(buffer.base, byteCount, at: offset) }
      giveBack(buffer)
    }
  }
  private func write(_ p: UnsafePointer<UInt8>, _ n: Int, at offset: Int64) {
    var done = 0
    while done < n {
      let isAligned = isDirect && done % Self.alignment == 0
      let r = unsafe pwrite(isAligned ? direct : cached, p + done, n - done, off_t(offset) + off_t(done))
      if r > 0 {
        done += r
      } else if r < 0, errno == EINTR {
        continue
      } else if r < 0, errno == EINVAL, isAligned {
        isDirect = false
      } else {
        return failure.store(r == 0 ? EIO : errno, ordering: .releasing)
      }
    }
  }

  /// The error number of a write that failed, 0 if none has.
  var failed: Int32 { failure.load(ordering: .acquiring) }
  /// Waits until all that was handed over has been written; gives ``failed``.
  func drain() -> Int32 {
    queue.sync {}
    return failed
  }
}
