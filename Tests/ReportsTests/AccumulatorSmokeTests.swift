import Reports
import Testing

@Suite struct AccumulatorSmokeTests {
  @Test func aRestoredAccumulatorGivesTheSameReport() throws {
    var generator = SessionGenerator(seed: 7)
    let batch = SessionBatch(generator.next(5_000))
    var straight = SessionReportAccumulator()
    var bytes: [UInt8] = []
    batch.forEachRow { straight.add($0, $1) }
    straight.write(into: &bytes)
    let restored = try SessionReportAccumulator(restoring: bytes)
    #expect(restored.finish(quality: ReportQuality()).json() == straight.finish(quality: ReportQuality()).json())
  }
}
