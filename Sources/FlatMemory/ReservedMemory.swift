#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Address space reserved at once and committed page by page on first touch, so that arrays grow in place:
/// no reallocation, no copies, stable pointers.
///
/// Guarantees: zero-filled; the base never moves; freed with ``release()``.
/// Cost: a page fault per page touched (2 MiB pages where the kernel grants them), nothing for untouched space.
public struct ReservedMemory: @unchecked Sendable {
  public let base: UnsafeMutableRawPointer
  public let byteCount: Int

  /// Reserves `byteCount` bytes. `hugePages` trades resident memory (rounded up to 2 MiB) for far fewer faults.
  public init(byteCount: Int, hugePages: Bool = false) {
    #if canImport(Darwin)
      let flags = MAP_PRIVATE | MAP_ANON | MAP_NORESERVE
    #else
      let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    #endif
    let p = mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let p, p != MAP_FAILED else {
      fatalError("cannot reserve \(byteCount) bytes of address space: is a limit on virtual memory set (ulimit -v)?")
    }
    #if canImport(Glibc) || canImport(Musl)
      if hugePages { madvise(p, byteCount, MADV_HUGEPAGE) }
    #endif
    base = p
    self.byteCount = byteCount
  }

  /// Frees the address space.
  public func release() { munmap(base, byteCount) }

  /// Gives the pages of a range back to the system; they read as zero afterwards.
  public func discard(fromByte: Int, byteCount: Int) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let from = (fromByte + page - 1) & ~(page - 1)
    let to = (fromByte + byteCount) & ~(page - 1)
    if to > from {
      #if canImport(Darwin)
        madvise(base + from, to - from, MADV_FREE)
      #else
        madvise(base + from, to - from, MADV_DONTNEED)
      #endif
    }
  }
}

/// Asks for 2 MiB pages behind a large buffer: far fewer faults when it is first filled.
func preferHugePages(_ p: UnsafeMutableRawPointer, _ byteCount: Int) {
  #if canImport(Glibc) || canImport(Musl)
    let page = 2 << 20
    let from = (Int(bitPattern: p) + page - 1) & ~(page - 1)
    let to = (Int(bitPattern: p) + byteCount) & ~(page - 1)
    if to > from, let start = UnsafeMutableRawPointer(bitPattern: from) { madvise(start, to - from, MADV_HUGEPAGE) }
  #endif
}
