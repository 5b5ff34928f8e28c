import Testing

@testable import PropertyGraph

@Suite struct ParallelPhasesTests {
  /// Every phase sums what the phase before wrote: a lost write or an early start changes the result.
  @Test(arguments: [1, 2, 5])
  func aPhaseSeesAllOfThePhaseBefore(workers: Int) {
    let width = 97
    let cells = UnsafeMutablePointer<UInt64>.allocate(capacity: 2 * width)
    cells.initialize(repeating: 1, count: 2 * width)
    defer { cells.deallocate() }
    var phase = 0
    nonisolated(unsafe) let memory = cells
    ParallelPhases.run(workers: workers, first: width) { number in
      let from = memory + (phase & 1) * width
      var sum: UInt64 = 0
      for i in 0..<width { sum &+= from[i] }
      memory[(1 - phase & 1) * width + number] = sum &+ UInt64(number)
    } next: {
      phase += 1
      return phase < 400 ? width : 0
    }
    var expected = [UInt64](repeating: 1, count: width)
    for _ in 0..<400 {
      let sum = expected.reduce(0, &+)
      expected = (0..<width).map { sum &+ UInt64($0) }
    }
    #expect((0..<width).map { cells[(phase & 1) * width + $0] } == expected)
  }

  @Test func noTasksIsNoWork() {
    ParallelPhases.run(workers: 3, first: 0, task: { _ in Issue.record("no task was asked for") }, next: { 0 })
  }
}
