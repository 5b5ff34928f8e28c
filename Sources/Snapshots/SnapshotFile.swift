/// One snapshot file opened for reading: header, section table and access to the blocks it stores.
///
/// Guarantees: an instance exists only if header, table and trailer are sound and fit each other, and (with
/// ``Verification/checksum``) the checksum over the whole file matches. Anything else is a ``SnapshotError``.
/// Cost: memory in proportion to the table; with `checksum` one pass over the file.
public final class SnapshotFile: Sendable {
  /// How much is verified on opening.
  public enum Verification: Sendable {
    /// Header, trailer and table with their checksums: enough to list, not to trust the blocks.
    case structure
    /// All bytes of the file.
    case checksum
    /// Structure without any checksum, so that a fuzzer reaches the code behind them.
    case none
  }

  let source: SnapshotSource
  let header: SnapshotHeader
  let table: SnapshotTable
  let limits: SnapshotLimits
  /// XXH64 of all bytes before it, as stored in the last eight bytes.
  public let checksum: UInt64

  /// The file's path, or the name given to a run of bytes.
  public var path: String { source.path }
  public var byteCount: Int { source.byteCount }
  public var kind: CheckpointKind { header.kind }
  public var id: UInt64 { header.id }
  /// The checkpoint this delta builds on; nil for a full one.
  public var baseID: UInt64? { header.kind == .full ? nil : header.baseID }
  public var chainLength: Int { Int(header.chainLength) }
  public var blockByteCount: Int { Int(header.blockByteCount) }
  /// The sections, in the order they were written; without the metadata.
  public var sections: [SnapshotSection] { table.sections }
  /// Raw bytes of all sections, stored here or in a base.
  public var rawByteCount: Int { table.rawByteCount }
  /// Raw bytes of the blocks stored in this file, without the metadata.
  public var storedRawByteCount: Int { table.sections.reduce(0) { $0 + $1.storedRawByteCount } }

  /// Opens a file on disk.
  public convenience init(
    path: String, limits: SnapshotLimits = SnapshotLimits(), verification: Verification = .checksum
  ) throws(SnapshotError) {
    try self.init(source: try SnapshotSource(path: path), limits: limits, verification: verification)
  }

  /// Opens bytes in memory, which must outlive the instance.
  public convenience init(
    bytes: UnsafeRawBufferPointer, name: String = "memory", limits: SnapshotLimits = SnapshotLimits(),
    verification: Verification = .checksum
  ) throws(SnapshotError) {
    unsafe try self.init(
      source: SnapshotSource(memory: bytes, name: name), limits: limits, verification: verification)
  }

  init(source: SnapshotSource, limits: SnapshotLimits, verification: Verification) throws(SnapshotError) {
    let path = source.path
    let size = source.byteCount
    guard size >= SnapshotHeader.byteCount else {
      throw .malformed("\(size) bytes are too few for a snapshot: it was cut short", path: path, offset: size)
    }
    let verifies = verification != .none
    let header = try unsafe Self.reading(source, 0, SnapshotHeader.byteCount) { (bytes) throws(SnapshotError) in
      try unsafe SnapshotHeader(bytes, path: path, verifyingChecksum: verifies)
    }
    guard size >= SnapshotHeader.byteCount + SnapshotTrailer.byteCount else {
      throw .malformed("\(size) bytes are too few for a snapshot: it was cut short", path: path, offset: size)
    }
    let end = size - SnapshotTrailer.byteCount
    let trailer = try unsafe Self.reading(source, end, SnapshotTrailer.byteCount) { (bytes) throws(SnapshotError) in
      try unsafe SnapshotTrailer(bytes, fileByteCount: size, path: path)
    }
    if verification == .checksum {
      guard try source.checksum(ofFirst: size - 8) == trailer.fileChecksum else {
        throw .malformed("the checksum over the whole file does not match", path: path, offset: size - 8)
      }
    }
    guard trailer.tableByteCount <= limits.tableByteCountMax else {
      throw SnapshotError(
        .limitExceeded,
        "a section table of \(trailer.tableByteCount) bytes, and \(limits.tableByteCountMax) are allowed",
        path: path, offset: end + 16, advice: "raise the limit if the file is trusted, else restore it from a copy")
    }
    table = try unsafe Self.reading(source, trailer.tableOffset, trailer.tableByteCount) {
      (bytes) throws(SnapshotError) in
      guard unsafe !verifies || XXHash64.hash(bytes) == trailer.tableChecksum else {
        throw .malformed("the section table's checksum does not match", path: path, offset: trailer.tableOffset)
      }
      return try unsafe SnapshotTable(bytes, origin: trailer.tableOffset, header: header, path: path, limits: limits)
    }
    self.source = source
    self.header = header
    self.limits = limits
    checksum = trailer.fileChecksum
  }

  private static func reading<T>(
    _ source: SnapshotSource, _ offset: Int, _ count: Int, _ body: (UnsafeRawBufferPointer) throws(SnapshotError) -> T
  ) throws(SnapshotError) -> T {
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 64)
    defer { unsafe scratch.deallocate() }
    return try unsafe body(try source.read(offset, count, scratch: scratch))
  }

  /// The caller's metadata, which every file holds whole.
  public func metadata() throws(SnapshotError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: table.metadata.rawByteCount)
    var failure: SnapshotError?
    unsafe bytes.withUnsafeMutableBytes { memory in
      do throws(SnapshotError) {
        try unsafe ParallelDecoder(jobs: jobs(for: table.metadata, at: 0), memory: memory).run(threads: 1)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Decodes every block stored in this file, metadata included, and so verifies each content checksum.
  ///
  /// `threads` 0 means one a processor.
  public func verifyBlocks(threads: Int = 0) throws(SnapshotError) {
    var all = jobs(for: table.metadata, at: 0)
    for section in sections { all += jobs(for: section, at: 0) }
    try unsafe ParallelDecoder(jobs: all, memory: nil).run(threads: threads)
  }

  /// The decoding of all blocks of a section stored here, when the section begins at `start` in memory.
  private func jobs(for section: SnapshotSection, at start: Int) -> [ParallelDecoder.Job] {
    section.frames.map {
      ParallelDecoder.Job(
        source: source, frame: $0, destination: start + $0.blockIndex * blockByteCount, sectionName: section.name)
    }
  }
}
