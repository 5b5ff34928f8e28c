import Foundation
import StreamCore
import Synchronization
import TestSupport

/// One event of the tests of event time.
struct Event: Codable, Hashable, Sendable {
  var time: Int64
  var key: Int
  /// Another one for every event of a case.
  var id: Int
}
func event(_ time: Int64, _ key: Int = 0, _ id: Int = 0) -> Event { Event(time: time, key: key, id: id) }

/// A source over an array: gives pieces, can go back, and fails when its fuse has burnt down.
final class EventSource: ElementSource {
  let name: String
  let identity: String? = "events"
  private let events: [Event]
  private let pieceMax: Int
  private let fuse: MemorySource.Fuse?
  private let offset = Mutex(0)

  init(_ events: [Event], name: String, pieceMax: Int = .max, fuse: MemorySource.Fuse? = nil) {
    self.events = events
    self.name = name
    self.pieceMax = pieceMax
    self.fuse = fuse
  }
  func read(into output: PartitionBuffer<Event>, countMax: Int) throws -> SourceStatus {
    try fuse?.burn()
    return offset.withLock { at in
      let n = min(countMax, pieceMax, events.count - at)
      for e in events[at..<at + n] { output.append(e) }
      at += n
      return at == events.count ? .ended : .more
    }
  }
  var position: SourcePosition { SourcePosition(offset: offset.withLock { UInt64($0) }) }
  func seek(to position: SourcePosition) throws { offset.withLock { $0 = Int(position.offset) } }
}

/// The sink of the tests: lines in a file that checkpoints count on.
final class LineSink: Consumer<String>, CheckpointedState, @unchecked Sendable {
  private let file: DurableLines
  private let onBatch: (Batch) -> Void
  init(_ file: DurableLines, onBatch: @escaping (Batch) -> Void) {
    self.file = file
    self.onBatch = onBatch
  }
  override func consume(_ run: PartitionRun<String>, _ batch: Batch) { unsafe file.append(Array(run.elements)) }
  override func endBatch(_ batch: Batch) { onBatch(batch) }
  func snapshot(into snapshot: StateSnapshot) {
    unsafe [Int64(file.lines.count)].withUnsafeBufferPointer { unsafe snapshot.add("count", values: $0) }
  }
  func restore(from snapshot: RestoredState) throws {
    file.cut(to: Int(try snapshot.values("count", of: Int64.self)[0]))
  }
  func makeDurable() throws { file.flush() }
}

/// What a job reads: streams with their delays, each of one or more sources.
struct EventInput: CustomStringConvertible {
  var streams: [[[Event]]]
  var delays: [Int64]

  static func random(streams: Int, _ random: inout SeededRandom) -> EventInput {
    let keys = 1 + random.below(5)
    let jitter = random.pick([0, 4, 20, 60])
    let step = random.pick([1, 2, 5, 12])
    let countMax = random.pick([3, 12, 50])
    var id = 0
    let input = (0..<streams).map { _ in
      (0..<1 + random.below(3)).map { _ in
        var time = random.below(30)
        return (0..<random.below(countMax + 1)).map { _ in
          time += random.one(in: 12) ? 40 : random.below(step + 1)
          id += 1
          return Event(time: Int64(time - random.below(jitter + 1)), key: random.below(keys), id: id)
        }
      }
    }
    return EventInput(streams: input, delays: (0..<streams).map { _ in Int64(random.pick([0, 5, 20])) })
  }
  /// The elements in the merged order, each with the watermark of its source right after it.
  var merged: [Placed] {
    var all: [Placed] = []
    var source = 0
    for (stream, sources) in streams.enumerated() {
      for events in sources {
        var watermark = Int64.min
        for (i, e) in events.enumerated() {
          watermark = max(watermark, e.time - delays[stream])
          all.append(
            Placed(
              watermark: watermark, sequence: Int64(source) << 40 + Int64(i), time: e.time, key: e.key,
              text: "\(e.id)", stream: stream))
        }
        source += 1
      }
    }
    return all.sorted { ($0.watermark, $0.sequence) < ($1.watermark, $1.sequence) }
  }
  var description: String {
    zip(streams, delays).map { sources, delay in
      "delay \(delay): "
        + sources.map { $0.map { "\($0.id)@\($0.time)k\($0.key)" }.joined(separator: " ") }.joined(
          separator: " | ")
    }.joined(separator: " || ")
  }
}

