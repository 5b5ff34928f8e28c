import FlatMemory
import Foundation
import Testing
import TestSupport

/// What is written against what Foundation and plain Swift write.
@Suite struct OutputBufferTests {
  private func written(_ body: (inout OutputBuffer) -> Void) -> String {
    var b = OutputBuffer(capacity: 1)
    defer { b.deallocate() }
    body(&b)
    return String(decoding: UnsafeBufferPointer(start: b.base, count: b.count), as: UTF8.self)
  }
  /// Calls `body` with bytes that have the padding wide loads need, all of it set.
  private func withPadded(_ bytes: [UInt8], _ body: (UnsafePointer<UInt8>) -> Void) {
    (bytes + [UInt8](repeating: 34, count: bytePadding)).withUnsafeBufferPointer { body($0.baseAddress!) }
  }

  @Test func integers() throws {
    var values: [Int64] = [0, -1, .min, .max, .min + 1]
    var power: Int64 = 1
    for _ in 0..<18 {
      power *= 10
      values += [power - 1, power, power + 1, -power, 1 - power]
    }
    for v in values {
      let text = written {
        $0.reserve(20)
        $0.integer(v)
      }
      #expect(text == "\(v)")
    }
    try forRandomCases("integers", count: 20_000) { random in
      let v = Int64(bitPattern: random.next()) >> Int64(random.below(64))
      let text = written {
        $0.reserve(20)
        $0.integer(v)
      }
      return text == "\(v)" ? nil : "\(text) instead of \(v)"
    }
  }

  @Test func paddedAndHexadecimal() {
    let text = written {
      $0.reserve(100)
      $0.padded(7, digits: 4)
      $0.padded(12_345, digits: 5)
      $0.hexadecimal(0x0123_4567_89ab_cdef)
      $0.hexadecimal(0)
    }
    #expect(text == "0007123450123456789abcdef0000000000000000")
  }

  /// Bytes with every special one among them, at every place of a step of 16.
  private func randomBytes(_ random: inout SeededRandom) -> [UInt8] {
    let special: [UInt8] = [34, 44, 10, 13, 92, 9, 0, 31, 8, 12, 127]
    let rate = random.pick([2, 20, 1000])
    return (0..<random.below(70)).map { _ in
      random.one(in: rate) ? random.pick(special) : UInt8(32 + random.below(95))
    }
  }

  @Test func csvFields() throws {
    try forRandomCases("csv fields", count: 4000) { random in
      let bytes = randomBytes(&random)
      let text = String(decoding: bytes, as: UTF8.self)
      let isQuoted = bytes.contains { [34, 44, 10, 13].contains($0) }
      let expected = isQuoted ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
      let found = written { b in
        withPadded(bytes) {
          b.reserve(2 * bytes.count + 2)
          b.csvField($0, bytes.count)
          b.byte(44)
        }
      }
      return Array(found.utf8) == Array((expected + ",").utf8) ? nil : "\(found) instead of \(expected)"
    }
  }

  @Test func jsonStrings() throws {
    try forRandomCases("json strings", count: 4000) { random in
      let bytes = randomBytes(&random) + Array("é€𝄞".utf8).prefix(random.pick([0, 2, 5, 9]))
      let found = written { b in
        withPadded(bytes) {
          b.reserve(6 * bytes.count + 2)
          b.jsonString($0, bytes.count)
        }
      }
      let parsed = try JSONSerialization.jsonObject(with: Data(found.utf8), options: .fragmentsAllowed) as? String
      return parsed.map { Array($0.utf8) } == bytes ? nil : "\(found) for \(bytes)"
    }
  }

  @Test func rawBytesAndTexts() throws {
    try forRandomCases("raw bytes", count: 500) { random in
      var expected: [UInt8] = []
      var b = OutputBuffer(capacity: random.pick([0, 1, 1000]))
      defer { b.deallocate() }
      for _ in 0..<random.below(60) {
        let bytes = randomBytes(&random)
        switch random.below(4) {
        case 0:
          withPadded(bytes) {
            b.reserve(bytes.count)
            b.bytes($0, bytes.count)
          }
        case 1:
          bytes.withUnsafeBufferPointer {
            b.reserve(bytes.count)
            if let p = $0.baseAddress { b.bytesExact(p, bytes.count) }
          }
        case 2:
          b.text(String(decoding: bytes, as: UTF8.self))
        default:
          b.reserve(4)
          b.text("näh" as StaticString)
          expected += Array("näh".utf8)
          continue
        }
        expected += bytes
        if b.capacity - b.count < bytePadding { return "no padding left" }
      }
      return Array(UnsafeBufferPointer(start: b.base, count: b.count)) == expected ? nil : "bytes differ"
    }
  }
}
