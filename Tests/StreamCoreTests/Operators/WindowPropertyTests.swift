import StreamCore
import TestSupport
import Testing

/// Windows over random intervals against recomputation from the raw batches, and against themselves: in other shapes, and
/// over crashes and stops.
@Suite(.timeLimit(.minutes(4))) struct WindowPropertyTests {
  struct Case {
    let batches: [[Int]]
    let length: Int
    let slide: Int
    var window: IntervalWindow { .intervals(length, slide: slide) }

    init(_ random: inout SeededRandom) {
      let keys = 1 + random.below(12)
      let isSparse = random.one(in: 3)
      batches = (0..<(1 + random.below(14))).map { _ in
        (0..<(isSparse && random.one(in: 2) ? 0 : random.below(25))).map { _ in
          random.below(keys) + 100 * random.below(9)
        }
      }
      length = 1 + random.below(6)
      slide = random.pick([1, 1, 2, 3, 7])
    }
    /// The window's elements at each interval that it slides at; nil at the others.
    var windows: [[Int]?] {
      batches.indices.map { i in
        (i + 1) % slide == 0 ? batches[max(0, i + 1 - length)...i].flatMap { $0 } : nil
      }
    }
  }
  static func key(_ e: Int) -> String { "key \(e % 100)" }
  static func value(_ e: Int) -> Int { e / 100 - 4 }

  /// Every operator side by side; each result says which it is of.
  static func operators(_ s: DStream<Int>, _ w: IntervalWindow) -> DStream<String> {
    let pairs = s.map { (key($0), value($0)) }
    let small = s.map { (Int32($0 % 100), value($0)) }
    let reduced = pairs.reduceByKeyAndWindow(w, name: "reduced", +).map { "reduced \($0)" }
    let inverse = small.reduceByKeyAndWindow(w, name: "inverse", +, inverse: -).map { "inverse \($0)" }
    let uncombined = small.reduceByKeyAndWindow(w, name: "uncombined", mapSideCombine: false, +, inverse: -) { $1 > 0 }
      .map { "uncombined \($0)" }
    let grouped = pairs.groupByKeyAndWindow(w, name: "grouped").map { "grouped \($0)" }
    let doubles = small.mapValues { Double($0) * 0.1 }.reduceByKeyAndWindow(w, name: "doubles", +)
      .map { "doubles \($0)" }
    let byWindow = s.map { "\($0)," }.reduceByWindow(w, name: "byWindow", +).map { "byWindow \($0)" }
    let sum = s.reduceByWindow(w, name: "sum", +, inverse: -).map { "sum \($0)" }
    let count = s.countByWindow(w, name: "count").map { "count \($0)" }
    let values = s.map { $0 % 100 }.countByValueAndWindow(w, name: "values").map { "values \($0)" }
    let window = s.window(w, name: "window").map { "window \($0)" }
    let windowOfPairs = pairs.window(w, name: "pairs").map { "pairs \($0)" }
    return [inverse, uncombined, grouped, doubles, byWindow, sum, count, values, window, windowOfPairs]
      .reduce(reduced) { $0.union($1) }
  }

  /// What the operators must give for a window's elements.
  static func expected(_ elements: [Int], intervals: [[Int]]) -> [String] {
    var found: [String] = []
    for (k, es) in Dictionary(grouping: elements, by: { $0 % 100 }) {
      let values = es.map(value)
      let sum = values.reduce(0, +)
      found.append("reduced \(("key \(k)", sum))")
      found.append("inverse \((Int32(k), sum))")
      if sum > 0 { found.append("uncombined \((Int32(k), sum))") }
      found.append("grouped \(("key \(k)", values))")
      // interval by interval, in the order of the window
      let sums = intervals.map { $0.filter { $0 % 100 == k }.map { Double(value($0)) * 0.1 } }.filter { !$0.isEmpty }
      let inner = sums.map { $0.dropFirst().reduce($0[0], +) }
      found.append("doubles \((Int32(k), inner.dropFirst().reduce(inner[0], +)))")
      found.append("values \((k, es.count))")
    }
    if !elements.isEmpty {
      found.append("byWindow " + elements.map { "\($0)," }.joined())
      found.append("sum \(elements.reduce(0, +))")
    }
    found.append("count \(elements.count)")
    found += elements.map { "window \($0)" }
    found += elements.map { "pairs \((key($0), value($0)))" }
    return found
  }

  @Test func everyOperatorAgainstTheRawBatches() throws {
    try forRandomCases("windows", count: 60) { random in
      let c = Case(&random)
      let program = IntervalProgram(batches: c.batches) { Self.operators($0, c.window) }
      let shape = RunShape.random(&random)
      let found = try program.run(shape).intervals
      let expected = c.windows.enumerated().map { i, elements in
        elements.map { Self.expected($0, intervals: Array(c.batches[max(0, i + 1 - c.length)...i])).sorted() } ?? []
      }
      // elements of a window are in order
      for (i, elements) in c.windows.enumerated() {
        let window = found[i].filter { $0.hasPrefix("window ") }
        if window != (elements ?? []).map({ "window \($0)" }) { return "interval \(i), \(shape): \(window)" }
      }
      return firstDifference(found.map { $0.sorted() }, expected).map { "\(shape), \(c.length)/\(c.slide): \($0)" }
    }
  }

  @Test func contentAndOrderDoNotDependOnTheShape() throws {
    try forRandomCases("windows in shapes", count: 30) { random in
      let c = Case(&random)
      let program = IntervalProgram(batches: c.batches) { Self.operators($0, c.window) }
      var (first, second) = (RunShape.random(&random), RunShape.random(&random))
      first.keyGroups = random.pick([1, 2, 8])
      second.keyGroups = first.keyGroups
      let (a, b) = (try program.run(first), try program.run(second))
      if a.times != b.times { return "\(a.times), \(b.times)" }
      return firstDifference(a.intervals, b.intervals).map { "\(first); \(second): \($0)" }
    }
  }

  @Test func contentAndOrderDoNotDependOnRestarts() throws {
    var resumes = 0
    try forRandomCases("windows over restarts", count: 40) { random in
      let c = Case(&random)
      var program = IntervalProgram(batches: c.batches) { Self.operators($0, c.window) }
      program.trigger = random.pick([.interval(milliseconds: 1000), .asFastAsPossible])
      let expected = try program.run(RunShape(keyGroups: 2))
      let (found, n) = try program.runDisturbed(keyGroups: 2, &random)
      resumes += n
      if found.times.count != expected.times.count { return "\(found.times) instead of \(expected.times)" }
      return firstDifference(found.intervals, expected.intervals).map { "\(c.length)/\(c.slide): \($0)" }
    }
    #expect(resumes > 10)
  }
}
