/// How many triangles of the undirected graph each vertex is in; loops, repeated edges and directions are ignored, as
/// in GraphX.
///
/// Guarantees, cost, method: those of ``Triangles``, and two merges over all edges to make the graph undirected.
public enum TriangleCount {
  public static func counts(_ topology: Topology) -> [UInt64] {
    Triangles(topology.undirected().outgoing) { _, _, _ in 1 }.counts()
  }

  /// How many triangles the graph has.
  public static func total(_ counts: [UInt64]) -> UInt64 { counts.reduce(0, +) / 3 }
}
