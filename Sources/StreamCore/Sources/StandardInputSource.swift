import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Lines from standard input, or another open pipe.
///
/// Guarantees: never waits; idle while the writer is, at its end when the writer has closed its side. Cannot be read
/// again, so a job over it cannot be resumed: put a ``ReceiverSource`` behind a write-ahead log for that.
/// Cost: one `poll` and one `read` a call.
public final class StandardInputSource: ByteSource {
  public let name: String
  private let descriptor: Int32
  private let ended = Atomic<Bool>(false)

  /// - Parameter descriptor: what to read; not closed.
  public init(descriptor: Int32 = 0, name: String = "-") {
    self.descriptor = descriptor
    self.name = name
  }

  public var identity: String? { nil }
  public var isExhausted: Bool { ended.load(ordering: .acquiring) }

  public func read(into p: UnsafeMutableRawPointer, count: Int) throws -> Int {
    if isExhausted { return 0 }
    while true {
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = unsafe poll(&entry, 1, 0)
      if ready == 0 { return 0 }
      let n = ready < 0 ? -1 : unsafe readBytes(descriptor, p, count)
      if n > 0 { return n }
      if n == 0 {
        ended.store(true, ordering: .releasing)
        return 0
      }
      if errno == EAGAIN { return 0 }
      if errno != EINTR { throw FileError.system(errno, "cannot be read", path: name == "-" ? "standard input" : name) }
    }
  }
  public func seek(to offset: UInt64) throws {
    throw SourceError(
      source: name, problem: "is a pipe and cannot be read again from byte \(offset)",
      advice: "start over with --fresh, or receive through a write-ahead log")
  }
  public func completeRecords(in p: UnsafePointer<UInt8>, count: Int, isEnd: Bool) -> Int {
    unsafe isEnd ? count : wholeLines(p, count)
  }
}

/// `read(2)` under a name that methods do not hide.
private func readBytes(_ descriptor: Int32, _ p: UnsafeMutableRawPointer, _ count: Int) -> Int {
  unsafe read(descriptor, p, count)
}
