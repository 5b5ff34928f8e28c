/// Stands for the absence of a vertex: the label of what is not in the graph.
public let noVertex = VertexIndex.max

/// A vertex whose component has another label than at the last batch.
public struct VertexLabelChange: Equatable, Sendable, BitwiseCopyable {
  /// The vertex.
  public var vertex: VertexIndex
  /// The lowest vertex of its component now; ``noVertex`` when the vertex is gone.
  public var label: VertexIndex

  public init(vertex: VertexIndex, label: VertexIndex) {
    self.vertex = vertex
    self.label = label
  }
}

/// Vertices that went together from one component to another in the course of a batch.
///
/// Components are named by their lowest vertex, before and after. A component that changed in any way is the sum of
/// such records: those with its name in `after` add up to `sizeAfter`, those with its name in `before` to `sizeBefore`.
public struct ComponentDelta: Equatable, Sendable, BitwiseCopyable {
  /// The component they were in at the last batch; ``noVertex`` for vertices that are new.
  public var before: VertexIndex
  /// The component they are in now; ``noVertex`` for vertices that are gone.
  public var after: VertexIndex
  /// How many vertices made this move.
  public var vertexCount: Int
  /// Size of `before` at the last batch, 0 if there was none.
  public var sizeBefore: Int
  /// Size of `after` now, 0 if there is none.
  public var sizeAfter: Int

  /// The vertices are new.
  public var isCreated: Bool { before == noVertex }
  /// The vertices are gone.
  public var isVanished: Bool { after == noVertex }
  /// They are only a part of the component they are in now: others came to the same one.
  public var isMerged: Bool { after != noVertex && vertexCount < sizeAfter }
  /// They are only a part of the component they were in: others went elsewhere.
  public var isSplit: Bool { before != noVertex && vertexCount < sizeBefore }
}

/// What a batch changed in the components, against the state at the batch before.
public struct ComponentDeltas: Equatable, Sendable {
  /// The moves between components, by `after`, then `before`.
  public var components: [ComponentDelta] = []
  /// Every vertex whose label differs from that of the last batch, once, in the order of the vertices.
  public var vertices: [VertexLabelChange] = []

  public init() {}
  /// Nothing changed.
  public var isEmpty: Bool { components.isEmpty && vertices.isEmpty }
}
