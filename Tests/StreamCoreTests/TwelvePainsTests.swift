import Foundation
import Simulator
import Snapshots
import StreamCore
import Synchronization
import TestSupport
import Testing

/// The twelve pains of today's engines, each shown absent.
@Suite(.timeLimit(.minutes(10))) struct TwelvePainsTests {
  private struct Click: Codable, Sendable, Equatable {
    var user: Int
    var time: Int64
  }
  private func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = NSTemporaryDirectory() + "thalweg-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }
  private func sessions(_ clicks: DStream<Click>, _ mode: OutputMode) -> WindowedResults<Int, Click, Int> {
    clicks.withWatermark(delayMilliseconds: 0) { $0.time }.map { ($0.user, $0) }
      .windowed(by: .session(gapMilliseconds: 1000), name: "sessions", outputMode: mode).count()
  }
  private func text(_ result: (Int, Windowed<Int>)) -> String {
    "\(result.0): \(result.1.window.start)-\(result.1.window.end) \(result.1.value)"
  }
  /// Runs a job over a queue that can be read again, and keeps checkpoints of it.
  @discardableResult
  private func run(
    _ queue: QueueSource<Click>, folder: String, threads: Int = 2, renamed: [String: String] = [:],
    stopAfterInterval: Int? = nil, _ build: (DStream<Click>) -> Void
  ) throws -> StreamingContext {
    var options = StreamingOptions()
    (options.threads, options.keyGroups, options.trigger) = (threads, 4, .interval(milliseconds: 1000))
    options.pollMilliseconds = 500
    var checkpoint = CheckpointOptions(directory: folder, intervalMilliseconds: 0)
    checkpoint.renamedOperators = renamed
    let context = StreamingContext(options: options, checkpoint: checkpoint, clock: ManualClock())
    let clicks = context.stream([queue])
    build(clicks)
    if let stopAfterInterval {
      clicks.forEachBatch(name: "stop") { [unowned context] _, info in
        if info.batchID >= stopAfterInterval { context.requestStop() }
      }
    }
    try context.run()
    return context
  }

  /// 1: sessions are seen while they are open.
  @Test func liveUpdatesOfSessions() throws {
    let batches = [[Click(user: 1, time: 0)], [Click(user: 1, time: 400)], [Click(user: 1, time: 5000)]]
    let seen = try runMarbles(batches) { sessions($0, .update).results.map(text) }
    #expect(Array(seen.intervals.prefix(2)) == [["1: 0-1000 1"], ["1: 0-1400 2"]])
  }

  /// 2: a timeout needs no data to be noticed, and does not hit a key that has data in the same interval.
  @Test func timeoutsWaitForNoData() throws {
    let none: [Int] = []
    let seen = try runMarbles([[1, 2, 3], [2], [3], none, none, none]) { keys in
      keys.map { ($0, 1) }.mapWithState(name: "state", timeoutMilliseconds: 1500) {
        (key: Int, value: Int?, state: inout KeyState<Int>) -> String? in
        if state.isTimingOut { return "\(key) timed out" }
        state.value = value
        return nil
      }.mapped
    }
    // key 3 has data in the very interval in which it would have timed out
    #expect(Array(seen.intervals.prefix(5)) == [[], [], ["1 timed out"], ["2 timed out"], ["3 timed out"]])
  }

  /// 3: a partition that says nothing does not hold up the others.
  @Test func idlePartitionsDoNotStallTheWatermark() throws {
    var options = StreamingOptions()
    (options.threads, options.trigger, options.pollMilliseconds) = (1, .interval(milliseconds: 1000), 500)
    options.idleTimeoutMilliseconds = 3000
    let context = StreamingContext(options: options, clock: ManualClock())
    let talking = QueueSource([[Click(user: 1, time: 0)], [Click(user: 1, time: 9000)]], name: "talking")
    let silent = QueueSource<Click>(name: "silent")
    let results = MemoryTable<String>()
    let windows = sessions(context.stream([talking, silent]), .append).results.map(text)
    windows.saveToMemory(results)
    windows.forEachBatch(name: "stop") { [unowned context] rows, info in
      if !rows.isEmpty || info.batchID > 50 { context.requestStop() }
    }
    #expect(try context.run() == .stopped)
    #expect(results.elements == ["1: 0-1000 1"])
  }

  /// 4: late events are given out, each of them.
  @Test func lateEventsAreKept() throws {
    let batches = [
      [Click(user: 1, time: 0)], [Click(user: 1, time: 9000)], [Click(user: 1, time: 100), Click(user: 2, time: 1)],
    ]
    let late = try runMarbles(batches) { sessions($0, .append).late.map { $0.1 } }
    #expect(late.all == [Click(user: 1, time: 100), Click(user: 2, time: 1)])
  }

  private func counting(_ clicks: DStream<Click>, name: String, _ results: MemoryTable<String>) {
    clicks.map { ($0.user, $0) }.processKeyed(name: name, startingWith: 0) {
      (call: KeyedContext<Int, String>, _, count: inout Int) in
      count += 1
      call.emit("\(call.key): \(count)")
    }.saveToMemory(results, name: name + "-results")
  }

  /// 5: a program that was changed goes on with the state of the operators it still has, renamed ones too.
  @Test func checkpointsOutliveTheProgram() throws {
    try withFolder { folder in
      let queue = QueueSource([[Click(user: 1, time: 0)], [Click(user: 1, time: 1)]], isReplayable: true)
      let (first, other, second) = (MemoryTable<String>(), MemoryTable<String>(), MemoryTable<String>())
      try run(queue, folder: folder, stopAfterInterval: 1) {
        counting($0, name: "count", first)
        counting($0, name: "dropped", other)
      }
      queue.add([Click(user: 1, time: 2)])
      queue.close()
      let context = try run(queue, folder: folder, renamed: ["visits": "count"]) {
        counting($0, name: "visits", second)
        counting($0, name: "added", other)
      }
      #expect(first.elements == ["1: 1", "1: 2"])
      #expect(second.elements == ["1: 3"])
      let report = try #require(context.recoveryReport)
      #expect(report.kept.contains("visits") && report.added.contains("added"))
      #expect(report.dropped.contains("dropped"))
    }
  }

  /// 5: nor need a program forget how its operators were called once there are checkpoints with the present names.
  @Test func formerNamesMayStay() throws {
    try withFolder { folder in
      let queue = QueueSource([[Click(user: 1, time: 0)]], isReplayable: true)
      let (first, results) = (MemoryTable<String>(), MemoryTable<String>())
      try run(queue, folder: folder, stopAfterInterval: 0) { counting($0, name: "count", first) }
      for time in [1, 2] as [Int64] {
        queue.add([Click(user: 1, time: time)])
        try run(queue, folder: folder, renamed: ["visits": "count"], stopAfterInterval: Int(time)) {
          counting($0, name: "visits", results)
        }
      }
      queue.close()
      #expect(first.elements == ["1: 1"])
      #expect(results.elements == ["1: 2", "1: 3"])
    }
  }

  /// 6: the number of threads may change from run to run.
  @Test func parallelismMayChange() throws {
    try withFolder { folder in
      let batches = (0..<6).map { i in (0..<40).map { Click(user: $0 % 7, time: Int64(i * 40 + $0)) } }
      let results = MemoryTable<String>()
      let queue = QueueSource(batches, isReplayable: true)
      queue.close()
      for (threads, stop) in [(1, 1), (3, 3), (2, nil)] as [(Int, Int?)] {
        try run(queue, folder: folder, threads: threads, stopAfterInterval: stop) {
          counting($0, name: "count", results)
        }
      }
      let last = Dictionary(grouping: results.elements) { $0.prefix { $0 != ":" } }.values.compactMap(\.last)
      let expected = (0..<7).map { user in "\(user): \(batches.joined().count { $0.user == user })" }
      #expect(last.sorted() == expected)
      #expect(Set(results.elements).count == 240, "no count came twice")
    }
  }

  /// 7: state costs little more than its data: 16 bytes a key here.
  @Test func stateCostsLittleMoreThanItsData() {
    var table = KeyedTable<Int64, Int64>()
    let count = 200_000
    for i in 0..<count { table[key: Int64(i)] = Int64(i) }
    let bytesAKey = Double(table.byteCount) / Double(count)
    print("\(bytesAKey) bytes a key")
    #expect(bytesAKey <= 64)
  }

  /// 8: processing is held up by a checkpoint for no longer than 50 ms, with 200,000 keys.
  @Test func checkpointsDoNotStallProcessing() throws {
    try withFolder { folder in
      let keys = 200_000
      let queue = QueueSource([(0..<keys).map { Click(user: $0, time: Int64($0)) }], isReplayable: true)
      queue.close()
      let results = MemoryTable<String>()
      let context = try run(queue, folder: folder) { clicks in
        clicks.map { ($0.user, $0) }.processKeyed(name: "state", startingWith: 0) {
          (_: KeyedContext<Int, String>, _, count: inout Int) in count += 1
        }.saveToMemory(results)
      }
      let progress = context.progress
      #expect(progress.checkpoints > 0)
      let pause = progress.checkpointPauseMicroseconds / max(progress.checkpoints, 1)
      print("\(pause) µs a checkpoint")
      #expect(pause <= 50_000)
    }
  }

  /// Hears how much state there is.
  private final class StateRows: StreamingListener {
    let rows = Mutex<[Int]>([])
    func processed(_ interval: IntervalProgress) { rows.withLock { $0.append(interval.stateRows) } }
  }

  /// 9: what is over is forgotten: 20,000 users who come once each leave nothing behind.
  @Test func keysAreDiscarded() throws {
    var options = StreamingOptions()
    (options.threads, options.keyGroups, options.trigger) = (1, 4, .interval(milliseconds: 1000))
    options.pollMilliseconds = 500
    let context = StreamingContext(options: options, clock: ManualClock())
    let heard = StateRows()
    context.listeners.append(heard)
    let batches = (0..<100).map { i in (0..<200).map { Click(user: i * 200 + $0, time: Int64(i * 2000)) } }
    let results = MemoryTable<String>()
    sessions(context.queueStream(batches), .append).results.map(text).saveToMemory(results)
    try context.run()
    #expect(results.count == 20_000)
    let most = heard.rows.withLock { $0.max() ?? 0 }
    // the users of two batches at most: those of one are forgotten when the next one comes
    #expect(most > 0 && most <= 400, "\(most) rows of state")
  }

  /// 10: timers that were set before a restart go off after it.
  @Test func timersOutliveARestart() throws {
    try withFolder { folder in
      let queue = QueueSource([[Click(user: 1, time: 0)]], isReplayable: true)
      let results = MemoryTable<String>()
      func build(_ clicks: DStream<Click>) {
        clicks.withWatermark(delayMilliseconds: 0) { $0.time }.map { ($0.user, $0) }
          .processKeyed(name: "timers", startingWith: 0) { (call: KeyedContext<Int, String>, _: Click, _: inout Int) in
            call.setTimer(due: call.eventTime + 100)
          } onTimer: { (call: KeyedContext<Int, String>, timer, _: inout Int) in
            call.emit("\(call.key) at \(timer.due)")
          }.saveToMemory(results)
      }
      try run(queue, folder: folder, stopAfterInterval: 0, build)
      #expect(results.elements == [])
      queue.add([Click(user: 2, time: 5000)])
      queue.close()
      let context = try run(queue, folder: folder, build)
      #expect(context.isResumed)
      #expect(results.elements == ["1 at 100", "2 at 5100"])
    }
  }

  /// 11: what a crash makes a job do again is not seen twice.
  @Test func replayDoesNotDuplicateOutput() throws {
    try withFolder { folder in
      let clicks = (0..<200).map { Click(user: $0, time: Int64($0)) }
      let files = SimulatedDisk()
      var crashes = 0
      for call in [3, 9, 17, 28, nil] as [Int?] {
        let source = QueueSource([clicks], oneAtATime: false, isReplayable: true)
        source.close()
        if let call { files.crash(atCall: call) }
        do {
          try run(source, folder: folder) { clicks in
            clicks.map { "\($0.user)" }.sink("files") { [context = clicks.context] instance in
              var options = FileSinkOptions()
              (options.rowsMax, options.writeByteCount) = (20, 1)
              let sink = FileSink<String>(folder: "/out", format: .text { $0 }, options: options, files: files) {
                context.fail($0)
              }
              instance.register(sink, name: "files")
              return sink
            }
          }
        } catch  where files.isProcessDead {
          crashes += 1
          files.restart(powerFailed: true)
        }
      }
      #expect(crashes == 4)
      let parts = files.contents.filter { $0.key.hasSuffix(".txt") }.sorted { $0.key < $1.key }
      let rows = parts.flatMap { String(decoding: $0.value, as: UTF8.self).split(separator: "\n").map(String.init) }
      #expect(rows == clicks.map { "\($0.user)" })
    }
  }

  /// 12: what a sink notes about its files does not grow with their number, and files are few unless asked for.
  @Test func sinkMetadataAndFilesStayFew() throws {
    func files(rows: Int, rowsMax: UInt64) throws -> (manifest: FileManifest, byteCount: Int, count: Int) {
      let disk = SimulatedDisk()
      var options = FileSinkOptions()
      options.rowsMax = rowsMax
      let context = StreamingContext(clock: ManualClock())
      context.queueStream([Array(0..<rows)]).sink("files") { [unowned context, options] _ in
        FileSink<Int>(folder: "/out", format: .text { "\($0)" }, options: options, files: disk) { context.fail($0) }
      }
      try context.run()
      let manifest = try #require(try FileManifest.read(folder: "/out", files: disk))
      let bytes = try #require(disk.contents["/out/" + FileManifest.fileName])
      return (manifest, bytes.count, disk.contents.count - 1)
    }
    let (some, many) = (try files(rows: 1000, rowsMax: 1), try files(rows: 3000, rowsMax: 1))
    #expect(many.manifest.files == 3000 && many.count == 3000)
    #expect(
      many.byteCount < some.byteCount * 11 / 10, "\(many.byteCount) bytes, \(some.byteCount) for a third of the files")
    #expect(try files(rows: 3000, rowsMax: .max).count == 1)
  }
}
