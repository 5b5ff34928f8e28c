/// Whether a checkpoint stands alone or builds on another.
public enum CheckpointKind: UInt32, Sendable, Equatable, CustomStringConvertible {
  /// Holds every block of every section.
  case full = 0
  /// Holds the blocks that differ from those of its base.
  case delta = 1

  public var description: String { self == .full ? "full" : "delta" }
}

/// The first 64 bytes of a snapshot file: what it is and what it builds on.
///
/// Guarantees: a header that decodes is consistent in itself (a full one has no base, a delta's base is older) and
/// carries its own checksum, so that a listing may trust it without reading the file.
/// The layout is in SnapshotFormat.md.
struct SnapshotHeader: Equatable, Sendable {
  static let byteCount = 64
  /// A byte above 127, a name, and line ends of both kinds: a transfer in text mode shows at once.
  static let magic: [UInt8] = [0x89, 0x54, 0x57, 0x53, 0x0d, 0x0a, 0x1a, 0x0a]
  static let formatVersion: UInt32 = 1
  static let blockByteCounts = 512...(1 << 24)
  static let chainLengthMax: UInt32 = 1024

  var kind: CheckpointKind
  var id: UInt64
  /// 0 for a full checkpoint.
  var baseID: UInt64 = 0
  /// The file checksum of the base; 0 for a full checkpoint.
  var baseChecksum: UInt64 = 0
  /// Deltas from the full checkpoint up to and including this one.
  var chainLength: UInt32 = 0
  var blockByteCount: UInt32

  func encode(into writer: SnapshotByteWriter) {
    let start = writer.count
    unsafe Self.magic.withUnsafeBytes { unsafe writer.rawBytes($0) }
    writer.integer(Self.formatVersion)
    writer.integer(kind.rawValue)
    writer.integer(id)
    writer.integer(baseID)
    writer.integer(baseChecksum)
    writer.integer(chainLength)
    writer.integer(blockByteCount)
    writer.integer(UInt64(0))
    unsafe writer.integer(XXHash64.hash(UnsafeRawBufferPointer(rebasing: writer.bytes[start...])))
  }

  init(kind: CheckpointKind, id: UInt64, blockByteCount: Int) {
    self.kind = kind
    self.id = id
    self.blockByteCount = UInt32(blockByteCount)
  }

  /// Decodes and checks; the magic and the version come first, so that a foreign or newer file is named as such.
  init(_ bytes: UnsafeRawBufferPointer, path: String, verifyingChecksum: Bool) throws(SnapshotError) {
    var reader = unsafe SnapshotByteReader(bytes, name: path)
    guard try unsafe reader.rawBytes(8).elementsEqual(Self.magic) else {
      throw .malformed("not a snapshot: the first eight bytes are not the magic number", path: path, offset: 0)
    }
    let version = try reader.integer(UInt32.self)
    let kindCode = try reader.integer(UInt32.self)
    id = try reader.integer()
    baseID = try reader.integer()
    baseChecksum = try reader.integer()
    chainLength = try reader.integer()
    blockByteCount = try reader.integer()
    let reserved = try reader.integer(UInt64.self)
    let stored = try reader.integer(UInt64.self)
    let sound = unsafe XXHash64.hash(UnsafeRawBufferPointer(rebasing: bytes[..<(Self.byteCount - 8)])) == stored
    if version != Self.formatVersion, sound {
      throw SnapshotError(
        .unsupportedVersion(version),
        "written in format version \(version), and this build reads version \(Self.formatVersion)", path: path,
        offset: 8,
        advice: "use the release of thalweg that wrote it, or start from an earlier checkpoint")
    }
    guard sound || !verifyingChecksum else {
      throw .malformed("the header's checksum does not match", path: path, offset: Self.byteCount - 8)
    }
    guard version == Self.formatVersion, reserved == 0, let kind = CheckpointKind(rawValue: kindCode) else {
      throw .malformed("the header has an unknown version, kind or reserved field", path: path, offset: 8)
    }
    self.kind = kind
    guard Self.blockByteCounts.contains(Int(blockByteCount)) else {
      throw .malformed("a block size of \(blockByteCount) bytes is out of bounds", path: path, offset: 44)
    }
    let sensible =
      kind == .full
      ? id > 0 && baseID == 0 && baseChecksum == 0 && chainLength == 0
      : baseID > 0 && baseID < id && (1...Self.chainLengthMax).contains(chainLength)
    guard sensible else {
      throw .malformed("the header contradicts itself about its id, base and chain", path: path, offset: 16)
    }
  }
}
