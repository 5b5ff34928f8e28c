import EventFormats

/// Fuzzes zstd streams; libFuzzer's own main calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzzInflateZstd(UnsafeRawBufferPointer(start: start, count: count))
  return 0
}
