import FlatMemory
import Sessions

/// The pages a session keeps: texts of its own while few sessions are open, shared ones beyond.
///
/// A copy costs a third of a look-up among shared texts; but a million sessions on some thousand pages need a fifth less
/// memory when each page is kept once. A handle's top bit says which it is (slab handles have 30 bits).
extension LogSessionProgram {
  static let sharePagesAbove = 1024
  static let sharedBit: UInt32 = 1 << 31

  /// The handle of a first page.
  @inline(__always)
  mutating func makePage(_ p: UnsafePointer<UInt8>, _ n: Int) -> UInt32 {
    if liveCount <= Self.sharePagesAbove || n == 0 { return unsafe slab.makeText(p, n) }
    return unsafe strings.hold(p, n, in: &slab) | Self.sharedBit
  }

  /// The handle of another text in the place of one that changes with every event: never shared.
  @inline(__always)
  mutating func replacePage(_ h: UInt32, by p: UnsafePointer<UInt8>, _ n: Int) -> UInt32 {
    if h & Self.sharedBit == 0 { return unsafe slab.replaceText(h, by: p, n) }
    releasePage(h)
    return unsafe slab.makeText(p, n)
  }

  @inline(__always)
  func page(_ h: UInt32) -> (UnsafePointer<UInt8>, Int) {
    h & Self.sharedBit == 0 ? unsafe slab.text(h) : unsafe StringTable.text(h & ~Self.sharedBit, in: slab)
  }

  @inline(__always)
  mutating func releasePage(_ h: UInt32) {
    if h & Self.sharedBit == 0 { slab.releaseText(h) } else { strings.release(h & ~Self.sharedBit, in: &slab) }
  }
}
