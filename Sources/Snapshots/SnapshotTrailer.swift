/// The last 40 bytes of a snapshot file: where the section table is, and the checksums.
///
/// Guarantees: found from the end of the file, so a truncation or anything appended shows here first.
/// The layout is in SnapshotFormat.md.
struct SnapshotTrailer {
  static let byteCount = 40
  static let magic: [UInt8] = [0x89, 0x54, 0x57, 0x45, 0x4e, 0x44, 0x1a, 0x0a]

  var tableOffset: Int
  var tableByteCount: Int
  var tableChecksum: UInt64
  var fileChecksum: UInt64

  /// Appends all but the file checksum, which covers these bytes too.
  static func encode(
    tableOffset: Int, tableByteCount: Int, tableChecksum: UInt64, into writer: SnapshotByteWriter
  ) {
    unsafe magic.withUnsafeBytes { unsafe writer.rawBytes($0) }
    writer.integer(UInt64(tableOffset))
    writer.integer(UInt64(tableByteCount))
    writer.integer(tableChecksum)
  }

  /// Decodes the last bytes of a file of `fileByteCount` bytes.
  init(_ bytes: UnsafeRawBufferPointer, fileByteCount: Int, path: String) throws(SnapshotError) {
    let origin = fileByteCount - Self.byteCount
    var reader = unsafe SnapshotByteReader(bytes, name: path, origin: origin)
    guard try unsafe reader.rawBytes(8).elementsEqual(Self.magic) else {
      throw .malformed(
        "the file does not end with the trailer: it was cut short, appended to or overwritten", path: path,
        offset: origin)
    }
    let offset = try reader.integer(UInt64.self)
    let count = try reader.integer(UInt64.self)
    tableChecksum = try reader.integer()
    fileChecksum = try reader.integer()
    guard offset >= UInt64(SnapshotHeader.byteCount), offset <= UInt64(origin), count == UInt64(origin) - offset else {
      throw .malformed(
        "the section table (\(count) bytes at \(offset)) does not lie between the header and the trailer", path: path,
        offset: origin + 8)
    }
    tableOffset = Int(offset)
    tableByteCount = Int(count)
  }
}
