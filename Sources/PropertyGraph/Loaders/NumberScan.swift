import FlatMemory

/// Reading numbers out of text, eight digits at a time where they are whole.
///
/// Cost: a whole number of up to 8 digits takes one load and three multiplications.
enum NumberScan {
  /// A canonical whole number of 1 to 15 digits at `p`, whatever follows it. Gives how many digits it has; 0 when there
  /// is none, and for leading zeros and longer ones, which are left to slower ways. Reads 16 bytes.
  @inline(__always)
  static func wholeNumber(_ p: UnsafePointer<UInt8>, _ value: inout UInt64) -> Int {
    let word = unsafe load8(p) ^ 0x3030_3030_3030_3030
    let digits = leadingDigits(word)
    if digits == 0 { return 0 }
    if word & 0xff == 0, digits > 1 { return 0 }
    if digits < 8 {
      value = number(word &<< UInt64(truncatingIfNeeded: 64 &- 8 &* digits))
      return digits
    }
    let next = unsafe load8(p + 8) ^ 0x3030_3030_3030_3030
    let more = leadingDigits(next)
    if more == 8 { return 0 }
    value = number(word)
    if more > 0 {
      value = value &* tens[more] &+ number(next &<< UInt64(truncatingIfNeeded: 64 &- 8 &* more))
    }
    return 8 &+ more
  }

  /// How many bytes from the lowest on are digits, of bytes that were XORed with "0".
  @inline(__always)
  private static func leadingDigits(_ word: UInt64) -> Int {
    // a byte above 9 gets its high bit set; carries only run upwards from such a byte
    let others = ((word &+ 0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080
    return others.trailingZeroBitCount &>> 3
  }

  /// The number that 8 digits 0 to 9 make, the lowest byte being the first.
  @inline(__always)
  private static func number(_ digits: UInt64) -> UInt64 {
    let pairs = ((digits &* 2561) &>> 8) & 0x00ff_00ff_00ff_00ff
    let fours = ((pairs &* 6_553_601) &>> 16) & 0x0000_ffff_0000_ffff
    return (fours &* 42_949_672_960_001) &>> 32
  }

  @inline(__always)
  private static var tens: InlineArray<8, UInt64> {
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]
  }

  /// A number in decimal notation that begins at `p`: as many bytes as belong to it, 0 when it has none or is one for
  /// ``decimal(_:_:)``. Exact: it has at most 15 digits, so that it is a quotient of two numbers a double holds.
  @inline(__always)
  static func plainDecimal(_ p: UnsafePointer<UInt8>, _ value: inout Double) -> Int {
    var significand: UInt64 = 0
    var divisor = 1.0
    var i = 0
    var digits = 0
    var isFraction = false
    while true {
      let digit = unsafe p[i] &- UInt8(ascii: "0")
      if digit <= 9 {
        significand = significand &* 10 &+ UInt64(digit)
        digits &+= 1
        if isFraction { divisor *= 10 }
        if digits > 15 { return 0 }
      } else if unsafe p[i] == UInt8(ascii: "."), !isFraction {
        isFraction = true
      } else {
        break
      }
      i &+= 1
    }
    if digits == 0 { return 0 }
    value = Double(significand) / divisor
    return i
  }

  /// The number that a whole field is in decimal or scientific notation, correctly rounded; nil when it is none.
  /// Infinity and NaN are read in their usual spellings.
  static func decimal(_ p: UnsafePointer<UInt8>, _ count: Int) -> Double? {
    guard count > 0, count < 1000 else { return nil }
    let bytes = unsafe UnsafeBufferPointer(start: p, count: count)
    let text = unsafe String(decoding: bytes, as: UTF8.self)
    // hexadecimal and payloads of NaN are no weights
    let isDecimal = unsafe bytes.allSatisfy { byte in
      byte &- UInt8(ascii: "0") <= 9 || [43, 45, 46, 69, 101].contains(byte)
    }
    if isDecimal || ["nan", "inf", "infinity", "+inf", "-inf", "+infinity", "-infinity"].contains(text.lowercased()) {
      return Double(text)
    }
    return nil
  }
}
