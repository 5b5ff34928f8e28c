import StreamCore
import Testing

/// Elements without duplicates: the cases of Spark's StreamingDeduplicationSuite and
/// StreamingDeduplicationWithinWatermarkSuite.
@Suite struct DeduplicationTests {
  private func unique(_ batches: [[Event]], delay: Int64 = 0, horizon: Int64 = 0) throws -> EventLines {
    try eventMarbles(batches, delay: delay) { s in
      let found = s.dropDuplicatesWithinWatermark(name: "unique", horizonMilliseconds: horizon) { $0.key }
      return found.unique.map { "\($0.key)@\($0.time)" }.union(found.late.map { "late \($0.key)@\($0.time)" })
    }
  }

  @Test func withoutTimeForEver() throws {
    let found = try runMarbles([[1, 2, 1], [2, 3], [1]]) { $0.dropDuplicates(name: "unique") { $0 } }
    #expect(found.intervals.map { $0.sorted() } == [[1, 2], [3], []])
  }
  @Test func bySeveralFields() throws {
    let found = try runMarbles([[("a", 1), ("a", 2), ("a", 1), ("b", 1)], [("b", 1)]]) {
      $0.dropDuplicates(name: "unique") { PairKey($0.0, $0.1) }.map { "\($0.0)\($0.1)" }
    }
    #expect(found.intervals.map { $0.sorted() } == [["a1", "a2", "b1"], []])
  }
  @Test func withTimeAndWithoutForgetting() throws {
    // positions go through: windows behind it work
    let found = try eventMarbles([events(10) + events(11) + events(12, key: 1), events(40, key: 2)]) { s in
      s.dropDuplicates(name: "unique") { $0.key }.counts(.tumbling(milliseconds: 20))
    }
    #expect(found.all.sorted() == ["0: 0..<20 1", "1: 0..<20 1", "2: 40..<60 1"])
  }
  @Test func aKeyIsForgottenWhenTheWatermarkHasPassedIt() throws {
    let found = try unique([events(10), events(10), events(31, key: 1), events(10), events(22)], delay: 20)
    #expect(found.intervals == [["0@10"], [], ["1@31"], ["late 0@10"], ["0@22"]])
  }
  @Test func aHorizonHoldsKeysLonger() throws {
    // 0@10 is known up to a watermark of 15
    let found = try unique(
      [events(10), events(15, key: 1), events(15), events(16, key: 2), events(16)], horizon: 5)
    #expect(found.intervals == [["0@10"], ["1@15"], [], ["2@16"], ["0@16"]])
  }
  @Test func noDuplicateWithinTheHorizonPassesWhateverTheOrder() throws {
    // 14 is within the horizon of 10, whose key is forgotten at 21: by then 14 is late
    let found = try unique([events(10), events(21, key: 1), events(14)], horizon: 10)
    #expect(found.intervals == [["0@10"], ["1@21"], ["late 0@14"]])
  }
  @Test func anEarlierDuplicateIsOne() throws {
    let found = try unique([events(10), events(5), events(9)], delay: 50)
    #expect(found.intervals == [["0@10"], [], []])
  }
}
