/// Writes text into bytes that its owner has made large enough.
///
/// Guarantees: none about bounds: the owner leaves room for a whole line before it begins one.
/// Cost: 2–10 ns a field.
@safe struct LineWriter {
  let base: UnsafeMutablePointer<UInt8>
  private(set) var count = 0

  init(base: UnsafeMutablePointer<UInt8>) { unsafe self.base = unsafe base }

  @inline(__always)
  mutating func byte(_ b: UInt8) {
    unsafe base[count] = b
    count &+= 1
  }
  @inline(__always)
  mutating func text(_ text: StaticString) {
    unsafe (base + count).update(from: text.utf8Start, count: text.utf8CodeUnitCount)
    count &+= text.utf8CodeUnitCount
  }
  @inline(__always)
  mutating func bytes(_ source: UnsafePointer<UInt8>, _ n: Int) {
    unsafe (base + count).update(from: source, count: n)
    count &+= n
  }
  /// Decimal digits of a number that is not negative.
  mutating func integer(_ value: Int) {
    var digitCount = 1
    var bound = 10
    while value >= bound {
      digitCount &+= 1
      bound &*= 10
    }
    padded(value, digits: digitCount)
  }
  /// The last `digits` decimal digits.
  @inline(__always)
  mutating func padded(_ value: Int, digits: Int) {
    var rest = UInt64(truncatingIfNeeded: value)
    var i = digits
    while i > 0 {
      i &-= 1
      unsafe base[count &+ i] = UInt8(truncatingIfNeeded: 48 &+ rest % 10)
      rest /= 10
    }
    count &+= digits
  }
  /// Gives back what was written behind a position.
  mutating func truncate(to count: Int) { self.count = count }
}

/// Texts by index in one run of bytes.
struct TextTable: Sendable {
  private let bytes: [UInt8]
  private let starts: [Int32]

  init(_ texts: [String]) {
    var bytes: [UInt8] = []
    var starts: [Int32] = [0]
    for text in texts {
      bytes += Array(text.utf8)
      starts.append(Int32(bytes.count))
    }
    (self.bytes, self.starts) = (bytes, starts)
  }

  @inline(__always)
  func write(_ i: Int, _ out: inout LineWriter) {
    let start = Int(starts[i])
    let n = Int(starts[i + 1]) - start
    unsafe bytes.withUnsafeBufferPointer { p in
      if let base = p.baseAddress { unsafe out.bytes(base + start, n) }
    }
  }
}
