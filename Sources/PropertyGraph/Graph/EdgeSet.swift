import Dispatch

/// The edges of a graph with an attribute each (GraphX's `EdgeRDD`).
///
/// Edges come in the order source, target, and repeated ones as they were given; reversing the set turns the edges
/// round but keeps their order.
///
/// ```swift
/// let graph = Graph.fromEdges([("a", "b", 3), ("b", "c", 4)], defaultVertexAttribute: 0)
/// graph.edges.filter { $0.attribute > 3 }.count            // 1
/// graph.edges.mapValues { $0.attribute * 2 }.map(\.attribute)  // [6, 8]
/// ```
///
/// Guarantees: a value type whose copies share their storage.
/// Cost: mapping and reversing copy no edge; filtering two passes over the edges.
public struct EdgeSet<Attribute: Sendable>: Sendable {
  @usableFromInline let names: VertexNames
  @usableFromInline let topology: Topology
  @usableFromInline let column: AttributeColumn<Attribute>
  let partitioning: EdgePartitioning?

  @usableFromInline
  init(names: VertexNames, topology: Topology, column: AttributeColumn<Attribute>) {
    self.init(names: names, topology: topology, column: column, partitioning: nil)
  }

  init(
    names: VertexNames, topology: Topology, column: AttributeColumn<Attribute>, partitioning: EdgePartitioning?
  ) {
    (self.names, self.topology, self.column, self.partitioning) = (names, topology, column, partitioning)
  }

  /// The number of edges.
  public var count: Int { topology.edgeCount }

  /// The names of the vertices.
  public var dictionary: VertexDictionary { names.dictionary }

  /// The name of a vertex given by its number.
  public func id(of vertex: VertexIndex) -> VertexID { names.dictionary.id(of: vertex) }

  /// The edges with the names of their ends.
  public var named: some Sequence<(source: VertexID, target: VertexID, attribute: Attribute)> {
    lazy.map { (source: id(of: $0.source), target: id(of: $0.target), attribute: $0.attribute) }
  }

  /// All edges turned round. Copies nothing.
  public func reverse() -> EdgeSet {
    EdgeSet(names: names, topology: topology.reversed, column: column, partitioning: partitioning)
  }

  /// The same edges with other attributes, partitioned alike.
  @usableFromInline
  func with<Other>(_ column: AttributeColumn<Other>) -> EdgeSet<Other> {
    EdgeSet<Other>(names: names, topology: topology, column: column, partitioning: partitioning)
  }

  @usableFromInline
  func with<Other>(_ column: AttributeColumn<Other>, _ selection: EdgeSelection) -> EdgeSet<Other> {
    EdgeSet<Other>(
      names: names, topology: selection.topology, column: column,
      partitioning: partitioning?.selecting(selection.positions))
  }
}

extension EdgeSet: Sequence {
  public var underestimatedCount: Int { count }

  @inlinable
  public func makeIterator() -> Iterator { Iterator(self) }

  /// Walks the edges in their order.
  public struct Iterator: IteratorProtocol {
    @usableFromInline let set: EdgeSet
    @usableFromInline let scan: AdjacencyScan
    @usableFromInline var vertex = 0
    @usableFromInline var slot = 0

    @inlinable
    init(_ set: EdgeSet) {
      self.set = set
      scan = set.topology.scanInOrder()
    }

    @inlinable
    public mutating func next() -> Edge<Attribute>? {
      if slot == scan.edgeCount { return nil }
      while unsafe Int(scan.offsets[vertex &+ 1]) == slot { vertex &+= 1 }
      let (own, other) = unsafe (VertexIndex(truncatingIfNeeded: vertex), scan.neighbours[slot])
      defer { slot &+= 1 }
      return unsafe Edge(
        source: scan.isByTarget ? other : own, target: scan.isByTarget ? own : other, attribute: set.column.base[slot])
    }
  }
}

