/// A checkpoint file laid out by the choices of a fuzzer's tape: sound in all checksums, and true unless the tape asks
/// for a lie in one of its fields.
///
/// Guarantees: as long as ``isHonest``, the file is one that a writer might have written, and ``state`` is what it
/// holds. Nothing here is shared with the writer: the layout comes from SnapshotFormat.md.
/// Cost: some microseconds.
struct FuzzedCheckpoint {
  struct Section: Equatable {
    var name: String
    var bytes: [UInt8]
  }

  let id: UInt64
  private(set) var file: [UInt8] = []
  private(set) var isHonest = true
  private(set) var metadata: [UInt8] = []
  private(set) var state: [Section] = []
  private let blockByteCount: Int
  private let chainLength: Int
  private var table: [UInt8] = []

  /// The next file of a chain: a delta on `base`, or a full one without.
  init(_ tape: inout FuzzTape, on base: FuzzedCheckpoint?) {
    id = (base?.id ?? 0) + 1 + UInt64(tape.below(3))
    blockByteCount = base?.blockByteCount ?? [512, 513, 1000, 2048][tape.below(4)]
    chainLength = base.map { $0.chainLength + 1 } ?? 0
    if base?.isHonest == false { isHonest = false }
    header(&tape, base)
    metadata = content(&tape, tape.below(64))
    let sectionCount = tape.below(4)
    put(UInt32(truncatingIfNeeded: truth(&tape, UInt64(sectionCount + 1))), in: &table)
    section(&tape, Section(name: "", bytes: metadata), on: nil)
    for _ in 0..<sectionCount {
      var name = "s\(tape.below(5))"
      // a name twice, or a strange one
      if state.contains(where: { $0.name == name }) { isHonest = false }
      if tape.byte() > 250 {
        name = String(decoding: tape.bytes(tape.below(12)), as: UTF8.self)
        if SnapshotSection.objection(toName: name) != nil || state.contains(where: { $0.name == name }) {
          isHonest = false
        }
      }
      let earlier = base?.state.first { $0.name == name }?.bytes
      var bytes = earlier ?? []
      let count = tape.below(3) == 0 ? bytes.count : tape.below(4 * blockByteCount)
      bytes = Array(bytes.prefix(count))
      bytes += content(&tape, count - bytes.count)
      state.append(Section(name: name, bytes: bytes))
      section(&tape, state[state.count - 1], on: base == nil ? nil : earlier ?? [])
    }
    trailer(&tape)
  }

  var checksum: UInt64 { file.suffix(8).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self).littleEndian } }

  // MARK: Layout

  private mutating func header(_ tape: inout FuzzTape, _ base: FuzzedCheckpoint?) {
    file += SnapshotHeader.magic
    put(UInt32(truncatingIfNeeded: truth(&tape, 1)), in: &file)
    put(UInt32(truncatingIfNeeded: truth(&tape, base == nil ? 0 : 1)), in: &file)
    put(truth(&tape, id), in: &file)
    put(truth(&tape, base?.id ?? 0), in: &file)
    put(truth(&tape, base?.checksum ?? 0), in: &file)
    put(UInt32(truncatingIfNeeded: truth(&tape, UInt64(chainLength))), in: &file)
    put(UInt32(truncatingIfNeeded: truth(&tape, UInt64(blockByteCount))), in: &file)
    put(truth(&tape, 0), in: &file)
    put(file.withUnsafeBytes { XXHash64.hash($0) }, in: &file)
  }

  /// One entry of the table and its frames; `base` nil stores all blocks.
  private mutating func section(_ tape: inout FuzzTape, _ section: Section, on base: [UInt8]?) {
    let name = Array(section.name.utf8)
    put(UInt16(truncatingIfNeeded: truth(&tape, UInt64(name.count))), in: &table)
    table += name
    put(truth(&tape, UInt64(section.bytes.count)), in: &table)
    let size = section.bytes.count
    let blocks = (0..<SnapshotSection.blockCount(size, blockByteCount)).map { index in
      let from = index * blockByteCount
      return from..<from + SnapshotSection.blockLength(index, of: size, blockByteCount)
    }
    var stored: [Int] = []
    for (index, block) in blocks.enumerated() {
      // in a delta a block may be left out that stands in the base as it is
      let isInBase =
        base.map { base in
          block.upperBound <= base.count && base[block] == section.bytes[block]
            && SnapshotSection.blockLength(index, of: base.count, blockByteCount) == block.count
        } ?? false
      let choice = tape.byte()
      if isInBase ? choice % 2 == 0 : choice < 250 { stored.append(index) } else if !isInBase { isHonest = false }
    }
    put(UInt32(truncatingIfNeeded: truth(&tape, UInt64(stored.count))), in: &table)
    for index in stored {
      let frame = self.frame(&tape, section.bytes[blocks[index]])
      put(UInt32(truncatingIfNeeded: truth(&tape, UInt64(index))), in: &table)
      put(UInt32(truncatingIfNeeded: truth(&tape, UInt64(frame.count))), in: &table)
      file += frame
    }
  }

  /// A zstd frame (RFC 8878) with content size and checksum around one raw or run-length block.
  private mutating func frame(_ tape: inout FuzzTape, _ content: ArraySlice<UInt8>) -> [UInt8] {
    var frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]
    // four bytes of content size, a single segment, a checksum
    frame.append(UInt8(truncatingIfNeeded: truth(&tape, 0b1010_0100)))
    put(UInt32(truncatingIfNeeded: truth(&tape, UInt64(content.count))), in: &frame)
    let isRun = content.allSatisfy { $0 == content.first }
    let block = truth(&tape, UInt64(content.count << 3 | (isRun ? 2 : 0) | 1))
    frame += (0..<3).map { UInt8(truncatingIfNeeded: block >> ($0 * 8)) }
    frame += isRun ? content.prefix(1) : content
    put(
      UInt32(truncatingIfNeeded: truth(&tape, content.withUnsafeBytes { XXHash64.hash($0) } & 0xffff_ffff)), in: &frame)
    return frame
  }

  private mutating func trailer(_ tape: inout FuzzTape) {
    let offset = file.count
    file += table
    file += SnapshotTrailer.magic
    put(truth(&tape, UInt64(offset)), in: &file)
    put(truth(&tape, UInt64(table.count)), in: &file)
    put(table.withUnsafeBytes { XXHash64.hash($0) }, in: &file)
    put(file.withUnsafeBytes { XXHash64.hash($0) }, in: &file)
  }

  // MARK: Choices

  private func content(_ tape: inout FuzzTape, _ count: Int) -> [UInt8] {
    guard count > 0 else { return [] }
    // a short pattern over and over, so that a small tape makes large sections
    let pattern = tape.bytes(1 + tape.below(24))
    return (0..<count).map { pattern[$0 % pattern.count] }
  }

  /// The value, or now and then another.
  private mutating func truth(_ tape: inout FuzzTape, _ value: UInt64) -> UInt64 {
    let choice = tape.byte()
    guard choice > 247 else { return value }
    let lie: UInt64 =
      switch choice {
      case 248: value &+ 1
      case 249: value &- 1
      case 250: value ^ 1 << UInt64(tape.below(64))
      case 251: UInt64(tape.byte())
      case 252: UInt64(UInt32.max)
      case 253: UInt64(Int64.max) &- UInt64(tape.byte())
      default: tape.word()
      }
    if lie != value { isHonest = false }
    return lie
  }

  private func put<T: FixedWidthInteger>(_ value: T, in bytes: inout [UInt8]) {
    for shift in stride(from: 0, to: T.bitWidth, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> T(shift))) }
  }
}
