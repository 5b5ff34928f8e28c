import Foundation
import NIOCore
import NIOPosix
import StreamCore
import Synchronization
import Testing
import TestSupport

@testable import Sockets

/// A server on a port of its own; `script` says what each connection sends, given its number and the first line that
/// came (nil: sends at once). Closes after sending.
private final class LineServer: Sendable {
  let channel: any Channel
  var port: Int { channel.localAddress!.port! }

  init(awaitsRequest: Bool = false, script: @escaping @Sendable (Int, String) -> String) throws {
    let connections = Mutex(0)
    let box = Box(script)
    let count: @Sendable () -> Int = {
      connections.withLock {
        $0 += 1
        return $0
      }
    }
    channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { child in
        child.eventLoop.makeCompletedFuture {
          try child.pipeline.syncOperations.addHandler(
            Handler(number: count(), awaitsRequest: awaitsRequest, script: box.script))
        }
      }
      .bind(host: "127.0.0.1", port: 0).wait()
  }
  func close() { try? channel.close().wait() }

  private final class Box: Sendable {
    let script: @Sendable (Int, String) -> String
    init(_ script: @escaping @Sendable (Int, String) -> String) { self.script = script }
  }
  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let number: Int
    private let awaitsRequest: Bool
    private let script: @Sendable (Int, String) -> String
    private var request = ""
    init(number: Int, awaitsRequest: Bool, script: @escaping @Sendable (Int, String) -> String) {
      self.number = number
      self.awaitsRequest = awaitsRequest
      self.script = script
    }
    func channelActive(context: ChannelHandlerContext) { if !awaitsRequest { answer(context) } }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      request += String(buffer: unwrapInboundIn(data))
      if awaitsRequest, request.hasSuffix("\n") { answer(context) }
    }
    private func answer(_ context: ChannelHandlerContext) {
      let text = script(number, request)
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
      context.close(promise: nil)
    }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }
}

private func drain(_ source: ReceiverSource<String>, count: Int = .max) throws -> [String] {
  var all: [String] = []
  let buffer = PartitionBuffer<String>()
  while all.count < count {
    buffer.removeAll()
    let status = try source.read(into: buffer, countMax: min(100, count - all.count))
    all += buffer.elements
    if status == .ended { break }
  }
  return all
}

