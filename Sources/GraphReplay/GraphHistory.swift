import Foundation
import PropertyGraph

/// What a replay was like so far: sums over all batches and, for the report, points over time.
///
/// Guarantees: a function of the batches alone. At most 1,024 points are kept: when they are full every second one
/// goes, and from then on twice as many batches make a point; a point is its last batch, but for counts, which are sums.
/// Cost: nothing to speak of; 200 bytes a point and 40 for each of its highest ranks.
struct GraphHistory: Codable, Equatable {
  struct Rank: Codable, Equatable {
    var id: String
    var rank: Double
  }
  struct Point: Codable, Equatable {
    var number = 0
    var timeMilliseconds: Int64 = 0
    var edges = 0
    var vertices = 0
    var components = 0
    var largest = 0
    var inserted = 0
    var removed = 0
    var expired = 0
    var bound = 0.0
    var updateNanoseconds: Int64 = 0
    var top: [Rank] = []
  }
  static let pointsMax = 1024

  let keepsPoints: Bool
  private(set) var points: [Point] = []
  /// Batches in a point, and in the last one so far.
  private(set) var stride = 1
  private(set) var lastCount = 0
  private(set) var batches = 0
  private(set) var inserted = 0
  private(set) var removed = 0
  private(set) var unmatched = 0
  private(set) var expired = 0
  private(set) var denseBatches = 0
  private(set) var touchedEdges = 0
  private(set) var updateNanoseconds: Int64 = 0
  private(set) var boundMax = 0.0
  private(set) var trueErrorMax: Double?
  /// Of the last batch.
  private(set) var last = Point()

  init(keepsPoints: Bool) { self.keepsPoints = keepsPoints }

  mutating func add(_ delta: GraphDelta) {
    batches += 1
    inserted += delta.insertedCount
    removed += delta.removedCount
    unmatched += delta.unmatchedCount
    expired += delta.expiredCount
    if delta.method == .dense { denseBatches += 1 }
    touchedEdges += delta.touchedEdgeCount
    updateNanoseconds += delta.updateNanoseconds
    boundMax = max(boundMax, delta.errorBound)
    if let verification = delta.verification { trueErrorMax = max(trueErrorMax ?? 0, verification.trueError) }
    last = Point(
      number: delta.number, timeMilliseconds: delta.timeMilliseconds, edges: delta.edgeCount,
      vertices: delta.vertexCount, components: delta.componentCount, largest: delta.largestComponentVertexCount,
      inserted: delta.insertedCount, removed: delta.removedCount, expired: delta.expiredCount,
      bound: delta.errorBound, updateNanoseconds: delta.updateNanoseconds,
      top: delta.top.map { Rank(id: $0.id.description, rank: $0.rank) })
    if keepsPoints { addPoint(last) }
  }

  private mutating func addPoint(_ point: Point) {
    if lastCount == stride || points.isEmpty {
      if points.count == GraphHistory.pointsMax { halve() }
      if lastCount == stride || points.isEmpty {
        points.append(point)
        lastCount = 1
        return
      }
    }
    points[points.count - 1] = GraphHistory.merged(points[points.count - 1], point)
    lastCount += 1
  }

  private mutating func halve() {
    var halves: [Point] = []
    for i in Swift.stride(from: 0, to: points.count, by: 2) {
      halves.append(GraphHistory.merged(points[i], points[i + 1]))
    }
    points = halves
    stride *= 2
    lastCount = stride
  }

  private static func merged(_ a: Point, _ b: Point) -> Point {
    var point = b
    point.inserted += a.inserted
    point.removed += a.removed
    point.expired += a.expired
    point.updateNanoseconds += a.updateNanoseconds
    point.bound = max(a.bound, b.bound)
    return point
  }

  // MARK: state

  func encoded() -> [UInt8] { (try? JSONEncoder().encode(self)).map { Array($0) } ?? [] }
  init(decoding bytes: [UInt8]) throws { self = try JSONDecoder().decode(GraphHistory.self, from: Data(bytes)) }
}
