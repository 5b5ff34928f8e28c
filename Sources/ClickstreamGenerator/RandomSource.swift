/// Random numbers that are the same on every platform: xoshiro256** (Blackman and Vigna 2018), its state filled by
/// SplitMix64 from the seed.
///
/// Cost: about 1 ns a number. Not for secrets.
struct RandomSource: Sendable {
  private var a: UInt64
  private var b: UInt64
  private var c: UInt64
  private var d: UInt64

  /// - Parameter stream: sources of the same seed and different streams are independent.
  init(seed: UInt64, stream: UInt64) {
    var s = mixed(seed) ^ mixed(stream &+ 0x5851_f42d_4c95_7f2d)
    func next() -> UInt64 {
      s &+= 0x9e37_79b9_7f4a_7c15
      return mixed(s)
    }
    (a, b, c, d) = (next(), next(), next(), next())
  }

  init(state: (UInt64, UInt64, UInt64, UInt64)) { (a, b, c, d) = state }

  @inline(__always)
  mutating func next() -> UInt64 {
    let product = b &* 5
    let result = (product &<< 7 | product &>> 57) &* 9
    let t = b &<< 17
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = d &<< 45 | d &>> 19
    return result
  }

  /// Uniform in 0..<bound (within 2^-64 of it).
  @inline(__always)
  mutating func below(_ bound: Int) -> Int {
    Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(truncatingIfNeeded: bound)).high)
  }

  /// True with the given probability.
  @inline(__always)
  mutating func chance(_ probability: Probability) -> Bool { next() &>> 32 < probability.threshold }

  /// Uniform in 2^-53…1, never 0.
  @inline(__always)
  mutating func unit() -> Double { Double(next() &>> 11 &+ 1) * 0x1p-53 }

  /// Exponential with mean 1.
  mutating func exponential() -> Double { -binaryLogarithm(unit()) * naturalLogarithmOf2 }

  /// Log-normal: `median` times e to a normal of the given deviation. The normal is the sum of eight uniform numbers
  /// (Irwin–Hall), which ends at 4.9 deviations.
  mutating func logNormal(median: Double, deviation: Double) -> Double {
    var sum: UInt64 = 0
    for _ in 0..<2 {
      let word = next()
      sum &+= (word & 0xffff) &+ (word &>> 16 & 0xffff) &+ (word &>> 32 & 0xffff) &+ word &>> 48
    }
    let normal = (Double(sum) - 262_140) * (1.224_744_871_391_589 / 65_536)
    return median * powerOf2(deviation * normal / naturalLogarithmOf2)
  }
}

/// A probability as an integer threshold in 0…2^32.
struct Probability: Sendable {
  let threshold: UInt64

  init(_ share: Double) { threshold = UInt64(share * 0x1p32) }
}

/// SplitMix64's finalizer: a bijection of 64-bit words that spreads every bit.
@inline(__always)
func mixed(_ word: UInt64) -> UInt64 {
  var z = word
  z = (z ^ z &>> 30) &* 0xbf58_476d_1ce4_e5b9
  z = (z ^ z &>> 27) &* 0x94d0_49bb_1331_11eb
  return z ^ z &>> 31
}
