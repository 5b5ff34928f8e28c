/// Lengths of shortest paths along edge directions.
///
/// Guarantees: the exact minimum over all paths of their weights' sums, added from the source on in 64 bits. Weights
/// must not be negative or NaN: that is a programming error; infinite ones are as good as no edge.
/// Cost: O((n + m) log n) on one core, some 25 ns an edge on R-MAT graphs; 8 bytes a vertex, and 16 for each entry of
/// the heap.
/// Method: Dijkstra 1959 with a four-ary heap whose outdated entries are skipped.
public enum ShortestPaths {
  /// The length of the shortest path from `source` to each vertex; infinite where there is none. Edges without weights
  /// count 1.
  public static func distances(_ topology: Topology, from source: VertexIndex) -> [Double] {
    precondition(Int(source) < topology.vertexCount, "there is no vertex \(source)")
    var distances = [Double](repeating: .infinity, count: topology.vertexCount)
    guard topology.isWeighted else {
      for (v, hops) in BreadthFirstSearch.distances(topology, from: source).enumerated() {
        if hops != BreadthFirstSearch.unreachable { distances[v] = Double(hops) }
      }
      return distances
    }
    unsafe distances.withUnsafeMutableBufferPointer { buffer in
      let distances = unsafe buffer.baseAddress.unsafelyUnwrapped
      topology.outgoing.withPointers { out in
        guard let weights = unsafe out.weights else { return }
        var heap = DistanceHeap()
        unsafe distances[Int(source)] = 0
        heap.push(0, source)
        while let (distance, vertex) = heap.pop() {
          if unsafe distance > distances[Int(vertex)] { continue }
          for slot in out.slots(of: Int(vertex)) {
            let weight = unsafe weights[slot]
            precondition(
              weight >= 0, unsafe "the edge from vertex \(vertex) to \(out.neighbours[slot]) has the weight \(weight)")
            let neighbour = unsafe out.neighbours[slot]
            let length = distance + weight
            if unsafe length < distances[Int(neighbour)] {
              unsafe distances[Int(neighbour)] = length
              heap.push(length, neighbour)
            }
          }
        }
      }
    }
    return distances
  }

  /// How many edges lead from every vertex to each landmark, along edge directions: GraphX's ShortestPaths.
  ///
  /// Cost: a breadth-first search per landmark over the reversed edges.
  public static func toLandmarks(_ topology: Topology, landmarks: [VertexIndex]) -> LandmarkDistances {
    let reversed = topology.reversed
    return LandmarkDistances(
      landmarks: landmarks, hops: landmarks.map { BreadthFirstSearch.distances(reversed, from: $0) })
  }
}

/// The hop counts from every vertex to some landmarks.
public struct LandmarkDistances: Sendable, Equatable {
  public let landmarks: [VertexIndex]
  /// For each landmark the hops from every vertex; ``BreadthFirstSearch/unreachable`` where no path leads there.
  public let hops: [[UInt32]]

  /// The landmarks that can be reached from a vertex, with the hops to them.
  public subscript(_ vertex: VertexIndex) -> [VertexIndex: UInt32] {
    var reached: [VertexIndex: UInt32] = [:]
    for (landmark, hops) in zip(landmarks, hops) where hops[Int(vertex)] != BreadthFirstSearch.unreachable {
      reached[landmark] = hops[Int(vertex)]
    }
    return reached
  }
}

/// A minimum heap of distances with four children a node, in one flat array.
private struct DistanceHeap {
  private var entries: [(distance: Double, vertex: VertexIndex)] = []

  @inline(__always)
  mutating func push(_ distance: Double, _ vertex: VertexIndex) {
    entries.append((distance, vertex))
    unsafe entries.withUnsafeMutableBufferPointer { entries in
      var i = entries.count &- 1
      while i > 0 {
        let above = (i &- 1) >> 2
        if unsafe entries[above].distance <= distance { break }
        unsafe entries[i] = unsafe entries[above]
        i = above
      }
      unsafe entries[i] = (distance, vertex)
    }
  }

  @inline(__always)
  mutating func pop() -> (distance: Double, vertex: VertexIndex)? {
    guard let last = entries.popLast() else { return nil }
    if entries.isEmpty { return last }
    return unsafe entries.withUnsafeMutableBufferPointer { entries in
      let least = unsafe entries[0]
      var i = 0
      while true {
        let first = i &* 4 &+ 1
        if first >= entries.count { break }
        var smallest = first
        var child = first &+ 1
        while child < min(first &+ 4, entries.count) {
          if unsafe entries[child].distance < entries[smallest].distance { smallest = child }
          child &+= 1
        }
        if unsafe entries[smallest].distance >= last.distance { break }
        unsafe entries[i] = unsafe entries[smallest]
        i = smallest
      }
      unsafe entries[i] = last
      return least
    }
  }
}
