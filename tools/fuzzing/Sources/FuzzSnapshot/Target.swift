import Snapshots

/// Fuzzes snapshot files, checksums ignored; libFuzzer's own main calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzzSnapshotReader(UnsafeRawBufferPointer(start: start, count: count))
  return 0
}
