import FlatMemory

/// The texts a session keeps: of its own while few sessions are open, shared ones beyond.
///
/// A copy costs a third of a look-up among shared texts; but a million sessions on some thousand pages need a fifth less
/// memory when each page is kept once. A handle's top bit says which it is (slab handles have 30 bits).
enum SessionText {
  /// Open sessions of a partition above which texts are shared.
  static let shareAbove = 1024
  private static let sharedBit: UInt32 = 1 << 31

  /// The handle of a text that stays.
  @inline(__always)
  static func keep(
    _ p: UnsafePointer<UInt8>, _ n: Int, isShared: Bool, _ strings: inout StringTable, _ slab: inout Slab
  ) -> UInt32 {
    if !isShared || n == 0 { return unsafe slab.makeText(p, n) }
    return unsafe strings.hold(p, n, in: &slab) | sharedBit
  }

  /// The handle of another text in the place of one that changes with every event: never shared.
  @inline(__always)
  static func replace(
    _ h: UInt32, by p: UnsafePointer<UInt8>, _ n: Int, _ strings: inout StringTable, _ slab: inout Slab
  ) -> UInt32 {
    if h & sharedBit == 0 { return unsafe slab.replaceText(h, by: p, n) }
    release(h, &strings, &slab)
    return unsafe slab.makeText(p, n)
  }

  /// Of one's own there is no branch on whether there is one at all, which cannot be foretold: handle 0 lies at some
  /// readable place.
  @inline(__always)
  static func text(_ h: UInt32, in slab: Slab) -> (UnsafePointer<UInt8>, Int) {
    if h & sharedBit != 0 { return unsafe StringTable.text(h & ~sharedBit, in: slab) }
    let r = unsafe slab.pointer(h)
    let mask: UInt32 = h == 0 ? 0 : 0xffff
    return unsafe (UnsafePointer(r + 2), Int(load4(r) & mask))
  }

  @inline(__always)
  static func release(_ h: UInt32, _ strings: inout StringTable, _ slab: inout Slab) {
    if h & sharedBit == 0 { slab.releaseText(h) } else { strings.release(h & ~sharedBit, in: &slab) }
  }
}

extension LogSessionProgram {
  /// Whether so many sessions are open that texts are kept once.
  @inline(__always) var sharesTexts: Bool { liveCount > SessionText.shareAbove }
  @inline(__always)
  mutating func keepText(_ p: UnsafePointer<UInt8>, _ n: Int) -> UInt32 {
    unsafe SessionText.keep(p, n, isShared: sharesTexts, &strings, &slab)
  }
  @inline(__always)
  mutating func replaceText(_ h: UInt32, by p: UnsafePointer<UInt8>, _ n: Int) -> UInt32 {
    unsafe SessionText.replace(h, by: p, n, &strings, &slab)
  }
  @inline(__always)
  func text(_ h: UInt32) -> (UnsafePointer<UInt8>, Int) { unsafe SessionText.text(h, in: slab) }
  @inline(__always)
  mutating func releaseText(_ h: UInt32) { SessionText.release(h, &strings, &slab) }
}
