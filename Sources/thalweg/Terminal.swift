import Reports
import ArgumentParser
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// When something meant for people is shown.
enum Display: String, ExpressibleByArgument, CaseIterable {
  case auto, always, never
}

/// What the standard streams are connected to, and how to write to them.
enum Terminal {
  static var isInput: Bool { isatty(0) == 1 }
  static var isOutput: Bool { isatty(1) == 1 }
  static var isError: Bool { isatty(2) == 1 }

  /// Whether stdout is a pipe that nobody reads any more.
  static var isOutputReaderGone: Bool {
    var poller = pollfd(fd: 1, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&poller, 1, 0) == 1 && poller.revents & Int16(POLLERR) != 0
  }

  /// Columns of the terminal at a descriptor; 80 when it is none.
  static func width(of descriptor: Int32) -> Int {
    var size = winsize()
    if unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return 80
  }

  /// Whether text on stdout is coloured (https://no-color.org).
  static func usesColor(_ display: Display) -> Bool {
    switch display {
    case .always: return true
    case .never: return false
    case .auto:
      let environment = ProcessInfo.processInfo.environment
      return isOutput && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }
  }

  /// A line on stderr that begins with the program's name.
  static func say(_ message: String) { write("thalweg: \(message)\n", to: 2) }

  static func write(_ text: String, to descriptor: Int32) {
    _ = write(Array(text.utf8)[...], to: descriptor)
  }

  /// Writes everything; gives the system's error number when it cannot, else 0.
  static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int32 {
    var left = bytes
    while !left.isEmpty {
      let n = unsafe left.withUnsafeBytes { unsafe systemWrite(descriptor, $0.baseAddress, $0.count) }
      if n < 0, errno == EINTR { continue }
      if n <= 0 { return errno }
      left = left.dropFirst(n)
    }
    return 0
  }

  /// Whether an output's path means standard output.
  static func isStandardOutput(_ path: String) -> Bool { ["-", "/dev/stdout", "/dev/fd/1"].contains(path) }
  /// What an output is called in a message.
  static func name(of path: String) -> String { isStandardOutput(path) ? "standard output" : "'\(path)'" }

  /// Says that a run was stopped and what that means; gives what ends the process.
  static func stopped(by signal: Int32?, checkpointDirectory: String?) -> CommandFailure {
    if let folder = checkpointDirectory {
      say("stopped; run the same command to go on from the checkpoint in '\(folder)'")
    } else {
      say("stopped; nothing was published")
    }
    return CommandFailure(silently: 128 + (signal ?? SIGINT))
  }

  /// A count with its noun: "1 session", "4,996,881 events".
  static func counted(_ n: Int, _ one: String, _ many: String? = nil) -> String {
    "\(ReportFormat.grouped(n)) \(n == 1 ? one : many ?? one + "s")"
  }
}

/// The system's `write`, which members named so would hide.
func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  unsafe write(descriptor, bytes, count)
}
