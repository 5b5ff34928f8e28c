import Foundation
import Testing

/// SplitMix64 (Steele, Lea & Flood 2014): small, fast, the same everywhere.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
  mutating func below(_ n: Int) -> Int { Int.random(in: 0..<n, using: &self) }
  mutating func one(in n: Int) -> Bool { below(n) == 0 }
  mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}

/// Runs a property on random cases; the first case that fails is reported with the seed that repeats it alone:
/// `THALWEG_SEED=<seed> THALWEG_CASES=1`. `THALWEG_SEED=random` explores; `THALWEG_CASES` sets the number of cases.
///
/// `body` gives nil, or what is wrong.
func forRandomCases(_ name: String, count: Int, _ body: (inout SeededRandom) throws -> String?) throws {
  let environment = ProcessInfo.processInfo.environment
  let text = environment["THALWEG_SEED"] ?? ""
  let first = text == "random" ? UInt64.random(in: 0 ... .max) : UInt64(text) ?? 20_240_917
  let cases = environment["THALWEG_CASES"].flatMap { Int($0) } ?? count
  print("\(name): seed \(first), \(cases) cases")
  var seeds = SeededRandom(seed: first)
  for i in 0..<cases {
    let seed = i == 0 ? first : seeds.next()
    var random = SeededRandom(seed: seed)
    if let wrong = try body(&random) {
      Issue.record("\(name), case \(i), THALWEG_SEED=\(seed) THALWEG_CASES=1: \(wrong)")
      return
    }
  }
}
