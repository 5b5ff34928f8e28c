import ClickstreamGenerator
import Testing

/// Bytes are reproducible; disorder, duplicates and damage are as asked for and change nothing else.
@Suite struct DeliveryTests {
  static func options(_ format: ClickstreamFormat = .ndjson, events: Int = 5_000, seed: UInt64 = 11)
    -> ClickstreamOptions
  {
    var options = ClickstreamOptions()
    (options.seed, options.format, options.eventCount) = (seed, format, events)
    (options.durationMilliseconds, options.visitorCount) = (3 * 86_400_000, 900)
    return options
  }

  @Test(arguments: [
    (ClickstreamFormat.ndjson, 0x30b7_2479_88c6_3f20 as UInt64), (.csv, 0x6ce6_a098_54c1_b54d),
    (.combined, 0xadcd_3a03_da33_be15),
  ])
  func bytesAreThoseOfEveryPlatform(format: ClickstreamFormat, golden: UInt64) throws {
    var options = DeliveryTests.options(format)
    (options.outOfOrderShare, options.duplicateShare, options.malformedShare) = (0.05, 0.01, 0.01)
    let found = digest(try generate(options).bytes)
    #expect(found == golden, "0x\(String(found, radix: 16))")
  }

  @Test func copiesGoOnIndependently() throws {
    var options = DeliveryTests.options(events: 3_000)
    options.outOfOrderShare = 0.2
    var first = try ClickstreamGenerator(options: options)
    var bytes: [UInt8] = []
    let hasBegun = first.next(into: &bytes)
    #expect(hasBegun)
    var second = first
    var otherBytes = bytes
    while first.next(into: &bytes) {}
    while second.next(into: &otherBytes) {}
    #expect(bytes == otherBytes)
    #expect(first.counts == second.counts)
    let goesOn = first.next(into: &bytes)
    #expect(!goesOn)
  }

  @Test func anotherSeedGivesAnotherStream() throws {
    let a = try generate(DeliveryTests.options(seed: 1)).bytes
    let b = try generate(DeliveryTests.options(seed: 2)).bytes
    #expect(Set(lines(a)).isDisjoint(with: lines(b)))
  }

  @Test(arguments: [(0.1, 60_000 as Int64), (0.5, 600_000), (1.0, 1_000), (0.02, 3_600_000)])
  func disorderIsBoundedAndLosesNothing(share: Double, delayMax: Int64) throws {
    let ordered = lines(try generate(DeliveryTests.options()).bytes)
    var options = DeliveryTests.options()
    (options.outOfOrderShare, options.outOfOrderMaxMilliseconds) = (share, delayMax)
    let (bytes, counts) = try generate(options)
    let disordered = lines(bytes)
    #expect(counts.events == 5_000)
    #expect(abs(Double(counts.delayed) - share * 5_000) <= 5 * (5_000 * share * (1 - share)).squareRoot() + 1)
    #expect(disordered.sorted(by: precedes) == ordered.sorted(by: precedes))
    var latest = Int64.min
    var backwards = 0
    for line in disordered {
      let time = try #require(readJSON(line)).time
      #expect(latest == .min || latest - time <= delayMax)
      if time < latest { backwards += 1 }
      latest = max(latest, time)
    }
    #expect(backwards > 0)
    #expect(backwards <= counts.delayed)
  }

  @Test func withoutDisorderTimesNeverGoBack() throws {
    var options = DeliveryTests.options()
    options.duplicateShare = 0.3
    let times = lines(try generate(options).bytes).compactMap { readJSON($0)?.time }
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
  }

