/// A checkpoint read back whole: metadata and sections, from one full file and the deltas on it.
///
/// Guarantees: every byte was verified; the section bytes live as long as this object, begin at multiples of 64 and
/// have 64 readable bytes after them (zero). Safe to read from any thread.
/// Cost: the raw bytes of all sections, once.
public final class RecoveredCheckpoint: Sendable {
  public let info: CheckpointInfo
  public var id: UInt64 { info.id }
  /// The bytes given to ``CheckpointStore/write(metadata:sections:)``.
  public let metadata: [UInt8]
  /// In the order they were written.
  public let sectionNames: [String]
  /// One sentence for each newer checkpoint that could not be used: which file, and why.
  public let warnings: [String]
  private let memory: SectionMemory
  private let ranges: [String: Range<Int>]

  init(
    info: CheckpointInfo, metadata: [UInt8], sectionNames: [String], ranges: [String: Range<Int>],
    memory: SectionMemory, warnings: [String]
  ) {
    self.info = info
    self.metadata = metadata
    self.sectionNames = sectionNames
    self.ranges = ranges
    self.memory = memory
    self.warnings = warnings
  }

  /// The bytes of a section, valid as long as this object; nil if there is no such section.
  public func section(_ name: String) -> UnsafeRawBufferPointer? {
    guard let range = ranges[name] else { return nil }
    return UnsafeRawBufferPointer(rebasing: memory.bytes[range])
  }

  /// A reader over a section, whose messages name it; nil if there is no such section.
  public func reader(_ name: String) -> SnapshotByteReader? {
    section(name).map { SnapshotByteReader($0, name: "checkpoint \(id), section '\(name)'") }
  }
}
