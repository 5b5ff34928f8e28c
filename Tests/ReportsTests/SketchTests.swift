import FlatMemory
import Testing

@testable import Reports
import TestSupport

/// Sketches against exact counts, on inputs chosen against them.
@Suite struct SketchTests {
  private static func add(_ table: inout FrequentItems, _ item: Int, weight: Int64 = 1) {
    let hash = mix(UInt64(item), 0x1234_5678_9abc_def1)
    if table.add(hash, weight: weight) == 0 {
      table.insert(hash, weight: weight) { $0.part("item \(item)", bytesMax: 40) }
    }
  }

  enum Stream: CaseIterable { case floodAfterHeavy, heavyAfterFlood, interleaved, roundRobin, zipf, weighted }

  @Test(arguments: Stream.allCases) func frequentItemsKeepTheirPromise(_ stream: Stream) {
    var random = SeededRandom(seed: 77)
    let n = 60_000
    var input: [(Int, Int64)] = []
    switch stream {
    case .floodAfterHeavy: input = (0..<n).map { ($0 < n / 3 ? $0 % 20 : 1000 + $0, 1) }
    case .heavyAfterFlood: input = (0..<n).map { ($0 > 2 * n / 3 ? $0 % 20 : 1000 + $0, 1) }
    case .interleaved: input = (0..<n).map { ($0 % 5 == 0 ? $0 / 5 % 30 : 1000 + $0, 1) }
    case .roundRobin: input = (0..<n).map { ($0 % 700, 1) }
    case .zipf: input = (0..<n).map { _ in (random.zipf(30_000), 1) }
    case .weighted: input = (0..<n).map { _ in (random.zipf(30_000), Int64(1) << Int64(random.below(12))) }
    }
    let capacity = 512
    var memory = ReportMemory()
    defer { memory.release() }
    var table = FrequentItems(capacity: capacity, labelBytesMax: 40, in: &memory)
    var exact: [Int: Int64] = [:]
    for (item, weight) in input {
      Self.add(&table, item, weight: weight)
      exact[item, default: 0] += weight
    }
    let total = exact.values.reduce(0, +)
    #expect(table.total == total)
    #expect(table.errorMax <= 2 * total / Int64(capacity), "\(stream)")
    var held = Set<Int>()
    for i in 0..<table.count {
      let item = table.item(i)
      let name = Int(table.label(i).dropFirst(5))!
      held.insert(name)
      #expect(item.observed <= exact[name]!, "\(stream) \(name)")
      #expect(exact[name]! <= item.observed + item.missed, "\(stream) \(name)")
      #expect(item.missed <= table.errorMax)
    }
    for (item, weight) in exact where weight > table.errorMax { #expect(held.contains(item), "\(stream) \(item)") }
    let top = table.heaviest(10).map { table.item($0).observed }
    #expect(top == top.sorted(by: >))
  }

  enum PageStream: CaseIterable { case few, zipf, floodAfterHeavy, entriesThenExits }

  @Test(arguments: PageStream.allCases) func pagesKeepTheirPromise(_ stream: PageStream) {
    var random = SeededRandom(seed: 78)
    let n = 120_000
    let sessions: [(entry: Int, exit: Int)] = (0..<n).map { i in
      switch stream {
      case .few: (i % PageCounts.capacity, i * 7 % PageCounts.capacity)
      case .zipf: (random.zipf(80_000), random.zipf(80_000))
      case .floodAfterHeavy: i < n / 3 ? (i % 20, i % 30) : (1_000 + i, 1_000_000 + i)
      case .entriesThenExits: (i % 40_000, 39_999 - i % 40_000)
      }
    }
    var memory = ReportMemory()
    defer { memory.release() }
    var pages = PageCounts(in: &memory)
    var exact: [Int: (entries: Int64, exits: Int64)] = [:]
    let outcome = SessionReportAccumulator.Outcome(bounces: 0, purchases: 0)
    for (entry, exit) in sessions {
      for (page, isEntry) in [(entry, true), (exit, false)] {
        let hash = mix(UInt64(page), 0x1234_5678_9abc_def1)
        let text = Array("/p/\(page)".utf8)
        let padded = text + [UInt8](repeating: 0, count: bytePadding)
        let at = unsafe pages.position(hash, hint: Int32(random.below(20_000)), padded, text.count)
        if isEntry { pages.addEntry(at: at, outcome) } else { pages.addExit(at: at, outcome) }
        let old = exact[page] ?? (0, 0)
        exact[page] = (old.entries + (isEntry ? 1 : 0), old.exits + (isEntry ? 0 : 1))
      }
    }
    #expect(pages.entryTotal == Int64(n) && pages.exitTotal == Int64(n))
    #expect(pages.errorMax <= 2 * 2 * Int64(n) / Int64(PageCounts.capacity), "\(stream)")
    if stream == .few { #expect(pages.errorMax == 0 && pages.count == PageCounts.capacity) }
    var held = Set<Int>()
    var wrong = 0
    for i in 0..<pages.count {
      let page = pages.page(i)
      let name = Int(pages.label(i).dropFirst(3))!
      held.insert(name)
      let truth = exact[name]!
      for (counted, sought) in [(page.entries.sessions, truth.entries), (page.exits.sessions, truth.exits)]
      where counted > sought || sought > counted + page.missed { wrong += 1 }
      if page.missed > pages.errorMax { wrong += 1 }
    }
    #expect(wrong == 0, "\(stream)")
    for (page, use) in exact where use.entries + use.exits > pages.errorMax && !held.contains(page) { wrong += 1 }
    #expect(wrong == 0, "a heavy page is missing: \(stream)")
  }

  @Test func frequentItemsAreExactUpToTheirCapacity() {
    var memory = ReportMemory()
    defer { memory.release() }
    var table = FrequentItems(capacity: 300, labelBytesMax: 40, in: &memory)
    for k in 0..<30_000 { Self.add(&table, k % 300) }
    #expect(table.errorMax == 0 && table.count == 300)
    for i in 0..<300 { #expect(table.item(i).observed == 100 && table.item(i).missed == 0) }
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func quantilesAreWithinTheirError(_ seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var memory = ReportMemory()
    defer { memory.release() }
    var histogram = LogHistogram(in: &memory)
    var values: [Int64] = []
    for _ in 0..<20_000 {
      // powers of two and their neighbours are where buckets change
      let power = Int64(1) << Int64(random.below(40))
      let v = seed == 1 ? power + Int64(random.below(3)) - 1 : Int64(random.below(1 << (1 + random.below(39))))
      values.append(v)
      histogram.add(v)
    }
    for permille in [1, 10, 250, 500, 900, 990, 999, 1000] {
      let exact = Double(NaiveReport.quantile(values, permille: permille))
      let found = Double(histogram.quantile(permille: Int64(permille)))
      #expect(abs(found - exact) <= exact * LogHistogram.relativeError, "p\(permille), seed \(seed)")
    }
    #expect(histogram.maximum == min(values.max()!, LogHistogram.valueMax))
    histogram.add(.max)
    histogram.add(-5)
    #expect(histogram.maximum == LogHistogram.valueMax)
  }

  @Test func usersAreSampledWithinTheStatedError() {
    var memory = ReportMemory()
    defer { memory.release() }
    var users = UserSample(in: &memory)
    let count = 180_000
    for u in 0..<count {
      let key = UserSample.key(ofUserHash: mix(UInt64(u), 99))
      users.add(key, day: 100)
      if u % 4 == 0 { users.add(key, day: 100 + 9) }
    }
    #expect(users.count <= UserSample.usersMax && users.count >= UserSample.usersMax / 2 - 1_000)
    let scale = Double(UInt64(1) << users.level)
    let error = SessionReportAccumulator.sampleError(users)
    #expect(error > 0 && error < 0.0061)
    #expect(abs(Double(users.count) * scale / Double(count) - 1) < 4 * error)
    var returned = 0
    var wrong = 0
    users.visit { user in
      if user.sessions == 2 { returned += 1 }
      if user.days != (user.sessions == 2 ? 1 << 9 | 1 : 1) { wrong += 1 }
    }
    #expect(wrong == 0)
    #expect(abs(Double(returned) / Double(users.count) - 0.25) < 4 * error)
  }

  @Test func whoIsSampledDoesNotDependOnTheOrder() {
    func sample(_ order: some Sequence<Int>) -> (UInt64, Set<UInt64>) {
      var memory = ReportMemory()
      defer { memory.release() }
      var users = UserSample(in: &memory)
      for u in order { users.add(UserSample.key(ofUserHash: mix(UInt64(u), 5)), day: 1) }
      var keys = Set<UInt64>()
      users.visit { keys.insert($0.key) }
      return (users.level, keys)
    }
    let up = sample(0..<80_000)
    let down = sample((0..<80_000).reversed())
    #expect(up.0 == down.0 && up.1 == down.1)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64]) func timelinesDoNotDependOnTheOrder(_ seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let span = [50_000, 8_000_000, 900_000_000, 60_000_000_000, 4_000_000_000_000, 200_000_000_000_000][Int(seed - 1)]
    let times = (0..<3_000).map { _ in Int64(random.below(span)) - Int64(span / 3) }
    func points(_ order: [Int]) -> [String] {
      var memory = ReportMemory()
      defer { memory.release() }
      var timeline = AdaptiveTimeline(in: &memory)
      for i in order { timeline.add(time: times[i], views: Int64(i), userKey: mix(UInt64(i % 700), 3)) }
      #expect(timeline.count <= AdaptiveTimeline.bucketsMax)
      return (0..<timeline.count).map { "\(timeline.bucket($0))" } + ["\(timeline.width)"]
    }
    let expected = points(Array(times.indices))
    #expect(points(times.indices.shuffled(using: &random)) == expected, "seed \(seed)")
    #expect(points(times.indices.sorted { times[$0] > times[$1] }) == expected, "seed \(seed)")
  }

  @Test(arguments: [10, 500, 5_000, 40_000]) func usersOfABucketAreWithinTheStatedError(_ count: Int) {
    var memory = ReportMemory()
    defer { memory.release() }
    var timeline = AdaptiveTimeline(in: &memory)
    for u in 0..<count {
      let key = UserSample.key(ofUserHash: mix(UInt64(u), 17))
      for _ in 0..<3 { timeline.add(time: 5, views: 1, userKey: key) }
    }
    let error = abs(Double(timeline.bucket(0).users) / Double(count) - 1)
    #expect(error < 4 * AdaptiveTimeline.relativeError)
  }

  @Test func sampledPathsStayUnbiased() {
    var specs: [SessionSpec] = []
    var random = SeededRandom(seed: 3)
    for _ in 0..<70_000 {
      var s = SessionSpec()
      s.id = random.next()
      s.views = 2
      s.path = ["/", random.chance(0.2) ? "/a" : "/b"]
      specs.append(s)
    }
    let paths = ReportExamples.report(specs).paths
    #expect(paths.sampled < 60_000, "a part of the sessions was used")
    #expect(abs(Double(paths.sessions) / 70_000 - 1) < 0.02)
    let a = paths.top.first { $0.pages == ["/", "/a"] }
    #expect(abs(Double(a?.sessions ?? 0) / 14_000 - 1) < 0.05)
  }

  @Test func valuesAddUpExactlyInAnyOrder() {
    var specs = [0.1, 0.2, 0.3, 1e12, -1e12, 12.345678, -0.000001, .nan, .infinity, 1e300].map { value in
      var s = SessionSpec()
      s.value = value
      return s
    }
    let expected = ReportExamples.report(specs).figures
    #expect(expected.value == "12.945677")
    #expect(expected.valuesRejected == 3)
    specs.reverse()
    #expect(ReportExamples.report(specs).figures.value == expected.value)
  }
}
