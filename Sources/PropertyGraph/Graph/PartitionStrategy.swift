/// Assigns edges to partitions by the names of their ends: GraphX's strategies, to the number.
///
/// Names that are no integers take part with a hash of their bytes. Where GraphX takes the absolute value of a number
/// that has none in its width, and fails, the magnitude is taken here.
public enum PartitionStrategy: Sendable {
  /// By a hash of source and target: all edges from one vertex to another are in one partition.
  ///
  /// The hash is that of a pair in Scala 2.13, which Spark 4 runs on: MurmurHash3 (A. Appleby) over the class name and
  /// both numbers.
  case randomVertexCut
  /// Like ``randomVertexCut``, with the lower name first: edges both ways between two vertices are in one partition.
  case canonicalRandomVertexCut
  /// By the source: all edges from a vertex are in one partition.
  case edgePartition1D
  /// By a square grid of sources and targets: a vertex has edges in at most 2 √n partitions.
  case edgePartition2D
  /// By a function of source, target and the number of partitions; its result must be below that.
  case custom(@Sendable (_ source: Int64, _ target: Int64, _ partitionCount: Int) -> Int)

  /// The partition of an edge, from 0 on.
  ///
  /// - Parameter partitionCount: how many there are, from 1 to 2³¹ − 1.
  public func partition(source: Int64, target: Int64, partitionCount: Int) -> Int {
    precondition(
      partitionCount >= 1 && partitionCount <= Int(Int32.max),
      "\(partitionCount) partitions; 1 to \(Int32.max) are possible")
    switch self {
    case .randomVertexCut:
      return Int(ScalaHash.pair(source, target).magnitude) % partitionCount
    case .canonicalRandomVertexCut:
      return Int(ScalaHash.pair(min(source, target), max(source, target)).magnitude) % partitionCount
    case .edgePartition1D:
      return PartitionStrategy.mixed(source, partitionCount)
    case .edgePartition2D:
      return PartitionStrategy.grid(source, target, partitionCount)
    case .custom(let function):
      let partition = function(source, target, partitionCount)
      precondition(
        partition >= 0 && partition < partitionCount,
        "the edge \(source) -> \(target) is assigned to partition \(partition) of \(partitionCount)")
      return partition
    }
  }

  /// A name spread by a large prime, modulo a number of partitions.
  private static func mixed(_ name: Int64, _ modulus: Int) -> Int {
    Int((name &* 1_125_899_906_842_597).magnitude % UInt64(modulus))
  }

  private static func grid(_ source: Int64, _ target: Int64, _ count: Int) -> Int {
    let side = Int(Double(count).squareRoot().rounded(.up))
    if count == side * side { return (mixed(source, side) * side + mixed(target, side)) % count }
    let rows = (count + side - 1) / side
    let rowsOfLastColumn = count - rows * (side - 1)
    let column = mixed(source, count) / rows
    return column * rows + mixed(target, column < side - 1 ? rows : rowsOfLastColumn)
  }
}

/// `hashCode` of a pair of 64-bit integers in Scala 2.13.
enum ScalaHash {
  static func pair(_ first: Int64, _ second: Int64) -> Int32 {
    // the hash of the name "Tuple2" as Java computes it: a polynomial in 31
    let name = "Tuple2".utf8.reduce(UInt32(0)) { $0 &* 31 &+ UInt32($1) }
    var hash: UInt32 = 0xcafe_babe
    for part in [name, code(first), code(second)] { hash = mix(hash, part) }
    hash ^= 2
    hash = (hash ^ hash >> 16) &* 0x85eb_ca6b
    hash = (hash ^ hash >> 13) &* 0xc2b2_ae35
    return Int32(bitPattern: hash ^ hash >> 16)
  }

  /// Numbers of 32 bits are their own hash, of others both halves are combined.
  private static func code(_ number: Int64) -> UInt32 {
    if let small = Int32(exactly: number) { return UInt32(bitPattern: small) }
    return UInt32(truncatingIfNeeded: number ^ Int64(truncatingIfNeeded: UInt64(bitPattern: number) >> 32))
  }

  private static func mix(_ hash: UInt32, _ part: UInt32) -> UInt32 {
    let k = rotate(part &* 0xcc9e_2d51, 15) &* 0x1b87_3593
    return rotate(hash ^ k, 13) &* 5 &+ 0xe654_6b64
  }

  private static func rotate(_ bits: UInt32, _ by: UInt32) -> UInt32 { bits << by | bits >> (32 - by) }
}
