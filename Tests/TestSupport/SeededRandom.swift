import Foundation

/// SplitMix64 (Steele, Lea & Flood 2014): small, fast, the same everywhere. Tests print the seed that repeats them.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  public let seed: UInt64
  private var state: UInt64

  public init(seed: UInt64) {
    self.seed = seed
    state = seed
  }
  /// With the seed of `THALWEG_SEED`, or any.
  public init() {
    let given = ProcessInfo.processInfo.environment["THALWEG_SEED"].flatMap { UInt64($0) }
    self.init(seed: given ?? UInt64.random(in: 0..<1_000_000_000))
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
  public mutating func below(_ n: Int) -> Int { Int.random(in: 0..<n, using: &self) }
  public mutating func one(in n: Int) -> Bool { below(n) == 0 }
  public mutating func chance(_ p: Double) -> Bool { Double(next() >> 11) * 0x1p-53 < p }
  public mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}
