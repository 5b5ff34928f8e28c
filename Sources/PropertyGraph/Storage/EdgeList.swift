/// Directed edges as flat arrays, in the order they were read: what loaders and generators make and topologies are
/// built from.
///
/// Guarantees: all arrays that are there have one element per edge.
/// Cost: 8 bytes an edge, 8 more for weights and 8 more for times, where there are any. Weights are kept in the 64 bits
/// they are computed with: shortest paths and GraphX's attributes are compared with references to the last digits.
public struct EdgeList: Sendable, Equatable {
  /// The largest number of edges a topology can be built of: slots are numbered in 32 bits.
  public static let edgesMax = Int(UInt32.max) - 1

  public private(set) var sources: [VertexIndex]
  public private(set) var targets: [VertexIndex]
  /// A weight per edge, or nil when the edges have none (all count 1).
  public private(set) var weights: [Double]?
  /// When each edge came into being, in milliseconds since 1970, or nil when the edges have no times.
  public private(set) var times: [Int64]?

  /// Takes the arrays as they are. All that are given must have the same length.
  public init(sources: [VertexIndex], targets: [VertexIndex], weights: [Double]? = nil, times: [Int64]? = nil) {
    precondition(sources.count == targets.count, "\(sources.count) sources but \(targets.count) targets")
    precondition(weights.map { $0.count == sources.count } ?? true, "not one weight per edge")
    precondition(times.map { $0.count == sources.count } ?? true, "not one time per edge")
    (self.sources, self.targets, self.weights, self.times) = (sources, targets, weights, times)
  }

  /// No edges yet; `weighted` and `timed` say what every ``append(_:_:weight:time:)`` keeps.
  public init(weighted: Bool = false, timed: Bool = false) {
    self.init(sources: [], targets: [], weights: weighted ? [] : nil, times: timed ? [] : nil)
  }

  /// Edges given as pairs.
  public init(_ pairs: some Sequence<(VertexIndex, VertexIndex)>) {
    self.init()
    for (source, target) in pairs { append(source, target) }
  }

  public var count: Int { sources.count }

  /// Adds an edge. A list without weights or times drops the one given.
  public mutating func append(_ source: VertexIndex, _ target: VertexIndex, weight: Double = 1, time: Int64 = 0) {
    sources.append(source)
    targets.append(target)
    weights?.append(weight)
    times?.append(time)
  }

  /// Adds `count` edges from flat memory; weights and times are read if the list keeps them.
  mutating func append(
    count: Int, sources: UnsafePointer<VertexIndex>, targets: UnsafePointer<VertexIndex>,
    weights: UnsafePointer<Double>, times: UnsafePointer<Int64>
  ) {
    unsafe self.sources.append(contentsOf: UnsafeBufferPointer(start: sources, count: count))
    unsafe self.targets.append(contentsOf: UnsafeBufferPointer(start: targets, count: count))
    unsafe self.weights?.append(contentsOf: UnsafeBufferPointer(start: weights, count: count))
    unsafe self.times?.append(contentsOf: UnsafeBufferPointer(start: times, count: count))
  }

  public mutating func reserveCapacity(_ count: Int) {
    sources.reserveCapacity(count)
    targets.reserveCapacity(count)
    weights?.reserveCapacity(count)
    times?.reserveCapacity(count)
  }
}
