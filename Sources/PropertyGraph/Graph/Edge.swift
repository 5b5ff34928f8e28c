/// An edge with its attribute, between vertices given by their numbers inside the graph (see ``Graph/id(of:)``).
public struct Edge<Attribute> {
  public var source: VertexIndex
  public var target: VertexIndex
  public var attribute: Attribute

  @inlinable
  public init(source: VertexIndex, target: VertexIndex, attribute: Attribute) {
    (self.source, self.target, self.attribute) = (source, target, attribute)
  }

  /// The end that is not `vertex`; of a loop, the vertex itself.
  @inlinable
  public func other(than vertex: VertexIndex) -> VertexIndex { source == vertex ? target : source }

  /// How the edge is seen from one of its ends: `.out` from its source, `.in` from its target.
  @inlinable
  public func direction(from vertex: VertexIndex) -> EdgeDirection {
    precondition(vertex == source || vertex == target, "vertex \(vertex) is not an end of \(source) -> \(target)")
    return vertex == source ? .out : .in
  }
}

extension Edge: Sendable where Attribute: Sendable {}
extension Edge: Equatable where Attribute: Equatable {}
extension Edge: Hashable where Attribute: Hashable {}
