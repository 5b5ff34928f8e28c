/// What all keepers of connected components have in common.
///
/// Guarantees: after every change the components are those of the graph's present edges, and everything that can be
/// observed is a function of the sequence of changes alone. Edges have no direction; parallel edges and self-loops are
/// allowed. Not safe for use from two threads at once.
public protocol ComponentKeeper: AnyObject {
  /// Vertices that are in the graph, whether they have edges or not.
  var vertexCount: Int { get }
  /// Components, a vertex without edges being one.
  var componentCount: Int { get }
  /// Whether the vertex is in the graph.
  func contains(_ vertex: VertexIndex) -> Bool
  /// Adds a vertex without edges; false when it was there already.
  @discardableResult func insertVertex(_ vertex: VertexIndex) -> Bool
  /// A vertex that stands for the component of `vertex`: equal for two vertices if and only if they are connected.
  /// It may be another one after any change. ``noVertex`` when the vertex is not in the graph.
  func find(_ vertex: VertexIndex) -> VertexIndex
  /// How many vertices the component of `vertex` has; 0 when the vertex is not in the graph.
  func componentSize(of vertex: VertexIndex) -> Int
  /// The label (lowest vertex of its component) of each vertex, from scratch in time linear in the vertices;
  /// ``noVertex`` where there is no such vertex. The array is as long as the highest vertex ever inserted asks for.
  func labels() -> [VertexIndex]
  /// What has changed since this was called last (or since the beginning), in time proportional to the change.
  /// Empty at all times for a keeper made with `tracksLabels: false`.
  func takeDeltas() -> ComponentDeltas
  /// Hands out the state as named sections of bytes, valid during each call.
  func writeSections(_ write: (_ name: String, _ bytes: UnsafeRawBufferPointer) throws -> Void) rethrows
  /// Stops the process with a message when an invariant does not hold; linear in the state, for tests.
  func checkInvariants()
}

extension ComponentKeeper {
  /// Whether a path leads from one vertex to the other.
  @inlinable
  public func isConnected(_ a: VertexIndex, _ b: VertexIndex) -> Bool {
    let root = find(a)
    return root != noVertex && root == find(b)
  }
}

/// Why a keeper of components could not be restored.
public enum ComponentStateError: Error, CustomStringConvertible, Equatable {
  /// A section that has to be there is not.
  case missingSection(String)
  /// A section's length or content does not fit the others.
  case damagedSection(String)
  /// The state was written by another kind of keeper or another version.
  case unknownVersion(UInt64)

  public var description: String {
    switch self {
    case .missingSection(let name):
      "the state of components lacks its section '\(name)': restore from an older checkpoint"
    case .damagedSection(let name):
      "the state of components is damaged in section '\(name)': restore from an older checkpoint"
    case .unknownVersion(let version):
      "the state of components has the unknown version \(version): it was written by another keeper or release"
    }
  }
}