  @Test(arguments: ClickstreamFormat.allCases, [0.0, 0.3])
  func duplicatesAndDamageAreCounted(format: ClickstreamFormat, disorder: Double) throws {
    let clean = lines(try generate(DeliveryTests.options(format)).bytes)
    var options = DeliveryTests.options(format)
    (options.outOfOrderShare, options.duplicateShare, options.malformedShare) = (disorder, 0.05, 0.1)
    let (bytes, counts) = try generate(options)
    let all = lines(bytes).dropFirst(format == .csv ? 1 : 0)
    #expect(all.count == counts.lines)
    #expect(counts.events == 5_000)
    #expect((180...320).contains(counts.duplicates))
    #expect((400...600).contains(counts.malformed))
    let read: (ArraySlice<UInt8>) -> ReadEvent? =
      switch format {
      case .ndjson: readJSON
      case .csv: readCSV
      case .combined: readCombined
      }
    let good = all.filter { read($0) != nil }
    #expect(all.count - good.count == counts.malformed)
    // what is left is the clean stream with some lines doubled
    var multiplicity: [ArraySlice<UInt8>: Int] = [:]
    for line in clean.dropFirst(format == .csv ? 1 : 0) { multiplicity[line, default: 0] += 1 }
    for line in good { multiplicity[line, default: 0] -= 1 }
    #expect(multiplicity.values.allSatisfy { $0 <= 0 })
    #expect(-multiplicity.values.reduce(0, +) == counts.duplicates)
  }

  @Test func streamsEndWhereAskedTo() throws {
    var options = DeliveryTests.options(events: 1)
    #expect(lines(try generate(options).bytes).count == 1)
    options.eventCount = 0
    #expect(try generate(options).bytes.isEmpty)
    options.format = .csv
    #expect(lines(try generate(options).bytes).count == 1)
    (options.format, options.eventCount, options.eventsPerHour) = (.ndjson, nil, 600)
    let times = lines(try generate(options).bytes).compactMap { readJSON($0)?.time }
    let end = options.startMilliseconds + 3 * 86_400_000
    #expect(times.allSatisfy { $0 >= options.startMilliseconds && $0 < end })
    #expect(try #require(times.last) > end - 3_600_000)
    #expect((0.9...1.1).contains(Double(times.count) / (600 * 72)))
  }

  struct Refusal: Sendable {
    let option: String
    let change: @Sendable (inout ClickstreamOptions) -> Void
    init(_ option: String, _ change: @escaping @Sendable (inout ClickstreamOptions) -> Void) {
      (self.option, self.change) = (option, change)
    }
  }
  static let refusals = [
    Refusal("events") { $0.eventCount = -1 },
    Refusal("events") { ($0.eventCount, $0.durationMilliseconds) = (nil, nil) },
    Refusal("events-per-hour") { $0.eventsPerHour = 10 },
    Refusal("visitors") { $0.visitorCount = 0 },
    Refusal("visitors") { $0.visitorCount = 8_000_001 },
    Refusal("items") { $0.itemCount = 0 },
    Refusal("bots") { $0.botShare = 0.91 },
    Refusal("zipf") { $0.zipfExponent = .nan },
    Refusal("out-of-order") { $0.outOfOrderShare = 1.5 },
    Refusal("out-of-order-max (milliseconds)") { $0.outOfOrderMaxMilliseconds = 0 },
    Refusal("duplicates") { $0.duplicateShare = -0.1 },
    Refusal("malformed") { $0.malformedShare = 2 },
    Refusal("return-share") { $0.returnShare = -1 },
    Refusal("start (milliseconds)") { $0.startMilliseconds = -5 },
    Refusal("duration (milliseconds)") { $0.durationMilliseconds = 0 },
    Refusal("duration") { $0.startMilliseconds = 253_402_300_000_000 },
  ]

  @Test(arguments: refusals.indices)
  func impossibleOptionsAreRefused(index: Int) {
    let refusal = DeliveryTests.refusals[index]
    var options = ClickstreamOptions()
    refusal.change(&options)
    #expect {
      try ClickstreamGenerator(options: options)
    } throws: { error in
      guard let error = error as? GeneratorError else { return false }
      return error.option == refusal.option && error.description.hasPrefix("\(refusal.option): ")
        && error.problem.count > 20
    }
  }
}
