/// Communities by label propagation (Raghavan, Albert, Kumara 2007), made deterministic as LDBC Graphalytics defines it
/// (CDLP).
///
/// In each round every vertex takes the label that most of its neighbours had before the round, the least of those that
/// are equally frequent. Neighbours along edges in and out are counted separately, so one both ways counts twice; of an
/// undirected graph each counts once. Vertices without neighbours keep their label.
/// Guarantees: exact; the same on any number of threads. Cost: some 3 ns of a core an edge, direction and round; 8
/// bytes a vertex, and 4 more per thread. Ends early once a round changes nothing.
public enum LabelPropagation {
  /// The labels after some rounds; they begin as the vertices' indices, or as `initial`, whose order decides ties.
  public static func labels(_ topology: Topology, iterations: Int, initial: [UInt64]? = nil) -> [UInt64] {
    let vertexCount = topology.vertexCount
    let known = initial ?? (0..<UInt64(vertexCount)).map { $0 }
    precondition(known.count == vertexCount, "\(known.count) initial labels for \(vertexCount) vertices")
    precondition(iterations >= 0, "\(iterations) iterations")
    if vertexCount == 0 || iterations == 0 { return known }
    // labels as their places in the order of all labels: dense, so that votes are counted in an array
    let names = initial == nil ? known : distinct(known)
    var current = FreshBuffer<UInt32>(count: vertexCount)
    var next = FreshBuffer<UInt32>(count: vertexCount)
    for v in 0..<vertexCount { unsafe current.base[v] = initial == nil ? UInt32(v) : place(of: known[v], in: names) }
    let outgoing = topology.outgoing
    let incoming: CompressedAdjacency? = topology.isSymmetric ? nil : topology.incoming
    outgoing.withPointers { out in
      let into = incoming?.withPointers { $0 }
      let ranges = VertexRanges(out)
      for _ in 0..<iterations {
        let (labels, newLabels) = unsafe (UnsafePointer(current.base), next.base)
        let scratches = ParallelCounting.run(ranges) {
          (votes: FreshBuffer<UInt32>(count: names.count), changedCount: 0)
        } _: { scratch, range in
          let votes = unsafe scratch.votes.base
          var changedCount = 0
          for v in range {
            let label = unsafe mostFrequent(v, out, into, labels, votes) ?? labels[v]
            unsafe changedCount += label == labels[v] ? 0 : 1
            unsafe newLabels[v] = label
          }
          scratch.changedCount += changedCount
        }
        swap(&current, &next)
        if scratches.allSatisfy({ $0.changedCount == 0 }) { break }
      }
    }
    withExtendedLifetime(incoming) {}
    return (0..<vertexCount).map { unsafe names[Int(current.base[$0])] }
  }

  /// The least of the most frequent labels among the neighbours; `votes` is all zero before and after.
  @inline(__always)
  private static func mostFrequent(
    _ vertex: Int, _ out: AdjacencyPointers, _ into: AdjacencyPointers?, _ labels: UnsafePointer<UInt32>,
    _ votes: UnsafeMutablePointer<UInt32>
  ) -> UInt32? {
    var best: UInt32?
    var bestVotes: UInt32 = 0
    func count(_ adjacency: AdjacencyPointers) {
      for slot in adjacency.slots(of: vertex) {
        let label = unsafe labels[Int(adjacency.neighbours[slot])]
        let count = unsafe votes[Int(label)] &+ 1
        unsafe votes[Int(label)] = count
        if unsafe count > bestVotes || (count == bestVotes && label < best.unsafelyUnwrapped) {
          (best, bestVotes) = (label, count)
        }
      }
    }
    func clear(_ adjacency: AdjacencyPointers) {
      for slot in adjacency.slots(of: vertex) { unsafe votes[Int(labels[Int(adjacency.neighbours[slot])])] = 0 }
    }
    count(out)
    if let into { count(into) }
    clear(out)
    if let into { clear(into) }
    return best
  }

  private static func distinct(_ labels: [UInt64]) -> [UInt64] {
    var sorted = labels.sorted()
    var count = 0
    for label in sorted where count == 0 || sorted[count - 1] != label {
      sorted[count] = label
      count += 1
    }
    sorted.removeSubrange(count...)
    return sorted
  }

  private static func place(of label: UInt64, in sorted: [UInt64]) -> UInt32 {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < label { low = middle + 1 } else { high = middle }
    }
    return UInt32(low)
  }
}