@Suite(.timeLimit(.minutes(10))) struct SocketTextReceiverTests {
  @Test func linesUntilTheServerCloses() throws {
    let server = try LineServer { _, _ in "one\r\ntwo\n\nfour" }
    defer { server.close() }
    var o = SocketOptions()
    o.whenClosed = .end
    let source = SocketTextReceiver.source(host: "127.0.0.1", port: server.port, options: o)
    #expect(source.name == "socket 127.0.0.1:\(server.port)")
    #expect(source.identity == nil)
    #expect(try drain(source) == ["one", "two", "", "four"])
  }

  @Test func manyLinesThroughASmallQueue() throws {
    let lines = (0..<20_000).map { "line \($0)" }
    let server = try LineServer { _, _ in lines.joined(separator: "\n") }
    defer { server.close() }
    var o = SocketOptions()
    o.whenClosed = .end
    var r = ReceiverOptions()
    r.waitingMax = 10
    let source = SocketTextReceiver.source(host: "127.0.0.1", port: server.port, options: o, receiverOptions: r)
    #expect(try drain(source) == lines)
  }

  @Test func connectsAgainWithGrowingDelays() throws {
    let server = try LineServer { n, _ in n % 3 == 0 ? "\(n)\n" : "" }
    defer { server.close() }
    let delays = Mutex<[Int64]>([])
    let source = SocketTextReceiver.source(host: "127.0.0.1", port: server.port, clock: ManualClock()) { event in
      if case .restarting(_, _, let delay) = event { delays.withLock { $0.append(delay) } }
    }
    #expect(try drain(source, count: 2) == ["3", "6"])
    source.stop()
    #expect(Array(delays.withLock { $0 }.prefix(5)) == [100, 200, 100, 200, 400])
  }

  @Test func givesUpAfterSoManyAttempts() throws {
    let server = try LineServer { _, _ in "" }
    let port = server.port
    server.close()
    var o = SocketOptions()
    o.backoff.attemptsMax = 3
    let source = SocketTextReceiver.source(host: "127.0.0.1", port: port, options: o, clock: ManualClock())
    let error = #expect(throws: SocketError.self) { try drain(source) }
    let text = try #require(error?.description)
    #expect(text.hasPrefix("the socket 127.0.0.1:\(port) brought nothing in 3 attempts: "))
    #expect(text.hasSuffix("; check that the other side listens there, or allow more attempts (attemptsMax)"))
  }

  @Test func aLineTooLongIsLeftOutAndReported() throws {
    let server = try LineServer { _, _ in "short\n" + String(repeating: "x", count: 50) + "\nlast\n" }
    defer { server.close() }
    let reports = Mutex<[String]>([])
    var o = SocketOptions()
    (o.whenClosed, o.lineByteCountMax) = (.end, 10)
    let source = SocketTextReceiver.source(
      host: "127.0.0.1", port: server.port, options: o,
      onEvent: { event in
        if case .reported(let message, _) = event { reports.withLock { $0.append(message) } }
      })
    #expect(try drain(source) == ["short", "last"])
    #expect(
      reports.withLock { $0 } == ["127.0.0.1:\(server.port) sent a line of more than 10 bytes; it was left out"])
  }

  @Test func linesAreAssembledFromAnyPieces() throws {
    try forRandomCases("line pieces", count: 300) { random in
      let lines = (0..<random.below(20)).map { _ in String(repeating: "é", count: random.below(12)) }
      let bytes = Array(lines.map { $0 + random.pick(["\n", "\r\n"]) }.joined().utf8)
      var assembler = LineAssembler(byteCountMax: 12)
      var (found, at) = ([String](), 0)
      while at < bytes.count {
        let n = min(1 + random.below(9), bytes.count - at)
        found += assembler.append(bytes[at..<at + n])
        at += n
      }
      // the carriage return counts too
      let sure = lines.filter { $0.utf8.count < 12 }
      let possible = lines.filter { $0.utf8.count <= 12 }
      guard found.filter({ $0.utf8.count < 12 }) == sure, found.count <= possible.count else {
        return "\(found) of \(lines)"
      }
      return found.count + assembler.oversizedCount == lines.count ? nil : "\(assembler.oversizedCount) left out"
    }
  }

  /// A server that goes on where it is told to: each line once and in order, wherever connections and jobs break.
  @Test func aServerThatGoesOnMakesItExactlyOnce() throws {
    try forRandomCases("socket resume", count: 20) { random in
      let lines = (0..<60).map { "line \($0) " + String(repeating: "x", count: $0 % 7) }
      let cuts = (0..<400).map { _ in 1 + random.below(200) }
      let server = try LineServer(awaitsRequest: true) { connection, request in
        let words = request.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, words[0] == "FROM", let from = Int(words[1]) else { return "?\n" }
        let rest = lines.dropFirst(from).map { $0 + "\n" }.joined()
        return String(rest.prefix(cuts[connection % cuts.count]))
      }
      defer { server.close() }
      var found: [String] = []
      while found.count < lines.count {
        // a job that takes some lines, with its last checkpoint somewhere in them
        let source = SocketTextReceiver.source(
          host: "127.0.0.1", port: server.port, resumeRequest: { "FROM \($0)" }, clock: ManualClock())
        if source.identity == nil { return "not resumable" }
        try source.seek(to: SourcePosition(offset: UInt64(found.count)))
        let some = try drain(source, count: min(1 + random.below(40), lines.count - found.count))
        source.stop()
        found += some.prefix(found.count + some.count == lines.count ? some.count : 1 + random.below(some.count))
      }
      return found == lines ? nil : "\(found)"
    }
  }
}
