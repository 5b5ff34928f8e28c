import FlatMemory
import Sessions

/// The texts a session keeps: of its own while few sessions are open, shared ones beyond.
///
/// A copy costs a third of a look-up among shared texts; but a million sessions on some thousand pages need a fifth less
/// memory when each page is kept once. A handle's top bit says which it is (slab handles have 30 bits).
extension LogSessionProgram {
  static let shareTextsAbove = 1024
  private static let sharedBit: UInt32 = 1 << 31

  /// The handle of a text that stays.
  @inline(__always)
  mutating func keepText(_ p: UnsafePointer<UInt8>, _ n: Int) -> UInt32 {
    if liveCount <= Self.shareTextsAbove || n == 0 { return unsafe slab.makeText(p, n) }
    return unsafe strings.hold(p, n, in: &slab) | Self.sharedBit
  }

  /// The handle of another text in the place of one that changes with every event: never shared.
  @inline(__always)
  mutating func replaceText(_ h: UInt32, by p: UnsafePointer<UInt8>, _ n: Int) -> UInt32 {
    if h & Self.sharedBit == 0 { return unsafe slab.replaceText(h, by: p, n) }
    releaseText(h)
    return unsafe slab.makeText(p, n)
  }

  /// A text. Of one's own there is no branch on whether there is one at all, which cannot be foretold: handle 0 lies at
  /// some readable place.
  @inline(__always)
  func text(_ h: UInt32) -> (UnsafePointer<UInt8>, Int) {
    if h & Self.sharedBit != 0 { return unsafe StringTable.text(h & ~Self.sharedBit, in: slab) }
    let r = unsafe slab.pointer(h)
    let mask: UInt32 = h == 0 ? 0 : 0xffff
    return unsafe (UnsafePointer(r + 2), Int(load4(r) & mask))
  }

  @inline(__always)
  mutating func releaseText(_ h: UInt32) {
    if h & Self.sharedBit == 0 { slab.releaseText(h) } else { strings.release(h & ~Self.sharedBit, in: &slab) }
  }
}
