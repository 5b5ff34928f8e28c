/// The topology of a graph for algorithms that take every vertex for a member: without those left out of the graph.
///
/// Guarantees: vertices keep their order, so that the least of a component stays the least.
/// Cost: nothing if no vertex was left out; else a pass over the edges.
struct PackedTopology {
  let topology: Topology
  private let members: VertexBitmap
  /// The number in the graph of each vertex here; nil when they are the same.
  private let originals: [VertexIndex]?

  /// - Parameter weights: one for each edge, by edge number.
  init(_ graph: Topology, _ members: VertexBitmap, weights: AttributeColumn<Double>? = nil) {
    let weights = weights.map { unsafe SharedBuffer(UnsafeBufferPointer(start: $0.base, count: graph.edgeCount)) }
    self.members = members
    if members.isFull {
      if let weights { topology = graph.weighted(by: weights) } else { topology = graph }
      originals = nil
    } else {
      let kept = PackedTopology.numbers(members)
      topology = PackedTopology.pack(graph, kept, weights)
      originals = kept
    }
  }

  // not in the initialiser, where the optimiser of Swift 6.3.1 fails on the loop
  private static func numbers(_ members: VertexBitmap) -> [VertexIndex] {
    var numbers: [VertexIndex] = []
    numbers.reserveCapacity(members.memberCount)
    unsafe VertexBitmap.forEach(members.pointer, in: 0..<members.count) { numbers.append(VertexIndex($0)) }
    return numbers
  }

  /// The edges between the numbers that the members have among themselves.
  private static func pack(
    _ graph: Topology, _ originals: [VertexIndex], _ weights: SharedBuffer<Double>?
  ) -> Topology {
    var packed = [VertexIndex](repeating: VertexNames.none, count: graph.vertexCount)
    for (vertex, original) in originals.enumerated() { packed[Int(original)] = VertexIndex(vertex) }
    let scan = graph.scanInOrder()
    var list = EdgeList(weighted: weights != nil)
    list.reserveCapacity(scan.edgeCount)
    scan.forEachEdge(in: 0..<scan.edgeCount) { source, target, number in
      list.append(packed[Int(source)], packed[Int(target)], weight: weights?[number] ?? 1)
    }
    withExtendedLifetime(graph) {}
    return Topology(list, vertexCount: originals.count)
  }

  /// The number in the graph of a vertex here.
  func original(_ vertex: VertexIndex) -> VertexIndex { originals?[Int(vertex)] ?? vertex }

  /// The number here of a vertex of the graph, if it was not left out: by bisection.
  func packed(_ vertex: VertexIndex) -> VertexIndex? {
    guard let originals else { return vertex }
    var (low, high) = (0, originals.count)
    while low < high {
      let middle = (low + high) / 2
      if originals[middle] < vertex { low = middle + 1 } else { high = middle }
    }
    return low < originals.count && originals[low] == vertex ? VertexIndex(low) : nil
  }

  /// Results of the vertices here as attributes of the graph's.
  func column<Attribute: Sendable>(_ results: [Attribute]) -> AttributeColumn<Attribute> {
    guard let originals else { return ColumnBuilder.column(results) }
    let builder = ColumnBuilder<Attribute>(count: members.count)
    for (vertex, result) in zip(originals, results) { unsafe (builder.base + Int(vertex)).initialize(to: result) }
    return builder.finish(members: members)
  }
}
