import EventFormats

/// Fuzzes event times in every format; libFuzzer's own main calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzzTimes(UnsafeRawBufferPointer(start: start, count: count))
  return 0
}
