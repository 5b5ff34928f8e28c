/// An edge together with the attributes of both its ends.
public struct EdgeTriplet<VertexAttribute, EdgeAttribute> {
  public var source: VertexIndex
  public var target: VertexIndex
  public var sourceAttribute: VertexAttribute
  public var targetAttribute: VertexAttribute
  public var attribute: EdgeAttribute

  @inlinable
  public init(
    source: VertexIndex, target: VertexIndex, sourceAttribute: VertexAttribute, targetAttribute: VertexAttribute,
    attribute: EdgeAttribute
  ) {
    (self.source, self.target, self.attribute) = (source, target, attribute)
    (self.sourceAttribute, self.targetAttribute) = (sourceAttribute, targetAttribute)
  }

  /// The edge without the attributes of its ends.
  @inlinable
  public var edge: Edge<EdgeAttribute> { Edge(source: source, target: target, attribute: attribute) }

  /// The end that is not `vertex`; of a loop, the vertex itself.
  @inlinable
  public func other(than vertex: VertexIndex) -> VertexIndex { edge.other(than: vertex) }

  /// The attribute of the end that is not `vertex`.
  @inlinable
  public func otherAttribute(than vertex: VertexIndex) -> VertexAttribute {
    source == vertex ? targetAttribute : sourceAttribute
  }
}

extension EdgeTriplet: Sendable where VertexAttribute: Sendable, EdgeAttribute: Sendable {}
extension EdgeTriplet: Equatable where VertexAttribute: Equatable, EdgeAttribute: Equatable {}
