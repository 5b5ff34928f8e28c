/// Core numbers: the largest k for which a vertex belongs to a set of vertices that all have k neighbours in the set
/// (Seidman 1983). The graph is taken undirected, without loops or repeated edges.
///
/// Guarantees: exact; the same on any number of threads. Cost: O(n + m) on one core, some 8 ns an edge and direction,
/// after two merges over all edges to make the graph undirected; 12 bytes a vertex.
/// Method: vertices are taken away in order of the neighbours they have left, kept sorted in bins (Batagelj, Zaveršnik
/// 2003).
public enum CoreNumbers {
  public static func numbers(_ topology: Topology) -> [UInt32] {
    let vertexCount = topology.vertexCount
    var numbers = [UInt32](repeating: 0, count: vertexCount)
    if vertexCount == 0 { return numbers }
    let adjacency = topology.undirected().outgoing
    // vertices sorted by degree; where each stands; where each degree's bin begins
    let order = FreshBuffer<VertexIndex>(count: vertexCount)
    let places = FreshBuffer<UInt32>(count: vertexCount)
    adjacency.withPointers { graph in
      unsafe numbers.withUnsafeMutableBufferPointer { buffer in
        let degrees = unsafe buffer.baseAddress.unsafelyUnwrapped
        var degreeMax = 0
        for v in 0..<vertexCount {
          unsafe degrees[v] = UInt32(graph.degree(of: v))
          degreeMax = max(degreeMax, graph.degree(of: v))
        }
        let bins = FreshBuffer<UInt32>(count: degreeMax + 2)
        for v in 0..<vertexCount { unsafe bins.base[Int(degrees[v]) + 1] += 1 }
        for degree in 1..<degreeMax + 2 { unsafe bins.base[degree] += bins.base[degree - 1] }
        for v in 0..<vertexCount {
          let place = unsafe bins.base[Int(degrees[v])]
          unsafe bins.base[Int(degrees[v])] += 1
          unsafe order.base[Int(place)] = VertexIndex(v)
          unsafe places.base[v] = place
        }
        for degree in stride(from: degreeMax + 1, to: 0, by: -1) {
          unsafe bins.base[degree] = unsafe bins.base[degree - 1]
        }
        unsafe bins.base[0] = 0
        unsafe peel(graph, degrees, order.base, places.base, bins.base)
      }
    }
    return numbers
  }

  /// Takes the vertices in order; each neighbour with more left moves to the bin below, by changing places with the
  /// first of its own.
  private static func peel(
    _ graph: AdjacencyPointers, _ degrees: UnsafeMutablePointer<UInt32>, _ order: UnsafeMutablePointer<VertexIndex>,
    _ places: UnsafeMutablePointer<UInt32>, _ bins: UnsafeMutablePointer<UInt32>
  ) {
    for i in 0..<graph.vertexCount {
      let vertex = unsafe Int(order[i])
      let degree = unsafe degrees[vertex]
      for slot in graph.slots(of: vertex) {
        let neighbour = unsafe Int(graph.neighbours[slot])
        let left = unsafe degrees[neighbour]
        if left <= degree { continue }
        let place = unsafe places[neighbour]
        let begin = unsafe bins[Int(left)]
        let first = unsafe order[Int(begin)]
        if Int(first) != neighbour {
          unsafe order[Int(begin)] = VertexIndex(truncatingIfNeeded: neighbour)
          unsafe order[Int(place)] = first
          unsafe places[neighbour] = begin
          unsafe places[Int(first)] = place
        }
        unsafe bins[Int(left)] = begin &+ 1
        unsafe degrees[neighbour] = left &- 1
      }
    }
  }

  /// Whether the numbers are the core numbers, in time O(m log n) at worst: the vertices of number k and above form a
  /// set in which each of number k has k neighbours, and taking vertices away in the order that the numbers allow
  /// leaves none with more than its number.
  public static func isValid(_ numbers: [UInt32], _ topology: Topology) -> Bool {
    guard numbers.count == topology.vertexCount else { return false }
    let graph = topology.undirected().outgoing
    for v in numbers.indices {
      let held = graph.neighbours(of: VertexIndex(v)).count { numbers[Int($0)] >= numbers[v] }
      if held < Int(numbers[v]) { return false }
    }
    // that bounds the numbers from below; above: level by level, vertices with at most k neighbours left go
    var left = numbers.indices.map { graph.degree(of: VertexIndex($0)) }
    var isGone = [Bool](repeating: false, count: numbers.count)
    let levels = Dictionary(grouping: numbers.indices, by: { numbers[$0] }).sorted { $0.key < $1.key }
    for (number, vertices) in levels {
      var stack = vertices.filter { left[$0] <= Int(number) }
      var goneCount = 0
      for v in stack { isGone[v] = true }
      while let v = stack.popLast() {
        goneCount += 1
        for neighbour in graph.neighbours(of: VertexIndex(v)) where !isGone[Int(neighbour)] {
          let n = Int(neighbour)
          left[n] -= 1
          if left[n] <= Int(number), numbers[n] == number {
            isGone[n] = true
            stack.append(n)
          }
        }
      }
      if goneCount != vertices.count { return false }
    }
    return true
  }
}
