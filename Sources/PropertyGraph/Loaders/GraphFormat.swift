/// How a file holds a graph.
public enum GraphFormat: String, CaseIterable, Sendable {
  /// A line per edge: `source target [weight] [time]`, separated by blanks, tabs, commas, semicolons or bars.
  case edges
  /// A line per vertex: `vertex neighbour neighbour …`, as LDBC Graphalytics writes it.
  case adjacency
  /// Matrix Market coordinates: an entry per edge, or per two edges of a symmetric matrix.
  case matrixMarket = "matrix-market"
  /// METIS: line i holds the neighbours of vertex i, each edge standing in two lines.
  case metis

  /// What a file of the format is called: "an edge list".
  public var description: String {
    switch self {
    case .edges: "an edge list"
    case .adjacency: "adjacency lists"
    case .matrixMarket: "a Matrix Market file"
    case .metis: "a METIS file"
    }
  }
}
