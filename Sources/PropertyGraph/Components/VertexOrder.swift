/// Which of two vertices has the lower external id: a component is labelled by its lowest vertex.
///
/// Guarantees: the label is a function of the component's vertices alone.
/// Cost: asked once for every vertex whose label may change, at the end of a batch, never while edges change.
public enum VertexOrder: Sendable {
  /// By the dense number of the vertex, that is by first appearance.
  case index
  /// By whatever the closure says, for instance by comparing external ids: true when the first is lower.
  /// It must be a strict total order that does not change while components are kept.
  case by(@Sendable (VertexIndex, VertexIndex) -> Bool)

  /// Whether `a` is lower than `b`.
  @inlinable
  public func isLower(_ a: VertexIndex, _ b: VertexIndex) -> Bool {
    switch self {
    case .index: a < b
    case .by(let precedes): precedes(a, b)
    }
  }
}
