/// The bytes of a fuzzer's input as a series of choices; when they run out, every choice is 0.
struct FuzzTape {
  private var rest: Slice<UnsafeRawBufferPointer>

  init(_ bytes: UnsafeRawBufferPointer) { rest = bytes[...] }

  var isOver: Bool { rest.isEmpty }

  mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  /// 0 ..< `limit`, at most 65,536.
  mutating func below(_ limit: Int) -> Int { Int(UInt16(byte()) | UInt16(byte()) << 8) % limit }

  mutating func word() -> UInt64 {
    var word: UInt64 = 0
    for _ in 0..<8 { word = word << 8 | UInt64(byte()) }
    return word
  }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }
}
