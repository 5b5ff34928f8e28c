/// Which attributes a function of edges reads; the others are not loaded, and reading them stops the program.
///
/// Without ``edge``, messages along incoming edges need no map from their slots to edge numbers: 4 bytes less to read
/// per edge, and nothing to build.
public struct TripletFields: OptionSet, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The attribute of the source.
  public static let source = TripletFields(rawValue: 1)
  /// The attribute of the target.
  public static let target = TripletFields(rawValue: 2)
  /// The attribute of the edge.
  public static let edge = TripletFields(rawValue: 4)

  /// Nothing but the numbers of the vertices.
  public static let none: TripletFields = []
  public static let all: TripletFields = [.source, .target, .edge]
}
