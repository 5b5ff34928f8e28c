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

  /// The bytes of a section; nil if there is no such section.
  ///
  /// Valid as long as this object, which a pointer does not keep alive: use ``withSection(_:_:)`` or
  /// ``reader(_:)``, or `withExtendedLifetime`.
  public func section(_ name: String) -> UnsafeRawBufferPointer? {
    guard let range = ranges[name] else { return nil }
    return unsafe UnsafeRawBufferPointer(rebasing: memory.bytes[range])
  }

  /// Hands the bytes of a section (nil if there is none) to `body` and keeps them alive meanwhile.
  public func withSection<Result, Failure>(
    _ name: String, _ body: (UnsafeRawBufferPointer?) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try unsafe body(section(name))
  }

  /// A reader over a section, which keeps this object alive and names the section in messages; nil if there is none.
  public func reader(_ name: String) -> SnapshotByteReader? {
    unsafe section(name).map {
      unsafe SnapshotByteReader($0, name: "checkpoint \(id), section '\(name)'", origin: 0, owner: self)
    }
  }
}
