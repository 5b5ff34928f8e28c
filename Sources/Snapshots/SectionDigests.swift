/// A digest of each block of one section, as of the last checkpoint written: what a delta is decided by.
///
/// Guarantees: two blocks are taken for equal only if their lengths and their seeded XXH64 are; the seed is random
/// for each store, so nobody can craft input that makes a changed block look unchanged.
/// Cost: 8 bytes a block (32 bytes of memory a MiB of state); about 10 GB/s to compute.
struct SectionDigests: Sendable {
  let byteCount: Int
  let blockByteCount: Int
  let blocks: [UInt64]

  init(_ bytes: UnsafeRawBufferPointer, blockByteCount: Int, seed: UInt64) {
    byteCount = bytes.count
    self.blockByteCount = blockByteCount
    blocks = (0..<SnapshotSection.blockCount(bytes.count, blockByteCount)).map { index in
      let start = index * blockByteCount
      let end = min(start + blockByteCount, bytes.count)
      return unsafe XXHash64.hash(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), seed: seed)
    }
  }

  /// The blocks that `old` does not have in this form; all of them if there is no old one.
  func changedBlocks(since old: SectionDigests?) -> [Int] {
    guard let old else { return Array(blocks.indices) }
    return blocks.indices.filter { index in
      index >= old.blocks.count || old.blocks[index] != blocks[index] || old.length(index) != length(index)
    }
  }

  func length(_ index: Int) -> Int { SnapshotSection.blockLength(index, of: byteCount, blockByteCount) }
}
