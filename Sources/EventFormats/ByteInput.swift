#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A stream of decompressed bytes; it may move between threads, but serves one at a time.
public protocol ByteInput: AnyObject, Sendable {
  /// Reads up to `count` decompressed bytes, fewer at will; 0 only at the end.
  func read(into bytes: UnsafeMutableRawPointer, _ count: Int) throws(InputError) -> Int
  /// Moves forward to an offset in the decompressed bytes: a seek in a plain file, otherwise everything up to there is
  /// read. Offsets behind the current one, or behind the end, are errors.
  func skip(to decompressedOffset: UInt64) throws(InputError)
  /// The path, or `stdin`.
  var name: String { get }
  /// How the bytes in the file are compressed.
  var compression: CompressionFormat { get }
  /// Size of the file as it lies there; nil when it has none (a pipe).
  var sizeInBytes: UInt64? { get }
  /// Bytes of the file consumed so far, for progress.
  var bytesConsumed: UInt64 { get }
}

/// Opens a file for reading, `-` being stdin. zstd and gzip are recognised by their first bytes and unpacked.
///
/// Throws when there is no such file, when it is a folder, when it may not be read.
public func openInput(path: String) throws(InputError) -> any ByteInput {
  try input(from: try FileBytes(path: path))
}

/// The input over raw bytes, chosen by their head.
func input(from source: RawBytes) throws(InputError) -> any ByteInput {
  try source.fill(atLeast: 4)
  switch CompressionFormat(head: source.ahead) {
  case .zstd: return ZstdInput(source)
  case .gzip: return try GzipInput(source)
  case .none: return PlainInput(source)
  }
}

/// Bytes as they lie in a file or in memory, read ahead into a buffer of 1 MiB.
class RawBytes: @unchecked Sendable {
  static let bufferByteCount = 1 << 20
  let name: String
  fileprivate(set) var sizeInBytes: UInt64?
  fileprivate let buffer = UnsafeMutableRawPointer.allocate(byteCount: bufferByteCount, alignment: 64)
  fileprivate var from = 0
  fileprivate var to = 0
  private(set) var atEnd = false
  /// Bytes taken out by ``take(_:)``.
  fileprivate(set) var consumed: UInt64 = 0

  fileprivate init(name: String) { self.name = name }
  deinit { buffer.deallocate() }

  /// Bytes read but not taken.
  var ahead: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: buffer + from, count: to - from) }

  func take(_ n: Int) {
    assert(n <= to - from)
    from += n
    consumed += UInt64(n)
  }

  /// Reads ahead until at least `n` bytes stand there or the end is reached.
  func fill(atLeast n: Int) throws(InputError) {
    if from == to { (from, to) = (0, 0) }
    while to - from < n, !atEnd {
      if from > 0 {
        buffer.copyMemory(from: buffer + from, byteCount: to - from)
        (from, to) = (0, to - from)
      }
      let got = try readRaw(into: buffer + to, RawBytes.bufferByteCount - to)
      if got == 0 { atEnd = true }
      to += got
    }
  }

  /// Past the read-ahead, straight into the caller's memory.
  fileprivate func readDirect(into bytes: UnsafeMutableRawPointer, _ count: Int) throws(InputError) -> Int {
    if atEnd { return 0 }
    let got = try readRaw(into: bytes, count)
    if got == 0 { atEnd = true }
    consumed += UInt64(got)
    return got
  }

  func readRaw(into bytes: UnsafeMutableRawPointer, _ count: Int) throws(InputError) -> Int { 0 }
  /// Moves forward to an offset, the read-ahead being empty; false when it cannot.
  func seek(to offset: UInt64) -> Bool { false }
}

/// A file descriptor's bytes.
final class FileBytes: RawBytes, @unchecked Sendable {
  private let descriptor: Int32

  init(path: String) throws(InputError) {
    if path == "-" {
      descriptor = 0
      super.init(name: "stdin")
      return
    }
    var opened: Int32
    repeat { opened = open(path, O_RDONLY | O_CLOEXEC) } while opened < 0 && errno == EINTR
    guard opened >= 0 else { throw FileBytes.openError(path, errno) }
    descriptor = opened
    super.init(name: path)
    var info = stat()
    guard fstat(opened, &info) == 0 else { return }
    if info.st_mode & S_IFMT == S_IFDIR {
      throw InputError(.isFolder, "\(path) is a folder; name the files in it, for example \(path)/*")
    }
    if info.st_mode & S_IFMT == S_IFREG { sizeInBytes = UInt64(info.st_size) }
    #if canImport(Glibc) || canImport(Musl)
      _ = posix_fadvise(opened, 0, 0, POSIX_FADV_SEQUENTIAL)
    #endif
  }
  deinit { if descriptor != 0 { close(descriptor) } }

