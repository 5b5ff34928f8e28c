import Dispatch

/// Ranges of vertices with about equal numbers of vertices and edges: the tasks of a parallel scan, balanced where few
/// vertices hold most edges.
///
/// Guarantees: a function of the adjacency and the number of ranges asked for, never of the number of threads; together
/// the ranges cover the vertices in order. `body` must not touch what another range writes.
/// Cost: a bisection per range; some 30 µs to wake the threads for a run. Little work runs on the caller alone.
struct VertexRanges: Sendable {
  /// Less than this many vertices and edges are not worth waking a thread for.
  static let parallelWorkMin = 1 << 15

  /// Where each range begins, and where the last one ends.
  let bounds: [Int]
  /// Whether the work is worth waking threads for.
  let isParallel: Bool

  init(_ adjacency: AdjacencyPointers, vertices: Range<Int>? = nil, rangeCount: Int = 64) {
    let vertices = vertices ?? 0..<adjacency.vertexCount
    let work = { (vertex: Int) in unsafe Int(adjacency.offsets[vertex]) + vertex }
    let first = work(vertices.lowerBound)
    let total = work(vertices.upperBound) - first
    var bounds = [vertices.lowerBound]
    for number in 1..<max(2, rangeCount) where number < rangeCount {
      let wanted = first + total / rangeCount * number
      var low = bounds[bounds.count - 1]
      var high = vertices.upperBound
      while low < high {
        let middle = (low + high) / 2
        if work(middle) < wanted { low = middle + 1 } else { high = middle }
      }
      if low > bounds[bounds.count - 1], low < vertices.upperBound { bounds.append(low) }
    }
    if vertices.upperBound > vertices.lowerBound { bounds.append(vertices.upperBound) }
    self.bounds = bounds
    isParallel = total >= Self.parallelWorkMin && bounds.count > 2
  }

  var count: Int { bounds.count - 1 }

  subscript(_ number: Int) -> Range<Int> { bounds[number]..<bounds[number + 1] }

  /// Runs `body(rangeNumber, range)` for every range, in any order.
  func run(_ body: (Int, Range<Int>) -> Void) {
    if !isParallel {
      for number in 0..<count { body(number, self[number]) }
      return
    }
    withoutActuallyEscaping(body) { body in
      nonisolated(unsafe) let body = body
      DispatchQueue.concurrentPerform(iterations: count) { number in unsafe body(number, self[number]) }
    }
  }

  /// The results of `body` in the order of the ranges.
  func map<Result: Sendable>(_ body: (Range<Int>) -> Result) -> [Result] {
    if count == 0 { return [] }
    return unsafe [Result](unsafeUninitializedCapacity: count) { results, initializedCount in
      nonisolated(unsafe) let results = unsafe results
      run { number, range in unsafe (results.baseAddress.unsafelyUnwrapped + number).initialize(to: body(range)) }
      initializedCount = count
    }
  }

  /// The sum of `body` over the ranges, added in their order.
  func sum(_ body: (Range<Int>) -> Double) -> Double { map(body).reduce(0, +) }
}
