/// Random numbers that are the same on every platform: SplitMix64 (Steele, Lea and Flood 2014).
///
/// Guarantees: sources of one seed and different streams are independent, so that streams can be drawn side by side.
/// Cost: about 1 ns a number. Not for secrets.
struct SeededSource {
  private var state: UInt64

  init(seed: UInt64, stream: UInt64) {
    state = SeededSource.mixed(SeededSource.mixed(seed) ^ SeededSource.mixed(stream &+ 0x5851_f42d_4c95_7f2d))
  }

  @inline(__always)
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return SeededSource.mixed(state)
  }

  /// Uniform in 0 ..< bound (within 2^-64 of it).
  @inline(__always)
  mutating func below(_ bound: UInt64) -> UInt64 { next().multipliedFullWidth(by: bound).high }

  /// Uniform in 2^-53 … 1, never 0.
  @inline(__always)
  mutating func unit() -> Double { Double(next() &>> 11 &+ 1) * 0x1p-53 }

  /// Standard normal, by Marsaglia's polar method.
  mutating func normal() -> Double {
    while true {
      let x = 2 * unit() - 1
      let y = 2 * unit() - 1
      let square = x * x + y * y
      if square > 0, square < 1 { return x * (-2 * PortableLogarithm.natural(square) / square).squareRoot() }
    }
  }

  /// The finalizer: a bijection that spreads every bit.
  @inline(__always)
  private static func mixed(_ word: UInt64) -> UInt64 {
    var z = word
    z = (z ^ z &>> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z &>> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z &>> 31
  }
}

/// Logarithm and exponential with the same last bit on every platform, which the C library does not promise.
///
/// Guarantees: additions, multiplications and divisions of IEEE 754 in a fixed order; relative error below 1e-13.
enum PortableLogarithm {
  private static let ln2 = 0.693_147_180_559_945_3

  /// The natural logarithm of a positive finite number: the series of the area hyperbolic tangent for the significand.
  static func natural(_ x: Double) -> Double {
    var exponent = Double(x.exponent)
    var significand = x.significand
    if significand > 1.414_213_562_373_095_1 {
      significand *= 0.5
      exponent += 1
    }
    let t = (significand - 1) / (significand + 1)
    let square = t * t
    var sum = 0.0
    var k = 21
    while k > 0 {
      sum = sum * square + 1 / Double(k)
      k -= 2
    }
    return exponent * ln2 + 2 * t * sum
  }

  /// e to a power within ±700: the whole power of two as exponent, the exponential series for the rest.
  static func exponential(_ x: Double) -> Double {
    let whole = (x / ln2).rounded()
    let y = x - whole * ln2
    var sum = 1.0
    var k = 16
    while k > 0 {
      sum = sum * y / Double(k) + 1
      k -= 1
    }
    return sum * Double(sign: .plus, exponent: Int(whole), significand: 1)
  }
}
