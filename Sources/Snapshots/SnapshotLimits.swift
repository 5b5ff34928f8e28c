/// The sizes beyond which a snapshot file is refused instead of read.
///
/// Guarantees: no declared length is believed before it has been compared with these and with what the compressed
/// frames themselves say; memory for sections is asked for only when frames for all of it are present.
public struct SnapshotLimits: Sendable, Equatable {
  /// Raw bytes of all sections of one checkpoint.
  public var rawByteCountMax: Int
  /// Bytes of the caller's metadata.
  public var metadataByteCountMax: Int
  /// Sections of one checkpoint.
  public var sectionCountMax: Int
  /// Bytes of one section table.
  public var tableByteCountMax: Int

  public init(
    rawByteCountMax: Int = 1 << 36, metadataByteCountMax: Int = 1 << 24, sectionCountMax: Int = 1 << 20,
    tableByteCountMax: Int = 1 << 28
  ) {
    self.rawByteCountMax = rawByteCountMax
    self.metadataByteCountMax = metadataByteCountMax
    self.sectionCountMax = sectionCountMax
    self.tableByteCountMax = tableByteCountMax
  }
}
