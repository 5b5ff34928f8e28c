import Foundation
import NIOCore
import NIOPosix
public import StreamCore

/// Lines of text from a TCP server: Spark's socket text stream, which also connects again.
///
/// Guarantees: lines in the order they came; the socket is read only when the lines before have been taken, so a slow job
/// holds the sender back through TCP. When the connection is lost it is made again after a delay that grows.
/// With `resumeRequest` a line is sent first that names the number of the first line wanted: a server that goes on from
/// there makes the source exactly-once without a log. Behind a write-ahead log the number counts the lines on the medium.
/// With neither, lines on their way when a connection or the job breaks are lost.
/// Errors: a connection that fails is reported and made again, until `attemptsMax`; then the run fails.
/// Cost: a thread that waits; a copy and a string a line.
public final class SocketTextReceiver: Receiver<String>, @unchecked Sendable {
  private let host: String
  private let port: Int
  private let options: SocketOptions
  private let resumeRequest: (@Sendable (UInt64) -> String)?
  private let inbox = Inbox()
  // of the receiver's thread
  private var failedAttempts = 0

  /// - Parameter resumeRequest: the line to send on connecting, without its end, given the number of the first line
  ///   wanted, counted from 0 since the beginning of the stream.
  public init(
    host: String, port: Int, options: SocketOptions = SocketOptions(),
    resumeRequest: (@Sendable (UInt64) -> String)? = nil
  ) {
    self.host = host
    self.port = port
    self.options = options
    self.resumeRequest = resumeRequest
  }

  public override var isResumable: Bool { resumeRequest != nil }
  private var address: String { "\(host):\(port)" }

  public override func onStart() throws {
    inbox.open()
    do {
      let channel = try connect()
      defer { channel.close(mode: .all, promise: nil) }
      inbox.onClose { channel.close(mode: .all, promise: nil) }
      if let resumeRequest {
        try channel.writeAndFlush(ByteBuffer(string: resumeRequest(storedCount) + "\n")).wait()
      }
      try receive(channel)
    } catch let error as ReceiverStopped {
      throw error
    } catch {
      if !isStopped { reconnect("the connection to \(address) failed: \(error)", error) }
    }
  }
  public override func onStop() { inbox.close() }

  private func connect() throws -> any Channel {
    let inbox = inbox
    return try ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connectTimeout(.milliseconds(options.connectTimeoutMilliseconds))
      // one read at a time, when it is asked for
      .channelOption(.autoRead, value: false)
      .channelOption(.maxMessagesPerRead, value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(InboxHandler(inbox)) }
      }
      .connect(host: host, port: port).wait()
  }

  private func receive(_ channel: any Channel) throws {
    var lines = LineAssembler(byteCountMax: options.lineByteCountMax)
    while true {
      channel.read()
      let event = inbox.next()
      if isStopped { return }
      switch event {
      case .bytes(let bytes):
        failedAttempts = 0
        let oversizedBefore = lines.oversizedCount
        let complete = lines.append(bytes)
        if !complete.isEmpty { try store(contentsOf: complete) }
        if lines.oversizedCount > oversizedBefore {
          report("\(address) sent a line of more than \(options.lineByteCountMax) bytes; it was left out")
        }
      case .failed(let error):
        reportRest(lines)
        throw error
      case .closed:
        // a server that can go on sends an unfinished line again
        if lines.restByteCount > 0 {
          if resumeRequest == nil || options.whenClosed == .end {
            try store(lines.takeLine())
          } else {
            reportRest(lines)
          }
        }
        switch options.whenClosed {
        case .end: stop("\(address) closed the connection")
        case .reconnect: reconnect("\(address) closed the connection", nil)
        }
        return
      }
    }
  }
  private func reportRest(_ lines: LineAssembler) {
    if lines.restByteCount > 0 { report("\(address): \(lines.restByteCount) bytes of an unfinished line were dropped") }
  }

  private func reconnect(_ message: String, _ error: (any Error)?) {
    failedAttempts += 1
    if let most = options.backoff.attemptsMax, failedAttempts >= most {
      let why = error.map { ": \($0)" } ?? ""
      stop(message, SocketError(address: address, problem: "brought nothing in \(failedAttempts) attempts\(why)"))
    } else {
      restart(message, error, delayMilliseconds: options.backoff.delayMilliseconds(afterAttempts: failedAttempts))
    }
  }

  /// The source of a receiver of its own.
  ///
  /// - Parameter log: makes it exactly-once where the server cannot go on from a line.
  public static func source(
    host: String, port: Int, options: SocketOptions = SocketOptions(),
    resumeRequest: (@Sendable (UInt64) -> String)? = nil, log: WriteAheadLog? = nil,
    receiverOptions: ReceiverOptions = ReceiverOptions(), clock: any ProcessingClock = SystemClock(),
    onEvent: @escaping @Sendable (ReceiverEvent) -> Void = { _ in }
  ) -> ReceiverSource<String> {
    let receiver = SocketTextReceiver(host: host, port: port, options: options, resumeRequest: resumeRequest)
    let name = "socket \(host):\(port)"
    guard let log else {
      return ReceiverSource(receiver, name: name, options: receiverOptions, clock: clock, onEvent: onEvent)
    }
    return ReceiverSource(
      receiver, name: name, options: receiverOptions, log: log, coding: .utf8, clock: clock, onEvent: onEvent)
  }
}

/// What comes from the event loop, for the receiver's thread to wait for. Holds one read at most.
private final class Inbox: @unchecked Sendable {
  enum Event {
    case bytes([UInt8])
    case failed(any Error)
    case closed
  }
  private let condition = NSCondition()
  private var events: [Event] = []
  private var isClosed = false
  private var closeChannel: () -> Void = {}

  func open() {
    condition.withLock {
      events = []
      isClosed = false
      closeChannel = {}
    }
  }
  func put(_ event: Event) {
    condition.withLock {
      events.append(event)
      condition.signal()
    }
  }
  func next() -> Event {
    condition.withLock {
      while events.isEmpty, !isClosed { condition.wait() }
      return events.isEmpty ? .closed : events.removeFirst()
    }
  }
  /// `close` closes the channel; at once when the receiver was already stopped.
  func onClose(_ close: @escaping () -> Void) {
    let isLate = condition.withLock {
      closeChannel = close
      return isClosed
    }
    if isLate { close() }
  }
  func close() {
    let close = condition.withLock {
      isClosed = true
      condition.broadcast()
      return closeChannel
    }
    close()
  }
}

private final class InboxHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let inbox: Inbox
  init(_ inbox: Inbox) { self.inbox = inbox }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    inbox.put(.bytes(Array(unwrapInboundIn(data).readableBytesView)))
  }
  func channelInactive(context: ChannelHandlerContext) { inbox.put(.closed) }
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    inbox.put(.failed(error))
    context.close(promise: nil)
  }
}
