/// One section as a snapshot file holds it: its name, its size, and the frames of the blocks stored in this file.
///
/// Guarantees: frames are in block order and lie back to back.
public struct SnapshotSection: Sendable {
  /// One compressed block.
  struct Frame: Sendable {
    var blockIndex: Int
    /// Of the zstd frame, in the file.
    var offset: Int
    var byteCount: Int
    /// Of the block's content.
    var rawByteCount: Int
  }

  public let name: String
  /// Bytes of the whole section, whether stored here or in a base.
  public let rawByteCount: Int
  let frames: [Frame]

  /// Compressed bytes in this file.
  public var storedByteCount: Int { frames.reduce(0) { $0 + $1.byteCount } }
  /// Raw bytes of the blocks stored in this file; all of them in a full checkpoint.
  public var storedRawByteCount: Int { frames.reduce(0) { $0 + $1.rawByteCount } }
  public var storedBlockCount: Int { frames.count }

  /// Blocks of `blockByteCount` bytes that `byteCount` bytes take.
  static func blockCount(_ byteCount: Int, _ blockByteCount: Int) -> Int {
    byteCount / blockByteCount + (byteCount % blockByteCount == 0 ? 0 : 1)
  }

  /// Bytes of one block of a section.
  static func blockLength(_ index: Int, of byteCount: Int, _ blockByteCount: Int) -> Int {
    min(blockByteCount, byteCount - index * blockByteCount)
  }

  /// The most bytes of UTF-8 a name may have.
  static let nameByteCountMax = 512

  /// Why a name is refused, or nil. Names become paths on export, so none may climb out of a folder.
  static func objection(toName name: String) -> String? {
    if name.isEmpty { return "it is empty" }
    if name.utf8.count > nameByteCountMax { return "it is longer than \(nameByteCountMax) bytes" }
    if name.utf8.contains(where: { $0 < 32 || $0 == 127 || $0 == 92 }) {
      return "it has a control character or a backslash"
    }
    for part in name.utf8.split(separator: 47, omittingEmptySubsequences: false) {
      if part.isEmpty { return "it has an empty part between slashes" }
      if part.elementsEqual(".".utf8) || part.elementsEqual("..".utf8) { return "it has '.' or '..' as a part" }
    }
    return nil
  }
}
