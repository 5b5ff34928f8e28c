/// How long to wait before connecting again: longer after each attempt that brought nothing.
public struct ReconnectBackoff: Sendable, Equatable {
  public var initialMilliseconds: Int64
  public var factor: Double
  public var delayMillisecondsMax: Int64
  /// Attempts in a row that bring nothing before the job fails; nil: none is the last.
  public var attemptsMax: Int?

  /// The properties in one expression, each with its default.
  public init(
    initialMilliseconds: Int64 = 100, factor: Double = 2.0, delayMillisecondsMax: Int64 = 30_000,
    attemptsMax: Int? = nil
  ) {
    self.initialMilliseconds = initialMilliseconds
    self.factor = factor
    self.delayMillisecondsMax = delayMillisecondsMax
    self.attemptsMax = attemptsMax
  }

  /// The delay after so many attempts in a row that brought nothing, from 1.
  func delayMilliseconds(afterAttempts n: Int) -> Int64 {
    var delay = Double(initialMilliseconds)
    for _ in 1..<max(n, 1) where delay < Double(delayMillisecondsMax) { delay *= factor }
    return min(delayMillisecondsMax, Int64(delay))
  }
}

/// How a text socket is received.
public struct SocketOptions: Sendable {
  /// What it means that the other side closes the connection.
  public enum Close: Sendable { case reconnect, end }
  public var whenClosed: Close
  public var backoff: ReconnectBackoff
  /// A longer line is left out, counted and reported.
  public var lineByteCountMax: Int
  public var connectTimeoutMilliseconds: Int64

  /// The properties in one expression, each with its default.
  public init(
    whenClosed: Close = .reconnect, backoff: ReconnectBackoff = ReconnectBackoff(), lineByteCountMax: Int = 1 << 20,
    connectTimeoutMilliseconds: Int64 = 10_000
  ) {
    self.whenClosed = whenClosed
    self.backoff = backoff
    self.lineByteCountMax = lineByteCountMax
    self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
  }
}

/// Why a socket cannot be received any more.
public struct SocketError: Error, Sendable, Equatable, CustomStringConvertible {
  public var address: String
  public var problem: String
  public var description: String {
    "the socket \(address) \(problem); check that the other side listens there, or allow more attempts (attemptsMax)"
  }
}
