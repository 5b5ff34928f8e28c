import Foundation

/// What a replay of a graph was like: figures, their course over the batches, the strongest vertices at the end.
public struct GraphReport: Sendable, Codable, Equatable {
  public struct Rank: Sendable, Codable, Equatable {
    public var id: String
    /// Of ranks that sum to 1.
    public var rank: Double

    public init(id: String, rank: Double) { (self.id, self.rank) = (id, rank) }
  }
  /// The state after a batch, and what came and went since the point before.
  public struct Point: Sendable, Codable, Equatable {
    public var batch: Int
    public var timeMilliseconds: Int64
    public var edges: Int
    public var vertices: Int
    public var components: Int
    public var largestComponent: Int
    public var inserted: Int
    public var removed: Int
    public var expired: Int
    public var bound: Double
    public var updateMilliseconds: Double?
    public var top: [Rank]

    public init(
      batch: Int, timeMilliseconds: Int64, edges: Int, vertices: Int, components: Int, largestComponent: Int,
      inserted: Int, removed: Int, expired: Int, bound: Double, updateMilliseconds: Double?, top: [Rank]
    ) {
      (self.batch, self.timeMilliseconds, self.edges, self.vertices) = (batch, timeMilliseconds, edges, vertices)
      (self.components, self.largestComponent) = (components, largestComponent)
      (self.inserted, self.removed, self.expired, self.bound) = (inserted, removed, expired, bound)
      (self.updateMilliseconds, self.top) = (updateMilliseconds, top)
    }
  }
  public struct Vertex: Sendable, Codable, Equatable {
    public var id: String
    public var rank: Double
    public var edgesOut: Int
    public var edgesIn: Int

    public init(id: String, rank: Double, edgesOut: Int, edgesIn: Int) {
      (self.id, self.rank, self.edgesOut, self.edgesIn) = (id, rank, edgesOut, edgesIn)
    }
  }
  /// Edges between two of ``GraphReport/vertices``, given by their places there.
  public struct Link: Sendable, Codable, Equatable {
    public var source: Int
    public var target: Int
    public var count: Int

    public init(source: Int, target: Int, count: Int) {
      (self.source, self.target, self.count) = (source, target, count)
    }
  }

  public var inputs: [String] = []
  public var points: [Point] = []
  public var batchesPerPoint = 1
  public var batches = 0
  public var inserted = 0
  public var removed = 0
  /// Removals of edges that were not there.
  public var unmatched = 0
  public var expired = 0
  public var denseBatches = 0
  public var boundMax = 0.0
  public var trueErrorMax: Double?
  /// Malformed lines by reason.
  public var malformed: [String: Int] = [:]
  public var updateSeconds: Double?
  public var windowMilliseconds: Int64?
  public var batchChangeCount: Int?
  public var batchMilliseconds: Int64?
  public var tolerance = 0.0
  public var damping = 0.0
  public var isUndirected = false
  public var isWeighted = false
  public var vertices: [Vertex] = []
  public var links: [Link] = []

  public init() {}

  /// The report as JSON: indented, keys in alphabetical order.
  public func json() -> String { text([.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]) + "\n" }

  func compactJSON() -> String { text([.sortedKeys, .withoutEscapingSlashes]) }

  private func text(_ formatting: JSONEncoder.OutputFormatting) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    // infinite bounds, of graphs without vertices, have no number in JSON
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