  private static func openError(_ path: String, _ code: Int32) -> InputError {
    switch code {
    case ENOENT, ENOTDIR: InputError(.notFound, "\(path): there is no such file; check the path (- reads stdin)")
    case EACCES, EPERM: InputError(.noPermission, "\(path): no permission to read it; check with ls -l \(path)")
    default: InputError(.readFailed, "\(path): cannot be opened: \(String(cString: strerror(code)))")
    }
  }

  override func readRaw(into bytes: UnsafeMutableRawPointer, _ count: Int) throws(InputError) -> Int {
    while true {
      let got = read(descriptor, bytes, count)
      if got >= 0 { return got }
      let code = errno
      if code == EINTR { continue }
      if code == EAGAIN {
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        poll(&poller, 1, -1)
        continue
      }
      if code == EISDIR { throw InputError(.isFolder, "\(name) is a folder; name the files in it") }
      let offset = consumed + UInt64(ahead.count)
      throw InputError(.readFailed, "\(name): reading failed at byte \(offset): \(String(cString: strerror(code)))")
    }
  }

  override func seek(to offset: UInt64) -> Bool {
    guard let size = sizeInBytes, offset <= size else { return false }
    guard lseek(descriptor, off_t(offset), SEEK_SET) == off_t(offset) else { return false }
    consumed = offset
    return true
  }
}

/// Bytes handed over in memory; read in pieces of at most `stride`, as a pipe would give them.
final class MemoryBytes: RawBytes, @unchecked Sendable {
  private let bytes: [UInt8]
  private let stride: Int
  private var at = 0

  init(_ bytes: [UInt8], name: String = "memory", stride: Int = .max) {
    self.bytes = bytes
    self.stride = stride
    super.init(name: name)
    sizeInBytes = UInt64(bytes.count)
  }

  override func readRaw(into target: UnsafeMutableRawPointer, _ count: Int) throws(InputError) -> Int {
    let n = min(count, stride, bytes.count - at)
    guard n > 0 else { return 0 }
    bytes.withUnsafeBytes { target.copyMemory(from: $0.baseAddress! + at, byteCount: n) }
    at += n
    return n
  }
}

/// Uncompressed bytes.
final class PlainInput: ByteInput {
  private let source: RawBytes
  init(_ source: RawBytes) { self.source = source }

  var name: String { source.name }
  var compression: CompressionFormat { .none }
  var sizeInBytes: UInt64? { source.sizeInBytes }
  var bytesConsumed: UInt64 { source.consumed }

  func read(into bytes: UnsafeMutableRawPointer, _ count: Int) throws(InputError) -> Int {
    let ahead = source.ahead
    guard ahead.count > 0, let head = ahead.baseAddress else { return try source.readDirect(into: bytes, count) }
    let n = min(count, ahead.count)
    bytes.copyMemory(from: head, byteCount: n)
    source.take(n)
    return n
  }

  func skip(to offset: UInt64) throws(InputError) {
    let n = try distance(to: offset, from: source.consumed)
    if n <= UInt64(source.ahead.count) { return source.take(Int(n)) }
    source.take(source.ahead.count)
    if source.seek(to: offset) { return }
    try skipByReading(to: offset, from: source.consumed)
  }
}

extension ByteInput {
  func distance(to offset: UInt64, from position: UInt64) throws(InputError) -> UInt64 {
    guard offset >= position else {
      throw InputError(.readFailed, "\(name): cannot go back from byte \(position) to \(offset)")
    }
    return offset - position
  }

  /// Reads and forgets.
  func skipByReading(to offset: UInt64, from position: UInt64) throws(InputError) {
    var left = try distance(to: offset, from: position)
    let scrap = UnsafeMutableRawPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { scrap.deallocate() }
    while left > 0 {
      let got = try read(into: scrap, Int(min(left, 1 << 18)))
      if got == 0 {
        throw InputError(
          .truncated,
          "\(name): ends at byte \(offset - left), before byte \(offset) where reading was to go on; "
            + "is it still the same file?")
      }
      left -= UInt64(got)
    }
  }
}
