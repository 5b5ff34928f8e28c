/// Texts of which nobody can foretell whether they are there.
extension StringTable {
  /// The same as ``text(_:in:)`` without a branch: the text of handle 0 lies at some readable place.
  @inlinable @inline(__always)
  public static func textOrNone(_ h: UInt32, in slab: Slab) -> (UnsafePointer<UInt8>, Int) {
    let r = unsafe slab.pointer(h)
    // a mask, which leaves the load where it is
    let mask: UInt32 = h == 0 ? 0 : ~0
    return unsafe (UnsafePointer(r + headerByteCount), Int(load4(r + 4) & mask))
  }
}
