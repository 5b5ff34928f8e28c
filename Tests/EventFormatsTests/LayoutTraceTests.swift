import FlatMemory
import Testing

@testable import EventFormats

/// The short way through a line against the long one: whatever befalls a line of the usual layout, what is decoded and
/// what is rejected is the same as when every line is read in full.
@Suite struct LayoutTraceTests {
  /// Layouts with bare values, long keys, wanted fields in an object, spaces, a field twice, a last number, and more
  /// stops than the lookup of two registers takes.
  private static let layouts: [[String]] = [
    ["{\"timestamp\":\"", "\",\"user_id\":\"", "\",\"url\":\"", "\"}"],
    ["{\"user_id\":", ",\"price\":", ",\"timestamp\":\"", "\",\"item_id\":", "}"],
    [
      "{ \"timestamp\" : \"", "\" , \"user_id\" : \"", "\" ,\t\"a_key_of_some_length_1\":", " , \"event\": \"",
      "\" } \r",
    ],
    ["{\"timestamp\":\"", "\",\"context\":{\"id\":\"", "\",\"n\":", "},\"user_id\":\"", "\"}"],
    ["{\"timestamp\":\"", "\",\"user_id\":\"", "\",\"user_id\":\"", "\",\"item_id\":\"", "\",\"price\":", "}"],
    ["{\"timestamp\":\"", "\",\"a_key_that_is_too_long_for_one_compare\":\"", "\",\"user_id\":\"", "\"}"],
    [
      "{\"user_id\":\"", "\",\"timestamp\":\"", "\",\"a_key_of_two_compares\":\"", "\",\"event\":\"", "\",\"a\":\"",
      "\",\"b\":\"", "\",\"c\":\"", "\",\"d\":\"", "\",\"item_id\":\"", "\",\"url\":\"", "\"}",
    ],
    ["  {\"a_first_key_of_two\":\"", "\",\"user_id\":null,\"timestamp\":\"", "\",\"user_id\":\"", "\"}"],
    ["{\"timestamp\":\"", "\",\"user_id\":\"", "\",\"item_id\":\"", "\",\"item_id\":", "}"],
    ["{\"timestamp\":\"", "\",\"user_id\":\"", "\",\"item_id\":", ",\"item_id\":\"", "\"}"],
  ]
  private static let bare = ["0", "12", "-7.25", "1e3", "null", "true", "false", "12345678901"]

  private static func line(_ layout: [String], _ i: Int, _ g: inout SeededGenerator) -> [UInt8] {
    var line = layout[0]
    for k in 1..<layout.count {
      if layout[k - 1].contains("timestamp\"") {
        line += "2026-01-01T00:00:\(10 + i % 50).\(100 + i % 900)Z"
      } else if layout[k - 1].hasSuffix("\"") {
        line += String(repeating: "v", count: g.below(g.chance(5) ? 200 : 20)) + "\(i)"
      } else {
        line += bare[g.below(bare.count)]
      }
      line += layout[k]
    }
    return Array(line.utf8)
  }

  /// A byte replaced, taken away or put in.
  private static func damage(_ line: inout [UInt8], _ g: inout SeededGenerator) {
    let bytes: [UInt8] = [34, 92, 44, 58, 123, 125, 91, 1, 9, 13, 32, 48, 110, 0xc3, 0xff]
    let at = g.below(line.count)
    switch g.below(3) {
    case 0: line[at] = bytes[g.below(bytes.count)]
    case 1: line.remove(at: at)
    default: line.insert(bytes[g.below(bytes.count)], at: at)
    }
  }

  @Test(arguments: 0..<10, [1 << 20, 3000])
  func agreesWithReadingInFull(layout: Int, blockByteCount: Int) {
    var g = SeededGenerator(seed: newSeed("agreesWithReadingInFull(\(layout), \(blockByteCount))"))
    var plan = shopPlan
    plan.fields[.referrer] = "context.id"
    plan.fields[.value] = "price"
    var text: [UInt8] = []
    for i in 0..<4000 {
      var line = Self.line(Self.layouts[g.chance(90) ? layout : g.below(Self.layouts.count)], i, &g)
      if g.chance(20) { Self.damage(&line, &g) }
      text += line + [10]
    }
    let full = decode(text, plan, blockByteCount: blockByteCount, with: LogDecoder(plan: plan, learns: false))
    #expect(full.events.count > 1500 && full.rejected.count > 100)
    for isPortable in [false, true] {
      let decoder = LogDecoder(plan: plan, learns: true, isPortable: isPortable)
      let fast = decode(text, plan, blockByteCount: blockByteCount, with: decoder)
      #expect(fast.rejected == full.rejected)
      #expect(fast.events.count == full.events.count)
      for (got, want) in zip(fast.events, full.events) where got != want {
        Issue.record("portable: \(isPortable)\ngot \(got)\nwant \(want)")
        break
      }
    }
  }
}

@Suite struct StopListTests {
  /// Any density of stops, and lines longer than a stretch.
  @Test(arguments: [0, 3, 20, 60, 100])
  func listsEveryStopOfWholeLines(percent: Int) {
    var g = SeededGenerator(seed: newSeed("listsEveryStopOfWholeLines(\(percent))"))
    let bytes: [UInt8] = [34, 92, 0, 31, 9]
    for newlines in [1, 200, 100_000] {
      let start = g.below(100)
      let count = 50_000 + g.below(30_000)
      var text = (0..<count).map { _ in
        g.below(100_000) < newlines ? 10 : g.chance(percent) ? bytes[g.below(5)] : UInt8(97 + g.below(2))
      }
      text[count - 1] = 10
      text += [UInt8](repeating: 34, count: bytePadding)
      let wanted = (start..<count).filter { text[$0] < 32 || text[$0] == 34 || text[$0] == 92 }
      var stops = StopList()
      defer { stops.deallocate() }
      var found: [Int] = []
      stops.begin(at: start)
      while unsafe text.withUnsafeBufferPointer({ unsafe stops.advance($0.baseAddress!, end: count) }) {
        for k in 0..<stops.lineEnd { unsafe found.append(Int(stops.positions[k])) }
        if let last = found.last { #expect(text[last] == 10) }
      }
      #expect(found == wanted)
    }
  }
}
