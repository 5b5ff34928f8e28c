/// Writes one snapshot file from front to back: header, frames, section table, trailer.
///
/// Guarantees: every byte goes through the checksum in the order it is written; ``finish()`` returns when the bytes are
/// on the medium; the file has the name it was given, which is not yet the final one.
/// Cost: one compression context and an output buffer of about 1 MiB, whatever the size of the state.
@safe final class SnapshotFileWriter {
  private static let flushByteCount = 1 << 20

  private let path: String
  private let fileSystem: any SnapshotFileSystem
  private let encoder: FrameEncoder
  private let blockByteCount: Int
  private let table = SnapshotByteWriter()
  private let output: UnsafeMutableRawBufferPointer
  private var outputCount = 0
  private var hash = XXHash64()
  private var byteCount = 0
  private var descriptor: Int32 = -1

  /// Creates the file and writes the header. `sectionCount` is without the metadata.
  init(
    path: String, header: SnapshotHeader, sectionCount: Int, level: Int, fileSystem: any SnapshotFileSystem
  ) throws(SnapshotError) {
    self.path = path
    self.fileSystem = fileSystem
    blockByteCount = Int(header.blockByteCount)
    encoder = try FrameEncoder(level: level)
    let largest = FrameEncoder.byteCountMax(of: blockByteCount)
    unsafe output = .allocate(byteCount: Self.flushByteCount + largest, alignment: 64)
    descriptor = try fileSystem.create(path)
    let start = SnapshotByteWriter(capacity: SnapshotHeader.byteCount)
    header.encode(into: start)
    table.integer(UInt32(sectionCount + 1))
    try unsafe append(start.bytes)
  }

  deinit {
    // an unfinished file is closed here; its removal is the caller's
    if descriptor >= 0 { try? fileSystem.close(descriptor, path: path) }
    unsafe output.deallocate()
  }

  /// Writes the given blocks of a section; nil writes all of them.
  func section(_ name: String, _ bytes: UnsafeRawBufferPointer, blocks: [Int]?) throws(SnapshotError) {
    let blockCount = SnapshotSection.blockCount(bytes.count, blockByteCount)
    let storedCount = blocks?.count ?? blockCount
    var name = name
    name.withUTF8 {
      table.integer(UInt16($0.count))
      unsafe table.rawBytes(UnsafeRawBufferPointer($0))
    }
    table.integer(UInt64(bytes.count))
    table.integer(UInt32(storedCount))
    for position in 0..<storedCount {
      let index = blocks?[position] ?? position
      let start = index * blockByteCount
      let length = SnapshotSection.blockLength(index, of: bytes.count, blockByteCount)
      let block = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
      let written = try unsafe encoder.encode(
        block, into: UnsafeMutableRawBufferPointer(rebasing: output[outputCount...]))
      outputCount += written
      table.integer(UInt32(index))
      table.integer(UInt32(written))
      if outputCount >= Self.flushByteCount { try flush() }
    }
  }

  /// Writes table and trailer, syncs and closes; returns the file's checksum and size.
  func finish() throws(SnapshotError) -> (checksum: UInt64, byteCount: Int) {
    let tableOffset = byteCount + outputCount
    try unsafe append(table.bytes)
    let trailer = SnapshotByteWriter(capacity: SnapshotTrailer.byteCount)
    unsafe SnapshotTrailer.encode(
      tableOffset: tableOffset, tableByteCount: table.count, tableChecksum: XXHash64.hash(table.bytes), into: trailer)
    try unsafe append(trailer.bytes)
    try flush()
    let checksum = hash.value
    unsafe withUnsafeBytes(of: checksum.littleEndian) {
      unsafe output.copyMemory(from: $0)
      outputCount = 8
    }
    try flush()
    try fileSystem.synchronize(descriptor, path: path)
    let closing = descriptor
    descriptor = -1
    try fileSystem.close(closing, path: path)
    return (checksum, byteCount)
  }

  private func append(_ bytes: UnsafeRawBufferPointer) throws(SnapshotError) {
    var rest = unsafe bytes
    while rest.count > 0 {
      let n = unsafe min(rest.count, output.count - outputCount)
      let piece = unsafe UnsafeRawBufferPointer(rebasing: rest[..<n])
      unsafe UnsafeMutableRawBufferPointer(rebasing: output[outputCount...]).copyMemory(from: piece)
      outputCount += n
      unsafe rest = unsafe UnsafeRawBufferPointer(rebasing: rest[n...])
      if outputCount >= Self.flushByteCount { try flush() }
    }
  }

  private func flush() throws(SnapshotError) {
    let pending = unsafe UnsafeRawBufferPointer(rebasing: output[..<outputCount])
    unsafe hash.append(pending)
    try unsafe fileSystem.write(descriptor, pending, path: path)
    byteCount += outputCount
    outputCount = 0
  }
}
