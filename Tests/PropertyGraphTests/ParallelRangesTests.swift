import Testing

@testable import PropertyGraph

@Suite struct ParallelRangesTests {
  @Test(arguments: [0, 1, 511, 512, 1024, 1025, 40_000, 100_003])
  func everyIndexIsVisitedExactlyOnce(count: Int) {
    let seen = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: count)
    seen.initialize(repeating: 0)
    defer { seen.deallocate() }
    nonisolated(unsafe) let visited = seen
    ParallelRanges.run(count: count) { _, range in for i in range { visited[i] += 1 } }
    #expect(seen.allSatisfy { $0 == 1 })
  }

  @Test func sumsAreAddedInTheOrderOfTheRanges() {
    let count = 100_003
    let sums = (0..<20).map { _ in
      ParallelRanges.sum(count: count) { range in range.reduce(0.0) { $0 + 1 / Double($1 + 1) } }
    }
    #expect(Set(sums).count == 1)
    #expect(abs(sums[0] - (1...count).reduce(0.0) { $0 + 1 / Double($1) }) < 1e-9)
  }
}
