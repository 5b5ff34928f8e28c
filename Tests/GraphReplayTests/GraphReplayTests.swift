import Foundation
import GraphReplay
import PropertyGraph
import Replay
import StreamCore
import Synchronization
import Testing
import TestSupport

/// Replays of random graphs: the same bytes whatever the blocks, the threads, and wherever they were stopped.
@Suite struct GraphReplayTests {
  /// Edges with disorder in time, malformed lines, texts among the ids, removals; several inputs.
  private func makeJob(_ r: inout SeededRandom, _ folder: ScratchFolder, inputs: Int) -> GraphReplayConfiguration {
    var c = GraphReplayConfiguration()
    let hasRemovals = Int.random(in: 0..<3, using: &r) == 0
    c.graph.isUndirected = Bool.random(using: &r)
    c.graph.isWeighted = Bool.random(using: &r) && !(hasRemovals && c.graph.isUndirected)
    if !(hasRemovals && c.graph.isUndirected), Int.random(in: 0..<4, using: &r) > 0 {
      c.graph.windowMilliseconds = Int64.random(in: 20_000...200_000, using: &r)
    }
    if Bool.random(using: &r) {
      c.graph.batchChangeCount = Int.random(in: 1...60, using: &r)
    } else {
      c.graph.batchChangeCount = nil
      c.graph.batchMilliseconds = Int64.random(in: 1000...40_000, using: &r)
    }
    c.graph.tolerance = [1e-2, 1e-4, 1e-7].randomElement(using: &r)!
    c.graph.topCount = Int.random(in: 0...5, using: &r)
    c.includesTimings = false
    c.blockByteCount = 600
    let weight = c.graph.isWeighted ? ",weight" : ""
    var parts = [[String]](repeating: ["source,target\(weight),time" + (hasRemovals ? ",op" : "")], count: inputs)
    let vertices = Int.random(in: 3...120, using: &r)
    var time: Int64 = 1_700_000_000
    var known: [(String, String)] = []
    for i in 0..<Int.random(in: 100...900, using: &r) {
      time += Int64.random(in: 0...2, using: &r)
      let late = Int.random(in: 0..<20, using: &r) == 0 ? Int64.random(in: 0...300, using: &r) : 0
      func id() -> String {
        // few at the top, as in real graphs
        let v = min(Int.random(in: 0..<vertices, using: &r), Int.random(in: 0..<vertices, using: &r))
        return v % 7 == 3 ? "\"the \"\"\(v)\"\"\"" : v % 5 == 1 ? "v\(v)" : "\(v * v)"
      }
      var ends = (id(), id())
      let removes = hasRemovals && Int.random(in: 0..<4, using: &r) == 0
      if removes, let old = known.randomElement(using: &r), Int.random(in: 0..<5, using: &r) > 0 { ends = old }
      known.append(ends)
      let w = c.graph.isWeighted ? ",\(Int.random(in: 1...9, using: &r)).5" : ""
      let part = Int.random(in: 0..<inputs, using: &r)
      parts[part].append("\(ends.0),\(ends.1)\(w),\(time - late)" + (hasRemovals ? removes ? ",delete" : ",+" : ""))
      if i % 41 == 7 { parts[part].append("broken,line \(i)") }
    }
    c.inputs = parts.enumerated().map { folder.write($1.joined(separator: "\n") + "\n", "in\($0).csv") }
    return c
  }

  private func setOutputs(_ c: inout GraphReplayConfiguration, _ folder: ScratchFolder, _ prefix: String) {
    c.outputPath = folder.file(prefix + ".ndjson")
    c.reportPath = folder.file(prefix + ".json")
    c.deadLettersPath = folder.file(prefix + ".dead")
  }

  private func expectSame(_ folder: ScratchFolder, _ seed: UInt64) {
    for ending in [".ndjson", ".json", ".dead"] {
      let (a, b) = (folder.read("a" + ending), folder.read("b" + ending))
      let isSame = a == b
      #expect(isSame, "seed \(seed): \(ending) differs")
      #expect(!a.isEmpty)
    }
  }

