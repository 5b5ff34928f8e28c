import Dispatch

/// Ranges that parallel loops over vertices or edges are cut into; every bound but the last is a multiple of 64.
///
/// Guarantees: the ranges depend on the graph alone, never on the number of threads; two ranges never share a word of
/// a bitmap. A loop writes only what belongs to its range.
/// Cost: at most 64 ranges, none of them cut out for less work than waking a thread is worth; one range runs on the
/// caller alone.
@usableFromInline
struct FixedRanges {
  /// Where the ranges begin, and after the last one where it ends.
  private let bounds: [Int]

  private static let rangesMax = 64
  /// Vertices and edges a range holds at least, unless there is only one.
  private static let workMin = 1 << 13

  /// Ranges of equal length.
  @usableFromInline
  init(count: Int) {
    let ranges = FixedRanges.number(work: count)
    bounds = (0...ranges).map { $0 == ranges ? count : (count * $0 / ranges) & ~63 }
  }

  /// Ranges of vertices with about the same number of edges (and vertices) in each.
  init(vertexCount: Int, offsets: UnsafePointer<UInt32>) {
    let work = unsafe vertexCount + Int(offsets[vertexCount])
    let ranges = FixedRanges.number(work: work)
    var bounds = [0]
    for number in 1..<max(ranges, 1) {
      let wanted = work * number / ranges
      // the first vertex with at least so much work before it
      var (low, high) = (bounds[number - 1], vertexCount)
      while low < high {
        let middle = (low + high) / 2
        if unsafe middle + Int(offsets[middle]) < wanted { low = middle + 1 } else { high = middle }
      }
      bounds.append(max(low & ~63, bounds[number - 1]))
    }
    bounds.append(vertexCount)
    self.bounds = bounds
  }

  @usableFromInline var count: Int { bounds.count - 1 }

  /// Runs `body` once for every range, on all cores.
  @usableFromInline
  func run(_ body: (_ number: Int, _ range: Range<Int>) -> Void) {
    if count == 1 { return body(0, bounds[0]..<bounds[1]) }
    withoutActuallyEscaping(body) { body in
      nonisolated(unsafe) let body = body
      let bounds = bounds
      DispatchQueue.concurrentPerform(iterations: bounds.count - 1) { number in
        if bounds[number] < bounds[number + 1] { unsafe body(number, bounds[number]..<bounds[number + 1]) }
      }
    }
  }

  private static func number(work: Int) -> Int { max(1, min(rangesMax, work / workMin)) }
}
