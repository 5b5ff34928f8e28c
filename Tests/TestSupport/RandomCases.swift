import Foundation

/// Runs a property on random cases; the first case that fails is reported with the seed that repeats it alone:
/// `THALWEG_SEED=<seed> THALWEG_CASES=1`. `THALWEG_SEED=random` explores; `THALWEG_CASES` sets the number of cases.
///
/// `body` gives nil, or what is wrong.
public func forRandomCases(_ name: String, count: Int, _ body: (inout SeededRandom) throws -> String?) throws {
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
      throw CaseFailure(description: "\(name), case \(i), THALWEG_SEED=\(seed) THALWEG_CASES=1: \(wrong)")
    }
  }
}

/// A random case that does not hold; the test that lets it through has failed.
public struct CaseFailure: Error, CustomStringConvertible {
  public let description: String
}

/// The seeds of a property test: `THALWEG_SEED` repeats one, `THALWEG_SEEDS` sets how many.
public func seeds(_ count: Int) -> [UInt64] {
  let environment = ProcessInfo.processInfo.environment
  if let one = environment["THALWEG_SEED"].flatMap({ UInt64($0) }) { return [one] }
  let n = environment["THALWEG_SEEDS"].flatMap { Int($0) } ?? count
  let first = UInt64.random(in: 0...UInt64(UInt32.max))
  return (0..<UInt64(n)).map { first + $0 }
}
