/// The section table of a snapshot file, from bytes to values.
///
/// Guarantees: a table that decodes describes frames that lie back to back from the header to the table, distinct
/// valid names, and sizes within the limits; memory asked for is at most proportional to the table's own bytes.
/// The layout is in SnapshotFormat.md.
struct SnapshotTable {
  /// The caller's metadata: the first entry, which has no name.
  let metadata: SnapshotSection
  let sections: [SnapshotSection]
  let rawByteCount: Int

  init(
    _ bytes: UnsafeRawBufferPointer, origin: Int, header: SnapshotHeader, path: String, limits: SnapshotLimits
  ) throws(SnapshotError) {
    var reader = unsafe SnapshotByteReader(bytes, name: path, origin: origin)
    let count = Int(try reader.integer(UInt32.self))
    // a section takes at least 14 bytes of table
    guard count >= 1, count <= limits.sectionCountMax, count <= bytes.count / 14 else {
      throw reader.malformed("a table of \(bytes.count) bytes cannot hold \(count) sections")
    }
    var parser = EntryParser(header: header, limits: limits)
    let metadata = try parser.section(&reader, isMetadata: true)
    var sections: [SnapshotSection] = []
    sections.reserveCapacity(count - 1)
    var names: Set<String> = []
    for _ in 1..<count {
      let section = try parser.section(&reader, isMetadata: false)
      guard names.insert(section.name).inserted else {
        throw reader.malformed("section '\(section.name)' is listed twice")
      }
      sections.append(section)
    }
    try reader.finish()
    guard parser.frameOffset == origin else {
      throw .malformed(
        "the frames end at byte \(parser.frameOffset) instead of where the table begins", path: path, offset: origin)
    }
    self.metadata = metadata
    self.sections = sections
    rawByteCount = parser.rawByteCount
  }

  /// Reads entries and keeps count of where the next frame begins.
  private struct EntryParser {
    let header: SnapshotHeader
    let limits: SnapshotLimits
    var frameOffset = SnapshotHeader.byteCount
    var rawByteCount = 0

    mutating func section(_ reader: inout SnapshotByteReader, isMetadata: Bool) throws(SnapshotError) -> SnapshotSection
    {
      let name = try self.name(&reader, isMetadata: isMetadata)
      let declared = try reader.integer(UInt64.self)
      let storedCount = Int(try reader.integer(UInt32.self))
      let max = isMetadata ? limits.metadataByteCountMax : limits.rawByteCountMax - rawByteCount
      guard declared <= UInt64(max) else {
        throw SnapshotError(
          .limitExceeded, "section '\(name)' claims \(declared) bytes, and \(max) are allowed", path: reader.name,
          offset: frameOffset, advice: "raise the limit if the file is trusted, else restore it from a copy")
      }
      let byteCount = Int(declared)
      if !isMetadata { rawByteCount += byteCount }
      let block = Int(header.blockByteCount)
      let blockCount = SnapshotSection.blockCount(byteCount, block)
      let whole = isMetadata || header.kind == .full
      guard whole ? storedCount == blockCount : storedCount <= blockCount, storedCount <= reader.remaining / 8 else {
        throw reader.malformed("section '\(name)' of \(blockCount) blocks cannot store \(storedCount)")
      }
      var frames: [SnapshotSection.Frame] = []
      frames.reserveCapacity(storedCount)
      for _ in 0..<storedCount {
        let index = Int(try reader.integer(UInt32.self))
        let stored = Int(try reader.integer(UInt32.self))
        let last = frames.last?.blockIndex ?? -1
        guard last < index, index < blockCount else {
          throw reader.malformed("section '\(name)' lists block \(index) of \(blockCount) out of order")
        }
        let raw = SnapshotSection.blockLength(index, of: byteCount, block)
        guard stored > 0, stored <= FrameEncoder.byteCountMax(of: raw) else {
          throw reader.malformed("section '\(name)' claims \(stored) compressed bytes for a block of \(raw)")
        }
        frames.append(
          SnapshotSection.Frame(blockIndex: index, offset: frameOffset, byteCount: stored, rawByteCount: raw))
        frameOffset += stored
      }
      return SnapshotSection(name: name, rawByteCount: byteCount, frames: frames)
    }

    private func name(_ reader: inout SnapshotByteReader, isMetadata: Bool) throws(SnapshotError) -> String {
      let count = Int(try reader.integer(UInt16.self))
      let utf8 = try unsafe reader.rawBytes(count)
      guard let name = unsafe String(validating: utf8, as: UTF8.self) else {
        throw reader.malformed("a section name is not valid UTF-8")
      }
      if isMetadata {
        if count != 0 { throw reader.malformed("the first section, the metadata, has a name") }
      } else if let objection = SnapshotSection.objection(toName: name) {
        throw reader.malformed("a section name is refused: \(objection)")
      }
      return name
    }
  }
}
