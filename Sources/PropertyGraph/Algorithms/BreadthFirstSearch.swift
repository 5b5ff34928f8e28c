/// Hop counts along edge directions from one vertex.
///
/// Guarantees: exact; the same on any number of threads. A vertex that cannot be reached has the distance
/// ``unreachable``.
/// Cost: on graphs of small diameter a few reads a vertex, far below one scan of the edges; else one scan. 4 bytes a
/// vertex and its edges, and two bits.
/// Method: direction-optimising (Beamer, Asanović, Patterson 2012): small frontiers push along outgoing edges, large
/// ones are pulled by the unvisited vertices along incoming edges, which stop at the first hit.
public enum BreadthFirstSearch {
  /// The distance of vertices that no path leads to.
  public static let unreachable = UInt32.max
  /// Pull when the frontier's edges exceed the edges not yet looked at divided by this (Beamer's α) …
  private static let pullDivisor = 15
  /// … and push again when the frontier holds fewer than the vertices divided by this (β).
  private static let pushDivisor = 18

  /// How many edges the shortest path from `source` to each vertex has.
  public static func distances(_ topology: Topology, from source: VertexIndex) -> [UInt32] {
    precondition(Int(source) < topology.vertexCount, "there is no vertex \(source)")
    return unsafe [UInt32](unsafeUninitializedCapacity: topology.vertexCount) { distances, initializedCount in
      initializedCount = topology.vertexCount
      guard let base = distances.baseAddress else { return }
      unsafe base.update(repeating: unreachable, count: topology.vertexCount)
      unsafe search(topology, from: source, base)
    }
  }

  /// A vertex before each one on a shortest path from `source`: the least index of those; the source is its own, and
  /// vertices that no path leads to have none.
  public static func parents(_ topology: Topology, from source: VertexIndex) -> [VertexIndex?] {
    let distances = distances(topology, from: source)
    return topology.incoming.withPointers { incoming in
      unsafe distances.withUnsafeBufferPointer { distances in
        nonisolated(unsafe) let distances = unsafe distances
        return unsafe [VertexIndex?](unsafeUninitializedCapacity: distances.count) { parents, initializedCount in
          nonisolated(unsafe) let parents = unsafe parents
          VertexRanges(incoming).run { _, range in
            for v in range {
              var parent: VertexIndex?
              if v == source {
                parent = source
              } else if unsafe distances[v] != unreachable {
                for slot in incoming.slots(of: v)
                where unsafe distances[Int(incoming.neighbours[slot])] == distances[v] - 1 {
                  parent = unsafe incoming.neighbours[slot]
                  break
                }
              }
              unsafe (parents.baseAddress.unsafelyUnwrapped + v).initialize(to: parent)
            }
          }
          initializedCount = unsafe distances.count
        }
      }
    }
  }

  private static func search(
    _ topology: Topology, from source: VertexIndex, _ distances: UnsafeMutablePointer<UInt32>
  ) {
    let outgoing = topology.outgoing
    let vertexCount = topology.vertexCount
    var queue = [source]
    var next: [VertexIndex] = []
    var edgesLeft = topology.edgeCount
    var frontierEdges = outgoing.degree(of: source)
    var depth: UInt32 = 0
    unsafe distances[Int(source)] = 0
    while !queue.isEmpty {
      if frontierEdges > edgesLeft / pullDivisor, vertexCount > 64 {
        depth = unsafe pull(topology, distances, from: depth, frontierCount: queue.count)
        queue = (0..<VertexIndex(vertexCount)).filter { unsafe distances[Int($0)] == depth }
        edgesLeft = 0
        frontierEdges = 0
        for v in 0..<vertexCount {
          if unsafe distances[v] == unreachable { edgesLeft += outgoing.degree(of: VertexIndex(v)) }
        }
        for v in queue { frontierEdges += outgoing.degree(of: v) }
        if edgesLeft == 0 && queue.isEmpty { return }
      }
      outgoing.withPointers { out in
        next.removeAll(keepingCapacity: true)
        edgesLeft -= min(edgesLeft, frontierEdges)
        frontierEdges = 0
        depth += 1
        for vertex in queue {
          for slot in out.slots(of: Int(vertex)) {
            let neighbour = unsafe out.neighbours[slot]
            if unsafe distances[Int(neighbour)] == unreachable {
              unsafe distances[Int(neighbour)] = depth
              frontierEdges += out.degree(of: Int(neighbour))
              next.append(neighbour)
            }
          }
        }
      }
      swap(&queue, &next)
    }
  }

  /// Lets unvisited vertices look for a neighbour in the frontier, level by level, until that is small and shrinking;
  /// returns the depth of the last level.
  private static func pull(
    _ topology: Topology, _ distances: UnsafeMutablePointer<UInt32>, from first: UInt32, frontierCount: Int
  ) -> UInt32 {
    let vertexCount = topology.vertexCount
    nonisolated(unsafe) let distances = unsafe distances
    return topology.incoming.withPointers { incoming in
      // whole words belong to one range: no two threads write one
      let wordCount = (vertexCount + 63) / 64
      var frontier = FreshBuffer<UInt64>(count: wordCount)
      var reached = FreshBuffer<UInt64>(count: wordCount)
      for v in 0..<vertexCount where unsafe distances[v] == first {
        unsafe frontier.base[v >> 6] |= 1 << UInt64(v & 63)
      }
      var depth = first
      var count = frontierCount
      while true {
        let (bits, into, level) = (frontier, reached, depth + 1)
        let found = FreshBuffer<Int>(count: 64)
        ParallelRanges.run(count: wordCount) { number, words in
          var newCount = 0
          for word in words {
            var mask: UInt64 = 0
            for v in word << 6..<min(word << 6 + 64, vertexCount) where unsafe distances[v] == unreachable {
              for slot in incoming.slots(of: v) {
                let neighbour = unsafe incoming.neighbours[slot]
                if unsafe bits.base[Int(neighbour >> 6)] >> UInt64(neighbour & 63) & 1 == 1 {
                  mask |= 1 << UInt64(v & 63)
                  break
                }
              }
            }
            unsafe into.base[word] = mask
            newCount += mask.nonzeroBitCount
            while mask != 0 {
              unsafe distances[word << 6 + mask.trailingZeroBitCount] = level
              mask &= mask - 1
            }
          }
          unsafe found.base[number] = newCount
        }
        let newCount = (0..<64).reduce(0) { unsafe $0 + found.base[$1] }
        if newCount == 0 { return depth + 1 }
        depth += 1
        swap(&frontier, &reached)
        if newCount < count, newCount < vertexCount / pushDivisor { return depth }
        count = newCount
      }
    }
  }
}
