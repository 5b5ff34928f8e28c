/// The edges of a graph with the attributes of both ends, in the order of the edges; each is made when it is asked for.
///
/// Cost: nothing is copied; it holds the graph.
public struct TripletSequence<VertexAttribute: Sendable, EdgeAttribute: Sendable>: Sequence, Sendable {
  @usableFromInline let graph: Graph<VertexAttribute, EdgeAttribute>

  @inlinable
  init(_ graph: Graph<VertexAttribute, EdgeAttribute>) { self.graph = graph }

  public var count: Int { graph.numEdges }
  public var isEmpty: Bool { count == 0 }
  public var underestimatedCount: Int { count }

  @inlinable
  public func makeIterator() -> Iterator { Iterator(graph) }

  public struct Iterator: IteratorProtocol {
    @usableFromInline let graph: Graph<VertexAttribute, EdgeAttribute>
    @usableFromInline var edges: EdgeSet<EdgeAttribute>.Iterator

    @inlinable
    init(_ graph: Graph<VertexAttribute, EdgeAttribute>) {
      self.graph = graph
      edges = graph.edges.makeIterator()
    }

    @inlinable
    public mutating func next() -> EdgeTriplet<VertexAttribute, EdgeAttribute>? {
      guard let edge = edges.next() else { return nil }
      return unsafe EdgeTriplet(
        source: edge.source, target: edge.target, sourceAttribute: graph.vertexColumn.base[Int(edge.source)],
        targetAttribute: graph.vertexColumn.base[Int(edge.target)], attribute: edge.attribute)
    }
  }
}
