import EventFormats
import FlatMemory

/// The head of an input in memory that it can be decoded in: as much room again lies behind it, untouched until then.
@safe final class InputSample {
  /// Most bytes of a head.
  static let byteCountMax = 1 << 20
  private static let capacity = 2 * byteCountMax + 8 * bytePadding

  private let memory = ReservedMemory(byteCount: capacity)
  private var isFreed = false
  /// Bytes of the head that have been read.
  var count = 0

  deinit { release() }

  var base: UnsafeMutablePointer<UInt8> { unsafe memory.base.assumingMemoryBound(to: UInt8.self) }
  var bytes: UnsafeBufferPointer<UInt8> { unsafe UnsafeBufferPointer(start: base, count: count) }

  /// Frees the memory early, when nothing is read of it any more; nothing is in it then.
  func release() {
    if !isFreed { memory.release() }
    isFreed = true
    count = 0
  }

  /// Decodes the first `end` bytes, whole lines but for the newline of the last; what lies behind them is as before
  /// afterwards.
  func decode(
    _ end: Int, plan: DecodingPlan, events: inout FlatArray<LogEvent>, rejected: inout FlatArray<RejectedLine>
  ) {
    let paddingByteCount = 3 * bytePadding
    let behind = unsafe Array(UnsafeBufferPointer(start: base + end, count: paddingByteCount))
    unsafe (base + end).initialize(repeating: 0, count: paddingByteCount)
    unsafe LogDecoder(plan: plan).decode(
      base, start: 0, end: end, spareStart: max(end, count) + paddingByteCount, events: &events, rejected: &rejected)
    unsafe (base + end).update(from: behind, count: paddingByteCount)
  }
}
