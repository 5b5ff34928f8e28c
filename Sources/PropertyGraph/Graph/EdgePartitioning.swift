/// The partition of every edge of a graph: what ``Graph/partitionBy(_:partitionCount:)`` fixes.
///
/// On one machine nothing is moved: edges stay where they are, and their partitions are units of work that can be run
/// in parallel or written out one by one.
///
/// Guarantees: an edge keeps its partition when the graph is reversed, mapped or cut down.
/// Cost: 4 bytes an edge.
struct EdgePartitioning: Sendable {
  let partitionCount: Int
  /// The partition of each edge, by edge number.
  let partitions: SharedBuffer<UInt32>

  init(_ strategy: PartitionStrategy, partitionCount: Int, topology: Topology, names: VertexNames) {
    let keys = FreshBuffer<Int64>(count: topology.vertexCount)
    FixedRanges(count: keys.count).run { _, range in
      for vertex in range { unsafe keys.base[vertex] = names.partitionKey(of: VertexIndex(vertex)) }
    }
    let partitions = FreshBuffer<UInt32>(count: topology.edgeCount)
    let scan = topology.scanInOrder()
    FixedRanges(count: partitions.count).run { _, range in
      scan.forEachEdge(in: range) { source, target, number in
        unsafe partitions.base[number] = unsafe UInt32(
          strategy.partition(
            source: keys.base[Int(source)], target: keys.base[Int(target)], partitionCount: partitionCount))
      }
    }
    withExtendedLifetime((topology, keys)) {}
    self.partitionCount = partitionCount
    self.partitions = partitions.frozen()
  }

  private init(_ partitionCount: Int, _ partitions: SharedBuffer<UInt32>) {
    (self.partitionCount, self.partitions) = (partitionCount, partitions)
  }

  /// The partitions of some of the edges, given by their numbers.
  func selecting(_ edges: SharedBuffer<UInt32>) -> EdgePartitioning {
    let selected = FreshBuffer<UInt32>(count: edges.count)
    for i in 0..<edges.count { unsafe selected.base[i] = partitions[Int(edges[i])] }
    return EdgePartitioning(partitionCount, selected.frozen())
  }

  /// The numbers of the edges by partition, ascending in each.
  func edgesByPartition() -> (offsets: SharedBuffer<UInt32>, edges: SharedBuffer<UInt32>) {
    let offsets = FreshBuffer<UInt32>(count: partitionCount + 1)
    let edges = FreshBuffer<UInt32>(count: partitions.count)
    for partition in partitions { unsafe offsets.base[Int(partition) + 1] += 1 }
    for partition in 0..<partitionCount { unsafe offsets.base[partition + 1] += offsets.base[partition] }
    let cursors = FreshBuffer<UInt32>(count: partitionCount)
    for number in 0..<partitions.count {
      let partition = Int(partitions[number])
      unsafe edges.base[Int(offsets.base[partition] + cursors.base[partition])] = UInt32(number)
      unsafe cursors.base[partition] += 1
    }
    return (offsets.frozen(), edges.frozen())
  }
}
