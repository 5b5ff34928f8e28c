import Foundation

/// Random choices that can be repeated: SplitMix64 (Steele, Lea and Flood 2014). Tests print the seed; `THALWEG_SEED`
/// sets it.
struct SeededRandom: RandomNumberGenerator {
  let seed: UInt64
  private var state: UInt64

  init() {
    let given = ProcessInfo.processInfo.environment["THALWEG_SEED"].flatMap { UInt64($0) }
    seed = given ?? UInt64.random(in: 0..<1_000_000_000)
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
