import Synchronization

/// Writes one snapshot file from front to back: header, frames, section table, trailer.
///
/// Guarantees: every byte goes through the checksum in the order it is written; ``finish()`` returns when the bytes are
/// on the medium; the file has the name it was given, which is not yet the final one.
/// Cost: an output buffer of about 1 MiB and what ``ParallelEncoder`` needs, whatever the size of the state.
@safe final class SnapshotFileWriter {
  private static let flushByteCount = 1 << 20
  /// Frames from this size on are written from where they are, without a copy.
  private static let directByteCount = 128 << 10

  private let path: String
  private let fileSystem: any SnapshotFileSystem
  private let level: Int
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
    self.level = level
    unsafe output = .allocate(byteCount: Self.flushByteCount + Self.directByteCount, alignment: 64)
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

  /// Writes the given blocks of each section, compressed by up to so many threads; nil writes all of them. `encoding`
  /// has the encoder at hand meanwhile, for who can help.
  func sections(
    _ list: [(section: CheckpointSection, blocks: [Int]?)], threads: Int, encoding: borrowing Mutex<ParallelEncoder?>
  ) throws(SnapshotError) {
    var blocks: [UnsafeRawBufferPointer] = unsafe []
    for (section, stored) in list {
      let bytes = unsafe section.bytes
      for index in stored ?? Array(0..<SnapshotSection.blockCount(bytes.count, blockByteCount)) {
        let start = index * blockByteCount
        let length = SnapshotSection.blockLength(index, of: bytes.count, blockByteCount)
        unsafe blocks.append(UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]))
      }
    }
    let encoder = unsafe ParallelEncoder(blocks, level: level, threads: threads)
    encoding.withLock { $0 = encoder }
    defer {
      encoding.withLock { $0 = nil }
      encoder.finish()
    }
    for (section, stored) in list { try unsafe self.section(section.name, section.bytes, blocks: stored, encoder) }
  }

  private func section(
    _ name: String, _ bytes: UnsafeRawBufferPointer, blocks: [Int]?, _ encoder: ParallelEncoder
  ) throws(SnapshotError) {
    let storedCount = blocks?.count ?? SnapshotSection.blockCount(bytes.count, blockByteCount)
    var name = name
    name.withUTF8 {
      table.integer(UInt16($0.count))
      unsafe table.rawBytes(UnsafeRawBufferPointer($0))
    }
    table.integer(UInt64(bytes.count))
    table.integer(UInt32(storedCount))
    for position in 0..<storedCount {
      let frame = try unsafe encoder.next()
      if frame.count >= Self.directByteCount {
        try flush()
        try unsafe put(frame)
      } else {
        try unsafe append(frame)
      }
      table.integer(UInt32(blocks?[position] ?? position))
      table.integer(UInt32(frame.count))
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
    try unsafe put(UnsafeRawBufferPointer(rebasing: output[..<outputCount]))
    outputCount = 0
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws(SnapshotError) {
    unsafe hash.append(bytes)
    try unsafe fileSystem.write(descriptor, bytes, path: path)
    byteCount += bytes.count
  }
}