/// How often jobs of the tests went on from a checkpoint.
let resumeCount = Atomic<Int>(0)

/// What disturbs a run.
struct Disturbance {
  var fuse: MemorySource.Fuse?
  var stopAt = Int.max
  var checkpoint: CheckpointOptions?
}

typealias EventProgram = ([DStream<Event>]) -> DStream<String>

/// One run of a program over the input's streams, each with its watermark.
@discardableResult
func runEvents(
  _ input: EventInput, _ shape: RunShape = RunShape(), _ disturbance: Disturbance = Disturbance(),
  into file: DurableLines, _ program: EventProgram
) throws -> RunOutcome {
  var options = shape.options
  options.pollMilliseconds = 1
  let context = StreamingContext(options: options, checkpoint: disturbance.checkpoint, clock: ManualClock())
  let streams = input.streams.enumerated().map { i, sources in
    context.stream(
      sources.enumerated().map { EventSource($1, name: "\(i)-\($0)", pieceMax: 5, fuse: disturbance.fuse) }
    ).withWatermark(delayMilliseconds: input.delays[i]) { $0.time }
  }
  program(streams).sink("lines") { instance in
    let sink = LineSink(file) { [unowned context] batch in
      if batch.number >= disturbance.stopAt { context.requestStop() }
    }
    instance.register(sink, name: "lines")
    return sink
  }
  context.onStart = { isResumed in
    if isResumed { resumeCount.wrappingAdd(1, ordering: .relaxed) } else { file.create() }
  }
  return try context.run()
}

/// Runs a program undisturbed, and again and again with crashes and stops: both must give exactly the expected lines.
func checkEvents(
  _ input: EventInput, groups: Int, _ random: inout SeededRandom, expected: [String], _ program: EventProgram
) throws -> String? {
  func shape() -> RunShape {
    var s = RunShape.random(&random)
    s.keyGroups = groups
    return s
  }
  let first = shape()
  let file = DurableLines()
  try runEvents(input, first, into: file, program)
  if let wrong = firstDifference(file.lines, expected) { return "\(first): \(wrong)\n\(input)" }

  let folder = NSTemporaryDirectory() + "thalweg-" + UUID().uuidString
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let disturbances = 1 + random.below(4)
  let disturbed = DurableLines()
  for attempt in 0...disturbances {
    let isLast = attempt == disturbances
    var d = Disturbance(checkpoint: CheckpointOptions(directory: folder, intervalMilliseconds: 0))
    if !isLast {
      if random.one(in: 2) { d.stopAt = random.below(20) } else { d.fuse = .init(random.below(25)) }
    }
    do {
      if try runEvents(input, shape(), d, into: disturbed, program) == .finished { break }
    } catch is MemorySource.PowerFailure { disturbed.failPower() }
  }
  if let complaint = disturbed.complaint { return complaint }
  return firstDifference(disturbed.lines, expected).map { "after restarts, first \(first): \($0)\n\(input)" }
}

func firstDifference(_ found: [String], _ expected: [String]) -> String? {
  if found == expected { return nil }
  let at =
    zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(found.count, expected.count)
  return "line \(at) of \(found.count) (\(expected.count) expected): "
    + "\(at < found.count ? found[at] : "nothing") instead of \(at < expected.count ? expected[at] : "nothing")\n"
    + "found \(found)\nexpected \(expected)"
}
