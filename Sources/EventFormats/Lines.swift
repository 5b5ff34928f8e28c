import CKernels
import FlatMemory

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where the newline of the line at `from` stands; `end` when there is none before it.
func lineEnd(_ b: UnsafePointer<UInt8>, _ from: Int, _ end: Int) -> Int {
  guard from < end, let at = unsafe memchr(b + from, 10, end - from) else { return end }
  return unsafe UnsafePointer(at.assumingMemoryBound(to: UInt8.self)) - b
}

/// Bytes before the first that is not UTF-8; `n` when all are.
func utf8PrefixLength(_ p: UnsafePointer<UInt8>, _ n: Int) -> Int {
  // one character at a time: only for the report of a line already known to be bad
  var good = 0
  while good < n {
    var k = 1
    while k <= 4, good + k <= n, unsafe tw_utf8_valid(p + good, k) == 0 { k += 1 }
    if k > 4 || good + k > n { return good }
    good += k
  }
  return n
}

/// A padded copy of bytes: what every decoder asks of its input. The owner calls ``deallocate()``.
@safe struct PaddedBytes {
  let base: UnsafeMutablePointer<UInt8>
  let count: Int

  init(_ bytes: UnsafeRawBufferPointer, extra: Int = 0) {
    count = bytes.count
    unsafe base = .allocate(capacity: bytes.count + extra + bytePadding)
    unsafe base.initialize(repeating: 0, count: bytes.count + extra + bytePadding)
    if let p = bytes.baseAddress { unsafe base.update(from: p.assumingMemoryBound(to: UInt8.self), count: bytes.count) }
  }
  func deallocate() { unsafe base.deallocate() }
}
