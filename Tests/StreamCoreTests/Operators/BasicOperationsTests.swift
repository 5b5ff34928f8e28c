import StreamCore
import TestSupport
import Testing

/// The operators by element and by interval, each case of Spark's BasicOperationsSuite re-expressed.
@Suite struct BasicOperationsTests {
  let numbers = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
  let words = [["a", "a", "b"], ["", ""], []]

  @Test func map() throws {
    #expect(
      try runMarbles(numbers) { $0.map { String($0) } }.intervals.dropLast(0) == [
        ["1", "2", "3", "4"], ["5", "6", "7", "8"], ["9", "10", "11", "12"],
      ])
  }
  @Test func flatMap() throws {
    let found = try runMarbles(numbers) { $0.flatMap { [$0, $0 * 2] } }.intervals
    #expect(found == numbers.map { $0.flatMap { [$0, $0 * 2] } })
  }
  @Test func filter() throws {
    #expect(try runMarbles(numbers) { $0.filter { $0 % 2 == 0 } }.intervals == [[2, 4], [6, 8], [10, 12]])
  }
  @Test func glom() throws {
    #expect(try runMarbles(numbers) { $0.glom() }.intervals == numbers.map { [$0] })
  }
  @Test func mapPartitions() throws {
    #expect(
      try runMarbles(numbers) { $0.mapPartitions { [$0.reduce(0, +)] } }.intervals == [[10], [26], [42]])
  }
  @Test func repartitionKeepsTheElements() throws {
    let many = (0..<3).map { b in (0..<100).map { b * 100 + $0 } }
    for threads in [1, 3] {
      let found = try runMarbles(many, shape: RunShape(threads: threads)) { $0.repartition() }.intervals
      #expect(found.map { $0.sorted() } == many)
    }
  }
  @Test func repartitionUsesAllPartitions() throws {
    let found = try runMarbles([Array(0..<1000)]) { $0.repartition().mapPartitions { [$0.count] } }.intervals[0]
    #expect(found.count == 4)
    #expect(found.allSatisfy { $0 > 200 })
  }
  @Test func count() throws {
    #expect(try runMarbles([[], [1], [1, 2], [1, 2, 3]]) { $0.count() }.intervals == [[0], [1], [2], [3]])
  }
  @Test func countByValue() throws {
    let found = try runMarbles([[1, 1, 1], [1, 2, 2, 3], [], [5, 5, 1]]) { $0.countByValue() }.intervals
    #expect(found.map(byKey) == [[1: 3], [1: 1, 2: 2, 3: 1], [:], [5: 2, 1: 1]])
  }
  @Test func mapValues() throws {
    let found = try runMarbles(words) { $0.map { ($0, 1) }.reduceByKey(+).mapValues { $0 + 10 } }.intervals
    #expect(found.map(byKey) == [["a": 12, "b": 11], ["": 12], [:]])
  }
  @Test func flatMapValues() throws {
    let found = try runMarbles(words) { $0.map { ($0, 1) }.reduceByKey(+).flatMapValues { [$0, $0 + 10] } }.intervals
    #expect(found.map { Set($0.map { "\($0.0):\($0.1)" }) } == [["a:2", "a:12", "b:1", "b:11"], [":2", ":12"], []])
  }
  @Test func union() throws {
    let other = [[5, 6], [], [7]]
    let found = try unite(numbers, other) { $0.union($1) }
    #expect(found.map { $0.sorted() } == [[1, 2, 3, 4, 5, 6], [5, 6, 7, 8], [7, 9, 10, 11, 12]])
  }
  @Test func unionOfAStreamWithItself() throws {
    let found = try runMarbles([[1, 2]]) { s in s.map { $0 * 10 }.union(s).union(s.filter { $0 == 1 }) }.intervals
    #expect(found.map { $0.sorted() } == [[1, 1, 2, 10, 20]])
  }
  @Test func groupByKey() throws {
    let found = try runMarbles(words) { $0.map { ($0, 1) }.groupByKey() }.intervals
    #expect(found.map(byKey) == [["a": [1, 1], "b": [1]], ["": [1, 1]], [:]])
  }
  @Test func reduceByKey() throws {
    let found = try runMarbles(words) { $0.map { ($0, 1) }.reduceByKey(+) }.intervals
    #expect(found.map(byKey) == [["a": 2, "b": 1], ["": 2], [:]])
  }
  @Test func reduce() throws {
    #expect(try runMarbles(numbers + [[]]) { $0.reduce(+) }.intervals == [[10], [26], [42], []])
  }
  @Test func transform() throws {
    #expect(try runMarbles(numbers) { $0.transform { $0.map { String($0) } } }.all.count == 12)
  }
  @Test func transformWith() throws {
    let found = try unite(numbers, [[1, 9], [8], []]) { left, right in
      left.transformWith(right) { l, r in l.map { ($0, "l") }.join(r.map { ($0, "r") }).map { "\($0.0)\($0.1)" } }
    }
    #expect(found == [["1(\"l\", \"r\")"], ["8(\"l\", \"r\")"], []])
  }
  @Test(arguments: [true, false])
  func combineByKey(mapSideCombine: Bool) throws {
    let found = try runMarbles(words, shape: RunShape(threads: 2, blockElementCount: 1)) {
      $0.map { ($0, 1) }.combineByKey(
        mapSideCombine: mapSideCombine, createCombiner: { "\($0)" }, mergeValue: { $0 += "\($1)" },
        mergeCombiners: { $0 += $1 })
    }.intervals
    #expect(found.map(byKey) == [["a": "11", "b": "1"], ["": "11"], [:]])
  }
  @Test func cacheAndPersistChangeNothing() throws {
    #expect(
      try runMarbles(numbers) { $0.cache().map { $0 + 1 }.persist() }.intervals == numbers.map { $0.map { $0 + 1 } })
  }
  @Test func filtersAndKeysOfEmptyIntervals() throws {
    let none: [[Int]] = [[], [], []]
    let found = try runMarbles(none) { s in
      let pairs = s.filter { $0 > 0 }.map { ($0, $0) }
      return pairs.reduceByKey(+).map { "\($0)" }.union(pairs.groupByKey(name: "g").map { "\($0)" })
    }.intervals
    #expect(found == [[], [], []])
  }
  @Test func cogroup() throws {
    let found = try unite([["a", "a", "b"], ["a", ""], [""], []], [["a", "a", "b"], ["b", ""], [], []]) { l, r in
      l.map { ($0, 1) }.cogroup(r.map { ($0, "x") })
    }
    #expect(
      found.map { Set($0.map { "\($0.0):\($0.1.0.count),\($0.1.1.count)" }) }
        == [["a:2,2", "b:1,1"], ["a:1,0", "b:0,1", ":1,1"], [":1,0"], []])
  }
  @Test func joins() throws {
    let left = [["a", "b"], ["a", ""], [""], []]
    let right = [["a", "b"], ["b", ""], [], []]
    func pairs<V>(_ join: (DStream<(String, Int)>, DStream<(String, String)>) -> DStream<(String, V)>) throws
      -> [Set<String>]
    {
      try unite(left, right) { l, r in join(l.map { ($0, 1) }, r.map { ($0, "x") }) }
        .map { Set($0.map { "\($0.0):\($0.1)" }) }
    }
    let one = "(1, \"x\")"
    #expect(try pairs { $0.join($1) } == [["a:\(one)", "b:\(one)"], [":\(one)"], [], []])
    #expect(
      try pairs { $0.leftOuterJoin($1) }
        == [
          ["a:(1, Optional(\"x\"))", "b:(1, Optional(\"x\"))"], [":(1, Optional(\"x\"))", "a:(1, nil)"], [":(1, nil)"],
          [],
        ])
    #expect(
      try pairs { $0.rightOuterJoin($1) }
        == [
          ["a:(Optional(1), \"x\")", "b:(Optional(1), \"x\")"], [":(Optional(1), \"x\")", "b:(nil, \"x\")"], [], [],
        ])
    #expect(
      try pairs { $0.fullOuterJoin($1) }
        == [
          ["a:(Optional(1), Optional(\"x\"))", "b:(Optional(1), Optional(\"x\"))"],
          [":(Optional(1), Optional(\"x\"))", "a:(Optional(1), nil)", "b:(nil, Optional(\"x\"))"],
          [":(Optional(1), nil)"], [],
        ])
  }
  @Test func joinWithATable() throws {
    let found = try runMarbles([[1, 2, 3]]) { $0.map { ($0, "v\($0)") }.join(table: [1: true, 3: false]) }.intervals
    #expect(found[0].map { "\($0.0) \($0.1.0) \($0.1.1)" } == ["1 v1 true", "3 v3 false"])
    let outer = try runMarbles([[1, 2]]) { $0.map { ($0, 0) }.leftOuterJoin(table: [1: true]) }.intervals
    #expect(outer[0].map { $0.1.1 } == [true, nil])
  }

  /// Order of keys and values too, whatever the blocks and threads.
  @Test func resultsDependOnTheIntervalsAlone() throws {
    try forRandomCases("shapes", count: 60) { random in
      let batches = (0..<(1 + random.below(4))).map { _ in (0..<random.below(60)).map { _ in random.below(9) } }
      func run(_ shape: RunShape) throws -> [[String]] {
        try runMarbles(batches, shape: shape) { s in
          let sums = s.map { ($0, Double($0) * 0.1) }.reduceByKey(+).map { "\($0)" }
          let groups = s.map { ($0 % 3, $0) }.groupByKey().map { "\($0)" }
          return sums.union(groups)
        }.intervals
      }
      var first = RunShape.random(&random)
      var second = RunShape.random(&random)
      first.keyGroups = 4
      second.keyGroups = 4
      let (a, b) = (try run(first), try run(second))
      return a == b ? nil : "\(first): \(a)\n\(second): \(b)"
    }
  }

  @Test func rememberedStringsAreReleased() throws {
    // elements with storage of their own cross exchanges and buffers
    let texts = [(0..<500).map { "a rather long text that does not fit into a word \($0 % 50)" }]
    let found = try runMarbles(texts, shape: RunShape(threads: 2, blockElementCount: 20)) { $0.countByValue() }
    #expect(found.intervals[0].count == 50)
    #expect(found.intervals[0].allSatisfy { $0.1 == 10 })
  }
}

func byKey<Key: Hashable, Value>(_ pairs: [(Key, Value)]) -> [Key: Value] {
  Dictionary(uniqueKeysWithValues: pairs)
}

/// The same as ``runMarbles`` with two lines of marbles.
func unite<A, B, Output>(
  _ a: [[A]], _ b: [[B]], shape: RunShape = RunShape(), _ build: (DStream<A>, DStream<B>) -> DStream<Output>
) throws -> [[Output]] {
  var options = shape.options
  options.trigger = .interval(milliseconds: 1000)
  options.pollMilliseconds = 500
  let context = StreamingContext(options: options, clock: ManualClock())
  let (left, right) = (QueueSource(a, name: "left"), QueueSource(b, name: "right"))
  left.close()
  right.close()
  let collector = IntervalCollector<Output>()
  build(context.stream([left]), context.stream([right])).sink("collected") { _ in collector }
  try context.run()
  return collector.intervals
}
