import FlatMemory
import Testing

@testable import Reports
import TestSupport

/// A stored and restored accumulator goes on bit for bit.
@Suite struct StateTests {
  /// Sessions that overflow every table, so that purges and sampling are part of the state.
  private static func crowded(_ seed: UInt64, _ n: Int) -> SessionBatch {
    var generator = SessionGenerator(seed: seed)
    generator.users = 200_000
    generator.pages = 60_000
    generator.meanStepMilliseconds = 40_000
    generator.pathEvery = 2
    var specs = generator.next(n)
    for i in specs.indices {
      specs[i].user = "u\(generator.random.below(400_000))"
      specs[i].referrer = "https://host\(generator.random.zipf(20_000)).example/"
      specs[i].entry = (specs[i].entry ?? "/") + "?utm_source=s\(generator.random.zipf(9_000))"
      specs[i].path = specs[i].path.map { _ in "/x\(generator.random.zipf(60_000))" }
    }
    return SessionBatch(specs)
  }

  @Test(arguments: [11] as [UInt64]) func restoredAtRandomPoints(_ seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let batch = Self.crowded(seed, 80_000)
    var straight = SessionReportAccumulator()
    unsafe batch.forEachRow { unsafe straight.add($0, $1) }
    let expected = straight.finish(quality: ReportExamples.quality)
    #expect(expected.figures.usersRelativeError > 0, "the user sample is in use")
    #expect(expected.entryPages.errorMax > 0 && expected.referrers.errorMax > 0, "tables have been purged")

    var accumulator = SessionReportAccumulator()
    var from = 0
    var sizeMax = 0
    for cut in (0..<4).map({ _ in random.below(batch.rows.count) }).sorted() + [batch.rows.count] {
      unsafe batch.forEachRow(in: from..<cut) { unsafe accumulator.add($0, $1) }
      var bytes: [UInt8] = [1, 2, 3]
      accumulator.write(into: &bytes)
      sizeMax = max(sizeMax, bytes.count)
      #expect(Array(bytes.prefix(3)) == [1, 2, 3], "bytes already there stay")
      accumulator = try SessionReportAccumulator(restoring: Array(bytes.dropFirst(3)))
      from = cut
    }
    #expect(accumulator.finish(quality: ReportExamples.quality).json() == expected.json(), "seed \(seed)")
    #expect(sizeMax < 4 << 20)
  }

  /// Batches are worked off in blocks with reads ahead; neither may show.
  @Test(arguments: [12] as [UInt64]) func rowsCutInAnyWay(_ seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let batch = Self.crowded(seed, 40_000)
    var single = SessionReportAccumulator()
    unsafe batch.forEachRow { unsafe single.add($0, $1) }
    var state: [UInt8] = []
    single.write(into: &state)

    var cut = SessionReportAccumulator()
    unsafe batch.withRows { rows, bytes in
      let inOrder = rows.indices.map { unsafe PlacedRow(rows.baseAddress! + $0, bytes) }
      unsafe inOrder.withUnsafeBufferPointer { all in
        var from = 0
        while from < all.count {
          let to = min(from + random.below(random.chance(0.1) ? 5_000 : 150), all.count)
          unsafe cut.add(UnsafeBufferPointer(rebasing: all[from..<to]))
          from = to
        }
      }
    }
    var other: [UInt8] = []
    cut.write(into: &other)
    #expect(single.finish(quality: ReportExamples.quality).entryPages.errorMax > 0, "the page table has been purged")
    #expect(other == state, "seed \(seed)")
  }

  @Test func stateOfNothing() throws {
    var bytes: [UInt8] = []
    SessionReportAccumulator().write(into: &bytes)
    #expect(bytes.count < 200)
    let restored = try SessionReportAccumulator(restoring: bytes)
    #expect(restored.sessionCount == 0)
    #expect(restored.finish(quality: ReportQuality()) == ReportExamples.empty)
  }

  @Test func damagedStateIsRefusedOrHarmless() {
    var generator = SessionGenerator(seed: 5)
    let batch = SessionBatch(generator.next(800))
    var accumulator = SessionReportAccumulator()
    unsafe batch.forEachRow { unsafe accumulator.add($0, $1) }
    var bytes: [UInt8] = []
    accumulator.write(into: &bytes)
    var random = SeededRandom(seed: 6)
    for _ in 0..<60 {
      let cut = Array(bytes.prefix(random.below(bytes.count)))
      #expect(throws: ReportStateError.self) { _ = try SessionReportAccumulator(restoring: cut).sessionCount }
      // a flipped bit may go unnoticed here (checkpoints have checksums); it must not trap
      var flipped = bytes
      flipped[random.below(bytes.count)] ^= 1 << UInt8(random.below(8))
      _ = try? SessionReportAccumulator(restoring: flipped).sessionCount
    }
    #expect(throws: ReportStateError.self) { _ = try SessionReportAccumulator(restoring: bytes + [0]).sessionCount }
    var other = bytes
    other[4] = 99
    #expect {
      _ = try SessionReportAccumulator(restoring: other).sessionCount
    } throws: {
      "\($0)".contains("version 99")
    }
  }

  @Test func memoryOfAnAccumulatorFitsItsBound() {
    var memory = ReportMemory(byteCount: 64 << 20)
    defer { memory.release() }
    _ = SessionCounters(in: &memory)
    let before = memory.used
    _ = UserSample(in: &memory)
    #expect(memory.used - before <= 4 << 20)
    // init traps when its tables do not fit ReportMemory.byteCount
    #expect(SessionReportAccumulator().sessionCount == 0)
    #expect(ReportMemory.byteCount <= 16 << 20)
  }
}
