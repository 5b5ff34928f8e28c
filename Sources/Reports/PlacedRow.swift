/// A closed session where it lies: the row, and the arena that its texts' spans point into.
@safe public struct PlacedRow: BitwiseCopyable {
  public var row: UnsafePointer<SessionRow>
  public var bytes: UnsafePointer<UInt8>

  @inlinable
  public init(_ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>) {
    unsafe self.row = row
    unsafe self.bytes = bytes
  }
}
