import FlatMemory
import Reports
import StreamCore

/// Keeps the first pages of a sample of sessions, in time order whatever the order of arrival.
///
/// The sample thins out as a partition opens more sessions: all of the first 1,024, then half of the next 1,024, a
/// quarter of the 2,048 after those, and so on by the bits of the visitor's hash; each sampled session stands for as
/// many as were passed over (`weightLog2`). So memory and time stay small and the estimates unbiased; a log of up to
/// 16,000 sessions is kept whole. Depends on the partition's events alone, so it is the same in every run.
///
/// Record: `[count u16][weightLog2 u16][last u32 unused]`, then up to 5 of `[time i64][text handle u32][0 u32]`. The
/// texts are kept as ``SessionText`` says.
struct PathSampler {
  static let stepsMax = 5
  private static let header = 8
  private static let step = 16
  static var byteCount: Int { header + stepsMax * step }

  /// Sessions opened in this partition.
  var opened = 0

  /// A record for a session that is sampled, or 0.
  @inline(__always)
  mutating func begin(
    sampleHash: UInt64, isView: Bool, time: Int64, _ url: UnsafePointer<UInt8>, _ n: Int,
    isShared: Bool, _ strings: inout StringTable, _ slab: inout Slab
  ) -> UInt32 {
    opened &+= 1
    let weightLog2 = Int.bitWidth &- ((opened &- 1) &>> 10).leadingZeroBitCount
    if (sampleHash &>> 3) & ((1 &<< UInt64(weightLog2)) &- 1) != 0 { return 0 }
    let h = slab.allocate(byteCount: PathSampler.byteCount)
    let r = unsafe UnsafeMutableRawPointer(slab.pointer(h))
    unsafe r.storeBytes(of: UInt64(weightLog2) << 16, as: UInt64.self)
    if isView { unsafe add(h, time: time, url, n, isShared: isShared, &strings, &slab) }
    return h
  }

  @inline(never)
  func add(
    _ h: UInt32, time: Int64, _ url: UnsafePointer<UInt8>, _ n: Int, isShared: Bool, _ strings: inout StringTable,
    _ slab: inout Slab
  ) {
    guard n > 0 else { return }
    let text = unsafe SessionText.keep(url, n, isShared: isShared, &strings, &slab)
    insert(h, time: time, text: text, &strings, &slab)
  }
  /// Puts a step in its place after all with the same or an earlier time; the last one falls out when full.
  private func insert(_ h: UInt32, time: Int64, text: UInt32, _ strings: inout StringTable, _ slab: inout Slab) {
    let r = unsafe UnsafeMutableRawPointer(slab.pointer(h))
    var n = unsafe Int(r.load(as: UInt16.self))
    var at = n
    while at > 0, unsafe r.load(fromByteOffset: PathSampler.header + (at - 1) * PathSampler.step, as: Int64.self) > time
    { at -= 1 }
    if at == PathSampler.stepsMax {
      SessionText.release(text, &strings, &slab)
      return
    }
    if n == PathSampler.stepsMax {
      let last = PathSampler.header + (n - 1) * PathSampler.step
      unsafe SessionText.release(r.load(fromByteOffset: last + 8, as: UInt32.self), &strings, &slab)
      n -= 1
    }
    let from = unsafe r + PathSampler.header + at * PathSampler.step
    unsafe (from + PathSampler.step).copyMemory(from: from, byteCount: (n - at) * PathSampler.step)
    unsafe from.storeBytes(of: time, as: Int64.self)
    unsafe from.storeBytes(of: UInt64(text), toByteOffset: 8, as: UInt64.self)
    unsafe r.storeBytes(of: UInt16(n + 1), as: UInt16.self)
  }

  /// Takes the steps of a later session's record into an earlier one's.
  func merge(_ x: UInt32, _ y: UInt32, isShared: Bool, _ strings: inout StringTable, _ slab: inout Slab) {
    guard x != 0, y != 0 else { return }
    let q = unsafe UnsafeMutableRawPointer(slab.pointer(y))
    for k in unsafe 0..<Int(q.load(as: UInt16.self)) {
      let s = PathSampler.header + k * PathSampler.step
      let (p, n) = unsafe SessionText.text(q.load(fromByteOffset: s + 8, as: UInt32.self), in: slab)
      unsafe add(x, time: q.load(fromByteOffset: s, as: Int64.self), p, n, isShared: isShared, &strings, &slab)
    }
  }
  func drop(_ h: UInt32, _ strings: inout StringTable, _ slab: inout Slab) {
    guard h != 0 else { return }
    let r = unsafe UnsafeMutableRawPointer(slab.pointer(h))
    for k in unsafe 0..<Int(r.load(as: UInt16.self)) {
      unsafe SessionText.release(
        r.load(fromByteOffset: PathSampler.header + k * PathSampler.step + 8, as: UInt32.self), &strings, &slab)
    }
    slab.release(h, byteCount: PathSampler.byteCount)
  }

  /// Adds the path's texts and their spans to the row's arena.
  func write(_ h: UInt32, into row: inout SessionRow, _ arena: inout OutputBuffer, _ slab: Slab) {
    let r = unsafe UnsafeMutableRawPointer(slab.pointer(h))
    let count = unsafe Int(r.load(as: UInt16.self))
    row.pathWeightLog2 = unsafe UInt8(truncatingIfNeeded: r.load(fromByteOffset: 2, as: UInt16.self))
    row.pathCount = UInt8(truncatingIfNeeded: count)
    guard count > 0 else { return }
    var spans: (ByteSpan, ByteSpan, ByteSpan, ByteSpan, ByteSpan) = (.absent, .absent, .absent, .absent, .absent)
    unsafe withUnsafeMutableBytes(of: &spans) { s in
      let out = unsafe s.bindMemory(to: ByteSpan.self)
      for k in 0..<count {
        let (p, n) = unsafe SessionText.text(
          r.load(fromByteOffset: PathSampler.header + k * PathSampler.step + 8, as: UInt32.self), in: slab)
        arena.reserve(n + 16)
        unsafe out[k] = ByteSpan(offset: arena.count, length: n)
        unsafe arena.bytes(p, n)
      }
      arena.reserve(count * 8)
      row.pathOffset = UInt32(arena.count)
      unsafe arena.bytesExact(s.baseAddress!.assumingMemoryBound(to: UInt8.self), count * 8)
    }
  }
}
