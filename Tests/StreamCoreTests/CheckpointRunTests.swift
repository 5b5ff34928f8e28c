import Foundation
import StreamCore
import Testing
import TestSupport

/// Whatever befalls a job, its outputs are those of a run without disturbance.
@Suite(.timeLimit(.minutes(10))) struct CheckpointRunTests {
  private struct Outputs {
    let counts = DurableLines()
    let junk = DurableLines()
    var complaint: String? { counts.complaint ?? junk.complaint }
  }

  private func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = NSTemporaryDirectory() + "thalweg-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }
  private func sources(_ texts: [String], fuse: MemorySource.Fuse? = nil, pieceMax: Int = .max) -> [MemorySource] {
    texts.enumerated().map { MemorySource($1, name: "source-\($0)", pieceMax: pieceMax, fuse: fuse) }
  }
  private func options(_ random: inout SeededRandom) -> StreamingOptions {
    var o = StreamingOptions()
    (o.threads, o.keyGroups) = (random.pick([1, 2, 4]), 4)
    o.blockByteCount = random.pick([40, 100, 400, 3000])
    return o
  }
  private func undisturbed(_ texts: [String]) throws -> Outputs {
    let outputs = Outputs()
    var o = StreamingOptions()
    (o.threads, o.keyGroups) = (1, 4)
    let job = DurableJob(
      sources: sources(texts), options: o, checkpoint: nil, counts: outputs.counts, junk: outputs.junk)
    #expect(try job.context.run() == .finished)
    return outputs
  }

  /// Runs a job again and again, each time until the power fails or a stop, then to its end.
  private func disturbed(
    _ texts: [String], folder: String, _ random: inout SeededRandom
  ) throws -> (outputs: Outputs, records: Int, resumes: Int) {
    let outputs = Outputs()
    var resumes = 0
    let disturbances = random.below(7)
    for attempt in 0...disturbances {
      let isLast = attempt == disturbances
      let stopAt = random.one(in: 3) ? random.below(12) : .max
      let fuse = isLast || stopAt < .max ? nil : MemorySource.Fuse(random.below(random.pick([3, 20, 60])))
      let interval: Int64 = random.one(in: 5) ? 1_000_000_000 : 0
      let job = DurableJob(
        sources: sources(texts, fuse: fuse, pieceMax: random.pick([13, 200, .max])), options: options(&random),
        checkpoint: CheckpointOptions(directory: folder, intervalMilliseconds: interval), counts: outputs.counts,
        junk: outputs.junk
      ) { context, batch in
        if !isLast, batch.number >= stopAt { context.requestStop() }
      }
      do {
        let outcome = try job.context.run()
        if job.context.isResumed { resumes += 1 }
        if outcome == .finished { return (outputs, job.context.progress.records, resumes) }
      } catch is MemorySource.PowerFailure {
        outputs.counts.failPower()
        outputs.junk.failPower()
      }
    }
    throw StateError.missing("the last attempt did not finish")
  }

  @Test(arguments: [1, 3])
  func outputsDoNotShowCrashesAndStops(sourceCount: Int) throws {
    var resumes = 0
    try forRandomCases("crashes with \(sourceCount) sources", count: 60) { random in
      let input = TickInput.make(sources: sourceCount, linesMax: random.pick([5, 60, 150]), &random)
      let expected = try undisturbed(input.texts)
      let run = try withFolder { try disturbed(input.texts, folder: $0, &random) }
      resumes += run.resumes
      if let complaint = run.outputs.complaint { return complaint }
      if !run.outputs.counts.isPublished { return "not published" }
      if run.records != input.ticks.count { return "\(run.records) records of \(input.ticks.count)" }
      return firstDifference("counts", run.outputs.counts.lines, expected.counts.lines)
        ?? firstDifference("junk", run.outputs.junk.lines, expected.junk.lines)
    }
    #expect(resumes > 0)
  }

  private func firstDifference(_ name: String, _ found: [String], _ expected: [String]) -> String? {
    if found == expected { return nil }
    let i = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    let at = i ?? min(found.count, expected.count)
    return "\(name), line \(at) of \(found.count) (\(expected.count) expected): "
      + "\(at < found.count ? found[at] : "nothing") instead of \(at < expected.count ? expected[at] : "nothing")"
  }

  /// A finished job over inputs that have grown goes on where it was.
  @Test(arguments: [1, 3])
  func grownInputs(sourceCount: Int) throws {
    try forRandomCases("grown inputs, \(sourceCount) sources", count: 40) { random in
      let input = TickInput.make(sources: sourceCount, linesMax: 80, &random)
      let full = input.texts.map { $0.hasSuffix("\n") || $0.isEmpty ? $0 : $0 + "\n" }
      // cut between lines
      let first = full.map { text in
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        let kept = lines.prefix(random.below(lines.count + 1))
        return kept.map { $0 + "\n" }.joined()
      }
      let expected = try undisturbed(full)
      return try withFolder { folder in
        let outputs = Outputs()
        for texts in [first, full] {
          let job = DurableJob(
            sources: sources(texts), options: options(&random),
            checkpoint: CheckpointOptions(directory: folder, intervalMilliseconds: 0), counts: outputs.counts,
            junk: outputs.junk)
          if try job.context.run() != .finished { return "stopped" }
        }
        if let complaint = outputs.complaint { return complaint }
        if sourceCount == 1 {
          return firstDifference("counts", outputs.counts.lines, expected.counts.lines)
            ?? firstDifference("junk", outputs.junk.lines, expected.junk.lines)
        }
        // what came later sorts behind what was consumed, so counts differ; every line is there once
        let places = { (o: Outputs) in o.counts.lines.map { String($0.prefix { $0 != " " }) }.sorted() }
        return firstDifference("places", places(outputs), places(expected))
          ?? firstDifference("junk", outputs.junk.lines.sorted(), expected.junk.lines.sorted())
      }
    }
  }

  /// Many checkpoints in quick succession: the writer and the scheduler must not wait for each other.
  @Test func manyCheckpoints() throws {
    let text = (0..<6000).map { "\($0) \($0 % 5) 1\n" }.joined()
    try withFolder { folder in
      let outputs = Outputs()
      var o = StreamingOptions()
      (o.threads, o.keyGroups, o.blockByteCount) = (2, 2, 30)
      let job = DurableJob(
        sources: sources([text]), options: o,
        checkpoint: CheckpointOptions(directory: folder, intervalMilliseconds: 0), counts: outputs.counts,
        junk: outputs.junk)
      let outcome = try job.context.run()
      #expect(outcome == .finished)
      #expect(outputs.counts.lines.count == 6000)
      // one at the first batch and one at the end at least
      #expect(job.context.progress.checkpoints >= 2)
    }
  }

  @Test func checkpointsOfOtherJobsAreRefused() throws {
    try withFolder { folder in
      func run(
        _ sources: [MemorySource], job: JobDescription = ["gap": "30", "~found": "1"], keyGroups: Int = 4,
        isFresh: Bool = false
      ) throws -> StreamingContext {
        var o = StreamingOptions()
        (o.threads, o.keyGroups) = (1, keyGroups)
        let outputs = Outputs()
        let job = DurableJob(
          sources: sources, options: o, checkpoint: CheckpointOptions(directory: folder, isFresh: isFresh), job: job,
          counts: outputs.counts, junk: outputs.junk)
        // the files of the first run are not at hand
        outputs.counts.append(["1"])
        outputs.counts.flush()
        try job.context.run()
        return job.context
      }
      let source = { MemorySource("1 1 1\n", name: "a") }
      var resumed = try run([source()]).isResumed
      #expect(!resumed)
      #expect(StreamingContext.recordedJob(directory: folder) == ["gap": "30", "~found": "1"])
      resumed = try run([source()], job: ["gap": "30", "~found": "2"]).isResumed
      #expect(resumed)
      #expect(
        throws: CheckpointError.differentJob(directory: folder, differences: ["gap was 30, now 40"])
      ) { try run([source()], job: ["gap": "40"]) }
      #expect(
        throws: CheckpointError.differentJob(directory: folder, differences: ["key groups were 4, now 8"])
      ) { try run([source()], keyGroups: 8) }
      #expect(
        throws: CheckpointError.differentSources(directory: folder, "its inputs were a, now b")
      ) { try run([MemorySource("1 1 1\n", name: "b")]) }
      #expect(throws: CheckpointError.self) { try run([source(), MemorySource("", name: "b")]) }
      resumed = try run([source()], job: ["gap": "40"], isFresh: true).isResumed
      #expect(!resumed)
    }
  }
}
