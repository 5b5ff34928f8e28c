import FlatMemory
import Testing

@testable import PropertyGraph

@Suite struct VertexDictionaryTests {
  @Test func canonicalDecimalsAreIntegersAndNothingElseIs() {
    let integers: [(String, Int64)] = [
      ("0", 0), ("7", 7), ("-1", -1), ("9223372036854775807", .max), ("-9223372036854775808", .min),
      ("1234567890123456789", 1_234_567_890_123_456_789),
    ]
    for (text, value) in integers { #expect(VertexID(text) == .integer(value)) }
    let texts = [
      "", "-", "007", "+1", "-0", "00", "-01", "1.0", "1e3", " 1", "1 ", "9223372036854775808", "-9223372036854775809",
      "18446744073709551616", "99999999999999999999", "123456789012345678901", "a", "1a", "/", ":",
    ]
    for text in texts { #expect(VertexID(text) == .text(text)) }
  }

  @Test func anIntegerAndItsTextAreOneVertex() {
    var names = VertexDictionary()
    #expect(names.insert(.integer(42)) == 0)
    #expect(names.insert(.text("42")) == 0)
    #expect(names.insert("042") == 1)
    #expect(names.insert(.text("")) == 2)
    #expect(names.find("") == 2)
    #expect(names.find(42) == 0)
    #expect(names.find("43") == nil)
    #expect(names.count == 3)
    #expect((0..<3).map { names.text(of: $0) } == ["42", "042", ""])
  }

  @Test(arguments: [1 as UInt64, 2, 3, 4])
  func behavesAsAPlainDictionary(seed: UInt64) {
    var random = TestRandom(seed: seed)
    var names = VertexDictionary(identity: seed == 4 ? 500 : 0)
    var model: [VertexID: VertexIndex] = [:]
    var order: [VertexID] = []
    for i in 0..<(seed == 4 ? 500 : 0) {
      model[.integer(Int64(i))] = VertexIndex(i)
      order.append(.integer(Int64(i)))
    }
    for _ in 0..<30_000 {
      let id = randomID(&random)
      if random.below(4) == 0 {
        #expect(names.find(id) == model[id], "seed \(seed), id \(id)")
        continue
      }
      let expected = model[id] ?? VertexIndex(order.count)
      if model[id] == nil {
        model[id] = expected
        order.append(id)
      }
      let vertex = names.insert(id)
      if vertex != expected {
        Issue.record("seed \(seed): \(id) is vertex \(vertex), not \(expected)")
        return
      }
    }
    #expect(names.count == order.count)
    #expect(order.indices.allSatisfy { names.id(of: VertexIndex($0)) == order[$0] }, "seed \(seed)")
    #expect(order.allSatisfy { names.find($0) == model[$0] }, "seed \(seed)")
    let sorted = names.sortedOrder()
    #expect(sorted.map { names.id(of: $0) } == order.sorted(), "seed \(seed)")
    #expect(zip(sorted, sorted.dropFirst()).allSatisfy { names.precedes($0, $1) && !names.precedes($1, $0) })
  }

  private func randomID(_ random: inout TestRandom) -> VertexID {
    switch random.below(6) {
    case 0: return .integer(Int64(random.below(300)))
    case 1: return .integer(Int64(random.below(40_000)))
    case 2: return .integer(Int64(bitPattern: random.next()) >> Int64(random.below(60)))
    case 3: return VertexID("v\(random.below(5_000))")
    case 4: return VertexID("0\(random.below(500))")
    default: return VertexID(String(repeating: "long ü ", count: random.below(5)) + String(random.below(900)))
    }
  }

  @Test func copiesAreIndependent() {
    var names = VertexDictionary()
    _ = names.insert("a")
    let before = names
    _ = names.insert("b")
    #expect(before.count == 1)
    #expect(before.find("b") == nil)
    #expect(names.find("b") == 1)
  }

  @Test func theIdentityNamesVerticesByTheirNumbersAndCanGrow() {
    var names = VertexDictionary(identity: 10)
    #expect(names.isIdentity)
    #expect(names.find(9) == 9)
    #expect(names.find(10) == nil)
    #expect(names.find("3") == 3)
    #expect(names.sortedOrder() == Array(0..<10))
    #expect(names.insert("x") == 10)
    #expect(names.insert(-5) == 11)
    #expect(names.text(of: 4) == "4")
    #expect(names.sortedOrder() == [11] + Array(0..<11))
  }

  @Test func namesAreAppendedByteForByte() {
    var names = VertexDictionary()
    let ids: [VertexID] = ["-17", "ünï", "", "9223372036854775807", "007"]
    var out = OutputBuffer(capacity: 16)
    defer { out.deallocate() }
    for id in ids {
      let vertex = names.insert(id)
      names.appendText(of: vertex, to: &out)
      out.reserve(1)
      out.byte(UInt8(ascii: "|"))
    }
    let text = String(decoding: UnsafeBufferPointer(start: out.base, count: out.count), as: UTF8.self)
    #expect(text == "-17|ünï||9223372036854775807|007|")
  }
}

/// Steele, Lea and Flood's SplitMix64.
struct TestRandom: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
