import Synchronization

/// Weakly connected components: which vertices are joined by edges, whichever way these point.
///
/// Guarantees: a vertex's label is the least index in its component; the same on any number of threads.
/// Cost: one scan of the outgoing edges and a few reads an edge at most, some 3 ns of a core an edge; 4 bytes a vertex.
/// The incoming edges are not needed.
/// Method: Afforest (Sutton, Ben-Nun, Barak 2018): trees are hooked under lower roots by compare and exchange
/// (Shiloach, Vishkin 1982), with the first two edges of each vertex, then the trees are flattened, and of the other
/// edges only those between different trees are hooked.
public enum ConnectedComponents {
  /// How many edges of each vertex are hooked before the trees are flattened.
  private static let sampledEdges = 2

  /// The least index of each vertex's component.
  public static func labels(_ topology: Topology) -> [VertexIndex] {
    let vertexCount = topology.vertexCount
    return unsafe [VertexIndex](unsafeUninitializedCapacity: vertexCount) { labels, initializedCount in
      initializedCount = vertexCount
      guard let base = labels.baseAddress else { return }
      for v in 0..<vertexCount { unsafe base[v] = VertexIndex(truncatingIfNeeded: v) }
      let forest = unsafe HookedForest(base, count: vertexCount)
      topology.outgoing.withPointers { out in
        let ranges = VertexRanges(out)
        ranges.run { _, range in
          for v in range {
            for slot in out.slots(of: v).prefix(sampledEdges) {
              unsafe forest.join(VertexIndex(truncatingIfNeeded: v), out.neighbours[slot])
            }
          }
        }
        ranges.run { _, range in for v in range { forest.flatten(v) } }
        ranges.run { _, range in
          for v in range {
            let label = forest.parent(VertexIndex(truncatingIfNeeded: v))
            for slot in out.slots(of: v).dropFirst(sampledEdges) {
              let neighbour = unsafe out.neighbours[slot]
              if forest.parent(neighbour) != label { forest.join(VertexIndex(truncatingIfNeeded: v), neighbour) }
            }
          }
        }
        ranges.run { _, range in for v in range { forest.flatten(v) } }
      }
    }
  }

  /// How many components there are: the vertices that are their own label.
  public static func count(_ labels: [VertexIndex]) -> Int {
    labels.enumerated().reduce(0) { $0 + (Int($1.element) == $1.offset ? 1 : 0) }
  }
}

/// Trees of vertices that several threads hook together: a parent never has a higher index than its child, so the root
/// of a tree is its least vertex, whatever the order of the hooks.
@safe private struct HookedForest: @unchecked Sendable {
  private let parents: UnsafeMutablePointer<Atomic<VertexIndex>>

  init(_ parents: UnsafeMutablePointer<VertexIndex>, count: Int) {
    // an atomic has the layout of its value
    unsafe self.parents = unsafe UnsafeMutableRawPointer(parents).assumingMemoryBound(to: Atomic<VertexIndex>.self)
  }

  @inline(__always)
  func parent(_ vertex: VertexIndex) -> VertexIndex { unsafe parents[Int(vertex)].load(ordering: .relaxed) }

  @inline(__always)
  func join(_ a: VertexIndex, _ b: VertexIndex) {
    var (one, other) = (parent(a), parent(b))
    while one != other {
      let (low, high) = one < other ? (one, other) : (other, one)
      let above = parent(high)
      if above == low { return }
      if above == high {
        let (exchanged, _) = unsafe parents[Int(high)].compareExchange(expected: high, desired: low, ordering: .relaxed)
        if exchanged { return }
      }
      (one, other) = (parent(parent(high)), parent(low))
    }
  }

  @inline(__always)
  func flatten(_ vertex: Int) {
    let own = VertexIndex(truncatingIfNeeded: vertex)
    var root = parent(own)
    while true {
      let above = parent(root)
      if above == root { break }
      root = above
    }
    unsafe parents[vertex].store(root, ordering: .relaxed)
  }
}
