import StreamCore
import TestSupport
import Testing

/// Windows over intervals, operator by operator: the behaviours that Spark's WindowOperationsSuite checks.
@Suite(.timeLimit(.minutes(10))) struct WindowOperationsTests {
  private let numbers = [[10], [20, 21], [], [40], [50, 51, 52], [], [70]]

  // MARK: window

  @Test func aWindowGivesItsIntervalsAgain() throws {
    let found = try runMarbles(numbers) { $0.window(.intervals(3), name: "w") }.intervals
    #expect(
      found == [
        [10], [10, 20, 21], [10, 20, 21], [20, 21, 40], [40, 50, 51, 52], [40, 50, 51, 52], [50, 51, 52, 70],
      ])
  }
  @Test func aTumblingWindowGivesEachElementOnce() throws {
    let found = try runMarbles(numbers) { $0.window(.intervals(2, slide: 2), name: "w") }.intervals
    // the last interval belongs to a window that never becomes whole
    #expect(found == [[], [10, 20, 21], [], [40], [], [50, 51, 52], []])
  }
  @Test func aLargerSlide() throws {
    let found = try runMarbles(numbers) { $0.window(.intervals(4, slide: 2), name: "w") }.intervals
    #expect(found == [[], [10, 20, 21], [], [10, 20, 21, 40], [], [40, 50, 51, 52], []])
  }
  /// Spark refuses a window that is shorter than its slide nowhere either: what lies between windows is in none.
  @Test func aSlideThatIsLongerThanTheWindow() throws {
    let found = try runMarbles(numbers) { $0.window(.intervals(1, slide: 3), name: "w") }.intervals
    #expect(found == [[], [], [], [], [], [], []])
    let two = try runMarbles(numbers) { $0.window(.intervals(2, slide: 5), name: "w") }.intervals
    #expect(two == [[], [], [], [], [40, 50, 51, 52], [], []])
  }
  @Test func aWindowLongerThanTheInput() throws {
    let found = try runMarbles(numbers) { $0.window(.intervals(100), name: "w") }.intervals
    #expect(found.last == numbers.flatMap { $0 })
  }
  @Test func windowsOfPairsAndTexts() throws {
    let texts = [["a", ""], ["b"], ["ä long text that has storage of its own"]]
    #expect(
      try runMarbles(texts) { $0.window(.intervals(2), name: "w") }.intervals
        == [["a", ""], ["a", "", "b"], ["b", "ä long text that has storage of its own"]])
    let pairs = try runMarbles(texts) { $0.map { ($0, $0.count) }.window(.intervals(2), name: "w") }.intervals
    #expect(pairs[1].map(\.0) == ["a", "", "b"])
    #expect(pairs[1].map(\.1) == [1, 0, 1])
  }
  @Test func millisecondsAreMultiplesOfTheInterval() throws {
    let found = try runMarbles(numbers, trigger: .interval(milliseconds: 500)) {
      $0.window(.milliseconds(1500, slide: 1000), name: "w")
    }.intervals
    #expect(found == [[], [10, 20, 21], [], [20, 21, 40], [], [40, 50, 51, 52], []])
    let everyInterval = try runMarbles(numbers, trigger: .interval(milliseconds: 500)) {
      $0.window(.milliseconds(1500), name: "w")
    }.intervals
    #expect(everyInterval == (try runMarbles(numbers) { $0.window(.intervals(3), name: "w") }.intervals))
  }
  @Test func aWindowBehindAWindow() throws {
    // slides every interval over what slid every second one
    let found = try runMarbles([[1], [2], [3], [4]]) {
      $0.window(.intervals(2, slide: 2), name: "inner").window(.intervals(2), name: "outer")
    }.intervals
    #expect(found == [[], [1, 2], [1, 2], [3, 4]])
  }
  @Test func lengthsThatDoNotFitAreRefused() async {
    await #expect(processExitsWith: .failure) {
      _ = IntervalWindow.milliseconds(1500).resolved(.interval(milliseconds: 1000))
    }
    await #expect(processExitsWith: .failure) {
      _ = IntervalWindow.milliseconds(2000, slide: 1500).resolved(.interval(milliseconds: 1000))
    }
    await #expect(processExitsWith: .failure) { _ = IntervalWindow.milliseconds(1500).resolved(.asFastAsPossible) }
    await #expect(processExitsWith: .failure) { _ = IntervalWindow.intervals(0).resolved(.asFastAsPossible) }
    await #expect(processExitsWith: .failure) { _ = IntervalWindow.intervals(1, slide: 0).resolved(.asFastAsPossible) }
  }

  // MARK: reductions to one

  @Test(arguments: [false, true])
  func reduceByWindow(hasInverse: Bool) throws {
    let found = try runMarbles(numbers) {
      $0.reduceByWindow(.intervals(2), name: "r", +, inverse: hasInverse ? minus : nil)
    }.intervals
    // no element, no result
    #expect(found == [[10], [51], [41], [40], [193], [153], [70]])
    let rare = try runMarbles([[1], [], [], [2]]) {
      $0.reduceByWindow(.intervals(2), name: "r", +, inverse: hasInverse ? minus : nil)
    }.intervals
    #expect(rare == [[1], [1], [], [2]])
  }
  @Test func reduceByWindowKeepsTheOrder() throws {
    let found = try runMarbles([["a", "b"], ["c"], [], ["d", "e"]], shape: RunShape(blockElementCount: 1)) {
      $0.reduceByWindow(.intervals(3), name: "r", +)
    }.intervals
    #expect(found == [["ab"], ["abc"], ["abc"], ["cde"]])
  }
  @Test func countByWindow() throws {
    let found = try runMarbles([[1], [2, 3], [], [], [4, 5, 6]]) { $0.countByWindow(.intervals(2), name: "c") }
    // an empty window has no elements: 0, not nothing
    #expect(found.intervals == [[1], [3], [2], [0], [3]])
    let sliding = try runMarbles([[1], [2, 3], [], [], [4, 5, 6]]) {
      $0.countByWindow(.intervals(3, slide: 2), name: "c")
    }
    #expect(sliding.intervals == [[], [3], [], [2], []])
  }
  @Test func countByValueAndWindow() throws {
    let found = try runMarbles([["a"], ["b", "b"], ["a", "b"], [], []]) {
      $0.countByValueAndWindow(.intervals(2), name: "c")
    }.intervals
    #expect(found.map(byKey) == [["a": 1], ["a": 1, "b": 2], ["a": 1, "b": 3], ["a": 1, "b": 1], [:]])
  }

  // MARK: by key

  private let words = [
    [("a", 1)], [("a", 2), ("b", 3)], [], [("b", 4), ("c", 5)], [("a", 6)], [], [],
  ]
  private func reduced(
    _ window: IntervalWindow, inverse: Bool, filter: (@Sendable (String, Int) -> Bool)? = nil
  ) throws -> [[String: Int]] {
    try runMarbles(words) {
      $0.reduceByKeyAndWindow(window, name: "r", +, inverse: inverse ? minus : nil, filter: filter)
    }.intervals.map(byKey)
  }

  /// Spark keeps the keys of an inverse reduction at 0 until a filter drops them; here a key lives as long as the window
  /// has it.
  @Test(arguments: [false, true])
  func reduceByKeyAndWindow(hasInverse: Bool) throws {
    #expect(
      try reduced(.intervals(2), inverse: hasInverse)
        == [
          ["a": 1], ["a": 3, "b": 3], ["a": 2, "b": 3], ["b": 4, "c": 5], ["a": 6, "b": 4, "c": 5], ["a": 6], [:],
        ])
  }
  @Test(arguments: [false, true])
  func reduceByKeyAndTumblingWindow(hasInverse: Bool) throws {
    #expect(
      try reduced(.intervals(2, slide: 2), inverse: hasInverse)
        == [[:], ["a": 3, "b": 3], [:], ["b": 4, "c": 5], [:], ["a": 6], [:]])
  }
  @Test(arguments: [false, true])
  func reduceByKeyAndLargerSlide(hasInverse: Bool) throws {
    #expect(
      try reduced(.intervals(4, slide: 2), inverse: hasInverse)
        == [[:], ["a": 3, "b": 3], [:], ["a": 3, "b": 7, "c": 5], [:], ["a": 6, "b": 4, "c": 5], [:]])
    #expect(
      try reduced(.intervals(1, slide: 2), inverse: hasInverse)
        == [[:], ["a": 2, "b": 3], [:], ["b": 4, "c": 5], [:], [:], [:]])
  }
  @Test(arguments: [false, true])
  func reduceByKeyAndWindowWithAFilter(hasInverse: Bool) throws {
    #expect(
      try reduced(.intervals(2), inverse: hasInverse) { $0 == "b" || $1 > 5 }
        == [[:], ["b": 3], ["b": 3], ["b": 4], ["a": 6, "b": 4], ["a": 6], [:]])
  }
  /// A key whose values come to 0 is still in the window.
  @Test(arguments: [false, true])
  func aTotalOfZeroIsATotal(hasInverse: Bool) throws {
    let found = try runMarbles([[("a", 1)], [("a", -1)], [], []]) {
      $0.reduceByKeyAndWindow(.intervals(2), name: "r", +, inverse: hasInverse ? minus : nil)
    }.intervals.map(byKey)
    #expect(found == [["a": 1], ["a": 0], ["a": -1], [:]])
  }
  @Test func groupByKeyAndWindow() throws {
    let found = try runMarbles(words) { $0.groupByKeyAndWindow(.intervals(3), name: "g") }.intervals
    #expect(
      found.map(byKey) == [
        ["a": [1]], ["a": [1, 2], "b": [3]], ["a": [1, 2], "b": [3]], ["a": [2], "b": [3, 4], "c": [5]],
        ["a": [6], "b": [4], "c": [5]], ["a": [6], "b": [4], "c": [5]], ["a": [6]],
      ])
  }
  /// One value an interval is kept however many come: the values are put into their group in place.
  @Test func largeGroups() throws {
    let found = try runMarbles([Array(0..<200_000)]) {
      $0.map { (0, $0) }.groupByKeyAndWindow(.intervals(1), name: "g")
    }.intervals
    #expect(found[0][0].1 == Array(0..<200_000))
  }
  @Test func floatingPointSumsDoNotDependOnBlocks() throws {
    let values = [(0..<100).map { Double($0) * 0.1 }, [0.7], [1e17, 1, -1e17]]
    func sums(_ blockElementCount: Int) throws -> [[Double]] {
      try runMarbles(values, shape: RunShape(threads: 2, blockElementCount: blockElementCount)) { s in
        s.map { (0, $0) }.reduceByKeyAndWindow(.intervals(2), name: "k", +).map(\.1)
          .union(s.reduceByWindow(.intervals(2), name: "w", +))
      }.intervals
    }
    let whole = try sums(1000)
    #expect(try sums(1) == whole)
    #expect(try sums(7) == whole)
    #expect(whole[0] == [values[0].reduce(0, +), values[0].reduce(0, +)])
  }
}