  /// Runs with checkpoints as often as possible and stops after about `batches`; true when it came to its end.
  private func runUntil(_ batches: Int, _ c: GraphReplayConfiguration) throws -> Bool {
    let job = try GraphReplayJob(c)
    let done = Atomic<Bool>(false)
    let watcher = Thread {
      while !done.load(ordering: .relaxed) {
        if job.progress.stream.batches >= batches { job.requestStop() }
      }
    }
    watcher.start()
    defer { done.store(true, ordering: .relaxed) }
    return try job.run() != nil
  }

  @Test(arguments: [1, 3]) func stoppedAnywhere(inputs: Int) throws {
    var stops = 0
    for seed in seeds(8) {
      var r = SeededRandom(seed: seed)
      let folder = ScratchFolder()
      var c = makeJob(&r, folder, inputs: inputs)
      setOutputs(&c, folder, "a")
      _ = try GraphReplayJob(c).run()
      setOutputs(&c, folder, "b")
      c.checkpointDirectory = folder.file("state")
      c.checkpointIntervalMilliseconds = 0
      var runs = 0
      repeat {
        c.threads = Int.random(in: 1...3, using: &r)
        runs += 1
      } while try !runUntil(Int.random(in: 1...8, using: &r), c) && runs < 2000
      expectSame(folder, seed)
      stops += runs - 1
    }
    print("\(inputs) inputs: stopped \(stops) times")
    #expect(stops > 0)
  }

  @Test(arguments: [1, 2]) func blocksAndThreadsDoNotMatter(inputs: Int) throws {
    for seed in seeds(5) {
      var r = SeededRandom(seed: seed)
      let folder = ScratchFolder()
      var c = makeJob(&r, folder, inputs: inputs)
      c.graph.verifies = true
      setOutputs(&c, folder, "a")
      let outcome = try #require(try GraphReplayJob(c).run())
      #expect(outcome.trueErrorMax != nil && outcome.malformedCount > 0)
      setOutputs(&c, folder, "b")
      for _ in 0..<3 {
        c.blockByteCount = Int.random(in: 1...20_000, using: &r)
        c.threads = Int.random(in: 1...4, using: &r)
        _ = try GraphReplayJob(c).run()
        expectSame(folder, seed)
      }
    }
  }

  /// A job with other parameters does not take over the graph of a checkpoint.
  @Test func anotherJobIsRefused() throws {
    let folder = ScratchFolder()
    var r = SeededRandom(seed: 3)
    var c = makeJob(&r, folder, inputs: 1)
    setOutputs(&c, folder, "a")
    c.checkpointDirectory = folder.file("state")
    _ = try GraphReplayJob(c).run()
    c.graph.damping = 0.5
    #expect(throws: CheckpointError.self) { try GraphReplayJob(c).run() }
    c.isFresh = true
    #expect(try GraphReplayJob(c).run() != nil)
  }

  @Test func ambiguousRemovalsAreRefused() throws {
    let folder = ScratchFolder()
    var c = GraphReplayConfiguration()
    c.inputs = [folder.write("source,target,time,op\n1,2,1,+\n1,2,2,-\n", "in.csv")]
    c.graph.isUndirected = true
    setOutputs(&c, folder, "a")
    #expect(try GraphReplayJob(c).run()?.changes == 2)
    c.graph.windowMilliseconds = 1000
    #expect(throws: ReplayConfigurationError.self) { try GraphReplayJob(c) }
  }

  @Test func mostlyMalformedInputStops() throws {
    let folder = ScratchFolder()
    var c = GraphReplayConfiguration()
    c.inputs = [folder.write("1 2 x\n3 4 5\n5 6 y\n", "in.txt")]
    setOutputs(&c, folder, "a")
    let job = try GraphReplayJob(c)
    let error = #expect(throws: BadInputError.self) { try job.run() }
    #expect(error?.description.contains("2 of 3 lines") ?? false)
    #expect(folder.names == ["in.txt"])
  }
}
