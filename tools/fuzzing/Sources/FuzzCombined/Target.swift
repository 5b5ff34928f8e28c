import EventFormats

/// Fuzzes Combined access log lines to events; libFuzzer's own main calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzzDecoder(.combined, UnsafeRawBufferPointer(start: start, count: count))
  return 0
}
