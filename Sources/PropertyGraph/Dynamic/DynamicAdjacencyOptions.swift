/// What a dynamic adjacency keeps beside its edges, and how far it may grow.
public struct DynamicAdjacencyOptions: Sendable, Equatable {
  /// Edges carry a weight (a positive 32-bit float); without, every edge weighs 1 and takes 8 bytes less.
  public var weighted: Bool
  /// Edges carry a time and can be expired by it; some 30 bytes an edge.
  public var expiring: Bool
  /// The most vertices the graph may ever hold at once. Address space only: untouched room costs nothing.
  public var vertexCountMax: Int
  /// The most slots (edges plus unused room, about 1.25 an edge) a direction may ever take. Address space only.
  public var slotCountMax: Int
  /// Expected sizes: arrays expected to be large use large pages from the start.
  public var expectedVertexCount: Int
  public var expectedEdgeCount: Int

  public init(
    weighted: Bool = false, expiring: Bool = false, vertexCountMax: Int = 1 << 26, slotCountMax: Int = 1 << 31,
    expectedVertexCount: Int = 0, expectedEdgeCount: Int = 0
  ) {
    precondition(vertexCountMax < UInt32.max && slotCountMax <= UInt32.max, "indices have 32 bits")
    self.weighted = weighted
    self.expiring = expiring
    self.vertexCountMax = vertexCountMax
    self.slotCountMax = slotCountMax
    self.expectedVertexCount = expectedVertexCount
    self.expectedEdgeCount = expectedEdgeCount
  }
}
