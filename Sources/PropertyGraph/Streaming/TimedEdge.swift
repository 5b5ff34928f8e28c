public import StreamCore

/// A change of a graph as an element of a stream: an edge that comes or goes at a time.
///
/// Its ends are 64-bit integers or texts; texts are spans of the bytes beside the element (see `PartitionBuffer`).
/// All edges have the same key, since they change one graph: `keyed(name:)` puts them into one partition, in the
/// merged order of their sources.
public struct TimedEdge: KeyedEvent, Sendable, Equatable {
  /// Event time, milliseconds since 1970 UTC.
  public var time: Int64
  /// The integer, or where the text begins.
  var source: Int64
  var target: Int64
  /// Bytes of the text; 0 for integers.
  var sourceByteCount: UInt32 = 0
  var targetByteCount: UInt32 = 0
  /// Positive and finite.
  public var weight: Float
  /// Takes away one edge of these ends instead of adding one.
  public var isRemoval: Bool

  /// An edge between vertices named by integers.
  public init(from source: Int64, to target: Int64, weight: Float = 1, time: Int64, isRemoval: Bool = false) {
    (self.source, self.target) = (source, target)
    self.weight = weight
    self.time = time
    self.isRemoval = isRemoval
  }

  public var eventTime: Int64 { time }
  public var keyHash: UInt64 { 0 }

  /// The name of the vertex that the edge leaves; `bytes` are those beside the element.
  public func source(in bytes: UnsafePointer<UInt8>) -> VertexID { unsafe TimedEdge.id(source, sourceByteCount, bytes) }
  /// The name of the vertex that the edge reaches.
  public func target(in bytes: UnsafePointer<UInt8>) -> VertexID { unsafe TimedEdge.id(target, targetByteCount, bytes) }

  private static func id(_ value: Int64, _ byteCount: UInt32, _ bytes: UnsafePointer<UInt8>) -> VertexID {
    if byteCount == 0 { return .integer(value) }
    return unsafe .text(
      String(decoding: UnsafeBufferPointer(start: bytes + Int(value), count: Int(byteCount)), as: UTF8.self))
  }
}
