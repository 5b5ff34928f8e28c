import NIOCore
import NIOPosix
import Testing

/// Every example, fed a small input: its whole output.
@Suite(.timeLimit(.minutes(10))) struct ExamplesTests {
  @Test func networkWordCount() throws {
    let server = try TextServer("to be or not\nto be\n")
    defer { server.close() }
    let lines = try Example("network-word-count").run(["\(server.port)"])
    // the clock may close an interval between two lines, so counts are added up
    var counts: [String: Int] = [:]
    for line in lines where line.hasPrefix("(") {
      let parts = line.dropFirst().dropLast().split(separator: ",")
      counts[parts[0].filter { $0 != "\"" }, default: 0] += Int(parts[1].drop { $0 == " " }) ?? 0
    }
    #expect(counts == ["to": 2, "be": 2, "or": 1, "not": 1])
    #expect(lines.contains { $0.hasPrefix("Time: ") && $0.hasSuffix(" ms") })
  }

  @Test func windowedCounts() throws {
    let views = """
      12:00:05 /home
      12:01:05 /cart
      not a view
      12:00:58 /home
      12:01:12 /home
      12:00:50 /home
      12:01:13 /home

      """
    #expect(
      try Example("windowed-counts").run(input: views) == [
        "12:00:00 to 12:01:00: /home 2",  // the view of 12:00:58 came in time
        "late: /home at 12:00:50",  // the minute was over at 12:01:10
        "12:01:00 to 12:02:00: /home 2",
        "12:01:00 to 12:02:00: /cart 1",
      ])
  }

  @Test func sessionization() throws {
    func click(_ user: String, _ time: String, _ page: String) -> String {
      #"{"timestamp":"2026-01-05T\#(time).000Z","user_id":"\#(user)","url":"\#(page)"}"# + "\n"
    }
    let log =
      click("ann", "10:00:00", "/") + click("bob", "10:05:00", "/cart") + click("ann", "10:40:00", "/late")
      + click("ann", "10:20:00", "/tea")  // joins both of ann's visits
      + click("bob", "10:35:01", "/")  // a second more than half an hour: another visit
    #expect(
      try Example.withFile(log) { try Example("sessionization").run([$0]) } == [
        "bob: 1 clicks in 0 min, from /cart to /cart",
        "bob: 1 clicks in 0 min, from / to /",
        "ann: 3 clicks in 40 min, from / to /late",
      ])
  }
  /// As many visits as `thalweg replay` finds sessions in the recorded clickstream.
  @Test func sessionizationOfTheRecordedClickstream() throws {
    let visits = try Example("sessionization").run([Example.fixture("clickstream.ndjson")])
    #expect(visits.count == 954)
  }

  @Test func streamStaticJoin() throws {
    let products = "tea,drinks,4.50\ncup,ware,7.00\nmate,drinks,3.25\n"
    let output = try Example.withFile(products) {
      try Example("stream-static-join").run([$0], input: "tea,2\ncup,1\nhat,3\nmate,2\n")
    }
    // the two outputs of the program are printed by whoever comes first
    #expect(output.filter { $0.hasPrefix("unknown") } == ["unknown product: hat, 3 sold"])
    #expect(output.filter { !$0.hasPrefix("unknown") } == ["drinks: 15.50", "ware: 7.00"])
  }

  @Test func triggerDetection() throws {
    let reports = """
      0 pump ok
      20 pump fail
      25 pump fail
      40 press ok
      50 pump fail
      60 pump off
      100 press ok
      110 press off

      """
    #expect(
      try Example("trigger-detection").run(input: reports) == [
        "50 s: pump failed three times within a minute",
        "70 s: nothing heard of press for 30 s",
      ])
  }
}

/// Sends a text to whoever connects first, then closes the connection.
private struct TextServer {
  private let channel: any Channel
  var port: Int { channel.localAddress?.port ?? 0 }

  init(_ text: String) throws {
    channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { connection in
        connection.eventLoop.makeCompletedFuture {
          try connection.pipeline.syncOperations.addHandler(Greeter(text: text))
        }
      }
      .bind(host: "localhost", port: 0).wait()
  }
  func close() { channel.close(promise: nil) }

  private final class Greeter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let text: String
    init(text: String) { self.text = text }
    func channelActive(context: ChannelHandlerContext) {
      let channel = context.channel
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text))).whenComplete { _ in channel.close(promise: nil) }
    }
  }
}
