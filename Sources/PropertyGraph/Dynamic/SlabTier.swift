/// The sizes of slabs: 4, 8, 12, 16, then two to each power of two (24, 32, 48, 64, …), all whole groups of four.
///
/// Guarantees: a slab in use is more than a quarter full, and after growth more than two thirds; tier 0 is no slab.
/// Cost: a few instructions; half steps save a sixth of the memory that plain powers of two would take.
enum SlabTier {
  static let count = 60

  /// The least tier whose capacity is at least `degree`.
  @inline(__always)
  static func tier(forDegree degree: Int) -> UInt8 {
    if degree <= 16 { return UInt8((degree + 3) >> 2) }
    let width = Int.bitWidth - (degree - 1).leadingZeroBitCount
    return UInt8(2 * width - (degree <= 3 << (width - 2) ? 5 : 4))
  }

  @inline(__always)
  static func capacity(_ tier: UInt8) -> Int {
    let tier = Int(tier)
    if tier <= 4 { return tier << 2 }
    return (tier & 1 == 1 ? 24 : 16) << ((tier - (tier & 1 == 1 ? 5 : 4)) >> 1)
  }
}
