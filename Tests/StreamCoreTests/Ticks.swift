import StreamCore
import TestSupport

/// One event of the tests' jobs; a line `time key value` of a source.
struct Tick: KeyedEvent, Hashable {
  var eventTime: Int64
  var key: Int32
  var value: Int32
  var source: Int32
  /// Offset of its line in the source.
  var offset: Int64
  var keyHash: UInt64 { Tick.hash(key) }
  static func hash(_ key: Int32) -> UInt64 { UInt64(UInt32(bitPattern: key)) &* 0x9e37_79b9_7f4a_7c15 }
}

/// What the keyed operator says at each event.
struct TickCount: Hashable, CustomStringConvertible {
  var tick: Tick
  /// Running maximum of the source at the event.
  var maximum: Int64
  /// Events of the key so far, and the sum of their values.
  var count: Int64
  var sum: Int64
  var description: String {
    "\(tick.source):\(tick.offset) t=\(tick.eventTime) max=\(maximum) key=\(tick.key) n=\(count) sum=\(sum)"
  }
}

/// Lines to ticks.
final class TickParser: PartitionTransform<UInt8, Tick>, @unchecked Sendable {
  /// Gets the lines that are not ticks: the highest time before them in the block, and where they stand.
  var onJunk: (Batch, Int64, Int64) -> Void = { _, _, _ in }

  override func transform(_ run: PartitionRun<UInt8>, _ batch: Batch, into output: PartitionBuffer<Tick>) {
    var start = 0
    var maximum = Int64.min
    let bytes = unsafe run.elements
    for i in 0..<bytes.count where unsafe bytes[i] == 10 {
      let fields = unsafe bytes[start..<i].split(separator: 32)
      let offset = Int64(batch.sourceOffset) + Int64(start)
      if unsafe fields.count == 3, let time = unsafe Int64(text(fields[0])), let key = unsafe Int32(text(fields[1])),
        let value = unsafe Int32(text(fields[2]))
      {
        maximum = max(maximum, time)
        output.append(Tick(eventTime: time, key: key, value: value, source: Int32(batch.source), offset: offset))
      } else {
        onJunk(batch, maximum, offset)
      }
      start = i + 1
    }
  }
  private func text(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> String {
    unsafe String(decoding: bytes, as: UTF8.self)
  }
}

/// Counts and sums by key.
final class TickCounter: PartitionTransform<Tick, TickCount>, CheckpointedState, @unchecked Sendable {
  private var counts: [Int32: (count: Int64, sum: Int64)] = [:]

  override func transform(_ run: PartitionRun<Tick>, _ batch: Batch, into output: PartitionBuffer<TickCount>) {
    for i in 0..<run.elements.count {
      let tick = unsafe run.elements[i]
      var c = counts[tick.key] ?? (0, 0)
      c = (c.count + 1, c.sum + Int64(tick.value))
      counts[tick.key] = c
      unsafe output.append(
        TickCount(tick: tick, maximum: max(run.maximumBefore, run.runningMaxima![i]), count: c.count, sum: c.sum))
    }
  }
  func snapshot(into snapshot: StateSnapshot) {
    let flat = counts.flatMap { [Int64($0.key), $0.value.count, $0.value.sum] }
    unsafe flat.withUnsafeBufferPointer { unsafe snapshot.add("state", values: $0) }
  }
  func restore(from snapshot: RestoredState) throws {
    let flat = try snapshot.values("state", of: Int64.self)
    for i in stride(from: 0, to: flat.count, by: 3) { counts[Int32(flat[i])] = (flat[i + 1], flat[i + 2]) }
  }
}

/// Collects what comes, batch by batch. One task at a time fills it; it is read when the run is over.
final class Collector<Element>: Consumer<Element>, @unchecked Sendable {
  private(set) var elements: [Element] = []
  /// How often the end of the input was seen.
  private(set) var endCount = 0
  private let onBatch: (Batch) -> Void
  init(onBatch: @escaping (Batch) -> Void = { _ in }) { self.onBatch = onBatch }
  override func consume(_ run: PartitionRun<Element>, _ batch: Batch) { unsafe elements += run.elements }
  override func endBatch(_ batch: Batch) {
    if batch.isEnd { endCount += 1 }
    onBatch(batch)
  }
}

/// Random lines for one or more sources, and what a job over them must give.
struct TickInput {
  /// One text a source.
  var texts: [String]

  static func make(sources: Int, linesMax: Int, _ random: inout SeededRandom) -> TickInput {
    let keys = 1 + random.below(12)
    let jitter = random.pick([0, 3, 50])
    let texts = (0..<sources).map { _ in
      var time = random.below(200)
      var text = ""
      for _ in 0..<random.below(linesMax + 1) {
        switch random.below(20) {
        case 0: text += "not a tick\n"
        case 1: text += "\n"
        case 2: text += String(repeating: "x", count: random.below(300)) + "\n"
        default:
          time += random.below(8)
          text += "\(max(0, time - random.below(jitter + 1))) \(random.below(keys)) \(random.below(100))\n"
        }
      }
      if random.one(in: 3), !text.isEmpty { text.removeLast() }
      return text
    }
    return TickInput(texts: texts)
  }

  /// Every tick with its source's running maximum, in the order of the lines.
  var ticks: [(tick: Tick, maximum: Int64)] {
    var all: [(tick: Tick, maximum: Int64)] = []
    for (source, text) in texts.enumerated() {
      var offset = 0
      var maximum = Int64.min
      for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        let fields = line.split(separator: " ")
        if fields.count == 3, let time = Int64(fields[0]), let key = Int32(fields[1]), let value = Int32(fields[2]) {
          maximum = max(maximum, time)
          let tick = Tick(eventTime: time, key: key, value: value, source: Int32(source), offset: Int64(offset))
          all.append((tick, maximum))
        }
        offset += line.utf8.count + 1
      }
    }
    return all
  }

  /// Counts by key in the merged order: by running maximum, source, position.
  var expected: [TickCount] {
    var counts: [Int32: (count: Int64, sum: Int64)] = [:]
    let merged = ticks.sorted { a, b in
      (a.maximum, a.tick.source, a.tick.offset) < (b.maximum, b.tick.source, b.tick.offset)
    }
    return merged.map { tick, maximum in
      var c = counts[tick.key] ?? (0, 0)
      c = (c.count + 1, c.sum + Int64(tick.value))
      counts[tick.key] = c
      return TickCount(tick: tick, maximum: maximum, count: c.count, sum: c.sum)
    }
  }
}

/// The order that partitions and batches do not disturb: each key's counts in the order they came.
func byKey(_ counts: [TickCount]) -> [Int32: [TickCount]] { Dictionary(grouping: counts, by: \.tick.key) }

/// The first difference between two runs' counts, key by key; nil when there is none.
func difference(_ found: [TickCount], expected: [TickCount]) -> String? {
  let (a, b) = (byKey(found), byKey(expected))
  for key in Set(a.keys).union(b.keys).sorted() {
    let (x, y) = (a[key] ?? [], b[key] ?? [])
    if x == y { continue }
    let i = zip(x, y).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(x.count, y.count)
    return "key \(key), place \(i) of \(x.count) (\(y.count) expected): "
      + "\(i < x.count ? x[i].description : "nothing") instead of \(i < y.count ? y[i].description : "nothing")"
  }
  return nil
}
