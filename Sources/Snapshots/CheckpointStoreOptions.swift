import CZstd

/// How a ``CheckpointStore`` keeps its checkpoints.
public struct CheckpointStoreOptions: Sendable {
  /// Good checkpoints kept. From 2 on, the newest checkpoint that shares no file with the newest is kept besides, so
  /// that damage to any one file leaves a good checkpoint.
  public var keep = 3
  /// Deltas on a full checkpoint before the next full one; 0 writes full ones only.
  public var chainLengthMax = 8
  /// zstd level, -7 (fastest) to 19. Open sessions take 7% more room at -1 than at 1, in less time.
  public var compressionLevel = -1
  /// Bytes of a block: the unit of change, of compression and of parallel recovery; 512 to 16 Mi.
  public var blockByteCount = 256 << 10
  /// Threads that decompress on recovery; 0 means one a processor.
  public var restoreThreads = 0
  /// Sizes beyond which a file is refused.
  public var limits = SnapshotLimits()
  package var fileSystem: any SnapshotFileSystem = MachineFileSystem()

  public init(keep: Int = 3, chainLengthMax: Int = 8, compressionLevel: Int = -1, blockByteCount: Int = 256 << 10) {
    self.keep = keep
    self.chainLengthMax = chainLengthMax
    self.compressionLevel = compressionLevel
    self.blockByteCount = blockByteCount
  }

  func validate() throws(SnapshotError) {
    func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(SnapshotError) {
      if !range.contains(value) {
        throw .invalidArgument(
          "the checkpoint option \(name) is \(value)",
          advice: "give it a value from \(range.lowerBound) to \(range.upperBound)")
      }
    }
    try check("keep", keep, 1...1_000_000)
    try check("chainLengthMax", chainLengthMax, 0...Int(SnapshotHeader.chainLengthMax))
    try check("compressionLevel", compressionLevel, -7...Int(min(ZSTD_maxCLevel(), 19)))
    try check("blockByteCount", blockByteCount, SnapshotHeader.blockByteCounts)
    try check("restoreThreads", restoreThreads, 0...4096)
  }
}
