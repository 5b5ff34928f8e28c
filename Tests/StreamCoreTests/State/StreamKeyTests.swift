import FlatMemory
import Foundation
import StreamCore
import Testing
import TestSupport

/// Keys hash alike wherever they are equal, and for ever.
@Suite struct StreamKeyTests {
  private struct Visit: StreamKey {
    var user: Int64
    var page: String
    func hash(into hasher: inout StableHasher) {
      hasher.combine(user)
      hasher.combine(page)
    }
  }
  private enum Colour: String, StreamKey { case red, green }

  /// Checkpoints hold key groups made from these: a change of any breaks them.
  @Test func hashesNeverChange() {
    let found: [UInt64] = [
      Int(42).stableHash, UInt8(42).stableHash, Int(-1).stableHash, "user-17".stableHash,
      "a text of more than sixteen bytes".stableHash, "".stableHash, (2.5).stableHash, true.stableHash,
      [UInt8]([1, 2, 3]).stableHash, [1, 2, 3].stableHash, Int?.none.stableHash, Int?(7).stableHash,
      UUID(uuidString: "6F9619FF-8B86-D011-B42D-00C04FC964FF")!.stableHash, PairKey("a", 1).stableHash,
      Visit(user: 1, page: "/").stableHash, Colour.red.stableHash,
    ]
    #expect(found == Self.recorded)
    #expect(Int(42).stableHash == UInt8(42).stableHash)
    #expect(Set(found).count == found.count - 1)
  }
  private static let recorded: [UInt64] = [
    0x7f345a816f7788ff, 0x7f345a816f7788ff, 0x195fb747a7592d79, 0xf39b7c657b9c9aff,
    0xe951892532e5fe35, 0x1ff5c2923a788d2c, 0x555237bc1c99b2a4, 0x5bf75cb895cdb35b,
    0x61e971892c8968d8, 0x4a4774c48a1eb534, 0x9a1f0787c79a297c, 0xee37296f51e5763c,
    0xdcef7cf23094d48f, 0x855dd78b5716ff6b, 0xd06678293421f396, 0xb53cdc92017ca2ad,
  ]

  @Test func equalKeysHashAlike() {
    #expect((0.0).stableHash == (-0.0).stableHash)
    #expect(Float(0).stableHash == Float(-0.0).stableHash)
    // one scalar, and a letter with a combining mark
    let (one, two) = ("caf\u{e9}", "cafe\u{301}")
    #expect(one == two && Array(one.utf8) != Array(two.utf8))
    #expect(one.stableHash == two.stableHash)
    #expect(PairKey(one, 1).stableHash == PairKey(two, 1).stableHash)
  }

  /// Against the standard library's equality: decomposing and composing changes no hash, in any script.
  @Test func textHashesFollowCanonicalEquivalence() throws {
    try forRandomCases("text keys", count: 2000) { random in
      let alphabets: [ClosedRange<UInt32>] = [
        0x20...0x7e, 0xa0...0x24f, 0x300...0x36f, 0x370...0x3ff, 0x400...0x52f, 0x5d0...0x64f, 0x900...0x97f,
        0x1e00...0x1fff, 0x1100...0x11ff, 0x2000...0x206f, 0x2120...0x2130, 0x3040...0x30ff, 0x4e00...0x4e80,
        0xac00...0xad00, 0xf900...0xfa00, 0x1f300...0x1f400,
      ]
      let picked = (0..<3).map { _ in random.pick(alphabets) }
      var text = ""
      for _ in 0..<random.below(12) {
        let range = random.pick(picked)
        let value = range.lowerBound + UInt32(random.below(range.count))
        if let scalar = Unicode.Scalar(value), scalar.properties.generalCategory != .unassigned {
          text.unicodeScalars.append(scalar)
        }
      }
      let forms = [text.decomposedStringWithCanonicalMapping, text.precomposedStringWithCanonicalMapping]
      for form in forms {
        if form != text { return "Foundation's forms of \(Array(text.unicodeScalars)) differ from Swift's" }
        if form.stableHash != text.stableHash { return "\(Array(text.unicodeScalars)) hashes apart from its form" }
      }
      return nil
    }
  }

  /// The hash of bytes is that of FlatMemory, which may read past the end.
  @Test func bytesHashAsFlatMemoryHashesThem() throws {
    try forRandomCases("byte keys", count: 300) { random in
      let n = random.below(70)
      let bytes = (0..<n).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      var padded = bytes + [UInt8](repeating: UInt8(truncatingIfNeeded: random.next()), count: bytePadding)
      let expected = padded.withUnsafeMutableBufferPointer { hashBytes(UnsafePointer($0.baseAddress!), n) }
      let found = bytes.withUnsafeBytes { StableHasher.hash($0) }
      return found == expected ? nil : "\(n) bytes"
    }
  }

  @Test func codecsReadBackWhatTheyWrote() throws {
    struct Totals: Codable, Sendable, Equatable {
      var count = 3
      var mean = Double.infinity
      var names = ["a", "b"]
    }
    struct Point: Codable, Sendable, Equatable { var x = 1, y = 2.5 }
    #expect(try StateCodec<Int>.automatic().decoded(StateCodec<Int>.automatic().encoded(-5)) == -5)
    #expect(StateCodec<Point>.automatic().form == .raw)
    #expect(try StateCodec<Point>.automatic().decoded(StateCodec<Point>.automatic().encoded(Point())) == Point())
    #expect(StateCodec<String>.automatic().form == .utf8)
    #expect(try StateCodec<String>.automatic().encoded("é") == Array("é".utf8))
    #expect(try StateCodec<String>.automatic().decoded(Array("é".utf8)) == "é")
    #expect(throws: StateError.self) { try StateCodec<String>.automatic().decoded([0xff]) }
    #expect(throws: StateError.self) { try StateCodec<Int>.automatic().decoded([1, 2]) }
    #expect(try StateCodec<[UInt8]>.automatic().decoded([1, 2]) == [1, 2])
    let json = StateCodec<Totals>.automatic()
    #expect(json.form == .json)
    let text = #"{"count":3,"mean":"Infinity","names":["a","b"]}"#
    #expect(String(decoding: try json.encoded(Totals()), as: UTF8.self) == text)
    #expect(try json.decoded(json.encoded(Totals())) == Totals())
    let own = StateCodec<Point>(encode: { [UInt8($0.x)] }, decode: { Point(x: Int($0[0]), y: 0) })
    #expect(try own.decoded(own.encoded(Point(x: 9))) == Point(x: 9, y: 0))
  }
}
