import Snapshots

/// Fuzzes checkpoints with deltas, sound checksums; libFuzzer's own main calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzzCheckpointChain(UnsafeRawBufferPointer(start: start, count: count))
  return 0
}
