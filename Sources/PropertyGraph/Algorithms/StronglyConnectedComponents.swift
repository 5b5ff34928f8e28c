/// Strongly connected components: which vertices reach each other along edge directions.
///
/// Guarantees: a vertex's label is the least index in its component; the same on any number of threads.
/// Cost: two breadth-first searches for the component of a vertex of many edges (mostly the giant one), then one
/// depth-first search over what is left, on one core; 17 bytes a vertex. The incoming edges are built if they are not
/// there.
/// Method: forward and backward reach (Fleischer, Hendrickson, Pınar 2000), then Tarjan 1972 with a stack of its own in
/// place of recursion.
public enum StronglyConnectedComponents {
  private static let unlabelled = VertexIndex.max
  /// Below this many vertices the searches do not pay.
  private static let searchVerticesMin = 1 << 12

  /// The least index of each vertex's component.
  public static func labels(_ topology: Topology) -> [VertexIndex] {
    var labels = [VertexIndex](repeating: unlabelled, count: topology.vertexCount)
    if topology.vertexCount >= searchVerticesMin { labelGiant(topology, &labels) }
    topology.outgoing.withPointers { out in
      unsafe labels.withUnsafeMutableBufferPointer { labels in
        guard let base = labels.baseAddress else { return }
        var search = unsafe TarjanSearch(out, base)
        for v in 0..<out.vertexCount where unsafe base[v] == unlabelled && !search.isVisited(v) { search.run(from: v) }
      }
    }
    return labels
  }

  private static func labelGiant(_ topology: Topology, _ labels: inout [VertexIndex]) {
    let (outgoing, incoming) = (topology.outgoing, topology.incoming)
    var pivot: VertexIndex = 0
    var most = 0
    for v in 0..<VertexIndex(topology.vertexCount) {
      let product = outgoing.degree(of: v) * incoming.degree(of: v)
      if product > most { (pivot, most) = (v, product) }
    }
    if most == 0 { return }
    let forward = BreadthFirstSearch.distances(topology, from: pivot)
    let backward = BreadthFirstSearch.distances(topology.reversed, from: pivot)
    let none = BreadthFirstSearch.unreachable
    guard let least = forward.indices.first(where: { forward[$0] != none && backward[$0] != none }) else { return }
    for v in least..<labels.count where forward[v] != none && backward[v] != none { labels[v] = VertexIndex(least) }
  }

  /// A depth-first search that labels a component when it leaves the component's first vertex.
  @safe private struct TarjanSearch {
    let out: AdjacencyPointers
    let labels: UnsafeMutablePointer<VertexIndex>
    /// When each vertex was met, from 1 on, lowered to the earliest open vertex that it reaches.
    let lows: FreshBuffer<UInt32>
    /// The next slot to follow.
    let cursors: FreshBuffer<UInt32>
    /// The path from the start, and the vertices met whose component is not complete.
    var path: [VertexIndex] = []
    var open: [VertexIndex] = []
    var metCount: UInt32 = 0

    init(_ out: AdjacencyPointers, _ labels: UnsafeMutablePointer<VertexIndex>) {
      unsafe (self.out, self.labels) = unsafe (out, labels)
      lows = FreshBuffer(count: out.vertexCount)
      cursors = FreshBuffer(count: out.vertexCount)
    }

    func isVisited(_ vertex: Int) -> Bool { unsafe lows.base[vertex] != 0 }

    @inline(__always)
    private mutating func meet(_ vertex: Int) {
      metCount += 1
      unsafe lows.base[vertex] = metCount
      unsafe cursors.base[vertex] = unsafe out.offsets[vertex]
      path.append(VertexIndex(vertex))
      open.append(VertexIndex(vertex))
    }

    mutating func run(from start: Int) {
      let (lows, cursors) = unsafe (lows.base, cursors.base)
      // whether a vertex is the first of its component: its time was not lowered; kept per place on the path
      var isFirst: [Bool] = [true]
      meet(start)
      while let top = path.last {
        let vertex = Int(top)
        var descended = false
        while unsafe cursors[vertex] < out.offsets[vertex + 1] {
          let neighbour = unsafe Int(out.neighbours[Int(cursors[vertex])])
          unsafe cursors[vertex] += 1
          if unsafe labels[neighbour] != unlabelled { continue }
          if unsafe lows[neighbour] == 0 {
            meet(neighbour)
            isFirst.append(true)
            descended = true
            break
          }
          if unsafe lows[neighbour] < lows[vertex] {
            unsafe lows[vertex] = unsafe lows[neighbour]
            isFirst[isFirst.count - 1] = false
          }
        }
        if descended { continue }
        path.removeLast()
        if isFirst.removeLast() {
          close(vertex)
        } else if let above = path.last, unsafe lows[vertex] < lows[Int(above)] {
          unsafe lows[Int(above)] = unsafe lows[vertex]
          isFirst[isFirst.count - 1] = false
        }
      }
    }

    /// Labels the component whose first vertex this is: all that was met since and is open.
    private mutating func close(_ first: Int) {
      var begin = open.count - 1
      var least = open[begin]
      while Int(open[begin]) != first {
        begin -= 1
        least = min(least, open[begin])
      }
      for vertex in open[begin...] { unsafe labels[Int(vertex)] = least }
      open.removeSubrange(begin...)
    }
  }
}
