#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One zero-filled mapping that holds all sections of a recovered checkpoint, given back with its last owner.
///
/// Guarantees: each section begins at a multiple of 64 bytes and is followed by at least 64 readable bytes; a refusal
/// of the system is an error, not a crash.
@safe final class SectionMemory: @unchecked Sendable {
  let bytes: UnsafeMutableRawBufferPointer
  private let mappedByteCount: Int

  /// Where sections of the given sizes go, and the bytes they take together.
  static func layout(_ byteCounts: [Int]) -> (starts: [Int], byteCount: Int) {
    var next = 0
    let starts = byteCounts.map { count in
      defer { next += (count + 127) & ~63 }
      return next
    }
    return (starts, next)
  }

  init(byteCount: Int) throws(SnapshotError) {
    mappedByteCount = max(byteCount, 64)
    #if canImport(Darwin)
      let flags = MAP_PRIVATE | MAP_ANON
    #else
      let flags = MAP_PRIVATE | MAP_ANONYMOUS
    #endif
    guard let base = unsafe mmap(nil, mappedByteCount, PROT_READ | PROT_WRITE, flags, -1, 0), unsafe base != MAP_FAILED
    else {
      throw SnapshotError(
        .limitExceeded, "no memory for \(byteCount) bytes of state",
        advice: "give the process more memory (see ulimit -v and the container's limit)")
    }
    #if canImport(Glibc) || canImport(Musl)
      // far fewer page faults when a large state is filled
      if byteCount >= 1 << 23 { unsafe madvise(base, mappedByteCount, MADV_HUGEPAGE) }
    #endif
    unsafe bytes = unsafe UnsafeMutableRawBufferPointer(start: base, count: byteCount)
  }

  deinit { unsafe munmap(bytes.baseAddress!, mappedByteCount) }
}
