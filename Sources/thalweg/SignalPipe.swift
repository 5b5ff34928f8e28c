import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where the handler writes the signal's number; the only thing it does, as little else is allowed in a handler.
nonisolated(unsafe) private var signalPipeWriteEnd: Int32 = -1

/// SIGINT and SIGTERM as bytes in a pipe, so that a thread can wait for them (the "self-pipe trick").
///
/// One at a time in a process. SIGPIPE is ignored from then on: a reader that went away is an error of `write`.
struct SignalPipe {
  private let readEnd: Int32
  private let writeEnd: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    if unsafe pipe(&ends) != 0 { ends = [-1, -1] }
    (readEnd, writeEnd) = (ends[0], ends[1])
    unsafe signalPipeWriteEnd = writeEnd
    let handler: @convention(c) (Int32) -> Void = { number in
      var byte = UInt8(truncatingIfNeeded: number)
      let saved = errno
      _ = unsafe systemWrite(signalPipeWriteEnd, &byte, 1)
      errno = saved
    }
    signal(SIGINT, handler)
    signal(SIGTERM, handler)
    signal(SIGPIPE, SIG_IGN)
    // whoever started the process may have blocked them
    var wanted = sigset_t()
    unsafe sigemptyset(&wanted)
    unsafe sigaddset(&wanted, SIGINT)
    unsafe sigaddset(&wanted, SIGTERM)
    unsafe pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
  }

  /// The next signal, 0 after ``wake()``, nil when none came in time.
  func next(timeoutMilliseconds: Int32) -> Int32? {
    var poller = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&poller, 1, timeoutMilliseconds) > 0 else { return nil }
    var byte: UInt8 = 0
    return unsafe read(readEnd, &byte, 1) == 1 ? Int32(byte) : nil
  }

  /// Makes ``next(timeoutMilliseconds:)`` return.
  func wake() {
    var byte: UInt8 = 0
    _ = unsafe systemWrite(writeEnd, &byte, 1)
  }
}
