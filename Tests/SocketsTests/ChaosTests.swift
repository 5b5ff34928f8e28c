import Foundation
import NIOCore
import NIOPosix
import Testing
import TestSupport

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A real process between a TCP server and files, killed at random: what it publishes is byte for byte what a run without
/// kills publishes. `THALWEG_KILLS` sets how many kills.
@Suite(.serialized) struct ChaosTests {
  @Test(arguments: ["resume", "log"])
  func outputDoesNotShowKills(mode: String) throws {
    var random = SeededRandom()
    print("seed \(random.seed): set THALWEG_SEED to repeat it")
    let wanted = ProcessInfo.processInfo.environment["THALWEG_KILLS"].flatMap { Int($0) } ?? 8
    let server = try PacedLineServer(lines: Self.lines(3000, &random))
    defer { server.close() }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("thalweg-chaos-\(UUID().uuidString)")
      .path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let began = Date()
    #expect(try run(server, folder, threads: 1, mode, killAfter: nil) == 0)
    let duration = Date().timeIntervalSince(began)
    let expected = try contents(folder + "/out")
    #expect(expected.count > 4)
    try FileManager.default.removeItem(atPath: folder)

    var (kills, finished) = (0, 0)
    // a run that gets to its end begins the next from nothing; the bound only ends a test that hangs
    for _ in 0..<wanted * 20 where kills < wanted {
      let moment = Double.random(in: 0..<0.8, using: &random) * duration
      if try run(server, folder, threads: 1 + random.below(3), mode, killAfter: moment) == 0 {
        finished += 1
        #expect(try contents(folder + "/out") == expected, "seed \(random.seed), after \(kills) kills")
        try FileManager.default.removeItem(atPath: folder)
      } else {
        kills += 1
      }
    }
    #expect(try run(server, folder, threads: 2, mode, killAfter: nil) == 0)
    #expect(try contents(folder + "/out") == expected, "seed \(random.seed), after \(kills) kills")
    print("\(kills) kills, \(finished) runs to the end between them")
    #expect(kills == wanted)
  }

  private static func lines(_ count: Int, _ random: inout SeededRandom) -> [String] {
    var time = 0
    return (0..<count).map { _ in
      time += random.one(in: 100) ? 500 : random.below(10)
      return "\(random.below(40)) \(time - random.below(90)) \(random.below(1000))"
    }
  }

  /// The files below a folder by their paths.
  private func contents(_ folder: String) throws -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      if let data = FileManager.default.contents(atPath: folder + "/" + path) { found[path] = Array(data) }
    }
    return found
  }

  /// Runs the program; its exit status, or nil when it was killed.
  private func run(
    _ server: PacedLineServer, _ folder: String, threads: Int, _ mode: String, killAfter: Double?
  ) throws -> Int32? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.program)
    process.arguments = ["\(server.port)", folder, "\(threads)", mode]
    process.standardInput = FileHandle.nullDevice
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    if ended.wait(timeout: .now() + (killAfter ?? 300)) == .timedOut { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    if process.terminationReason == .uncaughtSignal {
      #expect(process.terminationStatus == SIGKILL && killAfter != nil, "it was not killed by the test")
      return nil
    }
    #expect(process.terminationStatus == 0)
    return process.terminationStatus
  }

  /// Beside the test bundle: on Linux that is an executable in the folder of products, on macOS a folder there.
  private static let program: String = {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0])
    for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") {
      folder = URL(fileURLWithPath: bundle.bundlePath)
    }
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let candidate = folder.appendingPathComponent("chaos-program").path
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
    }
    return ".build/debug/chaos-program"
  }()
}

/// Gives each connection the lines from the one it asks for (`resume N`), some every few milliseconds, then closes it.
private final class PacedLineServer: Sendable {
  let channel: any Channel
  var port: Int { channel.localAddress!.port! }

  init(lines: [String]) throws {
    channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { child in
        child.eventLoop.makeCompletedFuture { try child.pipeline.syncOperations.addHandler(Handler(lines)) }
      }
      .bind(host: "127.0.0.1", port: 0).wait()
  }
  func close() { try? channel.close().wait() }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let lines: [String]
    private var request = ""
    private var next = 0
    private var isGone = false
    init(_ lines: [String]) { self.lines = lines }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      request += String(buffer: unwrapInboundIn(data))
      guard request.hasSuffix("\n"), let n = Int(request.dropFirst(7).dropLast()) else { return }
      next = n
      send(context)
    }
    func channelInactive(context: ChannelHandlerContext) { isGone = true }
    func handlerRemoved(context: ChannelHandlerContext) { isGone = true }
    private func send(_ context: ChannelHandlerContext) {
      // the other side may have been killed meanwhile
      if isGone { return }
      let end = min(next + 15, lines.count)
      if next < end {
        let text = lines[next..<end].joined(separator: "\n") + "\n"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
      }
      next = end
      if next == lines.count { return context.close(promise: nil) }
      context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(3)) { self.send(context) }
    }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }
}
