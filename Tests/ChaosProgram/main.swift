import Foundation
import Sockets
import StreamCore

// The program that the chaos test kills: lines `user time value` from a TCP server, counted by user, in session windows and
// with timers, into files.
//
//   chaos-program PORT FOLDER THREADS (resume|log)
//
// Outputs lie in FOLDER/out, checkpoints in FOLDER/state; with `log` the lines go through a write-ahead log.

struct Click: Codable, Sendable {
  var user: Int
  var time: Int64
  var value: Int
}

// a function of its own: closures at the top level belong to the main thread, and operators run on others
func run(_ arguments: [String]) {
  guard arguments.count == 5, let port = Int(arguments[1]), let threads = Int(arguments[3]) else {
    FileHandle.standardError.write(Data("usage: chaos-program PORT FOLDER THREADS (resume|log)\n".utf8))
    exit(64)
  }
  let folder = arguments[2]
  var options = StreamingOptions()
  (options.threads, options.keyGroups, options.blockElementCount) = (threads, 4, 50)
  let context = StreamingContext(
    options: options, checkpoint: CheckpointOptions(directory: folder + "/state", intervalMilliseconds: 20))
  var socket = SocketOptions()
  socket.whenClosed = .end
  do {
    let log = arguments[4] == "log" ? try WriteAheadLog(directory: folder + "/log") : nil
    let source = SocketTextReceiver.source(
      host: "127.0.0.1", port: port, options: socket, resumeRequest: { "resume \($0)" }, log: log)
    let clicks: DStream<(Int, Click)> = context.receiverStream(source).compactMap { line -> Click? in
      let fields = line.split(separator: " ").compactMap { Int($0) }
      return fields.count == 3 ? Click(user: fields[0], time: Int64(fields[1]), value: fields[2]) : nil
    }.withWatermark(delayMilliseconds: 100) { $0.time }.map { ($0.user, $0) }

    var files = FileSinkOptions()
    (files.rowsMax, files.writeByteCount) = (100, 256)
    let sessions = clicks.windowed(by: .session(gapMilliseconds: 300), name: "sessions").groups()
    sessions.results.map { user, w in
      "\(user) \(w.window.start) \(w.window.end) \(w.value.reduce(17) { ($0 &* 31 &+ $1.value) & 0xffff_ffff })"
    }.saveAsTextFiles(folder + "/out/sessions", options: files)
    clicks.processKeyed(name: "quiet", startingWith: 0) {
      (call: KeyedContext<Int, String>, _: Click, count: inout Int) in
      count += 1
      call.setTimer(due: call.eventTime + 500)
    } onTimer: { (call: KeyedContext<Int, String>, timer, count: inout Int) in
      call.emit("\(call.key) \(timer.due) \(count)")
      call.removeState()
    }.saveAsTextFiles(folder + "/out/quiet", options: files)
    let outcome = try context.run()
    source.stop()
    if context.isResumed { FileHandle.standardError.write(Data("going on from a checkpoint\n".utf8)) }
    if outcome != .finished { exit(70) }
  } catch {
    FileHandle.standardError.write(Data("chaos-program: \(error)\n".utf8))
    exit(70)
  }
}
run(CommandLine.arguments)
