/// The dense number of a vertex inside a graph: 0 ..< the number of vertices, in order of first appearance.
///
/// 32 bits, because neighbours are what the memory of a graph is made of: 4 bytes each instead of 8 halve every scan.
public typealias VertexIndex = UInt32
