/// Degrees and neighbours. All of them follow from the offsets and rows of the topology; no message is sent.
extension Graph {
  /// The number of edges that arrive, of the vertices that have any.
  public var inDegrees: VertexSet<Int> { degrees { _, incoming in incoming } }

  /// The number of edges that leave, of the vertices that have any.
  public var outDegrees: VertexSet<Int> { degrees { outgoing, _ in outgoing } }

  /// The number of edges that arrive or leave, of the vertices that have any. A loop counts twice.
  public var degrees: VertexSet<Int> { degrees { outgoing, incoming in outgoing + incoming } }

  private func degrees(_ combine: (_ outgoing: Int, _ incoming: Int) -> Int) -> VertexSet<Int> {
    let box = MessageBox<Int>(vertexCount: names.count)
    // counting the targets of edges in order needs no second direction
    let scan = edgeTopology.scanInOrder()
    var arriving = [Int](repeating: 0, count: names.count)
    scan.forEachEdge(in: 0..<numEdges) { source, target, _ in arriving[Int(scan.isByTarget ? source : target)] &+= 1 }
    for vertex in 0..<names.count {
      let (own, other) = (scan.slots(of: vertex).count, arriving[vertex])
      let degree = scan.isByTarget ? combine(other, own) : combine(own, other)
      if degree > 0 { box.put(degree, at: vertex) }
    }
    withExtendedLifetime(self) {}
    return box.finish(names: names)
  }

  /// The other ends of every vertex's edges; an empty array for those without.
  ///
  /// - Parameter direction: `.in` for the sources of its edges, `.out` for the targets, `.either` for both one after
  ///   the other, `.both` for vertices with edges both ways, once each. Repeated edges repeat a neighbour but for
  ///   `.both`; ascending by number.
  public func collectNeighborIds(_ direction: EdgeDirection) -> VertexSet<[VertexIndex]> {
    let (outgoing, incoming) = scans(direction, edgeNumbers: false)
    defer { withExtendedLifetime(self) {} }
    return vertices.mapValues { vertex, _ in
      var found: [VertexIndex] = []
      Graph.forEachEdge(of: Int(vertex), direction, outgoing.scan, incoming.scan) { edge in
        let neighbour = edge.isIncoming ? edge.source : edge.target
        // both ways: every neighbour is told by an incoming edge first
        if direction != .both || (edge.isIncoming && found.last != neighbour) { found.append(neighbour) }
      }
      return found
    }
  }

  /// The other ends of every vertex's edges with their attributes; an empty array for those without. Directions as with
  /// ``collectNeighborIds(_:)``.
  public func collectNeighbors(
    _ direction: EdgeDirection
  ) -> VertexSet<[(vertex: VertexIndex, attribute: VertexAttribute)]> {
    let vertices = vertices
    defer { withExtendedLifetime(vertices) {} }
    nonisolated(unsafe) let base = unsafe vertices.column.base
    return collectNeighborIds(direction).mapValues { neighbours in
      neighbours.map { unsafe (vertex: $0, attribute: base[Int($0)]) }
    }
  }

  /// The edges of every vertex that has any.
  ///
  /// - Parameter direction: `.in` for those that arrive, `.out` for those that leave, `.either` for both one after the
  ///   other (a loop is listed twice), `.both` for those that have a counterpart the other way (a loop is its own).
  public func collectEdges(_ direction: EdgeDirection) -> VertexSet<[Edge<EdgeAttribute>]> {
    let (outgoing, incoming) = scans(direction, edgeNumbers: true)
    defer { withExtendedLifetime(self) {} }
    nonisolated(unsafe) let base = unsafe edgeColumn.base
    return vertices.mapValues { vertex, _ in
      var found: [Edge<EdgeAttribute>] = []
      Graph.forEachEdge(of: Int(vertex), direction, outgoing.scan, incoming.scan) { edge in
        unsafe found.append(Edge(source: edge.source, target: edge.target, attribute: base[edge.number]))
      }
      return found
    }.filter { _, edges in !edges.isEmpty }
  }

  private struct FoundEdge {
    var source: VertexIndex
    var target: VertexIndex
    var number: Int
    var isIncoming: Bool
  }

  /// Pointers that closures on several threads may hold.
  private struct SharedScan: @unchecked Sendable {
    let scan: AdjacencyScan?
  }

  private func scans(
    _ direction: EdgeDirection, edgeNumbers: Bool
  ) -> (outgoing: SharedScan, incoming: SharedScan) {
    (
      SharedScan(scan: direction == .in ? nil : edgeTopology.scanOutgoing(edgeNumbers: edgeNumbers)),
      SharedScan(scan: direction == .out ? nil : edgeTopology.scanIncoming(edgeNumbers: edgeNumbers))
    )
  }

  /// Tells the edges of a vertex, first those that arrive.
  private static func forEachEdge(
    of vertex: Int, _ direction: EdgeDirection, _ outgoing: AdjacencyScan?, _ incoming: AdjacencyScan?,
    _ tell: (FoundEdge) -> Void
  ) {
    let own = VertexIndex(vertex)
    for (rows, others) in [(incoming, outgoing), (outgoing, incoming)] {
      guard let rows else { continue }
      for slot in rows.slots(of: vertex) {
        let other = unsafe rows.neighbours[slot]
        if direction == .both, let others, !contains(others, vertex, other) { continue }
        tell(
          FoundEdge(
            source: rows.isByTarget ? other : own, target: rows.isByTarget ? own : other,
            number: rows.edgeNumber(slot), isIncoming: rows.isByTarget))
      }
    }
  }

  /// Whether a vertex has a neighbour in one direction: by bisection.
  private static func contains(_ scan: AdjacencyScan, _ vertex: Int, _ neighbour: VertexIndex) -> Bool {
    var (low, high) = (scan.slots(of: vertex).lowerBound, scan.slots(of: vertex).upperBound)
    let end = high
    while low < high {
      let middle = (low + high) / 2
      if unsafe scan.neighbours[middle] < neighbour { low = middle + 1 } else { high = middle }
    }
    return unsafe low < end && scan.neighbours[low] == neighbour
  }
}
