import Foundation
import Testing

@testable import ClickstreamGenerator

/// The pieces under the generator: numbers, tables, queue.
@Suite struct RandomnessTests {
  @Test func logarithmAndPowerAgreeWithTheLibrary() {
    var random = RandomSource(seed: 3, stream: 0)
    for _ in 0..<20_000 {
      let x = powerOf2(random.unit() * 80 - 60)
      #expect(abs(binaryLogarithm(x) - log2(x)) <= 1e-12 * max(1, abs(log2(x))))
      let y = random.unit() * 120 - 60
      #expect(abs(powerOf2(y) / exp2(y) - 1) <= 1e-12)
    }
    #expect(binaryLogarithm(1) == 0)
    #expect(powerOf2(10) == 1_024)
  }

  @Test func numbersAreThoseOfTheReference() {
    var random = RandomSource(state: (1, 2, 3, 4))
    #expect((0..<4).map { _ in random.next() } == [11_520, 0, 1_509_978_240, 1_215_971_899_390_074_240])
    #expect(mixed(0x9e37_79b9_7f4a_7c15) == 0xe220_a839_7b1d_cdaf)
  }

  @Test func distributionsHaveTheirMoments() {
    var random = RandomSource(seed: 9, stream: 1)
    let n = 100_000
    let exponential = (0..<n).map { _ in random.exponential() }
    #expect(abs(exponential.reduce(0, +) / Double(n) - 1) < 0.02)
    #expect(exponential.allSatisfy { $0 >= 0 })
    let logs = (0..<n).map { _ in log(random.logNormal(median: 30, deviation: 0.9)) }
    let mean = logs.reduce(0, +) / Double(n)
    let variance = logs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n)
    #expect(abs(mean - log(30)) < 0.02)
    #expect(abs(variance - 0.81) < 0.02)
    let late = Probability(0.25)
    #expect(abs((0..<n).count { _ in random.chance(late) } - n / 4) < 700)
    #expect((0..<n).allSatisfy { _ in random.chance(Probability(1)) && !random.chance(Probability(0)) })
  }

  @Test(arguments: [[1], [5, 0, 5], [1, 2, 3, 4, 90], [1, 1, 1, 1, 1, 1, 1]])
  func tablesDrawByWeight(weights: [Int]) {
    let table = AliasTable(weights)
    var random = RandomSource(seed: 1, stream: 2)
    var counts = [Int](repeating: 0, count: weights.count)
    for _ in 0..<100_000 { counts[table.draw(&random)] += 1 }
    for (count, weight) in zip(counts, weights) {
      let expected = 100_000 * Double(weight) / Double(weights.reduce(0, +))
      #expect(abs(Double(count) - expected) <= 6 * expected.squareRoot() + 0.01, "\(counts)")
    }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func theQueueSortsStably(seed: UInt64) {
    var random = RandomSource(seed: seed, stream: 0)
    var queue = TimeQueue<Int>()
    var expected: [(time: Int64, order: Int)] = []
    for order in 0..<2_000 {
      let time = Int64(random.below(60))
      switch random.below(5) {
      case 0 where !queue.isEmpty:
        #expect(queue.first == expected[0].order, "seed \(seed)")
        queue.removeFirst()
        expected.removeFirst()
      case 1 where !queue.isEmpty:
        expected.removeFirst()
        queue.replaceFirst(with: order, at: time)
        insert(order, time, &expected)
      default:
        queue.insert(order, at: time)
        insert(order, time, &expected)
      }
      #expect(queue.firstTime == expected.first?.time ?? .max, "seed \(seed)")
      #expect(queue.count == expected.count)
    }
  }

  private func insert(_ order: Int, _ time: Int64, _ list: inout [(time: Int64, order: Int)]) {
    list.insert((time, order), at: list.firstIndex { $0.time > time } ?? list.count)
  }

  @Test(arguments: [1, 2, 23, 24, 25, 1_000, 12_345])
  func everyItemHasItsOwnNumberAndAPrice(itemCount: Int) {
    var options = ClickstreamOptions()
    options.itemCount = itemCount
    let catalogue = Catalogue(options)
    #expect(Set((0..<itemCount).map(catalogue.number)) == Set(1...itemCount))
    var random = RandomSource(seed: 4, stream: 4)
    for _ in 0..<1_000 {
      let item = catalogue.draw(&random)
      #expect((0..<itemCount).contains(item))
      let category = catalogue.category(item)
      #expect(catalogue.category(catalogue.draw(category: category, &random)) == category)
      #expect([50, 99].contains(catalogue.priceHundredths(item) % 100))
    }
  }
}
