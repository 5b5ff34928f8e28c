public import CKernels

/// Variable-length byte strings behind 32-bit handles: granules of 8 bytes, a free list per size class.
///
/// Invariants: handle 0 is never handed out; a handle's class follows from the byte count it was asked for, so the
/// caller gives the same count back to ``release(_:byteCount:)``; blocks of up to 128 bytes waste less than 8.
/// Cost: a few ns to allocate or release; 8 GiB by default.
@safe public struct Slab: @unchecked Sendable {
  public let base: UnsafeMutablePointer<UInt8>
  @usableFromInline let memory: ReservedMemory
  /// Granules ever handed out; what a snapshot has to copy.
  public private(set) var top: UInt32 = 1
  /// Bytes held by live handles, rounded up to their classes.
  public private(set) var liveGranules: Int = 0
  @usableFromInline let capacity: UInt32
  @usableFromInline let free: UnsafeMutablePointer<UInt32>

  /// Classes 0...15 are 1...16 granules, then powers of two.
  public static let classCount = 48

  public init(reserveByteCount: Int = 8 << 30) {
    memory = ReservedMemory(byteCount: reserveByteCount)
    unsafe base = unsafe memory.base.assumingMemoryBound(to: UInt8.self)
    capacity = UInt32(clamping: (reserveByteCount >> 3) - bytePadding)
    unsafe free = .allocate(capacity: Slab.classCount)
    unsafe free.initialize(repeating: 0, count: Slab.classCount)
  }

  public func deallocate() {
    unsafe free.deallocate()
    memory.release()
  }

  @inlinable @inline(__always)
  public static func sizeClass(_ byteCount: Int) -> Int {
    let g = max((byteCount &+ 7) &>> 3, 1)
    return g <= 16 ? g &- 1 : 11 &+ (Int.bitWidth &- (g &- 1).leadingZeroBitCount)
  }
  @inlinable @inline(__always)
  public static func granules(ofClass c: Int) -> UInt32 { c < 16 ? UInt32(c &+ 1) : 1 &<< UInt32(c &- 11) }

  @inlinable @inline(__always)
  public func pointer(_ handle: UInt32) -> UnsafeMutablePointer<UInt8> { unsafe base + Int(handle) &<< 3 }

  @inlinable
  public mutating func allocate(byteCount: Int) -> UInt32 {
    let c = Slab.sizeClass(byteCount)
    let h = unsafe free[c]
    if h != 0 {
      let next = unsafe load4(pointer(h))
      unsafe free[c] = next
      // the one to be handed out after this: it has been out of use for longer
      unsafe tw_prefetch(pointer(next))
      addLive(Int(Slab.granules(ofClass: c)))
      return h
    }
    return grow(c)
  }
  @inlinable
  public mutating func release(_ handle: UInt32, byteCount: Int) {
    assert(handle != 0 && handle < top, "a slab handle that was never handed out")
    let c = Slab.sizeClass(byteCount)
    unsafe UnsafeMutableRawPointer(pointer(handle)).storeBytes(of: free[c], as: UInt32.self)
    unsafe free[c] = handle
    addLive(-Int(Slab.granules(ofClass: c)))
  }
  @inlinable @inline(__always) mutating func addLive(_ n: Int) { _live &+= n }
  @usableFromInline var _live: Int {
    get { liveGranules }
    set { liveGranules = newValue }
  }

  @inline(never) @usableFromInline
  mutating func grow(_ c: Int) -> UInt32 {
    let h = top
    let n = Slab.granules(ofClass: c)
    precondition(capacity - h > n, "the slab of open state is full (\(Int(capacity) * 8) bytes)")
    top += n
    liveGranules += Int(n)
    return h
  }

  /// The bytes in use and the free lists, for snapshots.
  public var usedBytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base, count: Int(top) * 8) }
  public var freeLists: UnsafeBufferPointer<UInt32> { unsafe UnsafeBufferPointer(start: free, count: Slab.classCount) }

  /// Puts back what ``usedBytes`` and ``freeLists`` gave. False when it does not fit.
  public mutating func restore(bytes: UnsafeRawBufferPointer, freeLists lists: [UInt32], liveGranules live: Int) -> Bool
  {
    guard bytes.count % 8 == 0, bytes.count >= 8, bytes.count / 8 < Int(capacity), lists.count == Slab.classCount,
      let p = bytes.baseAddress
    else { return false }
    unsafe UnsafeMutableRawPointer(base).copyMemory(from: p, byteCount: bytes.count)
    for (i, h) in lists.enumerated() { unsafe free[i] = h }
    top = UInt32(bytes.count / 8)
    liveGranules = live
    return lists.allSatisfy { $0 < top }
  }
}