extension EdgeSet {
  /// The same edges with other attributes.
  ///
  /// - Parameter transform: called on several threads.
  @inlinable
  public func mapValues<Other: Sendable>(_ transform: @Sendable (Edge<Attribute>) -> Other) -> EdgeSet<Other> {
    let builder = ColumnBuilder<Other>(count: count)
    let scan = topology.scanInOrder()
    let (base, out) = unsafe (column.base, builder.base)
    FixedRanges(count: count).run { _, range in
      scan.forEachEdge(in: range) { source, target, number in
        unsafe (out + number).initialize(to: transform(Edge(source: source, target: target, attribute: base[number])))
      }
    }
    withExtendedLifetime(self) {}
    return with(builder.finish())
  }

  /// The edges for which the predicate holds, between the same vertices.
  @inlinable
  public func filter(_ isIncluded: @Sendable (Edge<Attribute>) -> Bool) -> EdgeSet {
    let kept = BitmapBuilder(count: count)
    let scan = topology.scanInOrder()
    let base = unsafe column.base
    FixedRanges(count: count).run { _, range in
      scan.forEachEdge(in: range) { source, target, number in
        if unsafe isIncluded(Edge(source: source, target: target, attribute: base[number])) { kept.set(number) }
      }
    }
    withExtendedLifetime(self) {}
    return selecting(kept.finish())
  }

  @inlinable
  func selecting(_ kept: VertexBitmap) -> EdgeSet {
    if kept.isFull { return self }
    let selection = EdgeSelection(topology, keeping: kept)
    return with(ColumnBuilder.gather(column, at: selection.positions), selection)
  }

  /// The edges that the other set has too, between vertices of the same names, with an attribute made from both. Of
  /// repeated edges in the other set the first one counts.
  ///
  /// - Parameter join: is given the ends in the numbering of this set, and the attributes of both edges.
  @inlinable
  public func innerJoin<Other, Joined: Sendable>(
    _ other: EdgeSet<Other>, _ join: @Sendable (VertexIndex, VertexIndex, Attribute, Other) -> Joined
  ) -> EdgeSet<Joined> {
    let matches = EdgeSelection.matches(of: topology, names, in: other.topology, other.names)
    let selection = EdgeSelection(topology, keeping: EdgeSelection.matched(matches))
    let builder = ColumnBuilder<Joined>(count: selection.positions.count)
    let scan = selection.topology.scanInOrder()
    let (mine, others, out) = unsafe (column.base, other.column.base, builder.base)
    FixedRanges(count: builder.count).run { _, range in
      scan.forEachEdge(in: range) { source, target, number in
        let position = Int(selection.positions[number])
        unsafe (out + number).initialize(to: join(source, target, mine[position], others[Int(matches[position])]))
      }
    }
    withExtendedLifetime((self, other, selection)) {}
    return with(builder.finish(), selection)
  }
}

extension EdgeSet {
  /// The number of partitions; 1 unless ``Graph/partitionBy(_:partitionCount:)`` has made others.
  public var partitionCount: Int { partitioning?.partitionCount ?? 1 }

  /// The partition of every edge, in the order of the edges.
  public var partitions: [Int] {
    partitioning.map { $0.partitions.map(Int.init) } ?? Array(repeating: 0, count: count)
  }

  /// Calls `body` with each partition's number and edges, on several threads, and returns the results in the order of
  /// the partitions.
  public func mapPartitions<Result: Sendable>(
    _ body: @Sendable (_ partition: Int, _ edges: [Edge<Attribute>]) -> Result
  ) -> [Result] {
    guard let partitioning else { return [body(0, Array(self))] }
    let edges = Array(self)
    let (offsets, numbers) = partitioning.edgesByPartition()
    return unsafe [Result](unsafeUninitializedCapacity: partitionCount) { results, count in
      nonisolated(unsafe) let results = unsafe results
      withoutActuallyEscaping(body) { body in
        DispatchQueue.concurrentPerform(iterations: partitionCount) { partition in
          let slots = Int(offsets[partition])..<Int(offsets[partition + 1])
          unsafe results.initializeElement(at: partition, to: body(partition, slots.map { edges[Int(numbers[$0])] }))
        }
      }
      count = partitionCount
    }
  }
}
