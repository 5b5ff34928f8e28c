import Dispatch

/// Splits `0 ..< count` into ranges and runs them on all cores.
///
/// Guarantees: the ranges depend on `count` and `rangeCount` alone, never on the number of threads, so a result
/// that is combined in the order of the ranges is the same on every machine. `body` must not touch what another range
/// writes.
/// Cost: some 30 µs to wake the threads; one range runs on the caller alone, without waking anyone.
enum ParallelRanges {
  /// Runs `body(rangeNumber, range)` for each of at most `rangeCount` ranges whose lengths differ by one at most.
  static func run(count: Int, rangeCount: Int = 64, _ body: (Int, Range<Int>) -> Void) {
    let ranges = number(count: count, rangeCount: rangeCount)
    if ranges == 1 { return body(0, 0..<count) }
    withoutActuallyEscaping(body) { body in
      nonisolated(unsafe) let body = body
      DispatchQueue.concurrentPerform(iterations: ranges) { number in
        unsafe body(number, range(number, of: ranges, count: count))
      }
    }
  }

  /// The sum of `body` over the ranges, added in their order.
  static func sum(count: Int, rangeCount: Int = 64, _ body: (Range<Int>) -> Double) -> Double {
    var partial = [Double](repeating: 0, count: number(count: count, rangeCount: rangeCount))
    unsafe partial.withUnsafeMutableBufferPointer { partial in
      nonisolated(unsafe) let partial = unsafe partial
      run(count: count, rangeCount: rangeCount) { number, range in unsafe partial[number] = body(range) }
    }
    return partial.reduce(0, +)
  }

  /// How many ranges `run` makes: none is shorter than 512 unless there is only one.
  static func number(count: Int, rangeCount: Int) -> Int {
    max(1, min(rangeCount, count / 512))
  }

  private static func range(_ number: Int, of ranges: Int, count: Int) -> Range<Int> {
    count * number / ranges..<count * (number + 1) / ranges
  }
}
