import FlatMemory

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A stretch of a stream of bytes that came out of one file: what a source of several files must know to give the same
/// bytes again.
struct FileSpan: Codable, Equatable, Sendable {
  var name: String
  /// The file system's number of the file, which a rename does not change.
  var inode: UInt64
  /// Nanoseconds since 1970 UTC.
  var modified: Int64
  /// Where the stretch begins in the stream and in the file.
  var start: UInt64
  var fileStart: UInt64
  /// Bytes of the file; they may still become more until the span is closed.
  var byteCount: UInt64 = 0
  var isClosed = false
  /// A line end was added, because the file ended without one.
  var isTerminated = false
  /// Digest of the file's first bytes, at most ``headByteCountMax`` of those that were read.
  var head: UInt64?
  var headByteCount = 0
  /// It was copied and truncated, so what was read stands in another file now.
  var wasTruncated: Bool?
  static let headByteCountMax = 1024

  var end: UInt64 { start + byteCount + (isTerminated ? 1 : 0) }

  /// What is left of the span from a place in the stream on.
  func rest(from offset: UInt64) -> FileSpan {
    guard offset > start else { return self }
    var rest = self
    let passed = min(offset - start, byteCount)
    rest.start = min(offset, end)
    rest.fileStart += passed
    rest.byteCount -= passed
    if offset > start + byteCount { rest.isTerminated = false }
    return rest
  }
}

/// What the file system says of a file.
struct FileStatus: Equatable, Sendable {
  var inode: UInt64
  var byteCount: UInt64
  /// Nanoseconds since 1970 UTC.
  var modified: Int64
  var isRegular: Bool

  /// Nil where there is no such file.
  init?(path: String) {
    var s = stat()
    guard unsafe stat(path, &s) == 0 else { return nil }
    self.init(s)
  }
  init?(descriptor: Int32) {
    var s = stat()
    guard unsafe fstat(descriptor, &s) == 0 else { return nil }
    self.init(s)
  }
  private init(_ s: stat) {
    inode = UInt64(s.st_ino)
    byteCount = UInt64(s.st_size)
    isRegular = s.st_mode & S_IFMT == S_IFREG
    #if canImport(Darwin)
      let time = s.st_mtimespec
    #else
      let time = s.st_mtim
    #endif
    modified = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// Digest of bytes that need no padding.
func digest(of bytes: some Sequence<UInt8>) -> UInt64 {
  var d = RunningDigest()
  // wide loads may reach beyond the bytes
  let padded = Array(bytes) + [UInt8](repeating: 0, count: 32)
  unsafe padded.withUnsafeBufferPointer { unsafe d.append($0.baseAddress!, $0.count - 32) }
  return d.value
}

/// Length of the longest prefix of whole lines.
func wholeLines(_ p: UnsafePointer<UInt8>, _ count: Int) -> Int {
  var n = count
  while n > 0, unsafe p[n - 1] != 10 { n -= 1 }
  return n
}
